"""The folder into which the recruitment office puts its files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType

from estudent.adapters.recruitment.delimited import read_delimited
from estudent.adapters.recruitment.encoding import BLOCK, encoding_of, is_encoding
from estudent.adapters.recruitment.headers import Headers
from estudent.adapters.recruitment.json_lines import read_json_lines
from estudent.adapters.recruitment.listing import Listed, companion, files_among, names_in
from estudent.adapters.recruitment.spreadsheet import read_spreadsheet
from estudent.adapters.recruitment.unfit import Unfit, unreadable
from estudent.domain.application import Row
from estudent.domain.fault import Column
from estudent.ports import Feed, FeedProblem, Misconfigured, Refused, Unavailable

Reader = Callable[[Path, Headers, str], Generator[Row, None, None]]
READERS: Mapping[str, Reader] = MappingProxyType(
    {".xlsx": read_spreadsheet, ".jsonl": read_json_lines, ".ndjson": read_json_lines}
)
ENCODING_SETTING = "ESTUDENT_RECRUITMENT__ENCODING"


class RecruitmentFiles:
    """A watched folder of recruitment files, whose values are handed on as the text that stands there."""

    def __init__(
        self,
        folder: Path,
        headers: Mapping[Column, Sequence[str]],
        *,
        settle: timedelta,
        encoding: str | None = None,
        clock: Callable[[], datetime],
    ) -> None:
        if encoding and not is_encoding(encoding):
            raise Misconfigured(f"there is no encoding {encoding!r}: correct {ENCODING_SETTING}, or leave it out")
        self.folder, self.settle, self.encoding, self.clock = folder, settle, encoding, clock
        self.headers = Headers(headers)

    def feeds(self) -> Iterator[Feed]:
        """Yield the files, oldest first; one that is not read yet has no digest, and one with a problem no rows."""
        names = names_in(self.folder)
        for file in files_among(self.folder, names):
            if feed := self._feed(file, companion(file.name, names)):
                yield feed

    def check(self) -> str:
        """Return how many files there are and of when, or raise Misconfigured or Unavailable."""
        files = files_among(self.folder, names_in(self.folder))
        if not files:
            return f"no files in {self.folder.name} yet"
        count = "1 file" if len(files) == 1 else f"{len(files)} files"
        return f"{count} in {self.folder.name}, newest of {files[-1].modified_at:%Y-%m-%d %H:%M} UTC"

    def _feed(self, file: Listed, beside: str | None) -> Feed | None:
        """Return a file as a feed, or None if it is gone."""
        digest = ""
        try:
            self._refuse_unsettled(file, beside)
            digest = self._digest(file.path)
            encoding = self._encoding(file)
            self._refuse_unfit(file, encoding)
        except FileNotFoundError:
            return None
        except PermissionError:
            unfit = unreadable("this account may not read it: give it the right to, and to files that follow")
        except OSError as error:
            unfit = unreadable(f"the disk refused it ({error.strerror}): copy the file there again")
        except Unfit as problem:
            unfit = problem
        else:
            return Feed(file.name, digest, file.modified_at, partial(self._rows, file, encoding))
        refused = partial(_no_rows, file.name, unfit)
        return Feed(file.name, digest, file.modified_at, refused, unfit.problem, unfit.detail)

    def _refuse_unsettled(self, file: Listed, beside: str | None) -> None:
        if not file.is_regular:
            raise unreadable("it is no file: move it elsewhere, and put a file here")
        if beside:
            raise _unsettled(f"{beside} stands beside it: close the file, or remove {beside} if nobody has it open")
        age = self.clock() - file.modified_at
        if age < -self.settle:
            raise _unsettled("its time lies in the future: correct the clock of the machine that wrote it, or copy it")
        if age < self.settle:
            raise _unsettled(f"it changed {age.total_seconds():.0f} s ago: nothing to do, a later run reads it")

    def _digest(self, path: Path) -> str:
        spelled = [(column.value, names) for column, names in self.headers.spellings.items()]
        digest = hashlib.sha256(repr((spelled, self.encoding)).encode())
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
        return digest.hexdigest()

    def _encoding(self, file: Listed) -> str:
        return "" if file.path.suffix.lower() == ".xlsx" else encoding_of(file.path, self.encoding)

    def _refuse_unfit(self, file: Listed, encoding: str) -> None:
        try:
            with closing(self._reader(file, encoding)) as rows:
                first = next(rows, None) if file.size else None
        except UnicodeError:
            first = None
        if file.has_changed():
            raise _unsettled("it changed while it was read: nothing to do, a later run reads it")
        if first is None:
            raise Unfit(FeedProblem.EMPTY, "it holds no rows: export the file again, or remove it")

    def _rows(self, file: Listed, encoding: str) -> Iterator[Row]:
        _refuse_change(file)
        try:
            yield from self._reader(file, encoding)
        except (OSError, UnicodeError, Unfit):
            raise _changed(file) from None
        _refuse_change(file)

    def _reader(self, file: Listed, encoding: str) -> Generator[Row, None, None]:
        return READERS.get(file.path.suffix.lower(), read_delimited)(file.path, self.headers, encoding)


def _refuse_change(file: Listed) -> None:
    if file.has_changed():
        raise _changed(file)


def _changed(file: Listed) -> Unavailable:
    return Unavailable(f"{file.name} changed or went away while it was read: a later run reads it from its start")


def _unsettled(detail: str) -> Unfit:
    return Unfit(FeedProblem.STILL_WRITTEN, detail)


def _no_rows(name: str, unfit: Unfit) -> Iterator[Row]:
    raise Refused(f"{name} is not read ({unfit.problem.value}): {unfit.detail}")
