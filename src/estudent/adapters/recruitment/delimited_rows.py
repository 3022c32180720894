"""The rows of delimited text (CSV), where one wrong quotation mark spoils one row and not the rest of the file.

A row is damaged when its quotation marks do not add up, when it spans more than five lines, or when a later line of it
is a whole row by itself. Damage is one line long: reading goes on with the next, so every line is read or is named.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence

from estudent.adapters.recruitment.headers import Layout
from estudent.domain.application import Laid, Row
from estudent.domain.fault import Fault, FaultKind

LONGEST_ROW = 5
LONGEST_LINE = 100_000
"""Of a line as long as this the csv module may say that a field is too long."""


class Lines(Iterator[str]):
    """The physical lines of a file; `row` holds those of the row that is being read, and stops where it must end."""

    def __init__(self, file: Iterator[str], first: Sequence[str], width: int, delimiter: str) -> None:
        self.file, self.waiting = file, deque(first)
        self.width, self.delimiter = width, delimiter
        self.row: list[str] = []

    def __next__(self) -> str:
        if len(self.row) >= LONGEST_ROW:
            raise StopIteration
        line = self.waiting.popleft() if self.waiting else next(self.file)
        if self.row and self._is_whole(line):
            self.waiting.appendleft(line)
            raise StopIteration
        self.row.append(line)
        return line

    def starts(self) -> Iterator[str]:
        """Yield the lines at which rows begin; whoever reads more of a row takes it from here, too."""
        while True:
            while self.waiting:
                yield self.waiting.popleft()
            for line in self.file:
                yield line
                if self.waiting:
                    break
            else:
                return

    def give_back(self) -> None:
        """Let all but the row's first line be read again."""
        self.waiting.extendleft(reversed(self.row[1:]))
        del self.row[1:]

    def _is_whole(self, line: str) -> bool:
        if line.count('"') % 2:
            return False
        try:
            fields = next(csv.reader([line], delimiter=self.delimiter, strict=True))
        except csv.Error:
            return False
        return len(_trimmed(fields, self.width)) == self.width


def rows_of(lines: Lines, layout: Layout, number: int) -> Iterator[Row]:
    """Yield the rows of the lines, the first of which has this number, damaged ones with their fault."""
    width, columns, all_of = layout.width, layout.columns, layout.all_of
    delimiter, records = lines.delimiter, _records(lines)
    for line in lines.starts():
        # What has no quotation mark is what the csv module makes of it, in a third of the time.
        is_plain = '"' not in line and "\0" not in line and len(line) < LONGEST_LINE
        fields = line.rstrip("\r\n").split(delimiter) if is_plain else []
        # A line that holds more than delimiters and its end is not empty.
        if len(fields) == width and (len(line) > width + 1 or any(fields)):
            yield Row(number, Laid(columns, all_of(fields)))
            number += 1
        else:
            lines.waiting.appendleft(line)
            yield from _row(number, lines, next(records, []), layout)
            number += len(lines.row)
            lines.row.clear()


def _row(number: int, lines: Lines, fields: list[str] | None, layout: Layout) -> Iterator[Row]:
    """Yield the row of these fields, unless they are all empty; None are those of a row that csv does not read."""
    row = lines.row
    if fields and len(fields) == layout.width and len(row) == 1 and _is_sound(row[0]):
        if any(fields):
            yield Row(number, layout.laid(fields))
    elif fields is None or any(map(str.strip, fields)):
        yield _unusual(number, lines, fields, layout)


def _records(lines: Lines) -> Iterator[list[str] | None]:
    """Yield the fields of each row, None for one whose quotation marks do not add up."""
    reader = csv.reader(lines, delimiter=lines.delimiter, strict=True)
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield None


def _is_sound(text: str) -> bool:
    return "\0" not in text and not text.count('"') % 2


def _unusual(number: int, lines: Lines, fields: list[str] | None, layout: Layout) -> Row:
    fields = fields and _trimmed(fields, layout.width)
    if _is_cut_off(lines.row, fields, layout.width):
        return Row(number, {}, Fault("row", FaultKind.CUT_OFF))
    damaged = fields is None or _is_stitched(lines, fields)
    if damaged:
        lines.give_back()
    if "\0" in "".join(lines.row):
        return Row(number, {}, Fault("row", FaultKind.CONTROL_CHARACTER, "U+0000"))
    if fields is None or damaged:
        return Row(number, {}, Fault("row", FaultKind.UNREADABLE_ROW, "cudzysłów / quotation mark"))
    if len(fields) == layout.width:
        return Row(number, layout.laid(fields))
    kind = FaultKind.TOO_FEW_FIELDS if len(fields) < layout.width else FaultKind.TOO_MANY_FIELDS
    return Row(number, {}, Fault("row", kind, f"{len(fields)} of {layout.width}"))


def _trimmed(fields: list[str], width: int) -> list[str]:
    beyond = "".join(fields[width:]).strip()
    return fields if beyond else fields[:width]


def _is_cut_off(row: list[str], fields: list[str] | None, width: int) -> bool:
    if row[-1].endswith(("\n", "\r")):
        return False
    return len(fields) < width if fields else "".join(row).count('"') % 2 == 1


def _is_stitched(lines: Lines, fields: list[str]) -> bool:
    """Tell whether a stray quotation mark is in the row, or two of them made it of several lines."""
    if "".join(lines.row).count('"') % 2:
        return True
    if len(lines.row) == 1:
        return False
    torn = any(field.count(lines.delimiter) >= lines.width - 1 and not field.isprintable() for field in fields)
    return torn or len(fields) != lines.width
