"""The application's settings as TOML, whose tables lie in tables as deep as settings do (banks and their columns)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible.plugins.filter.core import to_json

DOCUMENTATION = """
name: to_toml
short_description: settings by section as TOML
description: Returns tables in the order of their names, each with its values before the tables in it.
positional: _input
options:
  _input:
    description: sections and what is in them; numbers, texts, lists of both, and tables.
    type: dict
    required: true
"""
BARE = re.compile("[A-Za-z0-9_-]+")


class FilterModule:
    """The filters that Ansible finds in this file."""

    def filters(self) -> dict[str, Callable[[Mapping[str, Any]], str]]:
        """Return them by name."""
        return {"to_toml": to_toml}


def to_toml(settings: Mapping[str, Any]) -> str:
    """Return settings by section as TOML."""
    return "\n".join(_lines(settings, ()))


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    if path:
        yield f"\n[{'.'.join(map(_key, path))}]"
    for name, value in sorted(table.items()):
        if not isinstance(value, Mapping):
            yield f"{_key(name)} = {to_json(value, ensure_ascii=False)}"
    for name, value in sorted(table.items()):
        if isinstance(value, Mapping):
            yield from _lines(value, (*path, name))


def _key(name: str) -> str:
    return name if BARE.fullmatch(name) else str(to_json(name, ensure_ascii=False))
