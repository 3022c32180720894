"""The one place where the exceptions of httpx, kiota, azure and the answers of Graph and Exchange get our meaning."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum

import httpx
from azure.core import exceptions as azure
from kiota_abstractions.api_error import APIError
from kiota_authentication_azure._exceptions import KiotaAuthenticationError
from kiota_http._exceptions import KiotaHTTPXError
from msgraph.generated.models.o_data_errors.main_error import MainError
from msgraph.generated.models.o_data_errors.o_data_error import ODataError

from estudent.adapters.microsoft365.refused_tokens import token_refused
from estudent.ports import (
    AlreadyExists,
    Expired,
    FarSideError,
    Misconfigured,
    NotFound,
    PasswordRefused,
    Refused,
    Unavailable,
)

ADDRESS_TAKEN = (
    "address taken: the address belongs to another user in Microsoft 365; the student must choose another name"
)
ADDRESS_IN_CONFLICT = (
    "an address of this user belongs to another object in Microsoft 365 as well; "
    "an administrator must take it away from one of them"
)
FOREIGN = (
    APIError, KiotaHTTPXError, KiotaAuthenticationError,
    httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError,
    azure.AzureError, azure.SerializationError, azure.DeserializationError, json.JSONDecodeError,
)  # fmt: skip
LOST = (azure.ServiceRequestError, azure.ServiceResponseError)
UNUSABLE = (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, KiotaAuthenticationError)
ADDRESSES = frozenset({"userPrincipalName", "proxyAddresses", "mail", ""})
BUSY = ("maximum number of concurrent requests", "UnableToWriteToAadException")
TAKEN = ("already being used", "ObjectConflict", "ProxyAddressExistsException")
ABSENT = ("couldn't be found", "ManagementObjectNotFoundException")
NOT_ALLOWED = ("CommandNotFoundException", "ParameterBindingException")
SAME_VALUE = re.compile(r"same value for property (\w+) already exists")
ALREADY_MEMBER = "added object references already exist"
SIGNS = {
    "no seats left": re.compile(r"does not have any available licenses", re.IGNORECASE),
    "federated user": re.compile(r"password of a federated user", re.IGNORECASE),
    "password refused": re.compile(r"specified password|password (complexity|policy)|banned password", re.IGNORECASE),
}
"""By which words of Graph we know what its code, Request_BadRequest, does not tell."""

KNOWN_REFUSALS: dict[str, Callable[[], FarSideError]] = {
    "no seats left": lambda: Refused("no licence is left in Microsoft 365; an administrator must free or buy seats"),
    "federated user": lambda: Misconfigured(
        "the domain is federated in Microsoft 365, so passwords are not written there: "
        "set ESTUDENT_MAILBOXES__SIGN_IN to federated"
    ),
    "password refused": lambda: PasswordRefused("Microsoft 365 refuses this password; the student must choose another"),
}


class Operation(Enum):
    """What was asked for, and what an administrator grants for it (facts: permissions.json, section 2.3)."""

    TOKEN = ("sign in", "correct the tenant id, the client id and the client secret or certificate")
    FIND = ("find users", "grant the application User.Read.All")
    CREATE = ("create users", "grant the application User.Create or User.ReadWrite.All")
    RESTORE = ("restore deleted users", "grant the application User.DeleteRestore.All")
    RETRY = ("have services provisioned again", "grant the application User.ReadWrite.All")
    RENAME = ("change users", "grant the application User.ReadUpdate.All or User.ReadWrite.All")
    LICENSE = ("assign licences", "grant the application LicenseAssignment.ReadWrite.All")
    JOIN = (
        "put users into the licence group",
        "grant the application GroupMember.ReadWrite.All, or make it an owner of the group",
    )
    BLOCK = ("block or open sign-ins", "grant the application User.EnableDisableAccount.All or User.ReadWrite.All")
    REVOKE = ("revoke sign-in sessions", "grant the application User.RevokeSessions.All")
    DELETE = ("delete users", "grant the application User.DeleteRestore.All")
    WATCH = ("follow changes of users", "grant the application User.Read.All")
    PASSWORD = ("set passwords", "grant the application User-PasswordProfile.ReadWrite.All")
    SEATS = ("read licences", "grant the application LicenseAssignment.Read.All")
    DOMAIN = ("read domains", "grant the application Domain.Read.All")
    ALIAS = (
        "add aliases in Exchange",
        "grant the application Exchange.ManageAsApp and give it the role Exchange Recipient Administrator",
    )

    @property
    def phrase(self) -> str:
        return self.value[0]

    @property
    def remedy(self) -> str:
        return self.value[1]


ABSENCES: dict[int, Callable[[str], FarSideError]] = {
    404: lambda failed: NotFound(f"{failed}: Microsoft 365 does not know the object, or not yet; try later"),
    410: lambda failed: Expired(f"{failed}: the token is too old; begin with a full listing"),
}


def _no_mailbox() -> NotFound:
    return NotFound("Exchange does not know the mailbox yet; the next run tries again")


class Busy(Unavailable):
    """Microsoft asks to wait, for so many seconds where it says so."""

    def __init__(self, text: str, seconds: float | None) -> None:
        super().__init__(text)
        self.seconds = seconds


class Throttled(Busy):
    """Our quota is used up, for all of our processes; nothing was done."""


@contextmanager
def asking_to(operation: Operation) -> Iterator[None]:
    """Turn whatever goes wrong inside into one of our errors."""
    try:
        yield
    except FOREIGN as error:
        # Without its cause, whose text may name people: a traceback in a log shows the causes too.
        raise translated(error, operation) from None


@contextmanager
def known_form() -> Iterator[None]:
    """Read an answer; one of another form than Graph v1.0's documentation says is no answer."""
    try:
        yield
    except (KeyError, TypeError, ValueError):
        raise Unavailable("Microsoft 365 answered in a form that we do not know; try later") from None


