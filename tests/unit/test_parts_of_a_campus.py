"""A campus is shared by threads, and each of its parts is one, on whatever Python."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
from datetime import UTC, datetime
from threading import Barrier, Event
from typing import Any

import pytest

from estudent import bootstrap
from estudent.adapters.registry.database import Database
from estudent.adapters.registry.journal import Author
from estudent.bootstrap import Campus
from estudent.settings import Settings

PATIENCE = 10.0


def a_campus() -> Campus:
    registry: Any = {"fingerprint_key": "a key of the tests, long enough for it", "url": "sqlite://"}
    return Campus(Settings(registry=registry), Author("test", "run", lambda: datetime.now(UTC)))


def test_threads_that_ask_at_once_get_the_same_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two engines for one directory, each would give the turn to somebody else."""
    made, another = list[Database](), Event()

    def slow(url: str) -> Database:
        made.append(database := Database(url))
        if len(made) > 1:
            another.set()
        another.wait(0.2)
        return database

    monkeypatch.setattr(bootstrap, "Database", slow)
    # The lock that 3.11 has, and no later Python.
    monkeypatch.setattr(vars(Campus)["database"], "lock", nullcontext(), raising=False)
    together = Barrier(2)
    with closing(a_campus()) as here, ThreadPoolExecutor(2) as threads:

        def ask(_: int) -> Database:
            together.wait(PATIENCE)
            return here.database

        assert [*threads.map(ask, range(2))] == made * 2
    assert len(made) == 1
