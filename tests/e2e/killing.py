"""Running flows, and killing them at a chosen moment."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from estudent.bootstrap import campus
from estudent.domain.whom import Whom
from estudent.settings import settings
from sandbox.demo.story import Story, ask_all, prepare_feed
from sandbox.university import University
from tests.e2e.whole import Whole, whole

STUDENTS = 400
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


def kill_when(story: Story, flow: str, reached: Reached) -> None:
    """Start a run and kill its process, and its children, as soon as it has come so far."""
    run = story.prefect.trigger(flow, {"until_empty": True} if flow == "requests" else {"mode": "apply"})
    deadline = time.monotonic() + 120
    while not reached(story.university):
        assert time.monotonic() < deadline, f"{flow} never came so far"
        assert story.prefect.state_of(run)["type"] != "COMPLETED", f"{flow} was done before it could be killed"
        time.sleep(0.01)
    os.kill(process_of(run), signal.SIGKILL)
    assert story.prefect.wait_for(run)["type"] == "CRASHED"


def process_of(run: str) -> int:
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
        registry.execute("UPDATE letter SET sending_since = NULL WHERE sent_at IS NULL")
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
