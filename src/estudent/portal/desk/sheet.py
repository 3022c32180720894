"""Tables for a spreadsheet program, in which no cell can become a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

from werkzeug.wrappers import Response

FORMULA = frozenset("=+-@|%\t\r\n＝＋－＠")
"""What makes a spreadsheet program take a cell for a formula (OWASP, CSV injection)."""


def sheet(name: str, head: Sequence[object], rows: Iterable[Sequence[object]]) -> Response:
    """Return a file as Polish Excel opens it by a double click: UTF-8 with its mark, semicolons."""
    text = StringIO()
    writer = csv.writer(text, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([_harmless(cell) for cell in row] for row in (head, *rows))
    content = text.getvalue().encode("utf-8-sig")
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(content, mimetype="text/csv", headers=headers)


def _harmless(cell: object) -> str:
    text = "" if cell is None else str(cell).replace("\0", "")
    return f"'{text}" if text.lstrip(" \u00a0")[:1] in FORMULA and text else text
