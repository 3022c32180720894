"""The `fields` argument: `id|email|student_programmes[id|programme[id]]` (USOS API, definitions/rules)."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from sandbox.usos.refusal import Refusal, field_invalid, field_not_found

Schema: TypeAlias = "Mapping[str, Schema | None]"
Selection: TypeAlias = "dict[str, Selection | None]"
TOKEN = re.compile(r"[^|\[\]]+|[|\[\]]")
NAME = re.compile(r"\w+", re.ASCII)


def select(value: Any, fields: str, schema: Schema, method: str) -> Any:
    """Return the named fields of an object, or of each object of a list."""
    selection = parse(fields)
    _check(selection, schema, method)
    return _pick(value, selection, schema)


@lru_cache(maxsize=256)
def parse(text: str) -> Selection:
    """Return the selector as a tree; a field without brackets has no subtree."""
    tokens = deque(TOKEN.findall(text))
    selection = _names(tokens)
    if tokens:
        raise _unreadable()
    return selection


def _names(tokens: deque[str]) -> Selection:
    """Read names up to the closing bracket or the end."""
    chosen: Selection = {}
    while True:
        name = tokens.popleft() if tokens else ""
        if not NAME.fullmatch(name):
            raise _unreadable()
        chosen[name] = _subfields(tokens)
        if not tokens or tokens[0] != "|":
            return chosen
        tokens.popleft()


def _subfields(tokens: deque[str]) -> Selection | None:
    """Read a bracket with names, if one opens here."""
    if not tokens or tokens[0] != "[":
        return None
    tokens.popleft()
    names = _names(tokens)
    if not tokens or tokens.popleft() != "]":
        raise _unreadable()
    return names


def _check(selection: Selection, schema: Schema, method: str) -> None:
    """Refuse what the result does not have, before anything is looked up."""
    for name, below in selection.items():
        if name not in schema:
            raise field_not_found(name, method)
        inner = schema[name]
        if below and inner is None:
            raise field_invalid(f"Field {name} does not refer to subobjects.")
        if below and inner is not None:
            _check(below, inner, method)


def _pick(value: Any, selection: Selection | None, schema: Schema | None) -> Any:
    """Return the chosen part of a value; an object without a selection comes whole."""
    if isinstance(value, list):
        return [_pick(each, selection, schema) for each in value]
    if selection is None or schema is None or value is None:
        return value
    return {name: _pick(value[name], below, schema[name]) for name, below in selection.items()}


def _unreadable() -> Refusal:
    return field_invalid("The value of fields could not be parsed.")
