"""Which properties Graph v1.0 knows, of which type, and who may write them (table: properties.tsv)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sandbox.microsoft365.refusal import Refusal, bad_request, denied
from sandbox.microsoft365.shelf import Json


@dataclass(frozen=True, slots=True)
class Property:
    """One line of the table."""

    name: str
    edm: str
    nullable: bool
    access: str


def _table() -> dict[str, dict[str, Property]]:
    """Read the table into types."""
    types: dict[str, dict[str, Property]] = {}
    for line in Path(__file__).with_name("properties.tsv").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            kind, name, edm, nullable, access = line.split("\t")
            types.setdefault(kind, {})[name] = Property(name, edm, nullable == "true", access)
    return types


TYPES = _table()


def checked(body: Json, kind: str = "user") -> Json:
    """Return the body without OData's annotations, or refuse what Graph would refuse by name, access or type."""
    written = {name: value for name, value in body.items() if "@odata." not in name}
    for name, value in written.items():
        _check(kind, name, value)
    return written


def _check(kind: str, name: str, value: Any) -> None:
    """Refuse one property by name, then by access, then by type."""
    known = TYPES[kind].get(name)
    if known is None:
        raise bad_request(f"Property '{name}' does not exist as a declared property or extension property.")
    if known.access == "exchange":
        raise denied()
    if known.access == "read":
        raise bad_request(f"Property '{name}' is read-only and cannot be set.")
    if not _fits(known, value):
        raise Refusal(400, "BadRequest", f"Cannot convert the value of '{name}' to the expected type '{known.edm}'.")


def _fits(known: Property, value: Any) -> bool:
    """Say whether the value may stand in the property."""
    if value is None:
        return known.nullable and not known.edm.startswith("Collection(")
    if known.edm.startswith("Collection("):
        return isinstance(value, list) and all(_is(known.edm[11:-1], each) for each in value)
    return _is(known.edm, value)


def _is(edm: str, value: Any) -> bool:
    """Say whether the value is of the type; a complex type is checked by its own lines where there are any."""
    match edm:
        case "Edm.Boolean":
            return isinstance(value, bool)
        case "Edm.Int32":
            return isinstance(value, int) and not isinstance(value, bool)
        case "Edm.Guid":
            return isinstance(value, str) and is_guid(value)
        case "Edm.String" | "Edm.DateTimeOffset":
            return isinstance(value, str)
    return isinstance(value, dict) and _fits_complex(edm.removeprefix("graph."), value)


def _fits_complex(kind: str, value: Json) -> bool:
    """Check a nested object; unlisted types pass."""
    if kind in TYPES:
        checked(value, kind)
    return True


def is_guid(text: str) -> bool:
    """Say whether the text is a GUID with its hyphens."""
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