def translated(error: BaseException, operation: Operation) -> FarSideError:
    """Return the meaning of a foreign exception: by status code first, then by family."""
    if operation is Operation.TOKEN and (refused := token_refused(str(error))):
        return refused
    status = _status(error)
    if status == 429:
        return Throttled(f"could not {operation.phrase}: our quota is used up (429); try later", _asked_for(error))
    if status is not None:
        return meaning(status, operation, *_said(error))
    # azure-identity wraps whatever befell it, a lost connection too.
    if isinstance(error, azure.ClientAuthenticationError) and not isinstance(error.__cause__, LOST):
        return _unauthorised(Operation.TOKEN)
    failed = f"could not {operation.phrase}"
    if isinstance(error, UNUSABLE):
        return Misconfigured(f"{failed}: correct the addresses of Microsoft 365 in the settings")
    return Unavailable(f"{failed}: Microsoft 365 did not answer ({type(error).__name__}); try later")


def meaning(status: int, operation: Operation, code: str = "", target: str | None = None) -> FarSideError:
    """Return what an answer means; `target` names the property in conflict, "" one that was not named."""
    failed, shown = f"could not {operation.phrase}", f"{status} {code}".strip()
    if status in (408, 429) or status >= 500:
        return Unavailable(f"{failed}: Microsoft 365 asks to wait or is disturbed ({shown}); try later")
    if status in (401, 403) or operation is Operation.TOKEN:
        return _unauthorised(operation)
    if target is not None or status == 409:
        return AlreadyExists(_conflict(operation, target or ""))
    if status in ABSENCES:
        return ABSENCES[status](failed)
    if code in KNOWN_REFUSALS:
        return KNOWN_REFUSALS[code]()
    return Refused(f"{failed}: Microsoft 365 refused ({shown}); look the user up in its admin centre")


