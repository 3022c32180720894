"""Programs that outlive the command that started them: known by process id and birth, ended by nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from sandbox.daemon import birth, recorded


def start(command: Sequence[str | Path], pid_file: Path, log: Path) -> None:
    """Start a program of its own session, and note who it is."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    pid_file.write_text(f"{process.pid} {birth(process.pid)}\n")
    # Nobody waits for it, and that is meant: without this, Python warns when it forgets about it.
    process.returncode = 0


def is_running(pid_file: Path) -> bool:
    """Tell whether the very process that was noted still runs."""
    pid, born = recorded(pid_file)
    return bool(pid and born and birth(pid) == born)


def end(pid_file: Path, how: signal.Signals = signal.SIGTERM, patience: float = 10) -> None:
    """End the noted process, by force when its patience is over; another that took over its number is left alone."""
    pid, _ = recorded(pid_file)
    deadline = time.monotonic() + patience
    if is_running(pid_file):
        os.kill(pid, how)
    while is_running(pid_file):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
    pid_file.unlink(missing_ok=True)
