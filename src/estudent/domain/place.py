"""Where a row stands in its feed: the line of a file, or the page and record of an answer, in one number."""

from __future__ import annotations

PAGED = 1_000_000_000
"""Numbers above this are pages and records; no file has so many lines, and they still fit into 32 bits."""
LONGEST_PAGE = 1000
MOST_PAGES = 1_000_000


def in_answer(page: int, record: int) -> int:
    """Return the number of a record in a page, both counted from 1; numbers ascend in the order of reading."""
    if not (1 <= page <= MOST_PAGES and 1 <= record <= LONGEST_PAGE):
        raise ValueError(f"an answer has pages 1 to {MOST_PAGES} of 1 to {LONGEST_PAGE} records")
    return PAGED + (page - 1) * LONGEST_PAGE + record - 1


def place(line: int) -> str:
    """Return a place for people: the line of a file as `17`, a record of an answer as `page/record`."""
    if line < PAGED:
        return str(line)
    page, record = divmod(line - PAGED, LONGEST_PAGE)
    return f"{page + 1}/{record + 1}"
