"""On what it was measured: the machine, its load, and the versions of what took part."""

from __future__ import annotations

import json
import os
import platform
import re
import sqlite3
import subprocess
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from sandbox import debian, slapd

ROOT = Path(__file__).resolve().parents[1]
UNKNOWN = "unknown"
MEMORY = r"MemTotal: *(\d+)"


def described() -> list[tuple[str, str]]:
    """Return names and values, for a table."""
    found: dict[str, Callable[[], str]] = {
        "measured": lambda: f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "commit": _commit,
        "processor": lambda: _in(Path("/proc/cpuinfo"), r"model name\s*: (.*)"),
        "cores": lambda: str(len(os.sched_getaffinity(0))),
        "memory": lambda: f"{int(_in(Path('/proc/meminfo'), MEMORY)) / 2**20:.1f} GB",
        "load at the start": lambda: ", ".join(f"{load:.2f}" for load in os.getloadavg()),
        "system": lambda: (
            f"{platform.freedesktop_os_release().get('PRETTY_NAME', UNKNOWN)}, Linux {platform.release()}"
        ),
        "Python": platform.python_version,
        "OpenLDAP": _openldap,
        "PostgreSQL": lambda: _said(r"PostgreSQL\) ([\d.]+)", [_path("postgres", ("postgresql",)), "--version"]),
        "SQLite": lambda: sqlite3.sqlite_version,
        **{name: partial(version, name) for name in ("prefect", "ldap3", "ansible-core", "argon2-cffi")},
        "community.general": _community_general,
    }
    return [(name, _or_unknown(find)) for name, find in found.items()]


def _or_unknown(find: Callable[[], str]) -> str:
    """A version that cannot be told stops no benchmark."""
    try:
        return find() or UNKNOWN
    except (OSError, ValueError, ImportError, debian.NotInstallable, subprocess.SubprocessError):
        return UNKNOWN


def _commit() -> str:
    commit = _said(r"(\w{12})", ["git", "-C", str(ROOT), "rev-parse", "HEAD"])
    changed = _said(r"(.)", ["git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no"])
    return f"{commit}, with changes" if changed else commit


def _openldap() -> str:
    program = debian.find("slapd", slapd.PACKAGES)
    return _said(r"slapd ([\d.]+)", [str(program.path), "-VV"], program.environment)


def _path(program: str, packages: Sequence[str]) -> str:
    return str(debian.find(program, packages).path)


def _said(pattern: str, command: Sequence[str], more: Mapping[str, str] | None = None) -> str:
    environment = {**os.environ, **(more or {})}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30, env=environment)
    return _found(pattern, done.stdout + done.stderr)


def _in(file: Path, pattern: str) -> str:
    return _found(pattern, file.read_text(encoding="utf-8"))


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    return match.group(1) if match else ""


def _community_general() -> str:
    spec = find_spec("ansible_collections.community.general")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        told = json.loads((Path(folder) / "MANIFEST.json").read_text(encoding="utf-8"))
        return str(told["collection_info"]["version"])
    return UNKNOWN
