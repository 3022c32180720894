"""A plan that locks too many stops, asks in Prefect, and goes on only when somebody agrees."""

from __future__ import annotations

import time

import pytest

from estudent.bootstrap import campus
from estudent.domain.plan import Lock
from estudent.domain.whom import Whom
from sandbox.demo.story import Story
from sandbox.sample import write_csv
from sandbox.sample.recruitment import Sample
from sandbox.sample.row import RESIGNED
from tests.e2e.killing import finish
from tests.e2e.whole import Whole

pytestmark = pytest.mark.enable_socket
GIVE_UP = 40


@pytest.fixture(scope="module")
def many_give_up(story: Story, interrupted: Whole) -> None:
    """Forty students resign from their only programme, by one feed."""
    twice = [row.candidate for row in story.sample.rows]
    leaving = [row for row in story.sample.students if row.album_number and twice.count(row.candidate) == 1]
    rows = [row._replace(status=RESIGNED) for row in leaving[:GIVE_UP]]
    write_csv(Sample(list(rows), {}), story.university.feeds / "rezygnacje.csv")
    finish(story, "recruitment-sync")


def barred() -> int:
    """Count the entries that are barred for good."""
    with campus("test", "looking") as here:
        students = here.students.load(here.students.keys(Whom()))
        entries = here.directory.find([student.album for student in students])
    return sum(entry.lock is Lock.BARRED for entry in entries.values())


def answered(story: Story, *, agree: bool) -> str:
    """Start the run, wait until it asks, answer, and return how it ended."""
    run = story.prefect.trigger("accounts", {"mode": "apply"})
    deadline = time.monotonic() + 180
    while story.prefect.state_of(run)["type"] != "PAUSED":
        assert time.monotonic() < deadline, "the run did not ask"
        time.sleep(0.2)
    story.prefect.answer(run, {"agree": agree})
    ended: str = story.prefect.wait_for(run)["type"]
    return ended


@pytest.mark.usefixtures("many_give_up")
def test_a_run_that_would_lock_many_asks_and_locks_them_only_with_consent(story: Story) -> None:
    assert barred() == 0
    assert answered(story, agree=False) == "COMPLETED"
    assert barred() == 0
    assert answered(story, agree=True) == "COMPLETED"
    assert barred() == GIVE_UP


@pytest.mark.usefixtures("many_give_up")
def test_afterwards_there_is_nothing_left_to_ask(story: Story) -> None:
    finish(story, "accounts")
    assert barred() == GIVE_UP
