"""The folder of files with receivables (CSV), as USOS or the bursar's office exports them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

from estudent.adapters.banks.broken import Broken
from estudent.adapters.banks.encoding import decoded
from estudent.adapters.banks.table import rows_of
from estudent.adapters.banks.values import day, money
from estudent.domain.album_number import AlbumNumber
from estudent.domain.asked_for import AskedFor, RowFault
from estudent.ports import Misconfigured, ReceivableFile, Refused, Unavailable

REQUIRED = ("source", "album", "title", "amount", "due")
OPTIONAL = ("purpose", "currency", "instalment", "status")
USUAL: Mapping[str, str] = {name: name for name in (*REQUIRED, *OPTIONAL)}
CANCELLED = frozenset({"cancelled", "anulowana", "anulowane", "umorzona", "umorzone"})
OWED = frozenset({"", "owed", "należna", "aktywna"})
INSTALMENT = re.compile(r"([1-9][0-9]?) ?/ ?([1-9][0-9]?)")
LONGEST_TITLE, LONGEST_SOURCE = 254, 100
TOO_MUCH = Decimal(10**10)


class ReceivableFolder:
    """Port `ReceivableFiles` on a folder; `columns` are our fields by the headers of the export."""

    def __init__(
        self, folder: Path, columns: Mapping[str, str], *, settle: timedelta, clock: Callable[[], datetime]
    ) -> None:
        if unknown := set(columns) - set(USUAL):
            known = ", ".join(USUAL)
            raise Misconfigured(f"ESTUDENT_STATEMENTS__RECEIVABLE_COLUMNS: no {', '.join(unknown)}; there are {known}")
        self.folder, self.columns, self.settle, self.clock = folder, {**USUAL, **columns}, settle, clock

    def files(self) -> Iterator[ReceivableFile]:
        """Yield the files, oldest first; what is still being written is left for a later run."""
        for path in sorted(self._paths(), key=lambda each: (each.stat().st_mtime, each.name)):
            written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            if self.clock() - written >= self.settle:
                content = path.read_bytes()
                digest = hashlib.sha256(repr(self.columns).encode() + content).hexdigest()
                yield ReceivableFile(path.name, digest, written, partial(self._read, path.name, content))

    def _paths(self) -> list[Path]:
        try:
            return [path for path in self.folder.iterdir() if path.suffix.lower() == ".csv" and path.is_file()]
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            raise Misconfigured(
                f"the folder of receivables {self.folder} is not there or may not be read: correct "
                "ESTUDENT_STATEMENTS__RECEIVABLES, or the folder's rights"
            ) from None
        except OSError as error:
            raise Unavailable(f"the folder of receivables does not answer ({error.strerror})") from None

    def _read(self, name: str, content: bytes) -> Iterator[AskedFor | RowFault]:
        try:
            yield from read_receivables(decoded(content, None), self.columns)
        except Broken as broken:
            raise Refused(f"{name}: {broken}") from None


def read_receivables(text: str, columns: Mapping[str, str]) -> Iterator[AskedFor | RowFault]:
    """Yield each row, or what is wrong with it; raise Broken where the file is no whole table."""
    return (_row(line, cells) for line, cells in rows_of(text, columns, REQUIRED))


def _row(line: int, cells: Mapping[str, str]) -> AskedFor | RowFault:
    try:
        return _asked_for(line, cells)
    except Broken as broken:
        return RowFault(line, broken.field, broken.problem, broken.right)


def _asked_for(line: int, cells: Mapping[str, str]) -> AskedFor:
    amount = money(cells["amount"], line, "amount")
    if not 0 <= amount < TOO_MUCH:
        right = (
            "an amount from 0 to 9,999,999,999.99; a receivable is cancelled, and money is given back, in other ways"
        )
        raise Broken("a receivable is not negative, nor that large", right, line=line, field="amount")
    due = day(cells["due"], line, "due")
    if due is None:
        raise Broken("the due date is missing", "a date like 2026-10-15", line=line, field="due")
    status = cells.get("status", "").casefold()
    if status not in OWED | CANCELLED:
        raise Broken("an unknown status", "owed or cancelled", line=line, field="status")
    return AskedFor(
        line,
        _text(cells["source"], LONGEST_SOURCE, line, "source"),
        album_in(cells["album"], line),
        cells.get("purpose", ""),
        _text(cells["title"], LONGEST_TITLE, line, "title"),
        amount,
        _currency(cells.get("currency", ""), line),
        due,
        status in CANCELLED,
        *_instalment(cells.get("instalment", ""), line),
    )


def _text(text: str, longest: int, line: int, name: str) -> str:
    plain = " ".join(text.split())
    if not 0 < len(plain) <= longest:
        raise Broken("it is missing or too long", f"1 to {longest} characters", line=line, field=name)
    return plain


def album_in(text: str, line: int) -> AlbumNumber:
    """Return the album number of a cell."""
    try:
        return AlbumNumber(text)
    except ValueError:
        raise Broken("this is no album number", "3 to 7 digits", line=line, field="album") from None


def _currency(text: str, line: int) -> str:
    code = text.upper() or "PLN"
    if not re.fullmatch("[A-Z]{3}", code):
        raise Broken("this is no currency", "its three letters, e.g. PLN", line=line, field="currency")
    return code


def _instalment(text: str, line: int) -> tuple[int | None, int | None]:
    if not text:
        return None, None
    found = INSTALMENT.fullmatch(text)
    if found is None or int(found[1]) > int(found[2]):
        raise Broken("this is no instalment", "like 1/3, the first of three", line=line, field="instalment")
    return int(found[1]), int(found[2])
