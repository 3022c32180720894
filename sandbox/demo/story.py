"""What happens in the demo, step by step."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from estudent.bootstrap import campus
from estudent.domain.album_number import AlbumNumber
from estudent.ports import AlreadyExists
from estudent.services.open_mailboxes import AskForMailbox
from sandbox.irk.entries import entries
from sandbox.orchestration import Orchestration
from sandbox.sample import Sample, generate, write_csv
from sandbox.university import University

ASK_FOR_MAILBOXES = 300
WANT_THE_SAME = 30
THE_SAME = "mistrz"
AT_ONCE = 16
FEED = "rekrutacja-2026.csv"


@dataclass
class Story:
    """The actors, and what the runs left behind."""

    university: University
    prefect: Orchestration
    sample: Sample
    tables: list[dict[str, Any]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def askers(self) -> list[AlbumNumber]:
        """The students who will ask for a mailbox: those whom USOS knows, so that their accounts can be linked."""
        known = [row for row in self.sample.students if row.album_number and row.usos_id]
        return sorted(AlbumNumber(row.album_number) for row in known)[:ASK_FOR_MAILBOXES]

    def set_up(self) -> Iterator[str]:
        """Make the registry and wait until flows can run."""
        yield "creating the registry"
        with campus("demo", "set-up") as here:
            here.database.upgrade()
        yield "telling USOS about its students"
        httpx.post(f"{self.university.usos.url}/sandbox/people", json=_people(self.sample)).raise_for_status()
        yield "starting Prefect, registering the deployments"
        self.prefect.serve()

    def tell(self) -> Iterator[str]:
        """Start the semester, let students ask for mailboxes, and have their requests served."""
        yield "semester-start: feed, letters, directory, mailboxes, USOS, payment accounts"
        self._run("semester-start", {"mode": "apply"})
        yield f"{len(self.askers)} students ask for a mailbox, {WANT_THE_SAME} of them for the same name at once"
        with campus("demo student", "mailboxes") as here:
            # The run is asked for as soon as something waits, so that it starts while the others still ask.
            ask_all(here.ask_for_mailbox, self.askers[:1])
            run = self.prefect.trigger("requests", {"until_empty": True})
            ask_all(here.ask_for_mailbox, self.askers)
        yield "requests: mailboxes, aliases, USOS"
        self._follow("requests", run)
        yield "the portal tells them that their mailboxes work"
        _wait_for_the_postman(self.university)

    def _run(self, flow: str, parameters: dict[str, object]) -> None:
        self._follow(flow, self.prefect.trigger(flow, parameters))

    def _follow(self, flow: str, run: str) -> None:
        state = self.prefect.wait_for(run)
        if state["type"] != "COMPLETED":
            self.failures.append(f"{flow} ended as {state['name']}: {state['message']}")
        for artifact in self.prefect.artifacts_of(run):
            if artifact["type"] == "table":
                self.tables += json.loads(artifact["data"])


def _wait_for_the_postman(university: University, patience: float = 60) -> None:
    unsent = "SELECT count(*) FROM message WHERE sent_at IS NULL"
    deadline = time.monotonic() + patience
    with closing(sqlite3.connect(university.folder / "registry.sqlite", timeout=30)) as registry:
        while university.portal and registry.execute(unsent).fetchone()[0] and time.monotonic() < deadline:
            time.sleep(0.2)


def ask_all(asking: AskForMailbox, albums: list[AlbumNumber]) -> list[str]:
    """Let all students ask as the portal would, at the same time; return their addresses."""
    wishes = [(album, THE_SAME if at < WANT_THE_SAME else "") for at, album in enumerate(albums)]
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        return list(crowd.map(partial(_ask, asking), wishes))


def _ask(asking: AskForMailbox, wish: tuple[AlbumNumber, str]) -> str:
    album, name = wish
    wishes = [name] if name else []
    while True:
        for wanted in wishes:
            try:
                return asking.ask(album, wanted)
            except AlreadyExists:  # the student is shown the free names, and takes the first
                continue
        wishes = asking.free_names(album)


def prepare_feed(university: University, count: int) -> Sample:
    """Return the sample; its file is written once, so that a second run finds nothing new; or IRK is told of it."""
    sample = generate(count)
    if university.irk:
        found = httpx.post(f"{university.irk.url}/sandbox/applications", json=entries(sample), timeout=60)
        found.raise_for_status()
        return sample
    feed: Path = university.feeds / FEED
    if not feed.exists():
        write_csv(sample, unfinished := feed.with_suffix(".part"))
        unfinished.rename(feed)
    return sample


def _people(sample: Sample) -> list[dict[str, object]]:
    return [dict(person) for person in sample.people_for_usos()]
