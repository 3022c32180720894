"""How much memory a process had at most, from VmHWM of proc_pid_status(5).

Its getrusage(2) would not do: what a parent held when it started the process counts there, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

EVERY = 0.2
"""Seconds between two looks at processes that are not ours: what one does in its last moments is not seen."""


@dataclass(slots=True)
class Peak:
    """The megabytes that were resident at most in one of the processes watched."""

    megabytes: float = 0.0


def peak_of(pid: int | str = "self") -> float:
    """Return how many megabytes were resident at most in a process so far; none of one that is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


@contextmanager
def watched(pid: int, *, itself: bool = True) -> Iterator[Peak]:
    """Look at a process and all that it started, again and again; without `itself` at these alone."""
    peak, over = Peak(), Event()

    def look() -> None:
        while True:
            pids = [*([pid] if itself else []), *descendants(pid)]
            peak.megabytes = max([peak.megabytes, *map(peak_of, pids)])
            if over.wait(EVERY):
                return

    watcher = Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()


def descendants(pid: int) -> list[int]:
    """Return the processes that a process has started, theirs too, as far as they are there now."""
    parents = {int(each.name): _parent(each) for each in Path("/proc").glob("[0-9]*")}
    found, more = list[int](), [pid]
    while more:
        more = [child for child, parent in parents.items() if parent in more]
        found += more
    return found


def _parent(process: Path) -> int:
    """Return who started a process (field 4 of proc_pid_stat(5)), or 0 if it is gone."""
    try:
        return int((process / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
    except OSError:
        return 0
