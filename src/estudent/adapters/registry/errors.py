"""What the database's errors mean, in our words; their own texts may hold values of a row and are not passed on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from estudent.ports import AlreadyExists, FarSideError, Misconfigured, Refused, Unavailable

NO_TABLES = ("no such table", "no such column", "unable to open database file", "UndefinedTable", "UndefinedColumn")
NO_ENTRY = (
    "password authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "does not exist",
    "readonly database",
    "permission denied",
)
"""Parts of texts after which trying again is of no use: who comes in, to what, and with which rights."""

UNIQUE = ("UniqueViolation", "UNIQUE constraint failed")


@contextmanager
def translated() -> Iterator[None]:
    """Turn the database's errors into those of the ports."""
    try:
        yield
    except PoolExhausted:
        raise Unavailable("the registry does not answer: all connections are in use") from None
    except DBAPIError as error:
        raise meaning(error) from None


def meaning(error: DBAPIError) -> FarSideError:
    """Return what a database's error means; SQLite says it in its text, PostgreSQL in the name of its class."""
    name = type(error.orig).__name__
    told = f"{name}: {error.orig}"
    if isinstance(error, IntegrityError):
        taken = any(part in told for part in UNIQUE)
        return AlreadyExists("the registry holds this already") if taken else Refused(f"the registry refuses: {name}")
    if isinstance(error, DataError):
        return Refused(f"the registry cannot hold a value: {name}")
    if any(part in told for part in NO_TABLES):
        return Misconfigured("the registry has no tables yet, or no folder; run `estudent registry upgrade`")
    if any(part in told for part in NO_ENTRY):
        return Misconfigured(f"the registry lets nobody in: {name}; look at ESTUDENT_REGISTRY__URL and at its rights")
    if isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
        return Unavailable(f"the registry does not answer: {name}")
    return Misconfigured(f"the registry cannot work like this: {name}; run `estudent registry upgrade`")
