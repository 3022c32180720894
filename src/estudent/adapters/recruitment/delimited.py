"""A recruitment file of delimited text (CSV): its header."""

from __future__ import annotations

import csv
import re
from collections.abc import Generator, Iterator
from io import BufferedReader, FileIO, TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import TextIO

from estudent.adapters.recruitment.delimited_rows import LONGEST_ROW, Lines, rows_of
from estudent.adapters.recruitment.headers import Headers
from estudent.domain.application import Row

DELIMITERS = (";", ",", "\t")
BLOCK = 1 << 20
# Excel writes and obeys such a first line.
SEPARATOR_LINE = re.compile(r"sep=(.)", re.IGNORECASE)


class InBlocks(BufferedReader):
    """Reads large blocks: each reading lets other threads in, and those that come too late wait for a whole turn."""

    def read1(self, size: int = -1, /) -> bytes:
        """Return what is left in memory, or the next block, be it more than was asked for."""
        return super().read1(max(size, BLOCK))


def read_delimited(path: Path, headers: Headers, encoding: str) -> Generator[Row, None, None]:
    """Yield the rows below the header; raise Unfit before the first of them if no row can be trusted."""
    with TextIOWrapper(InBlocks(FileIO(path)), encoding=encoding, newline="") as file:
        yield from _table(file, headers)


def _table(file: TextIO, headers: Headers) -> Iterator[Row]:
    number, start, delimiters = _start(file)
    above = [start, *islice(file, LONGEST_ROW - 1)]
    tries = [(*_record(above, delimiter), delimiter) for delimiter in delimiters]
    names, length, delimiter = max(tries, key=lambda tried: _likelihood(tried[0], headers))
    if start:
        layout = headers.layout(names)
        yield from rows_of(Lines(file, above[length:], layout.width, delimiter), layout, number + length)


def _start(file: TextIO) -> tuple[int, str, tuple[str, ...]]:
    """Return the header's line, its number, and the delimiters that it may have; an empty line if there is none."""
    delimiters: tuple[str, ...] = DELIMITERS
    for number, line in enumerate(file, 1):
        text = line.strip("\ufeff\r\n ")
        if said := SEPARATOR_LINE.fullmatch(text):
            delimiters = (said[1],)
        elif text:
            return number, line, delimiters
    return 0, "", delimiters


def _record(lines: list[str], delimiter: str) -> tuple[list[str], int]:
    reader = csv.reader([lines[0].removeprefix("\ufeff"), *lines[1:]], delimiter=delimiter, strict=True)
    try:
        return next(reader, []), reader.line_num
    except csv.Error:
        return [], 1


def _likelihood(names: list[str], headers: Headers) -> tuple[int, int]:
    return sum(1 for name in names if headers.column(name)), len(names)
