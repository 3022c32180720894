"""The files that stand in the recruitment folder."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG

from estudent.ports import Misconfigured, Unavailable

FOLDER_SETTING = "ESTUDENT_RECRUITMENT__FOLDER"
SUFFIXES = (".csv", ".txt", ".tsv", ".xlsx", ".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as it stood when it was listed: its size in bytes, its modification time in nanoseconds."""

    path: Path
    is_regular: bool
    size: int
    modified: int

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def modified_at(self) -> datetime:
        return datetime.fromtimestamp(self.modified / 1e9, UTC)

    def has_changed(self) -> bool:
        """Tell whether the file was written, replaced or removed since it was listed."""
        return listed(self.path) != self


def names_in(folder: Path) -> frozenset[str]:
    """Return the names of all that stands in the folder, or raise Misconfigured or Unavailable."""
    try:
        return frozenset(entry.name for entry in folder.iterdir())
    except FileNotFoundError:
        raise _misconfigured(folder, "does not exist") from None
    except NotADirectoryError:
        raise _misconfigured(folder, "is no folder") from None
    except PermissionError:
        raise _misconfigured(folder, "may not be read by this account") from None
    except OSError as error:
        raise Unavailable(f"the recruitment folder does not answer ({error.strerror}): check its disk") from None


def files_among(folder: Path, names: Collection[str]) -> list[Listed]:
    """Return those of the names that are recruitment files and still there, oldest first."""
    found = [file for name in names if _is_ours(name) and (file := listed(folder / name))]
    return sorted(found, key=lambda file: (file.modified, file.name))


def listed(path: Path) -> Listed | None:
    """Return the file as it stands now, or None if there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    except OSError:
        return Listed(path, False, 0, 0)
    return Listed(path, S_ISREG(found.st_mode), found.st_size, found.st_mtime_ns)


def companion(name: str, names: Collection[str]) -> str | None:
    """Return the name of the file beside this one that says that it is still open."""
    stem = Path(name).stem
    signs = (f"~${name}", f".~lock.{name}#", f"{name}.part", f"{name}.lock", f"{stem}.part", f"{stem}.lock")
    return next((sign for sign in signs if sign in names), None)


def _is_ours(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not name.startswith((".", "~$"))


def _misconfigured(folder: Path, why: str) -> Misconfigured:
    return Misconfigured(f"the recruitment folder {folder} {why}: correct {FOLDER_SETTING}, or the folder's rights")
