"""A university for benchmarks: real slapd with durable writes, real gunicorn behind what counts as a proxy."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from estudent.bootstrap import campus
from estudent.domain.album_number import AlbumNumber
from estudent.domain.whom import Whom
from estudent.settings import settings
from sandbox.sample import Row, generate, write_csv
from sandbox.university import University

PASSWORD = "seven blue herons cross"  # noqa: S105 - everybody here is invented
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class World:
    """The university, the portal's address, and the students: those who have a password and those who wait for one."""

    university: University
    url: str
    key: str
    active: Sequence[AlbumNumber]
    prepared: Sequence[Row]


@contextmanager
def world(folder: Path, active: int, prepared: int) -> Iterator[World]:
    """Start everything, take the students in, write their letters, give the first of them a password."""
    with University(folder, portal=True, more={"portal": {"proxies": 1}}) as university:
        os.environ |= university.environment
        settings.cache_clear()
        sample = generate((active + prepared) * 2)
        write_csv(sample, university.feeds / "feed.csv")
        with campus("bench", "set-up") as here:
            here.database.upgrade()
            here.admit.run()
            keys = here.students.keys(Whom())
            for system in ("letters", "directory"):
                here.systems[system].apply(keys)
            students = here.students.load(keys)
            rows = {row.album_number: row for row in sample.students if row.pesel}
            known = [student for student in students if str(student.album) in rows]
            first = known[:active]
            with ThreadPoolExecutor(AT_ONCE) as crowd:
                list(crowd.map(lambda student: here.passwords.set(student.album, PASSWORD), first))
            here.students.observe_activations([student.key for student in first])
            waiting = [rows[str(student.album)] for student in known[active : active + prepared]]
        url = university.portal.url if university.portal else ""
        key = university.secrets["portal"]
        yield World(university, url, key, [student.album for student in first], waiting)


def letter_to(world: World, email: str, pattern: str, patience: float = 30) -> str:
    """Return what the newest letter to this address holds where the pattern's group is."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        found = httpx.get(f"{world.university.post.url}/sandbox/messages", params={"to": email}).json()
        for message in found:
            if email in message["envelope"]["to"] and (match := re.search(pattern, message["text"])):
                return match.group(1)
        time.sleep(0.2)
    raise RuntimeError(f"no letter to {email} came")
