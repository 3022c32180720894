"""The list of the admitted applications (facts: `applications/` of IRK's API)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from estudent.adapters.recruitment.irk.client import Client
from estudent.adapters.recruitment.irk.errors import unknown_form
from estudent.adapters.recruitment.irk.paging import Page, pages, read_page, unstable
from estudent.domain.place import in_answer

WHAT = "applications/"
TRIES = 4
NOT_ADMITTED = frozenset({None, False, "", "false", "False", "0", "N", "n"})


@dataclass(frozen=True, slots=True)
class Listed:
    """An application as the list has it, and where it stands there."""

    place: int
    key: int
    applicant: int
    said: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """Which applications are asked for: of these registrations; changed since a moment, where IRK can tell."""

    registrations: Sequence[str]
    page_length: int
    changed_since: str = ""
    since: datetime | None = None

    def parameters(self) -> dict[str, str]:
        """Return the list's filters; IRK takes registrations as a regular expression."""
        codes = "|".join(map(re.escape, self.registrations))
        asked = {"admitted": "true", "registration": f"^({codes})$", "page_length": str(self.page_length)}
        if self.changed_since and self.since:
            asked[self.changed_since] = f"{self.since:%Y-%m-%dT%H:%M:%SZ}"
        return asked

    def covers(self, said: dict[str, Any]) -> bool:
        """Tell whether an application is one of those: a version that ignores a filter lists others, too."""
        admitted, turn = said.get("admitted"), said.get("turn")
        if isinstance(admitted, list | dict) or admitted in NOT_ADMITTED:
            return False
        return isinstance(turn, dict) and turn.get("registration") in self.registrations


def first_page(client: Client, question: Question) -> Page:
    """Return the first page of the list, which says how long it is."""
    return read_page(client, WHAT, 1, **question.parameters())


def read_list(client: Client, question: Question) -> list[Listed]:
    """Return all that is listed, each application once; raise Unavailable for a list that never keeps still.

    Two passes in a row must agree: where one application goes and another comes between two pages, the count stays,
    and the first of the next page is skipped.
    """
    before: Set[int] | None = None
    for _ in range(TRIES):
        found = _once(client, question)
        if found is not None and found.keys() == before:
            return [listed for listed in found.values() if question.covers(listed.said)]
        before = found.keys() if found is not None else None
    raise unstable(WHAT)


def listed_on(page: Page) -> Iterator[Listed]:
    """Yield the applications of one page."""
    for record, said in enumerate(page.results, 1):
        key, applicant = said.get("id"), said.get("user")
        if not (isinstance(key, int) and isinstance(applicant, int)):
            raise unknown_form(WHAT)
        yield Listed(in_answer(page.number, record), key, applicant, said)


def _once(client: Client, question: Question) -> dict[int, Listed] | None:
    """Return what one pass finds, or None if the pages do not fit together: something came or went in between."""
    counts, found = set[int](), dict[int, Listed]()
    for page in pages(client, WHAT, **question.parameters()):
        counts.add(page.count)
        for listed in listed_on(page):
            if listed.key in found:
                return None
            found[listed.key] = listed
    return found if counts == {len(found)} else None
