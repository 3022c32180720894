"""The folder into which statements come, with one subfolder for each bank."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from estudent.adapters.banks.broken import Broken
from estudent.adapters.banks.camt053 import read_camt053
from estudent.adapters.banks.encoding import decoded
from estudent.adapters.banks.mass_payments import read_mass_payments
from estudent.adapters.banks.mt940 import read_mt940
from estudent.adapters.banks.scheme import BankScheme, digits_of
from estudent.domain.statement import Statement
from estudent.ports import Misconfigured, Refused, StatementFile, Unavailable

FOLDER_SETTING = "ESTUDENT_STATEMENTS__FOLDER"
LARGEST = 200_000_000
"""Bytes; a month of 100,000 payments has 30 million in the wordiest of the formats."""

START = 4096


class BankFolder:
    """Port `Banks` on a folder; a subfolder that no scheme names is read by the usual one."""

    def __init__(
        self, folder: Path, schemes: Mapping[str, BankScheme], *, settle: timedelta, clock: Callable[[], datetime]
    ) -> None:
        self.folder, self.schemes, self.settle, self.clock = folder, schemes, settle, clock

    def files(self) -> Iterator[StatementFile]:
        """Yield the files, oldest first; one that is still being written is left for a later run."""
        for path in sorted(self._paths(), key=_by_age):
            if file := self._file(path):
                yield file

    def check(self) -> str:
        """Return how many files there are, or raise Misconfigured or Unavailable."""
        many = len(self._paths())
        return f"{many} statement {'file' if many == 1 else 'files'} in {self.folder.name}"

    def _paths(self) -> list[Path]:
        try:
            banks = [entry for entry in self.folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
            return [file for bank in banks for file in bank.iterdir() if file.is_file() and not _is_aside(file)]
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            raise Misconfigured(
                f"the folder of statements {self.folder} is not there or may not be read: correct {FOLDER_SETTING}, "
                "or the folder's rights"
            ) from None
        except OSError as error:
            raise Unavailable(f"the folder of statements does not answer ({error.strerror}): check its disk") from None

    def _file(self, path: Path) -> StatementFile | None:
        name, bank = f"{path.parent.name}/{path.name}", path.parent.name
        scheme = self.schemes.get(bank, BankScheme(bank))
        try:
            found = path.stat()
            if self.clock() - datetime.fromtimestamp(found.st_mtime, UTC) < self.settle:
                return None
            if found.st_size > LARGEST:
                return StatementFile(name, bank, "", partial(_refuse_size, name))
            digest = _digest(path, scheme)
        except FileNotFoundError:
            return None
        except OSError as error:
            return StatementFile(name, bank, "", partial(_refuse, name, error.strerror or "the disk refused it"))
        return StatementFile(name, bank, digest, partial(_read, path, name, scheme))


def _read(path: Path, name: str, scheme: BankScheme) -> list[Statement]:
    try:
        statements = list(_statements(path.read_bytes(), scheme))
        _refuse_strange_accounts(statements, scheme)
    except Broken as broken:
        raise Refused(f"{name}: {broken}") from None
    except OSError as error:
        raise Unavailable(f"{name} cannot be read ({error.strerror}): a later run tries again") from None
    return statements


def _statements(content: bytes, scheme: BankScheme) -> Iterator[Statement]:
    if not content.strip():
        raise Broken("it is empty", "a statement; export it again")
    start = content[:START].lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t")
    if start.startswith(b"<"):
        return read_camt053(content, scheme)
    text = decoded(content, scheme.encoding)
    if text.lstrip().startswith((":20:", "{1:")) or "\n:20:" in text[:START]:
        return read_mt940(text, scheme)
    return read_mass_payments(text, scheme)


def _refuse_strange_accounts(statements: list[Statement], scheme: BankScheme) -> None:
    ours = {digits_of(account) for account in scheme.own_accounts}
    for statement in statements:
        if ours and statement.account not in ours:
            raise Broken(
                f"statement {statement.number} is of an account that is not the university's",
                "a statement of one of own_accounts in ESTUDENT_STATEMENTS__BANKS",
            )


def _digest(path: Path, scheme: BankScheme) -> str:
    """Return the mark of a file and of the scheme that it is read by: another scheme may find more in it."""
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    return content[:32] + hashlib.sha256(repr(scheme).encode()).hexdigest()[:32]


def _refuse_size(name: str) -> list[Statement]:
    raise Refused(f"{name}: it is larger than {LARGEST // 10**6} MB; right is: the statement of a day or a month")


def _refuse(name: str, why: str) -> list[Statement]:
    raise Refused(f"{name}: it cannot be read ({why}); right is: a file that this account may read")


def _is_aside(file: Path) -> bool:
    return file.name.startswith((".", "~")) or file.suffix.lower() in {".part", ".tmp", ".lock"}


def _by_age(path: Path) -> tuple[float, str]:
    try:
        return path.stat().st_mtime, str(path)
    except OSError:
        return 0.0, str(path)
