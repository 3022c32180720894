"""A semester start shared out between two workers; one is killed in the middle, then the run that shared out."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sandbox.demo.story import Story, prepare_feed
from sandbox.orchestration import Orchestration
from sandbox.university import University
from tests.e2e.killing import make_claims_run_out, process_of, settings_anew
from tests.e2e.whole import Whole, whole

pytestmark = pytest.mark.enable_socket
STUDENTS = 400
SETTINGS: dict[str, dict[str, object]] = {
    "shards": {"students": 40, "most": 4, "silent_seconds": 4, "busy": 0},  # too few to show that help would gain
    "letters": {"per_minute": 600},  # so that the shards of letters last, and a worker can be killed in one
}
IN_HAND = 20
"""So many letters a killed process has in hand at most; they wait ten minutes for the next run."""

MAY_WAIT = 240.0


class Shared:
    """A university whose runs are shared out, and what happens to them."""

    def __init__(self, story: Story) -> None:
        self.story = story

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the registry."""
        file = self.story.university.folder / "registry.sqlite"
        with closing(sqlite3.connect(file, timeout=60)) as registry:
            return registry.execute(query, values).fetchall()

    def start(self) -> str:
        """Start the run."""
        return self.story.prefect.trigger("semester-start", {"mode": "apply"})

    def until(self, holds: Callable[[], Any], what: str) -> Any:
        """Wait for something and return it."""
        deadline = time.monotonic() + MAY_WAIT
        while not (found := holds()):
            assert time.monotonic() < deadline, f"{what} never came"
            time.sleep(0.02)
        return found

    def a_shard_in_hand(self, run: str) -> str | None:
        """Return a worker's run that has a shard of this run in hand, with some of it done and the rest not."""
        found = self.story.prefect.post("/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}}})
        mine = [each for each in found if each["parameters"].get("run") == run]
        taken = "SELECT count(*) FROM shard WHERE run = ? AND number = ? AND system = ? AND finished_at IS NULL"
        for each in mine:
            number, system = each["parameters"]["number"], each["parameters"]["system"]
            if self.rows(f"{taken} AND holder <> ''", run, number, system)[0][0]:
                return str(each["id"])
        return None

    def try_again(self, run: str) -> None:
        """Retry a run as Prefect's page does; Prefect tells of a crash twice, and the second word may end it again."""
        state = {"type": "SCHEDULED", "name": "AwaitingRetry"}
        for _ in range(2):
            self.story.prefect.post(f"/flow_runs/{run}/set_state", {"state": state, "force": True})
            if self.story.prefect.wait_for(run)["type"] == "COMPLETED":
                return

    def ends(self, run: str) -> list[dict[str, Any]]:
        """Wait until the run has ended well, and return its table."""
        state = self.story.prefect.wait_for(run)
        assert state["type"] == "COMPLETED", state["message"]
        (table,) = [each for each in self.story.prefect.artifacts_of(run) if each["type"] == "table"]
        found: list[dict[str, Any]] = json.loads(table["data"])
        return found


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    folder = tmp_path_factory.mktemp("shared")
    with (
        University(folder, durable=False, mailbox_delay=0.5, more=SETTINGS) as university,
        pytest.MonkeyPatch.context() as patch,
        Orchestration(folder / "prefect", university.environment) as prefect,
    ):
        patch.setenv("ESTUDENT_SETTINGS", str(university.settings))
        settings_anew()
        story = Story(university, prefect, prepare_feed(university, STUDENTS))
        for _ in story.set_up():
            pass
        prefect.spawn("another-worker", "worker", "start", "--pool", "estudent", "--name", "there")
        yield Shared(story)
    settings_anew()


def worker_of(process: int) -> int:
    """Return the process id of the worker that began a run's process."""
    (line,) = [each for each in Path(f"/proc/{process}/status").read_text().splitlines() if each.startswith("PPid:")]
    return int(line.split()[1])


@pytest.fixture(scope="module")
def worker_killed(shared: Shared) -> tuple[str, str, list[dict[str, Any]]]:
    """Kill a worker and the shard that it has in hand; return both runs and what the one that shared out told."""
    run = shared.start()
    shared.until(lambda: shared.story.prefect.state_of(run)["type"] == "RUNNING", "the run that shares out")
    at_work = worker_of(process_of(run))
    # The other worker gets the shards now: one that is killed takes all its runs with it, this one too.
    os.kill(at_work, signal.SIGSTOP)
    try:
        lost: str = shared.until(lambda: shared.a_shard_in_hand(run), "a shard in a worker's hands")
        process = process_of(lost)
        for each in (worker_of(process), process):
            os.kill(each, signal.SIGKILL)
    finally:
        os.kill(at_work, signal.SIGCONT)
    return run, lost, shared.ends(run)


@pytest.fixture(scope="module")
def afterwards(shared: Shared, worker_killed: object) -> Whole:
    """What the university holds after that, once the letters that were in hand have had their turn."""
    assert worker_killed
    make_claims_run_out(f"sqlite:///{shared.story.university.folder / 'registry.sqlite'}")
    shared.ends(shared.start())
    return whole(shared.story.university)


def test_everybody_is_in_line_though_a_worker_was_killed(shared: Shared, afterwards: Whole) -> None:
    numbers = {album for album, *_ in shared.rows("SELECT album_number FROM student WHERE album_number IS NOT NULL")}
    assert len(numbers) > 300
    assert {str(entry.album) for entry in afterwards.directory} == numbers
    owed = shared.rows("SELECT count(*) FROM letter WHERE sent_at IS NULL")
    assert owed == [(0,)]


def test_nobody_has_anything_twice(afterwards: Whole) -> None:
    letters = Counter(message for _, message, _ in afterwards.letters)
    assert max(letters.values()) == 1
    assert sum(count - 1 for count in afterwards.letters.values()) <= 1  # the one that was in flight
    numbers = [nrb for _, nrb, _ in afterwards.registry["account numbers"]]
    assert len(numbers) == len(set(numbers)) == len(afterwards.directory)


def test_the_lost_shard_was_taken_up_and_all_are_finished(
    shared: Shared, worker_killed: tuple[str, str, list[dict[str, Any]]]
) -> None:
    run, lost, _ = worker_killed
    whose = shared.story.prefect.http.get(f"/flow_runs/{lost}").json()["parameters"]
    query = "SELECT takes FROM shard WHERE run = ? AND system = ? AND number = ?"
    assert shared.rows(query, run, whose["system"], whose["number"])[0][0] >= 2
    assert shared.rows("SELECT count(*) FROM shard WHERE run = ? AND finished_at IS NULL", run) == [(0,)]
    systems = shared.rows("SELECT system, count(*) FROM shard WHERE run = ? GROUP BY system", run)
    assert dict(systems)["directory"] == 4


def test_the_report_is_that_of_one_run_for_everybody(
    shared: Shared, afterwards: Whole, worker_killed: tuple[str, str, list[dict[str, Any]]]
) -> None:
    *_, table = worker_killed
    told = {row["System"]: (row["Read"], row["New"], row["Failed"]) for row in table}
    everybody = len(afterwards.directory)
    assert told["directory"] == (everybody, everybody, 0)
    ((ours,),) = shared.rows("SELECT count(*) FROM payment_account WHERE origin = 'assigned'")
    assert 0 < ours < everybody  # the others came with one from recruitment
    assert told["payment_accounts"] == (everybody, ours, 0)
    assert len(afterwards.letters) - IN_HAND <= told["letters"][1] <= len(afterwards.letters)


def test_the_journal_names_the_run_that_shared_out_and_the_shard(
    shared: Shared, worker_killed: tuple[str, str, list[dict[str, Any]]]
) -> None:
    actors = shared.rows("SELECT DISTINCT actor FROM journal WHERE run = ? AND system = 'directory'", worker_killed[0])
    assert {actor for (actor,) in actors} == {f"flow semester-start, shard {at} of 4" for at in (1, 2, 3, 4)}


def test_no_student_is_named_in_what_prefect_knows_of_shards(shared: Shared, afterwards: Whole) -> None:
    runs = shared.story.prefect.post("/flow_runs/filter", {"flows": {"name": {"any_": ["shard"]}}})
    assert runs
    assert all(set(run["parameters"]) == {"run", "system", "number"} for run in runs)
    said = json.dumps([run["parameters"] for run in runs])
    assert not any(f'"{entry.album}"' in said for entry in afterwards.directory)


def test_another_run_changes_nothing(shared: Shared, afterwards: Whole) -> None:
    table = shared.ends(shared.start())
    assert {(row["New"], row["Changed"]) for row in table if row["System"] not in ("recruitment", "usos")} == {(0, 0)}
    assert whole(shared.story.university).directory == afterwards.directory


def test_a_run_that_is_killed_and_tried_again_takes_its_shards_up(shared: Shared, afterwards: Whole) -> None:
    run = shared.start()
    there = "SELECT system, number, first, last FROM shard WHERE run = ?"
    before = shared.until(lambda: shared.rows(there, run), "a shard")
    os.kill(process_of(run), signal.SIGKILL)
    assert shared.story.prefect.wait_for(run)["type"] == "CRASHED"
    shared.try_again(run)
    shared.ends(run)
    assert set(before) <= set(shared.rows(there, run))
    assert shared.rows("SELECT count(*) FROM shard WHERE run = ? AND finished_at IS NULL", run) == [(0,)]
    assert whole(shared.story.university).directory == afterwards.directory
