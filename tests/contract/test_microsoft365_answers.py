"""What the adapter for Microsoft 365 makes of foreign exceptions and of answers that the stand-in never gives."""

from __future__ import annotations

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
from estudent.ports import AlreadyExists, FarSideError, Misconfigured, NotFound, Refused, Unavailable
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


@pytest.mark.parametrize(
    ("status", "kind", "text", "meaning"),
    [
        (400, "ProxyAddressExistsException", 'The proxy address "smtp:a@b" is already being used', AlreadyExists),
        (400, "", "The value of property EmailAddresses is incorrect. Reason: ObjectConflict", AlreadyExists),
        (404, "ManagementObjectNotFoundException", "object 'x' couldn't be found", NotFound),
        (400, "", "You have reached the maximum number of concurrent requests per tenant.", Unavailable),
        (400, "UnableToWriteToAadException", "", Unavailable),
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
