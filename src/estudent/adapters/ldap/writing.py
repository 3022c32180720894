"""The one place that writes to the directory."""

from __future__ import annotations

from dataclasses import dataclass, field

from ldap3 import Connection

from estudent.adapters.ldap.attributes import Changes
from estudent.adapters.ldap.errors import Operation, meaning, speaking


@dataclass(frozen=True, slots=True)
class Add:
    """A new entry."""

    name: str
    attributes: dict[str, list[str]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Modify:
    """Changes to an entry, all or none."""

    name: str
    changes: Changes = field(repr=False)


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
