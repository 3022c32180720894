"""This machine, as the lab needs to know it: where packages come from, whom it trusts, what it must allow."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

SOURCES = (Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d"))
TRUSTED = Path("/etc/ssl/certs/ca-certificates.crt")
INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
ENOUGH_INOTIFY = 2048
PROGRAMS = {
    "debootstrap": "debootstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "ssh": "openssh-client",
    "tinyproxy": "tinyproxy",
    "socat": "socat",
    "zstd": "zstd",
}


class Unfit(RuntimeError):
    """This machine cannot run a lab as it is; says what is missing."""


@dataclass(frozen=True, slots=True)
class Archive:
    """Where Debian's packages come from: the mirror, and the one of its security updates."""

    packages: str
    security: str


def archive() -> Archive:
    """Return the mirrors that this machine's own apt is set to. Raises Unfit."""
    release = dict(re.findall(r'^(\w+)="?([^"\n]*)', Path("/etc/os-release").read_text(), re.M))
    codename = release.get("VERSION_CODENAME", "")
    found = dict(reversed([(suite, uri) for uri, suites in _sources() for suite in suites]))
    try:
        return Archive(found[codename], found.get(f"{codename}-security", found[codename]))
    except KeyError:
        raise Unfit(f"no source of Debian {codename!r} in {SOURCES[0]} or {SOURCES[1]}") from None


def registries() -> set[str]:
    """Return the names of the hosts that packages come from; nothing else is reached from inside the lab."""
    addresses = [address for address, _ in _sources()] + _python_indexes()
    return {host for address in addresses if (host := urlsplit(address).hostname)}


def allow_many_watches() -> None:
    """Let many systemds watch files at once: they share one account's inotify instances (128 by default)."""
    if int(INOTIFY.read_text()) < ENOUGH_INOTIFY:
        INOTIFY.write_text(str(ENOUGH_INOTIFY))


def fit() -> None:
    """Install the programs that the lab needs and this machine lacks. Raises Unfit where that is not possible."""
    if os.geteuid():
        raise Unfit("the lab makes network namespaces and boots hosts: it needs root (sudo make lab-up)")
    missing = sorted({package for program, package in PROGRAMS.items() if not _is_there(program)})
    if missing:
        print(f"installing {', '.join(missing)}", flush=True)
        _apt("update")
        _apt("install", "-y", "--no-install-recommends", *missing)


def _apt(*arguments: str) -> None:
    surroundings = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "-qq", *arguments], check=True, stdout=subprocess.DEVNULL, env=surroundings)


def _is_there(program: str) -> bool:
    return any((Path(folder) / program).exists() for folder in ("/usr/bin", "/usr/sbin", "/bin", "/sbin"))


def _sources() -> list[tuple[str, list[str]]]:
    """Return (address, suites) of every source of packages."""
    files = [SOURCES[0], *(sorted(SOURCES[1].glob("*")) if SOURCES[1].is_dir() else [])]
    return [source for file in files if file.is_file() for source in _sources_in(file)]


def _sources_in(file: Path) -> Iterator[tuple[str, list[str]]]:
    text = re.sub(r"^#.*\n?", "", file.read_text(), flags=re.M)
    if file.suffix == ".sources":
        for paragraph in re.split(r"\n\s*\n", text):
            fields = dict(re.findall(r"^(\S+?):\s*(.*)$", paragraph, re.M))
            for address in fields.get("URIs", "").split():
                yield address, fields.get("Suites", "").split()
        return
    for address, suite in re.findall(r"^deb\s+(?:\[.*?\]\s+)?(\S+)\s+(\S+)", text, re.M):
        yield address, [suite]


def _python_indexes() -> list[str]:
    """Return the package indexes that pip and uv use here: the usual one, and those that are set."""
    usual = subprocess.run(
        [sys.executable, "-c", "from pip._internal.models.index import PyPI as p; print(p.url, p.file_storage_domain)"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    named = [os.environ.get(name, "") for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL")]
    return [usual[0], f"https://{usual[1]}", *(part for value in [*named, *_pip_settings()] for part in value.split())]


def _pip_settings() -> list[str]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(["/etc/pip.conf", Path.home() / ".pip/pip.conf", Path.home() / ".config/pip/pip.conf"])
    return [parser.get("global", name, fallback="") for name in ("index-url", "extra-index-url")]
