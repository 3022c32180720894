"""Oracle by python-oracledb in thin mode: what we need of it (PEP 249), and what its errors mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Protocol, TypeAlias

from estudent.ports import FarSideError, Misconfigured, Refused, Unavailable

CODE = re.compile(r"\b(ORA|DPY)-[0-9]{4,5}\b")
PATIENCE = 30_000
"""After so many milliseconds a call gives up: a row that a clerk holds locked is waited for without end by Oracle."""

OF_THE_PROCEDURE = range(20000, 21000)
"""What a procedure raises by raise_application_error."""

NOT_SET_UP = frozenset(
    {
        "ORA-00904",  # no such column
        "ORA-00942",  # no such table or view
        "ORA-01017",  # wrong user or password
        "ORA-01031",  # no right
        "ORA-01435",  # no such user
        "ORA-04043",  # no such object
        "ORA-06550",  # no such procedure, or with other parameters
        "ORA-12154",  # an address that cannot be resolved
        "ORA-12514",  # no such service
        "ORA-28000",  # the account is locked
        "ORA-28001",  # the password has run out
        "DPY-3010",  # a server too old for thin mode
        "DPY-4000",  # no such entry in tnsnames.ora
        "DPY-4027",  # no folder with its configuration
    }
)
"""Codes after which trying again is of no use (Oracle's error messages; python-oracledb, errors.py)."""


class Cursor(Protocol):
    """What we ask of a cursor."""

    def execute(self, statement: str, parameters: Sequence[Any], /) -> Any:
        """Run a statement."""

    def fetchall(self) -> Sequence[tuple[Any, ...]]:
        """Return all rows."""

    def callproc(self, name: str, parameters: Sequence[Any], /) -> Sequence[Any]:
        """Call a procedure; return the parameters with what came out."""

    def var(self, kind: type, /) -> Any:
        """Return a place for what comes out of a procedure."""

    def close(self) -> None:
        """Let it go."""


class Connection(Protocol):
    """What we ask of a connection."""

    def cursor(self) -> Cursor:
        """Return a cursor."""

    def commit(self) -> None:
        """Make what was done lasting."""

    def close(self) -> None:
        """Undo what was not committed, and end."""


Connect: TypeAlias = Callable[[], Connection]


class Api(Protocol):
    """The exceptions of a module of PEP 249."""

    @property
    def Error(self) -> type[Exception]:  # noqa: N802 - PEP 249's names
        """The root of all."""

    @property
    def InterfaceError(self) -> type[Exception]:  # noqa: N802
        """The driver is not as it should be."""

    @property
    def OperationalError(self) -> type[Exception]:  # noqa: N802
        """The server is not as it should be."""

    @property
    def IntegrityError(self) -> type[Exception]:  # noqa: N802
        """A constraint forbids it."""

    @property
    def DataError(self) -> type[Exception]:  # noqa: N802
        """A value cannot be stored."""


def oracledb(dsn: str, user: str, password: str) -> tuple[Connect, Api]:
    """Return how to connect, and the module's exceptions; the library is loaded here alone."""
    try:
        api: Any = import_module("oracledb")
    except ImportError:
        raise Misconfigured("ESTUDENT_USOS__WAY is oracle, but python-oracledb is missing: install [oracle]") from None

    def connect() -> Connection:
        try:
            connection = api.connect(dsn=dsn, user=user, password=password, tcp_connect_timeout=10.0)
            connection.call_timeout = PATIENCE
        except api.Error as error:
            raise meaning(error, api, "the connection") from None
        opened: Connection = connection
        return opened

    return connect, api


def meaning(error: BaseException, api: Api, what: str) -> FarSideError:
    """Return what an error means, by its code; its text may hold values and is not passed on."""
    found = CODE.search(f"{getattr(error.args[0], 'full_code', '') if error.args else ''} {error}")
    code = found[0] if found else type(error).__name__
    if code in NOT_SET_UP:
        return Misconfigured(f"Oracle will not have it: {what} ({code}); compare docs/usos.md and the settings")
    number = int(code.partition("-")[2]) if code.startswith("ORA-") else 0
    if number in OF_THE_PROCEDURE or isinstance(error, api.IntegrityError | api.DataError):
        return Refused(f"Oracle refused: {what} ({code}); ask USOS's administrators")
    if isinstance(error, api.OperationalError | api.InterfaceError):
        return Unavailable(f"Oracle does not answer: {what} ({code}); try later")
    return Unavailable(f"Oracle is disturbed: {what} ({code}); try later, and ask its administrators if that lasts")