def _unauthorised(operation: Operation) -> Misconfigured:
    return Misconfigured(f"Microsoft 365 does not let us {operation.phrase}: {operation.remedy}")


def _conflict(operation: Operation, target: str) -> str:
    """Say whose turn it is: a new user's address is the student's, any other an administrator's."""
    if target in ADDRESSES:
        return ADDRESS_TAKEN if operation in (Operation.CREATE, Operation.RESTORE) else ADDRESS_IN_CONFLICT
    return f"another user in Microsoft 365 has the same {target}; an administrator must correct that user"


def _status(error: BaseException) -> int | None:
    if isinstance(error, APIError):
        return error.response_status_code
    carrier = getattr(error, "response", None) if isinstance(error, httpx.HTTPStatusError) else error
    status = getattr(carrier, "status_code", None)
    return status if isinstance(status, int) else None


def _said(error: BaseException) -> tuple[str, str | None]:
    """Return Graph's error code and the property in conflict, None without a conflict; never its message."""
    main = error.error if isinstance(error, ODataError) else None
    if main is None:
        return "", None
    known = next((sign for sign, words in SIGNS.items() if words.search(main.message or "")), None)
    return known or re.sub(r"[^\w.]", "", main.code or "")[:60], _conflicting(main)


def _conflicting(main: MainError) -> str | None:
    """Read the three shapes of a conflict (microsoft-graph-docs#1508, docs-contrib#8421 and #6346)."""
    for detail in main.details or ():
        if detail.code in ("ObjectConflict", "ConflictingObjects"):
            return detail.target or ""
    if named := SAME_VALUE.search(main.message or ""):
        return named[1]
    if ALREADY_MEMBER in (main.message or ""):
        return "members"
    return "" if "conflicting object with one or more" in (main.message or "") else None


def exchange_said(answer: httpx.Response) -> FarSideError:
    """Return the meaning of a cmdlet's error: its text says more than its status (facts 1.4)."""
    if answer.status_code in (408, 429, 503, 504):
        return _busy(str(answer.status_code), _retry_after(answer))
    text = _exchange_text(answer)
    return cmdlet_said(text) or (
        _no_mailbox() if answer.status_code == 404 else meaning(answer.status_code, Operation.ALIAS)
    )


def cmdlet_said(text: str) -> FarSideError | None:
    """Return what the words of a cmdlet's error mean, over REST or in PowerShell; None for unknown words."""
    # Of an address that the directory alone knows to be in use, Exchange says that this may pass; it does not.
    if any(sign in text for sign in TAKEN):
        return AlreadyExists("the alias is in use in Exchange")
    if any(sign in text for sign in BUSY):
        return _busy("its words", None)
    if any(sign in text for sign in ABSENT):
        return _no_mailbox()
    # Exchange loads only the cmdlets and parameters that somebody's roles allow.
    return _unauthorised(Operation.ALIAS) if any(sign in text for sign in NOT_ALLOWED) else None


def _busy(sign: str, seconds: float | None) -> Busy:
    return Busy(f"could not add aliases in Exchange: it is busy ({sign}); try later", seconds)


def _retry_after(answer: httpx.Response) -> float | None:
    """Return the seconds that an answer asks us to wait."""
    return _seconds(answer.headers.get("Retry-After", ""))


def _asked_for(error: BaseException) -> float | None:
    """Return the seconds that a failed request of kiota's was asked to wait."""
    headers = error.response_headers if isinstance(error, APIError) else None
    return _seconds(dict(headers or {}).get("retry-after", ""))


def _seconds(asked: str) -> float | None:
    """Read Retry-After, which Microsoft writes in seconds, never as a date."""
    return float(asked) if asked.isdecimal() else None


def _exchange_text(answer: httpx.Response) -> str:
    """Return all words of an error, for recognising it only: they may hold addresses and are never passed on."""
    return f"{answer.headers.get('X-ExceptionType', '')} {answer.text}"
