"""What the adapter for Microsoft 365 makes of foreign exceptions and of answers that the stand-in never gives."""

from __future__ import annotations

from enum import StrEnum
from types import ModuleType
from typing import Any

import azure.core.exceptions
import azure.identity
import httpx
import kiota_abstractions.api_error
import kiota_authentication_azure._exceptions
import kiota_http._exceptions
import pytest
from msgraph.generated.models.o_data_errors.error_details import ErrorDetails
from msgraph.generated.models.o_data_errors.main_error import MainError
from msgraph.generated.models.o_data_errors.o_data_error import ODataError

from estudent.adapters.microsoft365 import errors
from estudent.adapters.microsoft365.errors import Operation
from estudent.adapters.microsoft365.trouble import LICENCE_ERRORS, trouble_in
from estudent.ports import ADDRESS_TAKEN, AlreadyExists, FarSideError, Misconfigured, NotFound, Refused, Unavailable
from tests.foreign import exceptions_of

FAMILIES: tuple[ModuleType, ...] = (
    httpx, kiota_http._exceptions, kiota_abstractions.api_error, kiota_authentication_azure._exceptions,
    azure.core.exceptions, azure.identity,
)  # fmt: skip
PASSING = "Another object with the same value for property {} already exists."


@pytest.mark.parametrize("foreign", exceptions_of(*FAMILIES), ids=lambda each: f"{each.__module__}.{each.__name__}")
def test_every_foreign_exception_has_a_meaning(foreign: type[Exception]) -> None:
    assert issubclass(foreign, errors.FOREIGN)
    meaning = errors.translated(foreign.__new__(foreign), Operation.FIND)
    assert isinstance(meaning, Unavailable | Refused | Misconfigured)


@pytest.mark.parametrize("operation", Operation)
def test_every_status_has_a_meaning(operation: Operation) -> None:
    for status in (*range(300, 309), *range(400, 430), 451, *range(500, 512)):
        assert isinstance(errors.meaning(status, operation), Unavailable | Refused | Misconfigured)


def refusal(message: str, *details: tuple[str, str | None]) -> ODataError:
    """A 400 of Graph."""
    shown = [ErrorDetails(code=code, target=target) for code, target in details]
    error = ODataError(error=MainError(code="Request_BadRequest", message=message, details=shown or None))
    error.response_status_code = 400
    return error


@pytest.mark.parametrize(
    "conflict",
    [
        refusal(PASSING.format("userPrincipalName"), ("ObjectConflict", "userPrincipalName")),
        refusal(PASSING.format("proxyAddresses"), ("ObjectConflict", "proxyAddresses"), ("ConflictingObjects", None)),
        refusal(PASSING.format("userPrincipalName")),
        refusal("A conflicting object with one or more of the specified property values is present in the directory."),
    ],
    ids=["name", "proxy address", "in words", "without details"],
)
def test_a_conflict_is_recognised_in_all_its_shapes(conflict: ODataError) -> None:
    meaning = errors.translated(conflict, Operation.CREATE)
    assert isinstance(meaning, AlreadyExists)
    assert str(meaning).startswith("address taken: ")


def test_a_conflict_of_something_else_is_no_reason_for_another_name() -> None:
    conflict = refusal(PASSING.format("onPremisesImmutableId"), ("ObjectConflict", "onPremisesImmutableId"))
    assert "address taken" not in str(errors.translated(conflict, Operation.CREATE))


def test_a_tenant_without_seats_is_told_from_other_refusals() -> None:
    full = refusal("Subscription with SKU 314c4481 does not have any available licenses.")
    assert "no licence is left" in str(errors.translated(full, Operation.LICENSE))


def test_what_graph_says_about_people_is_never_repeated() -> None:
    secret = refusal("Invalid value 'jan.kowalski@student.example.pl' specified.")
    assert "@" not in str(errors.translated(secret, Operation.CREATE))


IN_DIRECTORY = (
    "Reason: ObjectConflict with:User_0 The issue may be transient and please retry a couple of minutes later."
)
"""O365Troubleshooters#215: of an address that only the directory knows to be in use; it does not pass."""


