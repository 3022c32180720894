"""A student of the lab: what recruitment exports, what arrives by mail, and a browser that trusts the lab."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from sandbox.browser import DESKTOP, Browsers, Visitor
from sandbox.sample import Row, Sample, generate
from sandbox.sample.numbers import Numbers
from sandbox.semester import until

PORTAL = "https://estudent.uczelnia.example"
OUTSIDE = "https://outside1.uczelnia.example"
PATIENCE = 90_000
ACTIVE = 2
"""A student's status at USOS."""


def newcomer(seed: int) -> Row:
    """Return a student with a PESEL whom USOS knows, of numbers that nobody else in the lab has."""
    album = str(2_000_000 + seed % 7_000_000)
    row = next(row for row in generate(20, seed, broken=False).students if row.pesel and row.usos_id)
    return row._replace(
        candidate=f"M-2026-{album}",
        email=f"{album}@poczta.example",
        language="pl",
        album_number=album,
        usos_id=album,
        account_number=Numbers(Random(seed)).account(),
    )


def export_of(row: Row) -> Sample:
    """Return the export that recruitment makes of one student."""
    return Sample([row], {})


@dataclass(frozen=True)
class Outside:
    """What is somebody else's: mail as it arrives, USOS, Microsoft."""

    web: httpx.Client

    def enter_at_usos(self, row: Row) -> None:
        """Have the dean's office enter the student, with the account number that USOS gives."""
        person = {
            "os_id": int(row.usos_id),
            "student_number": row.album_number,
            "first_name": row.given_name,
            "last_name": row.family_name,
            "programme_id": row.programme,
            "programme_description": row.programme_name,
            "student_status": ACTIVE,
            "account_number": row.account_number,
            "pesel": row.pesel,
        }
        self.web.post(f"{OUTSIDE}:8444/sandbox/people", json=[person]).raise_for_status()

    def letters(self, to: str) -> list[dict[str, Any]]:
        """Return the letters to an address, the newest first."""
        found: list[dict[str, Any]] = self.web.get(f"{OUTSIDE}:8446/sandbox/messages", params={"to": to}).json()
        return found

    def letter(self, to: str, pattern: str, *, after: int = 0) -> re.Match[str]:
        """Return what a letter to this address says, as soon as one that matches has come after the number `after`."""

        def come() -> re.Match[str] | None:
            texts = (letter["text"] for letter in self.letters(to) if letter["id"] > after)
            return next(filter(None, (re.search(pattern, text) for text in texts)), None)

        return until(come, f"no letter to {to} matches {pattern}", 60)

    def newest(self, to: str) -> int:
        """Return the number of the newest letter to an address."""
        return max((int(letter["id"]) for letter in self.letters(to)), default=0)

    def activation_link(self, row: Row) -> str:
        """Return the personal link of the album number letter."""
        return self.letter(row.email, rf"{PORTAL}/activate#\S+").group(0)

    def at_microsoft(self, album: str) -> dict[str, Any] | None:
        """Return the student's user at Microsoft."""
        users = self.web.get(f"{OUTSIDE}:8443/sandbox/users").json()
        return next((user for user in users if user.get("employeeId") == album), None)


@contextmanager
def browsers_that_trust(authority: str, home: Path) -> Iterator[Browsers]:
    """Start Chromium with a home of its own, in which the lab's authority is trusted like any other."""
    database = home / ".pki" / "nssdb"
    database.mkdir(parents=True)
    (home / "ca.pem").write_text(authority)
    certutil = ("certutil", "-d", f"sql:{database}")
    subprocess.run([*certutil, "-N", "--empty-password"], check=True)
    subprocess.run([*certutil, "-A", "-n", "lab", "-t", "C,,", "-i", str(home / "ca.pem")], check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            patch.delenv(name)
        with Browsers() as browsers:
            yield browsers


def visitor(browsers: Browsers) -> Visitor:
    """Return a student's browser, which goes wherever pages lead, and waits for a machine that does much at once."""
    arrived = browsers.visitor(PORTAL, DESKTOP, language="pl")
    arrived.context.unroute_all()
    arrived.context.set_default_timeout(PATIENCE)
    return arrived
