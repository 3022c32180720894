"""The stand-in for IRK as tests use it: each test has a registration of its own there."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from estudent.adapters.recruitment.irk import FIELDS, WORDS, Client, IrkApi, Meaning, Pace, Patience, Scope
from estudent.domain.fault import Column
from sandbox.irk.entries import FIRST_DAY, LOCAL_FIELDS, entry
from sandbox.processes import Running, start
from tests.contract.recruitment_contract import Cells

TOKEN = "right-and-secret"
NUMBERS = count(1)
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients that speak HTTP alone: reading all authorities of the system takes longer than a test."""
QUICK = Patience(retries=5, delay=0.01, timeout=5.0)
FIELDS_HERE = {**FIELDS, **{Column(name): path for name, path in LOCAL_FIELDS.items()}}
WORDS_HERE = {column: words for column, words in WORDS.items() if column.value not in LOCAL_FIELDS}
LastRead = Callable[[str, str], datetime | None]


def start_irk(folder: Path, *options: str) -> Running:
    """Start the stand-in."""
    return start("sandbox.irk", "--folder", str(folder), *options, env={"IRK_TOKEN": TOKEN}, log=folder / "log")


def never(_name: str, _digest: str) -> datetime | None:
    """Say that nothing was read yet."""
    return None


@dataclass
class IrkOffice:
    """One registration of the stand-in, whose applicants have ids that no other test uses."""

    url: str
    last_read: LastRead = never
    scope: Scope = field(default_factory=lambda: Scope({}, page_length=3, everything_after=timedelta(0)))
    token: str = TOKEN
    patience: Patience = QUICK
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def __post_init__(self) -> None:
        self.number = next(NUMBERS)
        self.intake = f"REG_{self.number}"
        self.scope = replace(self.scope, registrations={self.intake: FIRST_DAY})
        self._open = ExitStack()
        self.recruitment = self.adapter()
        self.http = httpx.Client(base_url=self.url, timeout=30, verify=NO_TLS)

    def adapter(self, **other: Any) -> IrkApi:
        """Return an adapter; `other` differs from the office's own."""
        patience, scope = other.get("patience", self.patience), other.get("scope", self.scope)
        client = Client(other.get("url", self.url), other.get("token", self.token), Pace(1_000_000), patience)
        meaning = Meaning(FIELDS_HERE, WORDS_HERE, scope.registrations)
        adapter = IrkApi(client, scope, meaning, last_read=self.last_read, clock=self.clock)
        self._open.callback(adapter.close)
        return adapter

    def close(self) -> None:
        """Withdraw everything, and forget what was ordered."""
        self._withdraw(set())
        self.http.delete("/sandbox/faults")
        self.http.put("/sandbox/profile", json={})
        self.http.close()
        self._open.close()

    def export(self, *rows: Cells) -> None:
        """Let these be all applications of the registration."""
        keys = {self._key(row): row for row in rows}
        self._withdraw(set(keys))
        self.enter(*rows)

    def enter(self, *rows: Cells) -> None:
        """Add or correct applications."""
        found = [entry(self._key(row), row | {"intake": self.intake}) for row in rows]
        self.http.post("/sandbox/applications", json=found).raise_for_status()

    def order(self, **fault: Any) -> None:
        """Order a fault."""
        self.http.post("/sandbox/faults", json=fault).raise_for_status()

    def requests(self, path: str = "") -> int:
        """Return how many requests were made, of all or of one path."""
        counted = self.http.get("/sandbox/requests").json()
        return int(counted["by_path"].get(path, 0) if path else counted["total"])

    def _key(self, row: Cells) -> int:
        """Return an application's id: the same for the same candidate and programme, ascending by candidate."""
        programme = sum(ord(letter) * (7 + at) for at, letter in enumerate(row["programme"])) % 1000
        candidate = int(re.sub(r"\D", "", row["candidate"]))
        return self.number * 10_000_000 + candidate * 1000 + programme

    def _withdraw(self, keep: set[int]) -> None:
        for each in self.http.get("/sandbox/applications").json():
            application = each["application"]
            if application["turn"]["registration"] == self.intake and application["id"] not in keep:
                self.http.delete(f"/sandbox/applications/{application['id']}")
