"""The script by which workers have the registry counted, as it is rendered for hosts."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

TEMPLATE = Path(__file__).resolve().parents[2] / "templates/hosts/worker/estudent-figures.j2"
FOLDER = "/var/lib/prometheus/node-exporter"


class Counting:
    """The script, which writes into a folder of the test's and counts by `commands`."""

    def __init__(self, root: Path) -> None:
        self.folder, self.script, self._programs = root / "figures", root / "script", root / "programs"
        self.folder.mkdir()
        self._programs.mkdir()
        text = TEMPLATE.read_text().replace("{{ worker_release }}", "/release")
        assert FOLDER in text and "{{" not in text
        self.script.write_text(text.replace(FOLDER, str(self.folder)))

    def start(self, commands: str) -> subprocess.Popen[bytes]:
        """Start it in a group of its own; what it would do as the flows' account, `commands` do."""
        program = self._programs / "setpriv"
        program.write_text(f"#!/bin/sh\n{commands}\n")
        program.chmod(0o755)
        environment = {"PATH": f"{self._programs}{os.pathsep}{os.defpath}"}
        return subprocess.Popen(["sh", self.script], env=environment, start_new_session=True)

    def run(self, commands: str) -> int:
        return self.start(commands).wait(20)

    def left(self) -> dict[str, str]:
        return {file.name: file.read_text() for file in self.folder.iterdir()}


@pytest.fixture
def counting(tmp_path: Path) -> Counting:
    return Counting(tmp_path)


def test_what_was_counted_can_be_read_by_the_exporter(counting: Counting) -> None:
    assert counting.run("umask 077; echo 'figure 1'") == 0
    assert counting.left() == {"estudent-registry.prom": "figure 1\n"}
    assert (counting.folder / "estudent-registry.prom").stat().st_mode & 0o777 == 0o644


def test_what_was_counted_stays_where_counting_fails(counting: Counting) -> None:
    counting.run("echo 'figure 1'")
    assert counting.run("echo 'figu'; exit 3") == 3
    assert counting.left() == {"estudent-registry.prom": "figure 1\n"}


def test_nothing_is_left_where_counting_took_too_long(counting: Counting) -> None:
    """As systemd ends it, a signal to each of its processes; every five minutes, while a registry does not answer."""
    ready = counting.folder.parent / "ready"
    process = counting.start(f"touch {ready}; exec sleep 600")
    deadline = time.monotonic() + 20
    while not ready.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(20) != 0
    assert counting.left() == {}
