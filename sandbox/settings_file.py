"""Settings as TOML: sections of strings, numbers, lists of them, and tables of strings."""

from __future__ import annotations

import json
from collections.abc import Mapping


def as_toml(tree: Mapping[str, Mapping[str, object]]) -> str:
    """Return a tree as TOML, whose strings, numbers and lists are written as JSON's."""
    sections = (
        "\n".join([f"[{name}]", *(f"{key} = {_value(value)}" for key, value in section.items())])
        for name, section in tree.items()
    )
    return "\n\n".join(sections) + "\n"


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {_value(inner)}" for key, inner in value.items()) + "}"
    return json.dumps(value)
