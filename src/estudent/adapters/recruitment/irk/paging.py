"""Pages of IRK's lists: `{"count": 3, "next": null, "previous": null, "results": […]}`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from estudent.adapters.recruitment.irk.client import Client
from estudent.adapters.recruitment.irk.errors import URL, unknown_form
from estudent.domain.place import LONGEST_PAGE, MOST_PAGES
from estudent.ports import Misconfigured, NotFound, Unavailable


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, counted from 1; `count` is how long the list is, `at` when IRK said so by its own clock."""

    number: int
    count: int
    results: list[dict[str, Any]]
    is_last: bool
    at: datetime | None


def pages(client: Client, what: str, **parameters: str) -> Iterator[Page]:
    """Yield a list's pages. The address that IRK names as the next one is not used, only whether there is one."""
    for number in range(1, MOST_PAGES + 1):
        page = read_page(client, what, number, **parameters)
        yield page
        if page.is_last:
            return


def read_page(client: Client, what: str, number: int, **parameters: str) -> Page:
    """Return one page; raise Unavailable if the list has become too short for it."""
    try:
        answer = client.get(what, what, **parameters, page=str(number))
    except NotFound:
        if number > 1:
            raise unstable(what) from None
        raise Misconfigured(f"there is no API of IRK at this address ({what}: 404): correct {URL}") from None
    said = answer.said if isinstance(answer.said, dict) else {}
    count, results = said.get("count"), said.get("results")
    if not isinstance(count, int) or not isinstance(results, list) or len(results) > LONGEST_PAGE:
        raise unknown_form(what)
    if not all(isinstance(each, dict) for each in results):
        raise unknown_form(what)
    return Page(number, count, results, not (said.get("next") and results), answer.at)


def unstable(what: str) -> Unavailable:
    """Return what is said of a list whose pages do not fit together."""
    return Unavailable(f"the list {what} of IRK changes while it is read: a later run reads it")
