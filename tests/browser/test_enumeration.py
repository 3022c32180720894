"""Nobody can find out who has an account: the same text, status and time for those who are known and those who are not.

Every try comes from an address of its own, as many visitors' would, and nobody is tried more often than the throttle
lets anybody try: nothing of it is switched off. Half of the tries name a student, the other half nobody, in turns and
several at a time, so that whatever else the machine does meets both alike.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import pytest

from sandbox.sample import Row
from sandbox.semester import Semester
from sandbox.university import MAIL_DOMAIN
from tests.browser.guest import Guest, Said

pytestmark = pytest.mark.enable_socket

TRIES = 200
STUDENTS = 100
FEW, MANY = 2, 12
"""How many try at once: signing in is work for the processor, which would be the bottleneck; the others mostly wait."""


@dataclass(frozen=True, slots=True)
class Door:
    """A form, and what is typed into it; `{album}` and `{email}` are a student's, or nobody's."""

    page: str
    to: str
    typed: Mapping[str, str]
    at_once: int = MANY


WRONG = {"password": "this is not the password"}
DOORS = {
    "sign in by user name": Door("/", "/sign-in", {"name": "s{album}"} | WRONG, FEW),
    "sign in by album alias": Door("/", "/sign-in", {"name": f"s{{album}}@{MAIL_DOMAIN}"} | WRONG, FEW),
    "create by data": Door(
        "/create/data", "/create/data", {"album": "{album}", "family_name": "Nikt", "pesel": "44051401359"}
    ),
    "forgotten, by user name": Door("/forgot", "/forgot", {"name": "s{album}"}),
    "forgotten, by e-mail": Door("/forgot", "/forgot", {"name": "{email}"}),
    "office code": Door("/create/office-code", "/create/office-code", {"album": "{album}", "code": "00000-00000"}),
}


@pytest.fixture(scope="module")
def known(semester: Semester) -> list[Row]:
    """Students with accounts, every second of them not activated yet."""
    rows = semester.somebodies(STUDENTS)
    semester.activate(*rows[::2])
    return rows


@pytest.mark.parametrize("name", DOORS)
def test_those_who_are_known_and_those_who_are_not_get_the_same_answer_after_the_same_time(
    name: str, semester: Semester, known: list[Row], capsys: pytest.CaptureFixture[str]
) -> None:
    door = DOORS[name]
    with ThreadPoolExecutor(door.at_once) as crowd:
        answers = list(crowd.map(partial(_try, semester, door), _subjects(known)))
    theirs, nobody_s = answers[::2], answers[1::2]
    assert {_seen(answer) for answer in theirs} == {_seen(answer) for answer in nobody_s}
    assert len({_seen(answer) for answer in answers}) == 1

    medians = [statistics.median(said.seconds for said, _ in half) for half in (theirs, nobody_s)]
    spreads = [_spread(half) for half in (theirs, nobody_s)]
    difference = abs(medians[0] - medians[1])
    figures = f"known {medians[0] * 1000:.1f}, unknown {medians[1] * 1000:.1f} ms"
    apart = f"apart {difference * 1000:.1f}, spread {min(spreads) * 1000:.1f}"
    with capsys.disabled():
        sys.stdout.write(f"\n{name}: medians of {TRIES}: {figures}; {apart}\n")
    assert difference < min(spreads)


def _subjects(known: list[Row]) -> Iterator[dict[str, str]]:
    """Yield a student and nobody in turns."""
    for at in range(TRIES):
        row = known[at % len(known)]
        yield {"album": row.album_number, "email": row.email}
        yield {"album": str(700_000 + at % len(known)), "email": f"nikt.{at % len(known)}@poczta.example"}


def _try(semester: Semester, door: Door, subject: dict[str, str]) -> tuple[Said, tuple[str, ...]]:
    typed = {name: text.format(**subject) for name, text in door.typed.items()}
    with Guest(semester) as guest:
        said = guest.submit(door.page, door.to, **typed)
        if said.leads_to:
            said = Said(guest.read(said.leads_to).response, said.seconds)
        return said, tuple(typed.values())


def _seen(answer: tuple[Said, tuple[str, ...]]) -> tuple[int, str, str]:
    said, typed = answer
    return said.status, said.leads_to, said.text(*typed)


def _spread(answers: list[tuple[Said, tuple[str, ...]]]) -> float:
    """Return the interquartile range: the middle half of the tries lies within it."""
    lower, _, upper = statistics.quantiles((said.seconds for said, _ in answers), n=4)
    return upper - lower
