"""A delimited table (CSV) whose columns are found by their headers, as universities' own systems export them."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping
from io import StringIO

from estudent.adapters.banks.broken import Broken


def rows_of(text: str, columns: Mapping[str, str], required: Collection[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row's line and cells by our names of the columns; raise Broken where the file is no whole table."""
    if not text.endswith("\n"):
        raise Broken(
            "the file ends in the middle of its last line", "a file that ends with a line end; export it again"
        )
    first = text.partition("\n")[0]
    reader = csv.DictReader(StringIO(text, newline=""), delimiter=max(";,\t", key=first.count), strict=True)
    headers = {" ".join((header or "").split()).casefold(): header for header in reader.fieldnames or []}
    at = {name: headers.get(title.casefold()) for name, title in columns.items()}
    lacking = [columns[name] for name in required if not at[name]]
    if lacking:
        raise Broken(f"the header lacks {', '.join(lacking)}", "these headers", line=1)
    try:
        for row in reader:
            line = reader.line_num
            if None in row or None in row.values():
                raise Broken("this row has more or fewer fields than the header", "as many fields", line=line)
            yield line, {name: (row[header] or "").strip() for name, header in at.items() if header}
    except csv.Error as error:
        raise Broken(f"this row cannot be read ({error})", "each quotation mark closed", line=reader.line_num) from None
