"""A server of somebody else's making in the background: owned by one folder, stopped by its process id."""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

PATIENCE = 20.0
SOCKET_PATH_LIMIT = 107  # bytes of sun_path, without the closing zero (unix(7))


class NotStarted(RuntimeError):
    """The server ended or stayed silent before it answered; says what its log ends with."""


class InUse(RuntimeError):
    """Another living process owns the folder."""


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def on_ports(file: Path, count: int, start: Callable[..., None]) -> None:
    """Call `start` with the ports that `file` remembers, or with free ones, which it then remembers.

    Between being found free and being listened on a port can be lost to another program: so it is tried three times.
    """
    for attempts_left in (2, 1, 0):
        ports = _recall(file) or [free_port() for _ in range(count)]
        file.write_text(json.dumps(ports))
        try:
            start(*ports)
        except NotStarted:
            file.unlink()
            if not attempts_left:
                raise
        else:
            return


def _recall(file: Path) -> list[int] | None:
    """Return the remembered ports unless somebody else listens on one of them by now."""
    try:
        ports: list[int] = json.loads(file.read_text())
    except (OSError, ValueError):
        return None
    return ports if all(map(_is_free, ports)) else None


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


class Daemon:
    """One server for one folder: whoever starts it owns the folder until it is stopped or the owner dies."""

    def __init__(self, folder: Path, name: str, *, ending: signal.Signals = signal.SIGTERM) -> None:
        self.log = folder / f"{name}.log"
        self._pid_file = folder / f"{name}.pid"
        self._lock_file = folder / f"{name}.lock"
        self._ending = ending
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def claim(self) -> None:
        """Become the folder's owner; a server that a dead owner left running is stopped. Raises InUse."""
        if self._lock is not None:
            return
        lock = self._lock_file.open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise InUse(f"another process uses {self._lock_file.parent}; stop it or take another folder") from None
        self._lock = lock
        self._end_orphan()

    def start(
        self,
        command: Sequence[str],
        answers: Callable[[], bool],
        *,
        env: Mapping[str, str],
        user: int | None = None,
        group: int | None = None,
    ) -> None:
        """Run the command, as another account if asked, and return once it answers. Raises NotStarted."""
        self.claim()
        offset = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                cwd="/",
                env={**os.environ, **env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=user,
                group=group,
                extra_groups=None if user is None else [],
            )
        self._pid_file.write_text(f"{self._process.pid} {birth(self._process.pid)}\n")
        atexit.register(self.stop)
        self._await(answers, offset)

    def stop(self) -> None:
        """End the server, by force if it takes too long, wait until it is gone and give up the folder."""
        if self._process is not None:
            self._end(self._process)
            self._process = None
            self._pid_file.unlink(missing_ok=True)
            atexit.unregister(self.stop)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _await(self, answers: Callable[[], bool], offset: int) -> None:
        deadline = time.monotonic() + PATIENCE
        while not answers():
            if self.pid is None or time.monotonic() > deadline:
                said = self.log.read_bytes()[offset:].decode(errors="replace")[-1500:]
                self.stop()
                raise NotStarted(f"the server did not start; {self.log} ends with:\n{said}")
            time.sleep(0.01)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Ask until it ends: slapd loses a SIGTERM that comes between its handlers and its loop."""
        deadline = time.monotonic() + PATIENCE
        while process.poll() is None:
            process.send_signal(self._ending if time.monotonic() < deadline else signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                process.wait(1)

    def _end_orphan(self) -> None:
        """Stop what an owner that crashed left behind; a process that only took over its number is left alone."""
        pid, born = recorded(self._pid_file)
        if pid and born and birth(pid) == born:
            os.kill(pid, self._ending)
            _wait_until_gone(pid, born)
        self._pid_file.unlink(missing_ok=True)


def recorded(pid_file: Path) -> tuple[int, str]:
    """Return the process id and birth that a file notes, or zero and nothing."""
    try:
        pid, born = pid_file.read_text().split()
        return int(pid), born
    except (OSError, ValueError):
        return 0, ""


def birth(pid: int) -> str:
    """Return when a process began, in ticks since boot (field 22 of proc_pid_stat(5)), or nothing if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]


def _wait_until_gone(pid: int, born: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while birth(pid) == born:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
