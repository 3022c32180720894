"""Programs of Debian packages: the installed one, else unpacked into a folder of the project, without root."""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "var" / "debian"
PLACES = ("usr/bin", "bin", "usr/sbin", "sbin", "usr/local/sbin", "usr/lib/postgresql/*/bin")
APT = ("apt-get",)


class NotInstallable(RuntimeError):
    """A program is neither installed nor can its packages be had; says what to do next."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that can be run: `root` is `/` when it is installed, else the folder its packages were unpacked in."""

    path: Path
    root: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables to add to one's own environment, so that the program finds its libraries."""
        folders = ":".join(str(folder) for folder in _libraries(self.root))
        return {"LD_LIBRARY_PATH": folders} if folders else {}

    @property
    def modules(self) -> Path:
        """The folder of slapd's loadable modules."""
        return self.root / "usr/lib/ldap"

    @property
    def schemas(self) -> Path:
        """The folder of the schemas that slapd brings."""
        return self.root / "etc/ldap/schema"


def find(
    program: str, packages: Sequence[str], *, folder: Path = FOLDER, unpack: bool = False, apt: Sequence[str] = APT
) -> Program:
    """Return the installed program, else (or when `unpack`) the one from these packages, fetched at most once.

    Raises NotInstallable. Two processes may ask at once; the second waits for the first.
    """
    if not unpack and (installed := _installed(program)):
        return Program(installed, Path("/"))
    root = unpacked(packages, folder=folder, apt=apt)
    if path := _within(root, program):
        return Program(path, root)
    raise NotInstallable(f"the packages {' '.join(packages)} hold no program {program}; remove {root} and name others")


def unpacked(packages: Sequence[str], *, folder: Path = FOLDER, apt: Sequence[str] = APT) -> Path:
    """Return the folder below which these packages' files are, fetched at most once. Raises NotInstallable."""
    root = folder.resolve() / f"{_release()}-{'+'.join(packages)}"
    if not root.is_dir():
        _provide(root, packages, apt)
    return root


def _installed(program: str) -> Path | None:
    if on_path := shutil.which(program):
        return Path(on_path)
    return _within(Path("/"), program)


def _within(root: Path, program: str) -> Path | None:
    """Return the program below `root`, of the highest version where there are several."""
    found = [path for place in PLACES for path in root.glob(f"{place}/{program}") if os.access(path, os.X_OK)]
    return max(found, key=_version, default=None)


def _version(path: Path) -> int:
    """The number of the folder in /usr/lib/postgresql/15/bin, and 0 elsewhere."""
    number = path.parent.parent.name
    return int(number) if number.isdecimal() else 0


def _release() -> str:
    """Packages of one release do not run on another: the name goes into the folder's."""
    return platform.freedesktop_os_release().get("VERSION_CODENAME", "unknown")


def _libraries(root: Path) -> list[Path]:
    if root == Path("/"):
        return []
    return [folder for place in ("usr/lib", "lib") for folder in sorted((root / place).glob("*-linux-gnu*"))]


def _provide(root: Path, packages: Sequence[str], apt: Sequence[str]) -> None:
    """Make `root` appear whole or not at all."""
    root.parent.mkdir(parents=True, exist_ok=True)
    with _alone(root.parent / f"{root.name}.lock"):
        if root.is_dir():
            return
        work = root.parent / f"{root.name}.new"
        shutil.rmtree(work, ignore_errors=True)
        (work / "root").mkdir(parents=True)
        for archive in _download(work, packages, apt):
            _run(["dpkg", "-x", str(archive), str(work / "root")], packages)
        (work / "root").rename(root)
        shutil.rmtree(work)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _download(work: Path, packages: Sequence[str], apt: Sequence[str]) -> list[Path]:
    """Fetch the packages and those of their dependencies that the machine lacks, with lists and a cache of our own."""
    for name in ("state/lists/partial", "cache/archives/partial"):
        (work / name).mkdir(parents=True)
    options = [
        "-q",
        *_options(
            {
                "Dir::State": work / "state",
                "Dir::State::status": "/var/lib/dpkg/status",
                "Dir::Cache": work / "cache",
                "APT::Sandbox::User": "",
                "Debug::NoLocking": "true",
                "Acquire::Retries": "2",
            }
        ),
    ]
    _run([*apt, *options, "update"], packages)
    _run(
        [*apt, *options, "install", "--download-only", "--reinstall", "--no-install-recommends", "-y", *packages],
        packages,
    )
    return sorted((work / "cache/archives").glob("*.deb"))


def _options(settings: Mapping[str, object]) -> list[str]:
    return [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]


def _run(command: Sequence[str], packages: Sequence[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    except FileNotFoundError:
        raise NotInstallable(_advice(packages, f"there is no {command[0]} here")) from None
    if done.returncode:
        raise NotInstallable(_advice(packages, (done.stderr or done.stdout).strip()[-500:]))


def _advice(packages: Sequence[str], reason: str) -> str:
    return (
        f"cannot have {' '.join(packages)}: {reason}\n"
        f"Either install them (as root: apt-get install {' '.join(packages)}), or give apt a source of "
        "Debian or Ubuntu packages in /etc/apt/sources.list.d and a way to reach it, and start again."
    )
