"""Rows that were read once and may be looked through several times, in a file that nobody else can open."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import astuple
from tempfile import TemporaryFile
from typing import IO

from estudent.domain.application import Row
from estudent.domain.fault import Column, Fault, FaultKind


class Shelf:
    """A file without a name, which is gone with its process, however that ends."""

    def __init__(self) -> None:
        self._file: IO[str] | None = None

    def fill(self, rows: Iterable[Row]) -> None:
        """Put rows in, in place of all that were there."""
        self.close()
        self._file = TemporaryFile("w+", encoding="utf-8", newline="\n")  # noqa: SIM115 - closed by close
        for row in rows:
            fault = astuple(row.fault) if row.fault else None
            values = {column.value: text for column, text in row.values.items()}
            self._file.write(f"{json.dumps([row.line, values, fault])}\n")

    def rows(self) -> Iterator[Row]:
        """Yield them from the start; one look through at a time."""
        if self._file is None:
            return
        self._file.seek(0)
        while text := self._file.readline():
            line, values, fault = json.loads(text)
            yield Row(line, {Column(name): value for name, value in values.items()}, _fault(fault))

    def close(self) -> None:
        """Forget them."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _fault(parts: list[str] | None) -> Fault | None:
    if parts is None:
        return None
    field, kind, detail, masked = parts
    return Fault(field, FaultKind(kind), detail, masked)
