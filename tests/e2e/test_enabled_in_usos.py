"""2,000 students from the feed to "enabled": migrations at set times, a USOS that falters, runs killed three times.

The feed, the registry and USOS's stand-in are the real ones, and runs are processes of their own. Mailboxes are simply
seen to work, in two portions: how they come to be is tried in test_mailboxes_by_the_thousand.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from estudent.domain.funnel import Hold
from estudent.domain.student import LinkState, Student
from sandbox.sample import generate, write_csv
from sandbox.university import University
from tests.e2e.enabling import Intake
from tests.e2e.killing import settings_anew

pytestmark = pytest.mark.enable_socket
OF_THE_SAMPLE = 2200
LATE, INACTIVE = 400, 60
TIMES = ["01:25", "06:05", "16:05"]
LUCK = ("--slow", "0.02", "--failing", "0.03", "--html", "0.01", "--lost", "0.03", "--seed", "5")


@dataclass
class Day:
    """What was seen of one intake: the board's words at each hour, and what the runs did."""

    intake: Intake
    students: list[Student]
    mixed_up: set[int]
    board: dict[str, Counter[Hold]]
    until: dict[str, set[str]]
    last_run_wrote: int


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    folder: Path = tmp_path_factory.mktemp("enabled")
    more = {"usos": {"migrations": TIMES, "migration_minutes": 20}}
    register = ("--migrations", ",".join(TIMES), *LUCK)
    with (
        University(folder, durable=False, more=more, register=register) as university,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("ESTUDENT_SETTINGS", str(university.settings))
        settings_anew()
        try:
            yield a_day_of(university)
        finally:
            patch.undo()
            settings_anew()


def a_day_of(university: University) -> Day:
    sample = generate(OF_THE_SAMPLE, broken=False)
    write_csv(sample, university.feeds / "feed.csv")
    intake = Intake(university, {int(person["os_id"]): dict(person) for person in sample.people_for_usos()})
    with intake.here() as here:
        here.database.upgrade()
        here.admit.run()
    students = intake.students()
    ids = [student.usos_id or 0 for student in students]
    early, late, inactive = ids[:-LATE], ids[-LATE:], ids[:INACTIVE]
    mixed_up = ids[INACTIVE : INACTIVE + 4]
    numbers = [intake.people[each]["student_number"] for each in mixed_up]
    swapped = dict(zip(mixed_up, (numbers[1], numbers[0], numbers[3], numbers[2]), strict=True))
    board: dict[str, Counter[Hold]] = {}
    until: dict[str, set[str]] = {}

    def look(moment: str) -> None:
        board[moment], until[moment] = intake.holds(), intake.waits_until()

    intake.until(12, 0)
    intake.give_mailboxes(students[:-LATE])
    intake.run()
    look("before anybody is in USOS")
    intake.enter(early, student_number=swapped, student_status=dict.fromkeys(inactive, 1))
    intake.until(16, 30)
    intake.run_and_kill(300)
    intake.run_and_kill(500)
    intake.run()
    look("after the first migration")
    intake.enter(inactive)
    intake.enter(late)
    intake.give_mailboxes(students[-LATE:])
    intake.until(1, 50)
    intake.run_and_kill(200)
    intake.run()
    look("after the second migration")
    intake.until(6, 30)
    intake.run()
    look("after the third migration")
    written = intake.writes()
    intake.run()
    return Day(intake, students, set(mixed_up), board, until, intake.writes() - written)


def rows(day: Day, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(day.intake.university.folder / "registry.sqlite")) as registry:
        return registry.execute(query).fetchall()


def test_there_were_enough_students_and_runs_were_killed_on_the_way(day: Day) -> None:
    assert len(day.students) >= 2000
    assert len(day.intake.killed_at) == 3
    assert day.intake.killed_at == sorted(set(day.intake.killed_at))
    assert max(day.intake.killed_at) < len(day.students) - len(day.mixed_up)


def test_each_is_linked_exactly_once_and_to_the_right_person(day: Day) -> None:
    wanted = {str(each.usos_id): each.mailbox for each in day.intake.students() if each.usos_id not in day.mixed_up}
    changes = day.intake.changes()
    assert set(Counter(change["os_id"] for change in changes).values()) == {1}
    assert {change["os_id"]: change["email"] for change in changes} == wanted


def test_all_end_enabled_but_those_who_are_somebody_else_in_usos(day: Day) -> None:
    enabled = len(day.students) - len(day.mixed_up)
    assert day.intake.states() == {LinkState.VERIFIED: enabled, LinkState.CONFLICT: len(day.mixed_up)}


def test_the_board_shows_who_waits_for_what(day: Day) -> None:
    early, mixed_up = len(day.students) - LATE, len(day.mixed_up)
    asked = early - INACTIVE - mixed_up
    assert day.board["before anybody is in USOS"] == {Hold.USOS_NO_PERSON: early}
    assert day.board["after the first migration"] == {
        Hold.USOSWEB_NOT_YET: asked,
        Hold.USOS_NOT_ACTIVE: INACTIVE,
        Hold.USOS_SOMEBODY_ELSE: mixed_up,
    }
    assert day.board["after the second migration"] == {
        Hold.USOSWEB_NOT_YET: INACTIVE + LATE,
        Hold.USOS_SOMEBODY_ELSE: mixed_up,
    }
    assert day.board["after the third migration"] == {Hold.USOS_SOMEBODY_ELSE: mixed_up}


def test_who_waits_for_a_migration_knows_until_when(day: Day) -> None:
    assert day.until == {
        "before anybody is in USOS": {"16:25"},
        "after the first migration": {"01:45"},
        "after the second migration": {"06:25"},
        "after the third migration": set(),
    }


def test_every_student_is_told_once_that_usosweb_is_open(day: Day) -> None:
    letters = Counter(student for (student,) in rows(day, "SELECT student_id FROM message WHERE kind = 'usos_ready'"))
    assert (len(letters), set(letters.values())) == (len(day.students) - len(day.mixed_up), {1})


def test_a_run_with_nothing_to_do_writes_nothing(day: Day) -> None:
    assert day.last_run_wrote == 0


def test_the_journal_holds_no_address(day: Day) -> None:
    assert rows(day, "SELECT count(*) FROM journal WHERE system = 'usos' AND detail LIKE '%@%'") == [(0,)]


def test_usos_really_faltered(day: Day) -> None:
    befell = httpx.get(f"{day.intake.url}/sandbox/luck").json()["befell"]
    assert all(befell.values()) and befell["lost"] > 20
