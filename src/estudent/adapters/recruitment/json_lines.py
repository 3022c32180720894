"""A recruitment file of JSON Lines: one object for each row, whose keys are headers or our own column names."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

from estudent.adapters.recruitment.headers import Headers
from estudent.adapters.recruitment.number import text_of
from estudent.adapters.recruitment.unfit import unreadable
from estudent.domain.application import Row
from estudent.domain.fault import Column, Fault, FaultKind

OWN_NAMES: Mapping[str, Column] = {column.value: column for column in Column}
# Some programs leave out what is null, so a column may be absent from the first object and present in a later one.
LOOKED_AT = 1000


def read_json_lines(path: Path, headers: Headers, encoding: str) -> Generator[Row, None, None]:
    """Yield the rows; raise Unfit before the first of them if no row can be trusted."""
    with path.open(encoding=encoding, newline="\n") as file:
        yield from _table(file, headers)


def _table(file: TextIO, headers: Headers) -> Iterator[Row]:
    keys = _Keys(headers)
    rows = (keys.row(number, line) for number, line in enumerate(file, 1) if line.strip("\ufeff\r\n\t "))
    start = list(islice(rows, LOOKED_AT))
    if start and not keys.has_object:
        raise unreadable("no line of it is an object: export it as JSON Lines, one object on each line")
    if start:
        headers.require(keys.found)
    yield from chain(start, rows)


class _Keys:
    """What the keys of the objects mean, and which columns were found so far."""

    def __init__(self, headers: Headers) -> None:
        self.headers, self.found, self.has_object = headers, set[Column](), False
        self.ours = lru_cache(maxsize=256)(self._ours)

    def row(self, number: int, line: str) -> Row:
        """Return the row that a line holds."""
        if "\0" in line:
            return Row(number, {}, Fault("row", FaultKind.CONTROL_CHARACTER, "U+0000"))
        try:
            found = json.loads(line.removeprefix("\ufeff"))
        except (ValueError, RecursionError):
            return Row(number, {}, _broken(line))
        return self._of_object(number, found) if isinstance(found, dict) else _unreadable(number, "{}")

    def _of_object(self, number: int, found: dict[str, object]) -> Row:
        ours = self.ours(tuple(found))
        texts = {column: _text(column, found[key]) for key, column in ours}
        if len(texts) < len(ours):
            return _unreadable(number, "dwa klucze jednej kolumny / two keys of one column")
        fault = next((text for text in texts.values() if isinstance(text, Fault)), None)
        return Row(number, {column: text for column, text in texts.items() if isinstance(text, str)}, fault)

    def _ours(self, keys: tuple[str, ...]) -> list[tuple[str, Column]]:
        ours = [(key, column) for key in keys if (column := self.headers.column(key) or OWN_NAMES.get(key))]
        self.found.update(column for _, column in ours)
        self.has_object = True
        return ours


def _text(column: Column, value: object) -> str | Fault:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return text_of(column, value)
    return Fault(column.value, FaultKind.UNREADABLE_ROW, f"JSON {type(value).__name__}")


def _broken(line: str) -> Fault:
    cut = not line.endswith("\n")
    return Fault("row", FaultKind.CUT_OFF) if cut else Fault("row", FaultKind.UNREADABLE_ROW, "JSON")


def _unreadable(number: int, detail: str) -> Row:
    return Row(number, {}, Fault("row", FaultKind.UNREADABLE_ROW, f"JSON: {detail}"))
