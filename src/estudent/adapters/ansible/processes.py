"""The processes of a deployment: found by a mark in their environment, whatever their parents and sessions are."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PATIENCE = 3.0
LOOK_AGAIN = 0.05


def marked(mark: str, room: str = "") -> list[int]:
    """Return the living processes that were started with `mark` (NAME=value) in their environment.

    A connection of SSH that is kept open has written its title over its environment; it names a file in our `room`.
    """
    return [int(each.name) for each in Path("/proc").glob("[0-9]*") if _is_ours(each, mark.encode(), room.encode())]


@contextmanager
def guarded(mark: str, room: Path) -> Iterator[None]:
    """End whatever bears `mark` or names the room, and remove it, at the block's end or when we are killed in it.

    A process of its own does so, in a session of its own, when its input ends; it runs this file and imports nothing
    else of ours, nor does it inherit our environment.
    """
    command = [sys.executable, "-I", "-S", __file__, mark, str(room)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(  # noqa: S603 - our own file, and paths of our making
        command, env={}, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, start_new_session=True
    ):
        yield


def interrupt(mark: str) -> None:
    """Ask Ansible to stop, as Ctrl-C does: it tells its workers, who take their commands with them."""
    for pid in marked(mark):
        if _parent(pid) == os.getpid():
            _tell(pid, signal.SIGINT, mark)


def end(mark: str, room: str) -> None:
    """End whatever of a deployment is left, connections kept open for reuse among it, and what they start meanwhile.

    It returns when nothing is left, or after twice our patience.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline, told = time.monotonic() + PATIENCE, set[int]()
        while (left := set(marked(mark, room))) and time.monotonic() < deadline:
            for pid in left - told:
                _tell(pid, number, mark, room)
            told |= left
            time.sleep(LOOK_AGAIN)


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


def _tell(pid: int, number: signal.Signals, mark: str, room: str = "") -> None:
    """Send a signal to a process of ours, and to none that has got its number since it was looked for."""
    with suppress(ProcessLookupError), _held(pid) as process:
        if _is_ours(Path(f"/proc/{pid}"), mark.encode(), room.encode()):
            signal.pidfd_send_signal(process, number)


@contextmanager
def _held(pid: int) -> Iterator[int]:
    """Return a handle of the process that has this number now; it never means another one."""
    try:
        handle = os.pidfd_open(pid)
    except OSError as error:
        # Threads have numbers of the same kind; of one that is no process the kernel says EINVAL, a newer one ENOENT.
        if error.errno in {errno.EINVAL, errno.ENOENT}:
            raise ProcessLookupError from None
        raise
    try:
        yield handle
    finally:
        os.close(handle)


def _guard(mark: str, room: Path) -> None:
    """Wait until our starter closes our input, or is no more; when all are told to end, what it started goes first."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.read()
    # By its name: SSH shows the folder's real path, which may lead elsewhere than ours.
    end(mark, room.name)
    shutil.rmtree(room, ignore_errors=True)


if __name__ == "__main__":
    _guard(sys.argv[1], Path(sys.argv[2]))
