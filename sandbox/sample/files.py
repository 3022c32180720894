"""A sample as the files that recruitment systems export."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Iterable, Sequence
from datetime import date
from io import TextIOWrapper
from pathlib import Path

import openpyxl
from anyascii import anyascii

from sandbox.sample.generation import Spoilt
from sandbox.sample.recruitment import Sample
from sandbox.sample.row import HEADERS, Row

POLISH_DATE = "%d.%m.%Y"
NOT_IN_A_SPREADSHEET = {"control_character", "nul", "stray_quote", "too_many_fields"}
NOT_IN_JSON = {"stray_quote", "too_few_fields", "too_many_fields"}


def in_plain_letters(error: UnicodeError) -> tuple[str, int]:
    """Replace what an old encoding lacks by plain letters, as exports do; signs without any become a control sign."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return anyascii(error.object[error.start : error.end]).strip() or "\x7f", error.end


codecs.register_error("plain-letters", in_plain_letters)


def write_csv(
    sample: Sample, path: Path, encoding: str = "utf-8-sig", delimiter: str = ";", date_format: str = POLISH_DATE
) -> None:
    """Write delimited text with CRLF, as Excel and Windows programs do."""
    with path.open("w", encoding=encoding, errors="plain-letters", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(HEADERS.values())
        for line in sample.lines:
            if isinstance(line, Spoilt) and line.breakage.kind == "stray_quote":
                _write_stray_quote(file, line.cells(date_format), delimiter)
            else:
                writer.writerow(_cells(line, date_format))


def write_xlsx(sample: Sample, path: Path, date_format: str = POLISH_DATE) -> None:
    """Write a workbook with real dates; a row that no spreadsheet can hold is left empty, so line numbers stay."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Kandydaci")
    sheet.append(list(HEADERS.values()))
    for line in sample.lines:
        sheet.append(_spreadsheet_row(line, date_format))
    book.save(path)


def write_jsonl(sample: Sample, path: Path, encoding: str = "utf-8", date_format: str = "%Y-%m-%d") -> None:
    """Write one JSON object a line; there is no header, so a row stands a line earlier than in delimited text."""
    with path.open("w", encoding=encoding, errors="plain-letters", newline="\n") as file:
        for line in sample.lines:
            text = json.dumps(dict(zip(HEADERS.values(), _cells(line, date_format), strict=False)), ensure_ascii=False)
            torn = isinstance(line, Spoilt) and line.breakage.kind in NOT_IN_JSON
            file.write(f"{text[:-20] if torn else text}\n")


def _cells(line: Row | Spoilt, date_format: str) -> list[str]:
    return line.texts(date_format) if isinstance(line, Row) else line.cells(date_format)


def _write_stray_quote(file: TextIOWrapper, cells: Iterable[str], delimiter: str) -> None:
    """Write a row whose surname opens a quotation mark and never closes it."""
    place = list(HEADERS).index("family_name")
    file.write(delimiter.join(f'"{cell}' if at == place else cell for at, cell in enumerate(cells)) + "\r\n")


def _spreadsheet_row(line: Row | Spoilt, date_format: str) -> Sequence[str | date | None]:
    if isinstance(line, Row):
        return [value or None for value in line]
    return [] if line.breakage.kind in NOT_IN_A_SPREADSHEET else line.cells(date_format)
