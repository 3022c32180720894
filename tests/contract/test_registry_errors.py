"""Every error of both database drivers has a meaning, and none brings a row's values along."""

from __future__ import annotations

import sqlite3

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError, DontWrapMixin

from estudent.adapters.registry.errors import meaning, translated
from estudent.ports import AlreadyExists, FarSideError, Misconfigured, Refused, Unavailable
from tests.foreign import exceptions_of

SECRET = 'Key (email)=(lucja.zak@example.org) already exists; Failing row contains (1, "Żak")'
POSTGRESQL = [each for each in exceptions_of(psycopg, psycopg.errors) if issubclass(each, psycopg.Error)]
SQLITE = [each for each in exceptions_of(sqlite3) if issubclass(each, sqlite3.Error)]


def as_raised(error: Exception, base: type[Exception]) -> DBAPIError:
    wrapped = DBAPIError.instance("INSERT …", {"email": SECRET}, error, base, hide_parameters=True)
    assert isinstance(wrapped, DBAPIError)
    assert not isinstance(wrapped, DontWrapMixin)
    return wrapped


def test_the_drivers_were_swept() -> None:
    assert len(POSTGRESQL) > 200
    assert len(SQLITE) > 7


@pytest.mark.parametrize("kind", POSTGRESQL, ids=lambda kind: kind.__name__)
def test_every_error_of_postgresql_has_a_meaning_without_personal_data(kind: type[Exception]) -> None:
    assert "Żak" not in str(meaning(as_raised(kind(SECRET), psycopg.Error)))


@pytest.mark.parametrize("kind", SQLITE, ids=lambda kind: kind.__name__)
def test_every_error_of_sqlite_has_a_meaning_without_personal_data(kind: type[Exception]) -> None:
    assert "Żak" not in str(meaning(as_raised(kind(SECRET), sqlite3.Error)))


@pytest.mark.parametrize(
    ("error", "means"),
    [
        (psycopg.errors.UniqueViolation(), AlreadyExists),
        (psycopg.errors.ForeignKeyViolation(), Refused),
        (psycopg.errors.NotNullViolation(), Refused),
        (psycopg.errors.StringDataRightTruncation(), Refused),
        (psycopg.errors.AdminShutdown(), Unavailable),
        (psycopg.errors.CannotConnectNow(), Unavailable),
        (psycopg.errors.TooManyConnections(), Unavailable),
        (psycopg.errors.DeadlockDetected(), Unavailable),
        (psycopg.errors.SerializationFailure(), Unavailable),
        (psycopg.OperationalError("connection refused"), Unavailable),
        (psycopg.OperationalError("FATAL: the database system is starting up"), Unavailable),
        (psycopg.OperationalError("FATAL: no pg_hba.conf entry for host"), Misconfigured),
        (psycopg.errors.UndefinedTable(), Misconfigured),
        (psycopg.errors.UndefinedColumn(), Misconfigured),
        (psycopg.errors.InsufficientPrivilege(), Misconfigured),
        (psycopg.errors.ReadOnlySqlTransaction(), Misconfigured),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else type(value).__name__,
)
def test_what_an_error_means_decides_whether_to_try_again(error: Exception, means: type[FarSideError]) -> None:
    assert type(meaning(as_raised(error, psycopg.Error))) is means


def test_errors_that_are_not_the_databases_pass() -> None:
    with pytest.raises(ZeroDivisionError), translated():
        raise ZeroDivisionError