@pytest.mark.parametrize(
    ("status", "kind", "text", "meaning"),
    [
        (400, "ProxyAddressExistsException", 'The proxy address "smtp:a@b" is already being used', AlreadyExists),
        (400, "", "The value of property EmailAddresses is incorrect. Reason: ObjectConflict", AlreadyExists),
        (404, "ManagementObjectNotFoundException", "object 'x' couldn't be found", NotFound),
        (400, "", "You have reached the maximum number of concurrent requests per tenant.", Unavailable),
        (400, "UnableToWriteToAadException", "", Unavailable),
        (400, "UnableToWriteToAadException", IN_DIRECTORY, AlreadyExists),
        (403, "", "", Misconfigured),
        (400, "CommandNotFoundException", "", Misconfigured),
        (400, "DataValidationException", "", Refused),
        (500, "", "<html>", Unavailable),
    ],
)
def test_exchange_says_more_in_words_than_by_status(
    status: int, kind: str, text: str, meaning: type[FarSideError]
) -> None:
    body: dict[str, Any] = {"error": {"details": [{"message": text}]}}
    said = errors.exchange_said(httpx.Response(status, json=body, headers={"X-ExceptionType": kind}))
    assert isinstance(said, meaning)
    assert "@" not in str(said)


# every error shape of Microsoft's, and what we make of it


class Ours(StrEnum):
    """What an error means to us."""

    RETRY = "a later run tries again by itself"
    ANOTHER_NAME = "the student is asked for another name"
    NEXT_ONE = "this student waits for a person, the run goes on"
    STOP = "the run stops and tells operations what to set right"


def of(error: FarSideError) -> Ours:
    """Return what becomes of a step that met this error."""
    if isinstance(error, Unavailable | NotFound):
        return Ours.RETRY
    if isinstance(error, Misconfigured):
        return Ours.STOP
    return Ours.ANOTHER_NAME if str(error).startswith(ADDRESS_TAKEN) else Ours.NEXT_ONE


def graph_said(status: int, code: str, message: str = "", *details: tuple[str, str | None]) -> ODataError:
    """An answer of Graph that is no success."""
    error = refusal(message, *details)
    error.response_status_code = status
    if error.error:
        error.error.code = code
    return error


UPN, PROXY = ("ObjectConflict", "userPrincipalName"), ("ObjectConflict", "proxyAddresses")
NO_DETAILS = "A conflicting object with one or more of the specified property values is present in the directory."
ANCHOR = "SourceAnchor is a required property for creation of a federated user"
EXTERNAL = "Unable to update the specified properties for objects that have originated within an external service."
BAD, DENIED = "Request_BadRequest", "Authorization_RequestDenied"
GRAPH_SAYS: list[tuple[str, Operation, ODataError, Ours]] = [
    ("2.4 the name is in use", Operation.CREATE, graph_said(400, BAD, "", UPN), Ours.ANOTHER_NAME),
    ("2.4 an address is in use", Operation.CREATE, graph_said(400, BAD, "", PROXY), Ours.ANOTHER_NAME),
    ("2.4 without details", Operation.CREATE, graph_said(400, BAD, NO_DETAILS), Ours.ANOTHER_NAME),
    ("2.4 on restoring", Operation.RESTORE, graph_said(400, BAD, "", PROXY), Ours.ANOTHER_NAME),
    ("2.4 on an unrelated PATCH", Operation.RENAME, graph_said(400, BAD, "", PROXY), Ours.NEXT_ONE),
    ("4 the anchor is in use", Operation.CREATE,
     graph_said(400, BAD, "", ("ObjectConflict", "onPremisesImmutableId")), Ours.NEXT_ONE),
    ("2.1 no anchor in a federated domain", Operation.CREATE, graph_said(400, BAD, ANCHOR), Ours.NEXT_ONE),
    ("1.3 Exchange is the master", Operation.RENAME, graph_said(400, BAD, EXTERNAL), Ours.NEXT_ONE),
    ("2.2 no seats", Operation.LICENSE,
     graph_said(400, BAD, "Subscription with SKU x does not have any available licenses."), Ours.NEXT_ONE),
    ("1.1 no permission", Operation.CREATE, graph_said(403, DENIED), Ours.STOP),
    ("the token is not accepted", Operation.FIND, graph_said(401, "InvalidAuthenticationToken"), Ours.STOP),
    ("1.5 just created, not seen yet", Operation.LICENSE, graph_said(404, "Request_ResourceNotFound"), Ours.RETRY),
    ("3.1 throttled", Operation.CREATE, graph_said(429, "TooManyRequests"), Ours.RETRY),
    ("3.2 disturbed", Operation.CREATE, graph_said(500, "InternalServerError"), Ours.RETRY),
    ("3.2 overloaded", Operation.CREATE, graph_said(503, "ServiceUnavailable"), Ours.RETRY),
    ("3.2 too slow, perhaps done", Operation.CREATE, graph_said(504, "GatewayTimeout"), Ours.RETRY),
]  # fmt: skip
"""By section of the facts."""


