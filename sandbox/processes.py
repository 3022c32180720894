"""Stand-ins as child processes: start one, wait until it listens, stop it by its own process id."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

READY = "listening on "
PATIENCE = 30.0


class NotStarted(RuntimeError):
    """The child ended, or stayed silent, before it said where it listens."""


@dataclass(frozen=True, slots=True)
class Running:
    """A stand-in that answers at `url`."""

    pid: int
    url: str
    process: subprocess.Popen[bytes]

    def stop(self, patience: float = 5.0) -> None:
        """End the child politely, then by force, and wait until it is gone."""
        self.process.terminate()
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the child as a power cut would."""
        self.process.kill()
        self.process.wait()


def start(module: str, *arguments: str, env: Mapping[str, str] | None = None, log: Path) -> Running:
    """Start `python -m module arguments`, with `env` added to ours, and return once it listens; it writes to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    offset = log.stat().st_size if log.exists() else 0
    environment = {**os.environ, **(env or {}), "PYTHONUNBUFFERED": "1"}
    process = _spawn([sys.executable, "-m", module, *arguments], environment, log)
    try:
        url = _address(process, log, offset)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return Running(process.pid, url, process)


def _spawn(command: list[str], env: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start the command in the project's root, so that `sandbox` can be imported."""
    root = Path(__file__).resolve().parent.parent
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=root,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _address(process: subprocess.Popen[bytes], log: Path, offset: int) -> str:
    """Wait for the line that names the address, in what the child wrote after `offset` bytes."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        ended = process.poll() is not None
        said = log.read_bytes()[offset:].decode(errors="replace")
        for line in said.splitlines(keepends=True):
            if line.startswith(READY) and line.endswith("\n"):
                return line.removeprefix(READY).strip()
        if ended:
            raise NotStarted(f"it ended with {process.returncode}: {said[-2000:]}")
        time.sleep(0.02)
    raise NotStarted(f"it did not listen within {PATIENCE:.0f} s: {said[-2000:]}")
