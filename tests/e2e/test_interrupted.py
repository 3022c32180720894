"""kill -9 in the middle of a semester start, again and again: the next run finishes, and nobody has anything twice."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from estudent.bootstrap import campus
from estudent.domain.whom import Whom
from estudent.settings import settings
from sandbox.demo.story import Story, ask_all, prepare_feed
from sandbox.university import University
from tests.e2e.conftest import STUDENTS
from tests.e2e.whole import Whole, whole

pytestmark = pytest.mark.enable_socket

Reached = Callable[[University], bool]


def rows(query: str, least: int) -> Reached:
    """Tell whether a query of the registry counts that many."""

    def reached(university: University) -> bool:
        with sqlite3.connect(university.folder / "registry.sqlite", timeout=30) as registry:
            return int(registry.execute(query).fetchone()[0]) >= least

    return reached


def users(university: University) -> bool:
    """Tell whether some users exist at Microsoft and not all."""
    found = httpx.get(f"{university.microsoft365.url}/sandbox/users").json()
    return sum(1 for user in found if user.get("employeeId")) >= 30


def letters(university: University) -> bool:
    """Tell whether some letters were accepted."""
    accepted: int = httpx.get(f"{university.post.url}/sandbox/count").json()["accepted"]
    return accepted >= 100


MOMENTS: dict[str, tuple[str, Reached]] = {
    "while the feed is read": ("semester-start", rows("SELECT count(*) FROM feed", 1)),
    "while letters go out": ("semester-start", letters),
    "while entries are made": ("semester-start", rows("SELECT count(*) FROM letter WHERE sent_at IS NOT NULL", 300)),
    "while account numbers are given": ("semester-start", rows("SELECT count(*) FROM payment_account", 120)),
    "while users are made at Microsoft": ("requests", users),
}


@pytest.fixture(scope="module")
def interrupted(story: Story) -> Whole:
    """What the university holds after a run was killed at each moment, and the last one ended."""
    for flow, reached in MOMENTS.values():
        if flow == "requests":
            finish(story, "semester-start")
            let_them_ask(story)
        kill_when(story, flow, reached)
    with campus("test", "claims") as here:
        make_claims_run_out(here.settings.registry.url.get_secret_value())
    finish(story, "requests")
    finish(story, "semester-start")
    return whole(story.university)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, story: Story, interrupted: Whole) -> Whole:
    """What another university holds after the same work without interruption; its secrets are the same."""
    folder = tmp_path_factory.mktemp("undisturbed")
    secrets = (story.university.folder / "secrets.json").read_text(encoding="utf-8")
    (folder / "secrets.json").write_text(secrets, encoding="utf-8")
    with University(folder, durable=False, mailbox_delay=0.5) as university, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ESTUDENT_SETTINGS", str(university.settings))
        settings_anew()
        try:
            return do_it_all(university, story)
        finally:
            patch.undo()
            settings_anew()


def test_the_end_is_the_same_as_without_interruption(interrupted: Whole, undisturbed: Whole) -> None:
    for table, found in undisturbed.registry.items():
        assert interrupted.registry[table] == found, table
    assert interrupted.directory == undisturbed.directory
    assert set(interrupted.letters) == set(undisturbed.letters)
    assert interrupted.mailboxes == undisturbed.mailboxes
    assert interrupted.usos == undisturbed.usos


def test_no_student_has_two_different_letters(interrupted: Whole) -> None:
    whose = Counter(recipient for recipient, _, _ in interrupted.letters)
    assert len(whose) > 300
    messages = Counter(message for _, message, _ in interrupted.letters)
    assert set(messages.values()) == {1}


def test_a_killed_run_repeats_at_most_the_letter_in_flight(interrupted: Whole) -> None:
    repeated = [count - 1 for count in interrupted.letters.values() if count > 1]
    assert sum(repeated) <= len(MOMENTS)


def test_no_student_has_two_mailboxes_or_account_numbers(interrupted: Whole) -> None:
    assert max(Counter(album for album, _, _ in interrupted.mailboxes).values()) == 1
    numbers = [nrb for _, nrb, _ in interrupted.registry["account numbers"]]
    assert len(numbers) == len(set(numbers)) == len(interrupted.directory)


def kill_when(story: Story, flow: str, reached: Reached) -> None:
    """Start a run and kill its process, and its children, as soon as it has come so far."""
    run = story.prefect.trigger(flow, {"until_empty": True} if flow == "requests" else {"mode": "apply"})
    deadline = time.monotonic() + 120
    while not reached(story.university):
        assert time.monotonic() < deadline, f"{flow} never came so far"
        assert story.prefect.state_of(run)["type"] != "COMPLETED", f"{flow} was done before it could be killed"
        time.sleep(0.01)
    os.kill(process_of(story, run), signal.SIGKILL)
    assert story.prefect.wait_for(run)["type"] == "CRASHED"


def process_of(story: Story, run: str) -> int:
    """Return the process id of a run, found by the run's id in its environment."""
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"PREFECT__FLOW_RUN_ID={run}".encode() in environment.read_bytes():
                return int(environment.parent.name)
        except OSError:
            continue
    raise AssertionError("the run has no process")


def finish(story: Story, flow: str) -> None:
    """Run a deployment to its end."""
    run = story.prefect.trigger(flow, {"until_empty": True} if flow == "requests" else {"mode": "apply"})
    state = story.prefect.wait_for(run)
    assert state["type"] == "COMPLETED", state["message"]


def let_them_ask(story: Story) -> None:
    """Let the same students ask for the same names, whoever runs it."""
    with campus("test", "asking") as here:
        for album in story.askers[:80]:
            ask_all(here.ask_for_mailbox, [album])


def make_claims_run_out(url: str) -> None:
    """Let the killed run's claim run out at once instead of after minutes."""
    with sqlite3.connect(url.removeprefix("sqlite:///")) as registry:
        registry.execute("UPDATE request SET not_before = '2026-01-01 00:00:00' WHERE finished_at IS NULL")


def settings_anew() -> None:
    """Read the settings again at the next use."""
    settings.cache_clear()


def do_it_all(university: University, story: Story) -> Whole:
    """Do the same work by the services alone, without Prefect."""
    prepare_feed(university, STUDENTS)
    with campus("test", "undisturbed") as here:
        here.database.upgrade()
        people = [dict(person) for person in story.sample.people_for_usos()]
        httpx.post(f"{university.usos.url}/sandbox/people", json=people).raise_for_status()
        here.admit.run()
        keys = here.students.keys(Whom())
        for system in here.systems.values():
            system.apply(keys)
        let_them_ask(story)
        while here.outbox.waiting():
            here.serve_requests.run()
            time.sleep(0.2)
    return whole(university)