@pytest.mark.parametrize(
    ("operation", "said", "ours"), [row[1:] for row in GRAPH_SAYS], ids=[row[0] for row in GRAPH_SAYS]
)
def test_every_answer_of_graph_has_an_outcome(operation: Operation, said: ODataError, ours: Ours) -> None:
    assert of(errors.translated(said, operation)) is ours


EXCHANGE_SAYS = [
    ("1.4 too many at once", 400, "", "the maximum number of concurrent requests per tenant", Ours.RETRY),
    ("1.4 the directory lags", 400, "UnableToWriteToAadException", "", Ours.RETRY),
    ("1.4 throttled", 429, "", "", Ours.RETRY),
    ("1.4 overloaded", 503, "", "", Ours.RETRY),
    ("1.5 no mailbox yet", 404, "ManagementObjectNotFoundException", "couldn't be found", Ours.RETRY),
    ("2.4 the alias is in use", 400, "ProxyAddressExistsException", "is already being used", Ours.NEXT_ONE),
    ("2.4 the alias, in the directory alone", 400, "UnableToWriteToAadException", IN_DIRECTORY, Ours.NEXT_ONE),
    ("2.4 the alias, in other words", 400, "", "Reason: ObjectConflict", Ours.NEXT_ONE),
    ("2.3 no role", 403, "", "", Ours.STOP),
    ("2.3 the role lacks the cmdlet", 400, "CommandNotFoundException", "", Ours.STOP),
]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "kind", "text", "ours"), [row[1:] for row in EXCHANGE_SAYS], ids=[row[0] for row in EXCHANGE_SAYS]
)
def test_every_answer_of_exchange_has_an_outcome(status: int, kind: str, text: str, ours: Ours) -> None:
    body: dict[str, Any] = {"error": {"details": [{"message": text}]}}
    assert of(errors.exchange_said(httpx.Response(status, json=body, headers={"X-ExceptionType": kind}))) is ours


@pytest.mark.parametrize("lost", [httpx.ReadTimeout("x"), httpx.ConnectError("x"), httpx.RemoteProtocolError("x")])
def test_an_answer_that_was_lost_is_looked_into_later(lost: Exception) -> None:
    assert of(errors.translated(lost, Operation.CREATE)) is Ours.RETRY


@pytest.mark.parametrize(
    ("headers", "seconds"), [({"retry-after": "17"}, 17.0), ({}, None), ({"retry-after": "Wed, 21 Oct"}, None)]
)
def test_being_throttled_tells_how_long_where_microsoft_does(headers: dict[str, str], seconds: float | None) -> None:
    throttled = graph_said(429, "TooManyRequests")
    throttled.response_headers = headers
    error = errors.translated(throttled, Operation.FIND)
    assert isinstance(error, errors.Throttled) and error.seconds == seconds


def test_an_address_that_was_not_the_student_s_choice_is_an_administrator_s_matter() -> None:
    error = errors.translated(graph_said(400, BAD, "", PROXY), Operation.RENAME)
    assert "an administrator must take it away" in str(error)


# what a user's properties report


@pytest.mark.parametrize("error", [*LICENCE_ERRORS, "Other", "OfTomorrow"])
def test_every_licence_error_has_words(error: str) -> None:
    said = trouble_in([{"state": "Error", "error": error}], ())
    assert "administrator" in said or "correct usageLocation" in said or "admin centre" in said


def test_a_licence_that_works_and_an_error_that_is_resolved_are_no_trouble() -> None:
    states: list[dict[str, Any]] = [{"state": "Active", "error": "None"}, {"state": "Active", "error": None}]
    assert trouble_in(states, [{"isResolved": True, "errorDetail": "x"}]) == ""


def test_a_service_that_cannot_provision_is_named_and_what_it_says_is_not_repeated() -> None:
    detail = "<ErrorDescription>The proxy address smtp:jan@student.example.pl is already being used</ErrorDescription>"
    error: dict[str, Any] = {"isResolved": False, "serviceInstance": "exchange/EURPR01-001-01", "errorDetail": detail}
    said = trouble_in((), [error, error, {"isResolved": False, "serviceInstance": None, "errorDetail": None}])
    assert said.startswith("exchange cannot make the mailbox: an address") and "@" not in said
    assert said.endswith(
        "a service reports that it cannot make the mailbox; look the user up in Microsoft's admin centre"
    )
