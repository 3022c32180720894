"""Thousands of mailboxes at a tenant that falters, by runs that are killed; and what the journal tells of it."""

from __future__ import annotations

import os
import random
import re
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import httpx

from sandbox.orchestration import ENDED, Orchestration
from sandbox.university import University
from tests.e2e.killing import process_of

MOST_RUNS = 40
WRITES = {"/v1.0/users": 201, "/v1.0/users/{key}/assignLicense": 200, "/adminapi/beta/{tenant}/InvokeCommand": 200}
"""What makes a mailbox: one write of each for every student, and the status with which it succeeds."""

FAILURE = re.compile(
    r"(?:tried again (\d+)×: )?(?:the user was created, but: )?"
    r"could not (?:create users|assign licences|add aliases in Exchange): "
    r"(?:our quota is used up|Microsoft 365 asks to wait|Microsoft 365 did not answer|it is busy)"
)
Counts = Counter[tuple[str, str, int]]


@dataclass
class Morning:
    """A university whose students wait for mailboxes, the runs for them, and how far they have come."""

    university: University
    prefect: Orchestration
    students: int
    killed_at: list[int] = field(default_factory=list)
    unexplained: list[int] = field(default_factory=list)

    def run_and_kill(self, moments: Iterable[float]) -> None:
        """Start runs and kill each when so large a share of all writes is done."""
        for moment in moments:
            aim = round(moment * len(WRITES) * self.students)
            for _ in range(MOST_RUNS):
                if self._killed_on_the_way(aim):
                    break
                time.sleep(2)
            self.killed_at.append(self.done())

    def run_to_the_end(self) -> None:
        """Run until every mailbox is seen to work; note after each run how many failures its journal does not tell."""
        for _ in range(MOST_RUNS):
            failed, told = self.failures(), self.told()
            self.run()
            self.unexplained.append((self.failures() - failed) - (self.told() - told))
            if set(self.states()) <= {"verified", "stuck", "conflict"}:
                return
            time.sleep(2)

    def run(self) -> dict[str, Any]:
        """Run the deployment once and return the state in which it ended."""
        return self.prefect.wait_for(self._start(), patience=1200)

    def let_all_be_due(self) -> None:
        """Let a day pass for the registry, after which every mailbox is looked at."""
        with closing(self._registry()) as registry, registry:
            registry.execute("UPDATE mailbox SET next_look_at = '2026-01-01 00:00:00'")

    def states(self) -> Counter[str]:
        """Return how many mailboxes are in each state."""
        return Counter(state for (state,) in self.rows("SELECT state FROM mailbox"))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the registry."""
        with closing(self._registry()) as registry:
            return registry.execute(query).fetchall()

    def done(self) -> int:
        """Return how many of the writes that make mailboxes were answered as done."""
        return sum(count for (_, path, status), count in self.requests().items() if WRITES.get(path) == status)

    def failures(self) -> int:
        """Return how many answers to writes were a 429, a 5xx, or lost."""
        return self._count(lambda method, status: method != "GET" and (status in (0, 429) or status >= 500))

    def writes(self) -> int:
        """Return how many writes there were, however they ended."""
        return self._count(lambda method, _: method != "GET")

    def reads(self) -> int:
        """Return how often users were looked up."""
        return self._count(lambda method, _: method == "GET")

    def told(self) -> int:
        """Return how many failed writes the journal tells of."""
        details = self.rows("SELECT detail FROM journal WHERE system = 'mailboxes'")
        return sum(int(times or 1) for (detail,) in details for times in FAILURE.findall(detail))

    def requests(self) -> Counts:
        """Return how often what was asked of Graph and Exchange, by method, path and status."""
        shown = httpx.get(f"{self.university.microsoft365.url}/sandbox/requests", timeout=60).json()["counts"]
        counts = {(each["method"], each["path"], each["status"]): each["count"] for each in shown}
        return Counter({what: count for what, count in counts.items() if what[1].startswith(("/v1.0", "/adminapi"))})

    def tenant(self) -> dict[str, Any]:
        """Return all that the stand-in holds."""
        state: dict[str, Any] = httpx.get(f"{self.university.microsoft365.url}/sandbox/state", timeout=60).json()
        return state

    def _killed_on_the_way(self, aim: int) -> bool:
        """Start a run; kill it when so many writes are done, or tell that it ended before."""
        run = self._start()
        while self.done() < aim:
            if self.prefect.state_of(run)["type"] in ENDED:
                return False
            time.sleep(0.5)
        os.kill(process_of(run), signal.SIGKILL)
        assert self.prefect.wait_for(run)["type"] == "CRASHED"
        return True

    def _start(self) -> str:
        return self.prefect.trigger("mailboxes", {"mode": "apply"})

    def _count(self, chosen: Callable[[str, int], bool]) -> int:
        return sum(count for (method, _, status), count in self.requests().items() if chosen(method, status))

    def _registry(self) -> sqlite3.Connection:
        return sqlite3.connect(self.university.folder / "registry.sqlite", timeout=60)


def moments(seed: int) -> list[float]:
    """Return when runs are killed, as shares of all writes: once in each third."""
    chance = random.Random(seed)
    return [(third + chance.random()) / 3 for third in range(3)]
