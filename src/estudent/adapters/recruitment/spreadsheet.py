"""A recruitment file from a spreadsheet (XLSX): its first sheet."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Generator, Iterator
from datetime import date, datetime, time, timedelta
from functools import reduce
from itertools import islice
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from estudent.adapters.recruitment.headers import Headers, Layout
from estudent.adapters.recruitment.number import text_of
from estudent.adapters.recruitment.unfit import unreadable
from estudent.domain.application import Row
from estudent.domain.fault import Column, Fault

Cell = int | float | str | bool | time | date | datetime | timedelta
DAMAGED = "its workbook is damaged or protected: open it and save it again as XLSX without a password"
LARGEST_SHEET = 1 << 30
MOST_CELLS = 6_000_000
SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
DIMENSION = re.compile(rb'<dimension ref="(?:[A-Z]+\d+:)?([A-Z]+)(\d+)"')


def read_spreadsheet(path: Path, headers: Headers, _encoding: str) -> Generator[Row, None, None]:
    """Yield the rows below the header; raise Unfit before the first of them if no row can be trusted."""
    _refuse_giants(path)
    try:
        sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0)
    except CalamineError:
        raise unreadable(DAMAGED) from None
    yield from _table(enumerate(sheet.iter_rows(), 1), headers)


def _table(rows: Iterator[tuple[int, list[Cell]]], headers: Headers) -> Iterator[Row]:
    filled = ((number, cells) for number, cells in rows if any(str(cell).strip() for cell in cells))
    for _, names in islice(filled, 1):
        layout = headers.layout([str(name) for name in names])
        yield from (_row(number, cells, layout) for number, cells in filled)


def _row(number: int, cells: list[Cell], layout: Layout) -> Row:
    texts = {column: _text(column, cell) for column, cell in layout.values(cells).items()}
    fault = next((text for text in texts.values() if isinstance(text, Fault)), None)
    return Row(number, {column: text for column, text in texts.items() if isinstance(text, str)}, fault)


def _text(column: Column, cell: Cell) -> str | Fault:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, int | float):
        return text_of(column, cell)
    return str(cell) if isinstance(cell, timedelta) else cell.isoformat()


def _refuse_giants(path: Path) -> None:
    """Raise Unfit for a sheet too large for memory, which calamine answers by ending the whole process."""
    try:
        with zipfile.ZipFile(path) as book:
            unpacked = sum(part.file_size for part in book.infolist())
            cells = max((_cells(book, part) for part in book.namelist() if SHEET.fullmatch(part)), default=0)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, zlib.error, EOFError):
        raise unreadable(DAMAGED) from None
    if unpacked > LARGEST_SHEET or cells > MOST_CELLS:
        raise unreadable("its sheet is far larger than a list: delete what stands far below or beside it, or use CSV")


def _cells(book: zipfile.ZipFile, part: str) -> int:
    with book.open(part) as sheet:
        said = DIMENSION.search(sheet.read(4096))
    return _column_number(said[1]) * int(said[2]) if said else 0


def _column_number(letters: bytes) -> int:
    return reduce(lambda number, letter: number * 26 + letter - 64, letters, 0)
