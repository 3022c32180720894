"""2,000 applications from a faltering IRK, by runs that are killed: the registry is the one that files make."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.irk.entries import FIRST_DAY, LOCAL_FIELDS, REGISTRATION, SECRET, entries, exported
from sandbox.processes import Running
from sandbox.sample import Sample, generate
from sandbox.settings_file import as_toml
from tests.contract.irk_office import TOKEN, start_irk

pytestmark = pytest.mark.enable_socket
STUDENTS = 2000
PATIENCE = 240.0
IN_SMALL_PORTIONS = "from estudent.services import read_feed; read_feed.AT_ONCE = read_feed.MOST_WAITING = 500; "
"""Of so few students all would be admitted in one transaction, and nobody could be killed in their midst."""
FINGERPRINT_KEY = "a key of the tests, long enough for it"
MOODS = (
    *("--throttled", "0.01", "--failing", "0.01", "--html", "0.01", "--truncated", "0.01", "--cut", "0.01"),
    *("--seed", "7", "--changed-since", "modified_after"),
)
QUERIES = {
    "people": """SELECT pesel_hash, document_hash, usos_id, given_name, middle_name, family_name, birth_date, email
        FROM person""",
    "students": "SELECT album_number, number_awaited_since IS NULL, language, standing FROM student",
    "studies": """SELECT candidate_number, intake, programme, programme_name, start_date, status, hex(row_hash)
        FROM study""",
    "whose": """SELECT pesel_hash, document_hash, album_number, candidate_number, programme FROM study
        JOIN student ON student.id = study.student_id JOIN person ON person.id = student.person_id""",
    "accounts": "SELECT login, state FROM account",
    "addresses": "SELECT address, kind FROM address",
    "account numbers": "SELECT purpose, nrb, origin FROM payment_account",
    "journal": "SELECT system, step, result, count(*) FROM journal GROUP BY system, step, result",
    "rejections": "SELECT candidate_number, field, kind, masked FROM rejection WHERE resolved_at IS NULL",
}


@dataclass
class Registry:
    """A registry of its own, and the command line that fills it."""

    folder: Path
    sections: dict[str, dict[str, object]]

    def __post_init__(self) -> None:
        self.folder.mkdir()
        registry = {"url": f"sqlite:///{self.folder / 'registry.sqlite'}", "fingerprint_key": FINGERPRINT_KEY}
        text = as_toml({"registry": registry, **self.sections})
        (self.folder / "settings.toml").write_text(text, encoding="utf-8")
        assert self.estudent("registry", "upgrade").wait(PATIENCE) == 0

    def estudent(self, *arguments: str, before: str = "") -> subprocess.Popen[bytes]:
        """Start `estudent …`, which writes into a log."""
        code = f"{before}import sys; from estudent.cli import main; sys.exit(main())"
        program = [sys.executable, "-c", code, *arguments]
        environment = {**os.environ, "ESTUDENT_SETTINGS": str(self.folder / "settings.toml")}
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(program, env=environment, stdout=log, stderr=log)

    def sync(self) -> dict[str, Any]:
        """Take in what is there, to its end, and return the counts."""
        before = len(self.log())
        assert self.estudent("sync", "--json").wait(PATIENCE) == 0, self.log()[before:]
        said = self.log()[before:]
        tally: dict[str, Any] = json.loads(said[said.index("[") :])[0]
        return tally

    def sync_and_kill(self, reached: Callable[[], bool]) -> None:
        """Take in what is there and end it, as a power cut would, once it has come so far."""
        process = self.estudent("sync", before=IN_SMALL_PORTIONS)
        deadline = time.monotonic() + PATIENCE
        while not reached():
            assert process.poll() is None, f"it was done before it could be killed: {self.log()}"
            assert time.monotonic() < deadline, "it never came so far"
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL

    def log(self) -> str:
        """Return all that the programs said."""
        return (self.folder / "log").read_text(encoding="utf-8")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the registry."""
        with closing(sqlite3.connect(self.folder / "registry.sqlite", timeout=60)) as registry:
            return registry.execute(query).fetchall()

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return all that recruitment brings, without numbers and times that only the order of arrival decides."""
        return {name: sorted(self.rows(query), key=str) for name, query in QUERIES.items()}


@pytest.fixture(scope="module")
def sample() -> Sample:
    return generate(STUDENTS)


@pytest.fixture(scope="module")
def irk(tmp_path_factory: pytest.TempPathFactory, sample: Sample) -> Iterator[Running]:
    running = start_irk(tmp_path_factory.mktemp("irk"), *MOODS)
    found = httpx.post(f"{running.url}/sandbox/applications", json=entries(sample), timeout=60)
    assert found.raise_for_status().json()["applications"] > STUDENTS
    yield running
    running.stop()


@pytest.fixture(scope="module")
def from_irk(tmp_path_factory: pytest.TempPathFactory, irk: Running) -> Registry:
    """A registry that was filled through the API, by three runs of which two were killed."""
    ours: dict[str, object] = {
        "url": irk.url,
        "token": TOKEN,
        "changed_since": "modified_after",
        "overlap_minutes": 0,
        "per_minute": 1_000_000,
    }
    ours |= {"registrations": {REGISTRATION: FIRST_DAY}, "fields": LOCAL_FIELDS}
    registry = Registry(tmp_path_factory.mktemp("api") / "here", {"recruitment": {"source": "irk"}, "irk": ours})
    registry.sync_and_kill(lambda: requests(irk) > 300)
    assert registry.rows("SELECT count(*) FROM person") == [(0,)]
    registry.sync_and_kill(lambda: registry.rows("SELECT count(*) FROM person")[0][0] > 0)
    assert 0 < registry.rows("SELECT count(*) FROM person")[0][0] < STUDENTS
    assert registry.rows("SELECT count(*) FROM feed WHERE closed_at IS NOT NULL") == [(0,)]
    tally = registry.sync()
    assert tally["failed"] == 0
    return registry


@pytest.fixture(scope="module")
def from_files(tmp_path_factory: pytest.TempPathFactory, sample: Sample) -> Registry:
    """A registry that was filled from a file of the same applications, at once."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "feeds").mkdir()
    lines = (json.dumps(row) for row in exported(sample) if row["status"] != "rezygnacja")
    (folder / "feeds" / "irk.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    recruitment: dict[str, object] = {"folder": str(folder / "feeds"), "settle_seconds": 0}
    registry = Registry(folder / "here", {"recruitment": recruitment})
    registry.sync()
    return registry


def requests(irk: Running) -> int:
    total: int = httpx.get(f"{irk.url}/sandbox/requests", timeout=60).json()["total"]
    return total


def test_the_registry_is_the_one_that_files_of_the_same_data_make(from_irk: Registry, from_files: Registry) -> None:
    found, wanted = from_irk.everything(), from_files.everything()
    assert len(wanted["students"]) == STUDENTS
    assert len(wanted["rejections"]) > 50
    for name, rows in wanted.items():
        assert found[name] == rows, name


def test_irk_met_every_kind_of_fault(from_irk: Registry, irk: Running) -> None:
    assert from_irk
    befell = httpx.get(f"{irk.url}/sandbox/profile").json()["befell"]
    assert all(befell.values()), befell


def test_another_run_takes_in_nothing_and_asks_for_nobody_again(from_irk: Registry, irk: Running) -> None:
    httpx.put(f"{irk.url}/sandbox/profile", json={}).raise_for_status()
    before, held = requests(irk), from_irk.everything()
    tally = from_irk.sync()
    assert (tally["read"], tally["new"], tally["changed"], tally["failed"]) == (0, 0, 0, 0)
    assert requests(irk) == before + 1
    assert from_irk.everything() == held


def test_refused_records_name_their_page(from_irk: Registry) -> None:
    assert from_irk.estudent("rejections", "--csv", "--language", "en").wait(PATIENCE) == 0
    reported = [line.split(";") for line in from_irk.log().splitlines() if line.startswith("IRK;")]
    assert len(reported) > 50
    assert all("/" in line[1] and line[2].isdecimal() for line in reported)


def test_no_token_password_or_number_stands_in_logs_or_the_registry(from_irk: Registry, sample: Sample) -> None:
    canaries = {TOKEN, SECRET, *(row["pesel"] for row in exported(sample) if len(row["pesel"]) == 11)}
    registry = b"".join(path.read_bytes() for path in from_irk.folder.glob("registry.sqlite*"))
    assert not [canary for canary in canaries if canary.encode() in registry]
    assert not [canary for canary in canaries if canary in from_irk.log()]
