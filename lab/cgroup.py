"""All processes of a host at once: the unified cgroup that it was booted in."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

MOUNTED = Path("/run/estudent-lab/cgroup")
PATIENCE = 20


def kill(name: str) -> None:
    """Kill whatever runs in a cgroup and below, and remove it; one that is not there is no fault.

    Killing a container's supervisor alone leaves its system running (systemd-nspawn 252, seen).
    """
    group = _hierarchy() / name
    if not group.exists():
        return
    (group / "cgroup.kill").write_text("1")
    deadline = time.monotonic() + PATIENCE
    while "populated 1" in (group / "cgroup.events").read_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    for folder, _, _ in os.walk(group, topdown=False):
        Path(folder).rmdir()


def leave() -> None:
    """Take the place of the hierarchy away."""
    if MOUNTED.is_mount():
        subprocess.run(["umount", "--lazy", MOUNTED], check=True)
    shutil.rmtree(MOUNTED.parent, ignore_errors=True)


def _hierarchy() -> Path:
    """Return where the unified hierarchy is: a place of its own, since commands in a namespace see another /sys."""
    if not MOUNTED.is_mount():
        MOUNTED.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "cgroup2", "none", MOUNTED], check=True)
    return MOUNTED
