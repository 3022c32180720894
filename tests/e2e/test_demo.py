"""The demo as a new user runs it, twice."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.enable_socket
STUDENTS = 350


def demo(folder: Path, *options: str) -> dict[str, Any]:
    """Run the demo to its end and return its report."""
    command = [sys.executable, "-m", "sandbox.demo", "--once", "--count", str(STUDENTS), "--folder", str(folder)]
    command += options
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return report


def ended_well(folder: Path) -> set[str]:
    """Return the runs of which the registry knows that they ended well."""
    with closing(sqlite3.connect(folder / "registry.sqlite")) as registry:
        return {name for (name,) in registry.execute("SELECT name FROM watermark WHERE name LIKE 'run %'")}


def test_the_second_demo_finds_everything_done(tmp_path: Path) -> None:
    first, second = demo(tmp_path), demo(tmp_path)
    assert ended_well(tmp_path) == {"run semester-start", "run requests"}
    assert first["agrees"]
    assert second["agrees"]
    for system, row in second["systems"].items():
        assert (row["new"], row["changed"], row["failed"]) == (0, 0, 0), system
        assert row["found"] == first["systems"][system]["found"], system
    assert first["systems"]["recruitment"]["new"] == STUDENTS
    # The album number went to everybody; the portal told whoever had asked that the mailbox works and USOSweb is open.
    ready = first["systems"]["mailboxes"]["found"]
    assert first["systems"]["letters"]["new"] + 2 * ready == first["systems"]["letters"]["found"]


def test_a_demo_that_reads_irk_serves_everybody_too(tmp_path: Path) -> None:
    report = demo(tmp_path, "--irk")
    assert report["agrees"]
    assert report["systems"]["recruitment"]["new"] == STUDENTS
    assert list((tmp_path / "recruitment").iterdir()) == []
