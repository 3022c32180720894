"""The processes of a deployment: found by a mark in their environment, whatever their parents and sessions are."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

PATIENCE = 3.0
LOOK_AGAIN = 0.05


def marked(mark: str, room: str = "") -> list[int]:
    """Return the living processes that were started with `mark` (NAME=value) in their environment.

    A connection of SSH that is kept open has written its title over its environment; it names a file in our `room`.
    """
    return [int(each.name) for each in Path("/proc").glob("[0-9]*") if _is_ours(each, mark.encode(), room.encode())]


def interrupt(mark: str) -> None:
    """Ask Ansible to stop, as Ctrl-C does: it tells its workers, who take their commands with them."""
    for pid in marked(mark):
        if _parent(pid) == os.getpid():
            _send(pid, signal.SIGINT)


def end(mark: str, room: str) -> None:
    """End whatever of a deployment is left, connections kept open for reuse among it; return when nothing is."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + PATIENCE
        left = marked(mark, room)
        for pid in left:
            _send(pid, number)
        while left and time.monotonic() < deadline:
            time.sleep(LOOK_AGAIN)
            left = marked(mark, room)


def _is_ours(process: Path, mark: bytes, room: bytes) -> bool:
    try:
        if mark in (process / "environ").read_bytes().split(b"\0"):
            return True
        title = (process / "cmdline").read_bytes()
    except OSError:  # It has ended, or is somebody else's.
        return False
    return bool(room) and title.startswith(b"ssh: ") and room in title


def _parent(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[1])


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
