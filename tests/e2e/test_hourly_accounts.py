"""An hourly run of `accounts` looks at those alone of whom the registry or the directory has changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from estudent.bootstrap import campus
from estudent.domain.directory_entry import Entry
from estudent.domain.plan import Step, StepKind
from estudent.domain.whom import Whom
from sandbox.demo.story import Story
from tests.e2e.whole import Whole

pytestmark = pytest.mark.enable_socket


def run(story: Story, **parameters: object) -> list[str]:
    """Run `accounts` to its end, and return the names of its tasks."""
    begun = story.prefect.trigger("accounts", {"mode": "apply", **parameters})
    state = story.prefect.wait_for(begun)
    assert state["type"] == "COMPLETED", state["message"]
    tasks = story.prefect.post("/task_runs/filter", {"task_runs": {"flow_run_id": {"any_": [begun]}}})
    return sorted(task["name"].partition("-")[0] for task in tasks)


def somebodys_entry() -> Entry:
    with campus("test", "looking") as here:
        (student,) = here.students.load(here.students.keys(Whom())[:1])
        return here.directory.find([student.album])[student.album]


@pytest.fixture(scope="module")
def in_line(story: Story, interrupted: Whole) -> None:
    """Everybody's entry is as wanted, and known to be: what one run writes, the next one looks at."""
    for _ in range(2):
        run(story)


@pytest.mark.usefixtures("in_line")
def test_where_nothing_has_changed_nobody_is_looked_at(story: Story) -> None:
    assert run(story) == []


@pytest.mark.usefixtures("in_line")
def test_an_entry_that_was_edited_is_put_right_within_the_hour(story: Story) -> None:
    entry = somebodys_entry()
    with campus("test", "editing") as here:
        step = Step(StepKind.CHANGE, replace(entry, surname="Edited"), entry, ("surname",))
        assert len(list(here.directory.carry_out([step]))) == 1
    assert somebodys_entry().surname == "Edited"
    assert run(story) == ["bring in line", "look"]
    assert somebodys_entry() == entry


@pytest.mark.usefixtures("in_line")
def test_everybody_is_looked_at_where_somebody_asks_for_it(story: Story) -> None:
    assert run(story, everybody=True) == ["bring in line", "look"]
