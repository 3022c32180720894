"""A recruitment folder for tests, its rows, and the hour at which it is looked at."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl

from estudent.adapters.recruitment.files import RecruitmentFiles
from estudent.adapters.recruitment.headers import POLISH_HEADERS
from estudent.domain.application import Row
from estudent.domain.fault import Column
from estudent.ports import Feed

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
HOUR_AGO = NOON - timedelta(hours=1)
HEADERS = [POLISH_HEADERS[column][0] for column in Column]


def fields(candidate: str = "K1", /, **others: str) -> list[str]:
    """Return the fields of one student's row in the order of HEADERS."""
    values = {column.value: "" for column in Column} | {"candidate": candidate, "family_name": "Żółć"} | others
    return [values[column.value] for column in Column]


def line(candidate: str = "K1", /, **others: str) -> str:
    """Return one student's row as a line that ends in semicolons and no quotation marks."""
    return ";".join(fields(candidate, **others)) + "\n"


def table(*lines: str) -> str:
    """Return the text of a file with our headers above these lines."""
    return ";".join(HEADERS) + "\n" + "".join(lines)


def as_csv(rows: Iterable[Sequence[str]], headers: Sequence[str] = HEADERS, delimiter: str = ";") -> str:
    """Return what Python's csv module writes of these rows."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([headers, *rows])
    return text.getvalue()


def as_xlsx(path: Path, rows: Iterable[Sequence[object]], above: int = 0, headers: Sequence[str] = HEADERS) -> None:
    """Write a workbook whose header stands below so many empty rows."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for number, row in enumerate([headers, *rows], above + 1):
        for place, value in enumerate(row, 1):
            sheet.cell(number, place).value = value  # type: ignore[assignment]
    book.save(path)


class Folder:
    """A folder that recruitment writes into; a file is an hour old unless said otherwise."""

    def __init__(self, path: Path, **options: str) -> None:
        self.path = path
        self.files = RecruitmentFiles(
            path, POLISH_HEADERS, settle=timedelta(minutes=5), clock=lambda: NOON, encoding=options.get("encoding")
        )

    def put(self, name: str, content: str | bytes, when: datetime = HOUR_AGO) -> Path:
        """Write a file as if it had last changed at that time."""
        path = self.path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.age(path, when)

    def age(self, path: Path, when: datetime = HOUR_AGO) -> Path:
        """Make a file look last changed at that time."""
        os.utime(path, (when.timestamp(), when.timestamp()))
        return path

    def feed(self) -> Feed:
        """Return the only feed that is there."""
        (feed,) = self.files.feeds()
        return feed

    def rows(self) -> list[Row]:
        """Return the rows of the only feed."""
        feed = self.feed()
        assert feed.problem is None, feed.detail
        return list(feed.rows())


def candidates(rows: Iterable[Row]) -> list[str]:
    """Return the candidates' numbers of the rows, "" for rows without."""
    return [row.values.get(Column.CANDIDATE, "") for row in rows]
