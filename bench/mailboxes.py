"""How much of Microsoft's quota a run uses, and how long a student waits meanwhile: python -m bench.mailboxes.

The stand-in grants the real quota scaled to the mailboxes, so a round takes minutes however many they are; there is one
unless `--rounds` says otherwise. It answers Graph's requests for users after LATENCY and runs a cmdlet of Exchange in
CMDLET seconds.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any

import httpx

from bench.asked import Asked, asked, progress, tell
from bench.budgets import Work
from bench.first_use import first_use
from bench.memory import Peak, watched
from bench.samples import Figure, Unit, p95
from estudent.bootstrap import Campus, campus
from estudent.domain.lifecycle import Owed
from estudent.domain.student import MailboxState
from estudent.domain.whom import Whom
from estudent.settings import settings
from sandbox.crowd import Scale, let_ask
from sandbox.university import University

ROUNDS, USES = 1, 3
STUDENTS = 600
OF_THEM_WAITING = 30
LATENCY, CMDLET, MAILBOX_DELAY = 0.4, 0.3, 2.0
PLACES = 2
"""Cmdlets that runs for everybody may have under way: one of three places is kept for who waits."""


@dataclass(frozen=True, slots=True)
class Round:
    """One intake: the shares of the quota and of Exchange's places that were used, and the students' waits."""

    of_quota: float
    of_exchange: float
    waits: Sequence[float]
    refused: int
    lost: int
    double: int
    peak: float


def main() -> None:
    """Print the table."""
    ours = asked(__doc__, [STUDENTS])
    tell(figures(ours), ours)


def figures(ours: Asked) -> Iterator[Figure]:
    """Yield what is found, size by size; a round counts once, but first uses of the SDK are USES."""
    uses = [first_use() for _ in range(USES)]
    yield Figure("mailboxes: first use of the SDK", 1, Unit.WAIT, [use.seconds for use in uses])
    yield Figure("mailboxes: what it adds to a process", 1, Unit.MEGABYTES, [use.megabytes for use in uses])
    yield Figure("mailboxes: second use of the SDK", 1, Unit.WAIT, [use.second for use in uses])
    for size in ours.sizes:
        progress(f"{size:,} mailboxes from a tenant with a quota")
        yield from _told(size, [_round(size) for _ in range(ours.rounds or ROUNDS)])


def _told(size: int, rounds: Sequence[Round]) -> Iterator[Figure]:
    peak = max(each.peak for each in rounds)
    yield Figure(Work.MAILBOXES, size, Unit.SHARE, [each.of_quota for each in rounds], peak=peak)
    aliases = "mailboxes: aliases, against Exchange's places"
    yield Figure(aliases, size, Unit.SHARE, [each.of_exchange for each in rounds], peak=peak)
    yield Figure(Work.MAILBOXES_REFUSED, size, Unit.COUNT, [each.refused for each in rounds])
    yield Figure(Work.MAILBOXES_LOST, size, Unit.COUNT, [each.lost for each in rounds])
    yield Figure(Work.MAILBOXES_TWICE, size, Unit.COUNT, [each.double for each in rounds])
    yield Figure(Work.MAILBOX_WAIT, size, Unit.WAIT, [p95(each.waits) for each in rounds])


def _round(students: int) -> Round:
    """Open everybody's mailboxes from a full bucket; a few students ask while users are made."""
    scale = Scale(students / 2500)
    options = (*scale.options, "--exchange-latency", str(CMDLET))
    more = {"mailboxes": scale.settings}
    with (
        TemporaryDirectory(prefix="bench-") as name,
        University(Path(name), mailbox_delay=MAILBOX_DELAY, more=more, cloud=options) as there,
    ):
        os.environ |= there.environment
        settings.cache_clear()
        let_ask(there, students)
        slow = {"path_contains": "/v1.0/users", "status": 200, "delay": LATENCY, "times": 10**9}
        httpx.post(f"{there.microsoft365.url}/sandbox/faults", json=slow).raise_for_status()
        return _opened(there, scale, students)


def _opened(there: University, scale: Scale, students: int) -> Round:
    with watching(there, "quota", lambda shown: int(shown["writes"]["granted"])) as writes, _bulk(there) as bulk:
        waits = _waits()
        bulk.run.wait()
    peaks = [bulk.peak.megabytes]
    seconds, written = _moving(writes)
    with watching(there, "requests", _cmdlets) as cmdlets:
        while _waiting():
            with _bulk(there) as bulk:
                bulk.run.wait()
            peaks.append(bulk.peak.megabytes)
    busy, run_there = _moving(cmdlets)
    refused, lost, double = _counted(there, students)
    of_quota, of_exchange = written / scale.permitted(seconds), run_there * CMDLET / (PLACES * busy)
    return Round(of_quota, of_exchange, waits, refused, lost, double, max(peaks))


