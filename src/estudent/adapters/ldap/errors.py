"""The one place where result codes and the exceptions of ldap3 get our meaning; no text of the server is passed on."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import Enum

from ldap3.core import exceptions as ldap
from ldap3.core import results as code

from estudent.ports import AlreadyExists, FarSideError, Misconfigured, NotFound, Refused, Unavailable

NOT_UNIQUE = re.compile(r"non-unique|not unique|already exists", re.IGNORECASE)


class OutOfReach(Unavailable):
    """There is no connection any more, or none could be made; what was asked last may have been done or not."""


class Incomplete(Refused):
    """The entry lacks an object class that the change needs."""


class Operation(Enum):
    """What was asked of the directory."""

    OPEN = "sign in to the directory"
    FIND = "read the directory"
    ADD = "add the entry"
    CHANGE = "change the entry"


WRITING = frozenset({Operation.ADD, Operation.CHANGE})
LATER = "the directory is busy or disturbed; try later, and look into its log if it stays so"
DATA = "correct the student's data in the registry; if many are refused, run `estudent doctor`"
ENTRY = "look the entry up in the directory and correct it"
ACCOUNT = (
    "correct ESTUDENT_DIRECTORY__BIND_DN and ESTUDENT_DIRECTORY__PASSWORD, or the account's entry in the directory"
)
RIGHTS = "give the account in ESTUDENT_DIRECTORY__BIND_DN the right to do it in the directory's access rules"
TLS = "the directory asks for another way to sign in; use ldaps:// or ldap:// with StartTLS in ESTUDENT_DIRECTORY__URIS"
LIMIT = "give the account in ESTUDENT_DIRECTORY__BIND_DN size=unlimited and time=unlimited (olcLimits)"
SCHEMA = "load the schemas of eduPerson, SCHAC and misc (inetLocalMailRecipient) into the directory"
WRITABLE = "the server is read-only or a copy; put the one that takes changes first in ESTUDENT_DIRECTORY__URIS"
SUFFIX = "correct ESTUDENT_DIRECTORY__SUFFIX; ou=people must be there and readable for ESTUDENT_DIRECTORY__BIND_DN"
PROTOCOL = "ESTUDENT_DIRECTORY__URIS must name an LDAPv3 server that can do StartTLS and simple binds"
GONE = "there is no entry of this name under ou=people; if another has this album number, rename it"

MEANINGS: dict[int, tuple[type[FarSideError], str]] = {
    code.RESULT_OPERATIONS_ERROR: (Unavailable, LATER),
    code.RESULT_PROTOCOL_ERROR: (Misconfigured, PROTOCOL),
    code.RESULT_TIME_LIMIT_EXCEEDED: (Unavailable, LATER),
    code.RESULT_SIZE_LIMIT_EXCEEDED: (Misconfigured, LIMIT),
    code.RESULT_AUTH_METHOD_NOT_SUPPORTED: (Misconfigured, TLS),
    code.RESULT_STRONGER_AUTH_REQUIRED: (Misconfigured, TLS),
    code.RESULT_REFERRAL: (Misconfigured, WRITABLE),
    code.RESULT_ADMIN_LIMIT_EXCEEDED: (Misconfigured, LIMIT),
    code.RESULT_UNAVAILABLE_CRITICAL_EXTENSION: (Misconfigured, PROTOCOL),
    code.RESULT_CONFIDENTIALITY_REQUIRED: (Misconfigured, TLS),
    code.RESULT_SASL_BIND_IN_PROGRESS: (Misconfigured, TLS),
    code.RESULT_UNDEFINED_ATTRIBUTE_TYPE: (Misconfigured, SCHEMA),
    code.RESULT_NO_SUCH_OBJECT: (Misconfigured, SUFFIX),
    code.RESULT_INVALID_DN_SYNTAX: (Misconfigured, SUFFIX),
    code.RESULT_INAPPROPRIATE_AUTHENTICATION: (Misconfigured, ACCOUNT),
    code.RESULT_INVALID_CREDENTIALS: (Misconfigured, ACCOUNT),
    code.RESULT_INSUFFICIENT_ACCESS_RIGHTS: (Misconfigured, RIGHTS),
    code.RESULT_BUSY: (Unavailable, LATER),
    code.RESULT_UNAVAILABLE: (Unavailable, LATER),
    code.RESULT_UNWILLING_TO_PERFORM: (Misconfigured, WRITABLE),
    code.RESULT_LOOP_DETECTED: (Misconfigured, WRITABLE),
    code.RESULT_ENTRY_ALREADY_EXISTS: (AlreadyExists, ENTRY),
    code.RESULT_OTHER: (Unavailable, LATER),
    code.RESULT_CANCELED: (Unavailable, LATER),
    code.RESULT_AUTHORIZATION_DENIED: (Misconfigured, RIGHTS),
}
SPECIAL: dict[tuple[Operation, int], tuple[type[FarSideError], str]] = {
    (Operation.OPEN, code.RESULT_UNWILLING_TO_PERFORM): (Misconfigured, ACCOUNT),
    (Operation.OPEN, code.RESULT_INVALID_DN_SYNTAX): (Misconfigured, ACCOUNT),
    (Operation.ADD, code.RESULT_OBJECT_CLASS_VIOLATION): (Refused, DATA),
    (Operation.ADD, code.RESULT_INVALID_ATTRIBUTE_SYNTAX): (Refused, DATA),
    (Operation.CHANGE, code.RESULT_INVALID_ATTRIBUTE_SYNTAX): (Refused, DATA),
    (Operation.CHANGE, code.RESULT_OBJECT_CLASS_VIOLATION): (Incomplete, ENTRY),
    (Operation.CHANGE, code.RESULT_NO_SUCH_OBJECT): (NotFound, GONE),
}
LOST = (ldap.LDAPCommunicationError, ldap.LDAPResponseTimeoutError, ldap.LDAPMaximumRetriesError,
        ldap.LDAPServerPoolError, ldap.LDAPServerPoolExhaustedError, ldap.LDAPTransactionError,
        OSError, LookupError)  # fmt: skip
UNFIT = (ldap.LDAPAttributeError, ldap.LDAPObjectClassError, ldap.LDAPInvalidValueError, ldap.LDAPInvalidDnError,
         ldap.LDAPInvalidFilterError, ldap.LDAPChangeError, ldap.LDAPLDIFError, ldap.LDAPKeyError, ldap.LDAPObjectError,
         ldap.LDAPCursorError, ldap.LDAPObjectDereferenceError, UnicodeError)  # fmt: skip
CODES = {kind: result for result, kind in ldap.exception_table.items()}
FOREIGN = (ldap.LDAPException, OSError, LookupError, ValueError)


@contextmanager
def speaking(operation: Operation) -> Iterator[None]:
    """Give whatever ldap3 raises inside our meaning."""
    try:
        yield
    except FOREIGN as error:
        raise translated(error, operation) from None


def translated(error: BaseException, operation: Operation) -> FarSideError:
    """Return the meaning of a foreign exception; TLS first, since ldap3 wraps it in whatever is at hand."""
    if isinstance(error, ldap.LDAPOperationResult):
        return meaning(CODES.get(type(error), code.RESULT_OTHER), operation, error.message or "")
    if found := _about_tls(error):
        return found
    failed = f"could not {operation.value}: {type(error).__name__}"
    if isinstance(error, UNFIT) and operation in WRITING:
        return Refused(f"{failed}; {ENTRY}")
    if isinstance(error, LOST) and not isinstance(error, (*UNFIT, ldap.LDAPConfigurationError)):
        return OutOfReach(
            f"{failed}; see whether the directory runs and answers at ESTUDENT_DIRECTORY__URIS, then try again"
        )
    return Misconfigured(f"{failed}; correct the settings under directory")


def meaning(result: int, operation: Operation, said: str = "") -> FarSideError:
    """Return what a result code that is no success means (RFC 4511, appendix A); `said` is read, never repeated."""
    if result == code.RESULT_CONSTRAINT_VIOLATION and NOT_UNIQUE.search(said):
        return taken(())
    kind, then = SPECIAL.get((operation, result)) or MEANINGS.get(result, (Refused, ENTRY))
    if issubclass(kind, Refused) and operation not in WRITING:
        kind = Misconfigured
    name = code.RESULT_CODES.get(result, "unknown")
    return kind(f"could not {operation.value}: {result} {name}; {then}")


def taken(holders: Iterable[str]) -> AlreadyExists:
    """Return the refusal of an address, or another name, that must be one entry's alone; `holders` are uids."""
    known = ", ".join(holders)
    return AlreadyExists(
        f"another entry has this address: {known}; correct whichever entry is wrong"
        if known
        else "another entry has this address, album number or principal name; find it and correct whichever is wrong"
    )


