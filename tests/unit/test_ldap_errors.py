"""Everything that ldap3 can raise and every result code of the standards has a meaning here."""

from __future__ import annotations

import ssl
from typing import Any, cast

import pytest
from ldap3.core import exceptions as ldap
from ldap3.core import results

from estudent.adapters.ldap.errors import (
    WRITING,
    Operation,
    OutOfReach,
    meaning,
    speaking,
    translated,
)
from estudent.ports import AlreadyExists, FarSideError, Misconfigured, NotFound, Refused, Unavailable
from tests.foreign import exceptions_of

MEANINGS = (Unavailable, Refused, Misconfigured)
EXCEPTIONS = exceptions_of(ldap)
CODES = [value for name, value in vars(results).items() if name.startswith("RESULT_") and isinstance(value, int)]
FAILURES = [each for each in CODES if each != results.RESULT_SUCCESS]
SECRET = "lucja.zak@example.pl"


def test_no_exception_is_new_to_us() -> None:
    odd = [each for each in EXCEPTIONS if not issubclass(each, (ldap.LDAPCommunicationError, ldap.LDAPOperationResult))]
    assert (len(EXCEPTIONS), len(odd)) == (109, 51)


@pytest.mark.parametrize("foreign", EXCEPTIONS)
def test_every_exception_has_a_meaning(foreign: type[Exception]) -> None:
    for operation in Operation:
        with pytest.raises(MEANINGS) as caught, speaking(operation):
            raise foreign(SECRET)
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize("result", [*FAILURES, 15, 16654, 99999])
def test_every_result_code_has_a_meaning(result: int) -> None:
    for operation in Operation:
        error = meaning(result, operation, SECRET)
        assert isinstance(error, Unavailable | Misconfigured) or operation in WRITING
        assert SECRET not in str(error)
        assert ";" in str(error)


@pytest.mark.parametrize("result", [each for each in FAILURES if each in ldap.exception_table])
def test_a_result_means_the_same_when_ldap3_raises_it(result: int) -> None:
    said = translated(ldap.LDAPOperationResult(result), Operation.ADD)
    assert str(said) == str(meaning(result, Operation.ADD))


@pytest.mark.parametrize(
    ("result", "operation", "expected"),
    [
        (results.RESULT_INVALID_CREDENTIALS, Operation.OPEN, Misconfigured),
        (results.RESULT_INSUFFICIENT_ACCESS_RIGHTS, Operation.ADD, Misconfigured),
        (results.RESULT_SIZE_LIMIT_EXCEEDED, Operation.FIND, Misconfigured),
        (results.RESULT_REFERRAL, Operation.ADD, Misconfigured),
        (results.RESULT_UNDEFINED_ATTRIBUTE_TYPE, Operation.ADD, Misconfigured),
        (results.RESULT_NO_SUCH_OBJECT, Operation.ADD, Misconfigured),
        (results.RESULT_NO_SUCH_OBJECT, Operation.CHANGE, NotFound),
        (results.RESULT_ENTRY_ALREADY_EXISTS, Operation.ADD, AlreadyExists),
        (results.RESULT_INVALID_ATTRIBUTE_SYNTAX, Operation.CHANGE, Refused),
        (results.RESULT_BUSY, Operation.ADD, Unavailable),
        (results.RESULT_UNAVAILABLE, Operation.OPEN, Unavailable),
        (results.RESULT_OTHER, Operation.CHANGE, Unavailable),
    ],
)
def test_what_result_codes_mean(result: int, operation: Operation, expected: type[FarSideError]) -> None:
    assert type(meaning(result, operation)) is expected


def test_a_taken_address_is_told_from_a_value_that_breaks_another_rule() -> None:
    code = results.RESULT_CONSTRAINT_VIOLATION
    assert type(meaning(code, Operation.ADD, f"non-unique attributes found with (mail={SECRET})")) is AlreadyExists
    assert type(meaning(code, Operation.ADD, "Password fails quality checking policy")) is Refused


def wrapped(kind: type[ldap.LDAPCommunicationError], cause: Exception) -> Exception:
    """What ldap3 makes of an exception it meets while it opens a connection."""
    made: Any = ldap.communication_exception_factory
    return cast(Exception, made(kind, cause)("socket ssl wrapping error: …"))


def wrapped_by_starttls(cause: Exception) -> Exception:
    """What ldap3 makes of an exception during StartTLS."""
    made: Any = ldap.start_tls_exception_factory
    return cast(Exception, made(cause)("wrap socket error: …"))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (wrapped(ldap.LDAPSocketOpenError, ssl.SSLCertVerificationError("self-signed")), Misconfigured),
        (wrapped_by_starttls(ssl.SSLCertVerificationError("x")), Misconfigured),
        (ldap.LDAPSocketOpenError("unable", [(ConnectionRefusedError(), 1), (ssl.SSLCertVerificationError(), 2)]),
         Misconfigured),
        (wrapped(ldap.LDAPSocketOpenError, ssl.SSLError("WRONG_VERSION_NUMBER")), Misconfigured),
        (wrapped(ldap.LDAPSocketOpenError, ssl.SSLEOFError("eof")), OutOfReach),
        (wrapped_by_starttls(ConnectionResetError("reset")), OutOfReach),
        (ldap.LDAPStartTLSError("startTLS failed - protocolError"), Misconfigured),
        (wrapped(ldap.LDAPSocketOpenError, ConnectionRefusedError("refused")), OutOfReach),
        (ldap.LDAPSessionTerminatedByServerError("session terminated by server"), OutOfReach),
        (ldap.LDAPResponseTimeoutError("no response from server"), OutOfReach),
        (ldap.LDAPSocketOpenError("invalid server address"), OutOfReach),
        (TimeoutError(), OutOfReach),
        (KeyError(16654), OutOfReach),
        (ldap.LDAPPasswordIsMandatoryError("password is mandatory in simple bind"), Misconfigured),
        (UnicodeError("label too long"), Misconfigured),
    ],
)  # fmt: skip
def test_what_goes_wrong_while_opening(error: Exception, expected: type[FarSideError]) -> None:
    assert type(translated(error, Operation.OPEN)) is expected
