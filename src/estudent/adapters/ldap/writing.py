"""The one place that writes to the directory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from ldap3 import Connection
from ldap3.core.results import RESULT_SUCCESS

from estudent.adapters.ldap import requests, wire
from estudent.adapters.ldap.answers import result_of
from estudent.adapters.ldap.attributes import Changes
from estudent.adapters.ldap.errors import Operation, meaning, speaking


@dataclass(frozen=True, slots=True)
class Add:
    """A new entry."""

    name: str
    attributes: dict[str, list[str]] = field(repr=False)

    def encoded(self) -> bytes:
        """Return the request as it is sent."""
        return requests.add(self.name, self.attributes)


@dataclass(frozen=True, slots=True)
class Modify:
    """Changes to an entry, all or none."""

    name: str
    changes: Changes = field(repr=False)

    def encoded(self) -> bytes:
        """Return the request as it is sent."""
        return requests.modify(self.name, self.changes)


def write(connection: Connection, request: Add | Modify) -> None:
    """Send one request and wait for its result."""
    operation = Operation.ADD if isinstance(request, Add) else Operation.CHANGE
    with speaking(operation):
        if isinstance(request, Add):
            result = connection.add(request.name, attributes=request.attributes)[1]  # type: ignore[no-untyped-call]
        else:
            result = connection.modify(request.name, request.changes)[1]  # type: ignore[no-untyped-call]
    if result["result"]:
        raise meaning(result["result"], operation, result["message"])


class Window:
    """Requests on their way over one connection: many are sent before the first is answered.

    The directory takes them in any order, even at once, so none may depend on another. What is not answered when the
    connection is lost may have been done or not.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection, self._answers = connection, wire.incoming(connection)
        self._waiting: dict[int, int] = {}

    def __len__(self) -> int:
        """Return how many are not answered yet."""
        return len(self._waiting)

    def send(self, wanted: Mapping[int, Add | Modify]) -> int:
        """Send requests by their keys; return how many, for text that UTF-8 cannot hold is not sent."""
        encoded = dict(_encoded(wanted))
        with speaking(Operation.CHANGE):
            numbers = wire.send(self._connection, encoded.values()) if encoded else []
        self._waiting |= zip(numbers, encoded, strict=True)
        return len(encoded)

    def answer(self) -> tuple[int, bool]:
        """Wait for an answer; return the key of the request that it is to, and whether that succeeded."""
        with speaking(Operation.CHANGE):
            number, operation = next(self._answers)
            succeeded = result_of(operation) == RESULT_SUCCESS
            # A number that nobody waits for, the server's good-bye for example, is a LookupError: all is lost.
            return self._waiting.pop(number), succeeded


def _encoded(wanted: Mapping[int, Add | Modify]) -> Iterator[tuple[int, bytes]]:
    """Yield the requests as they are sent, but for those with text that UTF-8 cannot hold."""
    for key, request in wanted.items():
        with suppress(UnicodeEncodeError):
            yield key, request.encoded()
