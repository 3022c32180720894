"""The one place that writes to the directory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from ldap3 import Connection
from ldap3.core.results import RESULT_SUCCESS

from estudent.adapters.ldap import requests, wire
from estudent.adapters.ldap.answers import result_of
from estudent.adapters.ldap.attributes import Changes
from estudent.adapters.ldap.errors import Operation, meaning, speaking

BATCH = 16
"""After so many requests are ready they are sent, so that the directory has work while the next are made."""


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


def write_together(connection: Connection, wanted: Mapping[int, Add | Modify], accepted: set[int]) -> None:
    """Send all requests before the first is answered and put the keys of those that succeeded into `accepted`.

    The directory takes them in any order, even at once, so none may depend on another. What is not in `accepted` when
    the connection is lost may have been done or not.
    """
    with speaking(Operation.CHANGE):
        waiting, answers = dict(_sent(connection, wanted)), wire.incoming(connection)
        while waiting:
            number, operation = next(answers)
            # A number that nobody waits for, the server's good-bye for example, is a LookupError: all is lost.
            key = waiting.pop(number)
            if result_of(operation) == RESULT_SUCCESS:
                accepted.add(key)


def _sent(connection: Connection, wanted: Mapping[int, Add | Modify]) -> Iterator[tuple[int, int]]:
    """Send the requests, yielding the number of each message and the key of its request."""
    encoded = _encoded(wanted)
    while batch := dict(islice(encoded, BATCH)):
        yield from zip(wire.send(connection, batch.values()), batch, strict=True)


def _encoded(wanted: Mapping[int, Add | Modify]) -> Iterator[tuple[int, bytes]]:
    """Yield the requests as they are sent, but for those with text that UTF-8 cannot hold."""
    for key, request in wanted.items():
        with suppress(UnicodeEncodeError):
            yield key, request.encoded()
