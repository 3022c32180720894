"""How much of Microsoft's quota a run uses, and how long a student waits meanwhile: `make bench`.

`python -m bench.mailboxes 5000` takes so many mailboxes instead of 600, with which it lasts some twelve minutes. The
stand-in grants the real quota scaled to them, answers Graph's requests for users after LATENCY and runs a cmdlet of
Exchange in CMDLET seconds.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from bench.first_use import first_use
from estudent.bootstrap import Campus, campus
from estudent.domain.lifecycle import Owed
from estudent.domain.student import MailboxState
from estudent.domain.whom import Whom
from estudent.settings import settings
from sandbox.crowd import Scale, let_ask
from sandbox.university import University

ROUNDS = 3
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


def main(students: int) -> None:
    """Print the table; every figure is a median of the rounds, beside its spread."""
    rounds = [_round(students) for _ in range(ROUNDS)]
    uses = [first_use() for _ in range(ROUNDS)]
    waits = [wait for each in rounds for wait in each.waits]
    table = Table("what", "figure", "spread", "limit", title=f"{students} mailboxes, {ROUNDS} rounds")
    table.add_row("writes / what the quota permits", *_figures([each.of_quota for each in rounds]), "≥ 0.95")
    table.add_row("aliases / what Exchange's places permit", *_figures([each.of_exchange for each in rounds]), "")
    table.add_row("requests beyond the quota", str(sum(each.refused for each in rounds)), "", "0")
    table.add_row("mailboxes lost", str(sum(each.lost for each in rounds)), "", "0")
    table.add_row("mailboxes double", str(sum(each.double for each in rounds)), "", "0")
    table.add_row("a student's mailbox meanwhile, our part, p95 in s", f"{_p95(waits):.1f}", _spread(waits), "< 10")
    table.add_row("first use of the SDK in s", *_figures([use.seconds for use in uses]), "")
    table.add_row("  of a process, in MB", *_figures([use.megabytes for use in uses]), "")
    table.add_row("second use in s", *_figures([use.second for use in uses]), "")
    Console().print(table)


def _round(students: int) -> Round:
    """Open everybody's mailboxes from a full bucket; a few students ask while users are made."""
    scale = Scale(students / 2500)
    options = (*scale.options, "--exchange-latency", str(CMDLET))
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    with University(folder, mailbox_delay=MAILBOX_DELAY, more={"mailboxes": scale.settings}, cloud=options) as there:
        os.environ |= there.environment
        settings.cache_clear()
        let_ask(there, students)
        slow = {"path_contains": "/v1.0/users", "status": 200, "delay": LATENCY, "times": 10**9}
        httpx.post(f"{there.microsoft365.url}/sandbox/faults", json=slow).raise_for_status()
        with watching(there, "quota", lambda shown: int(shown["writes"]["granted"])) as writes, _bulk(there) as run:
            waits = _waits()
            run.wait()
        seconds, written = _moving(writes)
        with watching(there, "requests", _cmdlets) as cmdlets:
            while _waiting():
                with _bulk(there) as run:
                    run.wait()
        busy, run_there = _moving(cmdlets)
        return Round(
            written / scale.permitted(seconds), run_there * CMDLET / (PLACES * busy), waits, *_counted(there, students)
        )


@contextmanager
def _bulk(there: University) -> Iterator[subprocess.Popen[bytes]]:
    """Start the run for everybody in a process of its own."""
    command = [str(Path(sys.executable).with_name("estudent")), "apply", "--system", "mailboxes", "--agree", "--json"]
    with (there.folder / "bulk.log").open("ab") as log, subprocess.Popen(command, stdout=log, stderr=log) as run:
        yield run


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


def _figures(figures: Sequence[float]) -> tuple[str, str]:
    return f"{statistics.median(figures):.2f}", _spread(figures)


def _spread(figures: Sequence[float]) -> str:
    return f"{min(figures):.2f} – {max(figures):.2f}"


def _p95(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else STUDENTS)
