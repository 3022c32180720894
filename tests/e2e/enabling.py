"""A morning's intake on its way into USOS: people come by migrations, and runs of our own are killed.

Run as a program it is one such run, which lives by the clock of USOS's stand-in: python -m tests.e2e.enabling URL.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from estudent.adapters.registry.journal import Author
from estudent.bootstrap import Campus
from estudent.domain.funnel import Circle, Hold, Stage
from estudent.domain.lifecycle import Owed
from estudent.domain.student import LinkState, Student
from estudent.domain.whom import Whom
from estudent.ports import Unavailable
from estudent.settings import settings
from sandbox.crowd import let_have_mailboxes
from sandbox.university import University

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE, MOST_RUNS = 500, 20
WARSAW = ZoneInfo("Europe/Warsaw")
UNAVAILABLE = 75
"""How a run ends that gives up because USOS does not answer: the next one tries again (sysexits.h, EX_TEMPFAIL)."""


def clock_of(url: str) -> Callable[[], datetime]:
    """Return a clock that is as far ahead as the stand-in's is now."""
    ahead = httpx.get(f"{url}/sandbox/clock").json()["now"] - time.time()
    return lambda: datetime.now(UTC) + timedelta(seconds=ahead)


@contextmanager
def at_the_stand_in_s_time(url: str, run: str) -> Any:
    """Wire everything for one run that lives by the stand-in's clock."""
    here = Campus(settings(), Author("test", run, clock_of(url)))
    try:
        yield here
    finally:
        here.close()


@dataclass
class Intake:
    """A university, its students who are owed a way into USOS, and what the board showed on the way."""

    university: University
    people: dict[int, dict[str, Any]]
    killed_at: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.university.usos.url

    def students(self) -> list[Student]:
        with self.here() as here:
            everybody = here.students.load(here.students.keys(Whom()))
        return [each for each in everybody if each.is_owed(Owed.USOS_LINK) and each.usos_id is not None]

    def here(self) -> Any:
        return at_the_stand_in_s_time(self.url, "test")

    def enter(self, usos_ids: Sequence[int], **changes: Mapping[int, Any]) -> None:
        """Let the dean's office enter persons; `changes` are columns that some of them have otherwise."""
        told = [self.people[each] | {name: by[each] for name, by in changes.items() if each in by} for each in usos_ids]
        httpx.post(f"{self.url}/sandbox/people", json=told, timeout=60).raise_for_status()

    def until(self, hour: int, minute: int) -> None:
        """Put the clock forward to the next such time in Warsaw."""
        now = clock_of(self.url)().astimezone(WARSAW)
        then = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        then += timedelta(days=1) if then <= now else timedelta(0)
        seconds = then.astimezone(UTC) - now.astimezone(UTC)
        httpx.post(f"{self.url}/sandbox/clock", json={"seconds": seconds.total_seconds()}).raise_for_status()

    def give_mailboxes(self, students: Sequence[Student]) -> None:
        """Let these students' accounts be active, and their mailboxes be seen to work."""
        with self.here() as here:
            let_have_mailboxes(here, students)

    def run_and_kill(self, changes: int) -> None:
        """Start a run and kill it when so many addresses more have arrived."""
        aim = len(self.changes()) + changes
        run = self._start()
        while len(self.changes()) < aim:
            if run.poll() == UNAVAILABLE:
                run = self._start()
            assert run.poll() is None, "the run was over before it could be killed"
            time.sleep(0.05)
        run.kill()
        run.wait()
        self.killed_at.append(len(self.changes()))

    def run(self) -> None:
        """Run to the end; where USOS does not answer, the next run goes on, be it for one student."""
        for _ in range(MOST_RUNS):
            with self.here() as here, suppress(Unavailable):
                if not enable_everybody(here):
                    return
        raise AssertionError("USOS never answered a whole run")

    def changes(self) -> list[dict[str, str]]:
        return list(httpx.get(f"{self.url}/sandbox/changes", timeout=60).json())

    def writes(self) -> int:
        """Return how often an address was handed over, with whatever outcome."""
        counted = httpx.get(f"{self.url}/sandbox/requests", timeout=60).json()["by_method"]
        return int(counted.get("services/users/change", 0))

    def states(self) -> Counter[LinkState | None]:
        return Counter(student.usos_state for student in self.students())

    def holds(self) -> Counter[Hold]:
        """Return why how many wait for USOS, as the board tells it."""
        with self.here() as here:
            return Counter(each.hold for each in here.board.waiting(Circle(), Stage.USOS, 100_000))

    def waits_until(self) -> set[str]:
        """Return until when people wait for USOS at the earliest, as times in Warsaw."""
        with self.here() as here:
            waiting = here.board.waiting(Circle(), Stage.USOS, 100_000)
        return {f"{each.until.astimezone(WARSAW):%H:%M}" for each in waiting if each.until}

    def _start(self) -> subprocess.Popen[bytes]:
        log = self.university.folder / "enabling.log"
        with log.open("ab") as output:
            command = [sys.executable, "-m", "tests.e2e.enabling", self.url]
            return subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=output, stderr=output)


def enable_everybody(here: Campus) -> int:
    """Take everybody a step further, in batches as the flow does; return for how many USOS did not answer."""
    keys = here.students.keys(Whom())
    return sum(here.link_usos.apply(keys[at : at + AT_ONCE]).failed for at in range(0, len(keys), AT_ONCE))


def main(url: str) -> int:
    """Run once."""
    with at_the_stand_in_s_time(url, "usos") as here:
        try:
            enable_everybody(here)
        except Unavailable as error:
            sys.stdout.write(f"{error}\n")
            return UNAVAILABLE
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
