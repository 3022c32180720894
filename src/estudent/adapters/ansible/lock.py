"""One deployment at a time on this host, whoever starts it; the kernel gives the lock back when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from estudent.ports import Misconfigured, Refused


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold the lock; raise Refused while somebody else does."""
    handle = _opened(file)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise Refused(
            "another deployment runs on this host, or waits for its approval; let it end or cancel it, then start again"
        ) from None
    try:
        yield
    finally:
        os.close(handle)


def _opened(file: Path) -> int:
    """Open the file, which may be another account's: for a lock, reading is enough."""
    try:
        return os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise Misconfigured(f"ESTUDENT_DEPLOYMENT__LOCK_FILE: {error.strerror}: {file}") from None
    try:
        return os.open(file, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise Misconfigured(f"ESTUDENT_DEPLOYMENT__LOCK_FILE: {error.strerror}: {file}") from None