@dataclass(frozen=True, slots=True)
class Bulk:
    """The process of a run for everybody, and its memory."""

    run: subprocess.Popen[bytes]
    peak: Peak


@contextmanager
def _bulk(there: University) -> Iterator[Bulk]:
    """Start the run for everybody in a process of its own."""
    command = [str(Path(sys.executable).with_name("estudent")), "apply", "--system", "mailboxes", "--agree", "--json"]
    with (
        (there.folder / "bulk.log").open("ab") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as run,
        watched(run.pid) as peak,
    ):
        yield Bulk(run, peak)


Samples = list[tuple[float, int]]


@contextmanager
def watching(there: University, page: str, count: Callable[[Any], int]) -> Iterator[Samples]:
    """Read a page of the stand-in's ten times a second while something goes on; yield when and what it counted."""
    samples: Samples = []
    over = Event()
    address = f"{there.microsoft365.url}/sandbox/{page}"

    def read() -> None:
        with httpx.Client() as http:
            while not over.wait(0.1):
                samples.append((time.monotonic(), count(http.get(address).json())))

    reader = Thread(target=read)
    reader.start()
    try:
        yield samples
    finally:
        over.set()
        reader.join()


def _waits() -> list[float]:
    """Let some students ask while the outbox is drained; return the seconds that each waited for us alone."""
    with campus("bench", "requests") as here:
        asking = Thread(target=_ask, args=(here, keys := _without_mailbox(here)))
        asking.start()
        while asking.is_alive() or here.outbox.waiting():
            if not here.serve_requests.run():
                time.sleep(1.0)
        with here.database.reading() as registry:
            rows = registry.exec_driver_sql("SELECT student_id, requested_at, verified_at FROM mailbox").all()
    waited = {row[0]: _seconds(row[1], row[2]) - MAILBOX_DELAY for row in rows if row[0] in keys}
    return [waited[key] for key in keys]


def _ask(here: Campus, keys: Sequence[int]) -> None:
    for student in here.students.load(keys):
        here.ask_for_mailbox.ask(student.album, here.ask_for_mailbox.free_names(student.album)[0])
        time.sleep(LATENCY * 4)


def _without_mailbox(here: Campus) -> list[int]:
    students = here.students.load(here.students.keys(Whom()))
    free = (student.key for student in students if student.is_owed(Owed.MAILBOX) and student.mailbox is None)
    return list(islice(free, OF_THEM_WAITING))


def _seconds(begun: str, ended: str) -> float:
    """Return the seconds between two moments as SQLite keeps them."""
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds()


def _waiting() -> bool:
    """Tell whether a mailbox is on its way, once it is due to be looked at."""
    with campus("bench", "looking") as here:
        keys = here.students.keys(Whom())
        while unfinished := here.mailbox_register.unfinished(keys):
            if here.mailbox_register.due(unfinished):
                return True
            time.sleep(0.5)
    return False


def _cmdlets(shown: Any) -> int:
    return sum(each["count"] for each in shown["counts"] if "InvokeCommand" in each["path"] and each["status"] == 200)


def _moving(samples: Samples) -> tuple[float, int]:
    """Return for how many seconds a count grew, and by how much."""
    steps = [(at, count) for at, count in samples if count > samples[0][1]]
    grown = [(at, count) for (at, count), before in zip(samples[1:], samples, strict=False) if count > before[1]]
    return grown[-1][0] - steps[0][0], grown[-1][1] - samples[0][1]


def _counted(there: University, students: int) -> tuple[int, int, int]:
    """Return how many requests were beyond the quota, and how many mailboxes are lost or double."""
    state = httpx.get(f"{there.microsoft365.url}/sandbox/state", timeout=60).json()
    users = Counter(user["employeeId"] for user in state["users"] if user["mailbox_ready"] and user["employeeId"])
    with campus("bench", "looking") as here:
        everybody = here.students.load(here.students.keys(Whom()))
    working = sum(student.mailbox_state is MailboxState.VERIFIED for student in everybody)
    double = sum(count - 1 for count in users.values())
    return sum(state["quota"]["refused"].values()), students + OF_THEM_WAITING - working, double


if __name__ == "__main__":
    main()