def _about_tls(error: BaseException) -> Misconfigured | None:
    """Tell a server that shows the wrong certificate, or none, from one that went away during the handshake."""
    causes = [error, *_history(error)]
    if any(isinstance(cause, (ssl.SSLCertVerificationError, ldap.LDAPCertificateError)) for cause in causes):
        return Misconfigured(
            "the directory's certificate was not signed by ESTUDENT_DIRECTORY__CA_FILE, has expired,"
            " or is for another host than ESTUDENT_DIRECTORY__URIS names"
        )
    if any(isinstance(cause, ssl.SSLError) and not _is_end(cause) for cause in causes):
        return Misconfigured(
            "the directory does not speak TLS 1.2 or newer at ESTUDENT_DIRECTORY__URIS; correct scheme and port"
        )
    if type(error) is ldap.LDAPStartTLSError:
        return Misconfigured(
            "the directory refuses StartTLS; let it use TLS, or put ldaps:// into ESTUDENT_DIRECTORY__URIS"
        )
    return None


def _history(error: BaseException) -> list[BaseException]:
    """Return what ldap3 met at each address of a host that has several."""
    attempts = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], list) else []
    return [attempt[0] for attempt in attempts]


def _is_end(error: ssl.SSLError) -> bool:
    return isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError, TimeoutError))
