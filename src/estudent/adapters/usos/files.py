"""The port `Usos` for files: addresses go out as CSV, and what USOS holds comes back as CSV."""

from __future__ import annotations

import csv
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from operator import itemgetter
from pathlib import Path
from typing import Self

from estudent.adapters.usos.values import address_of, sole_owners
from estudent.domain.album_number import AlbumNumber
from estudent.domain.nrb import Nrb
from estudent.domain.outcome import Outcome, Result
from estudent.domain.plan import Step
from estudent.domain.reason import LONG_NUMBER
from estudent.domain.usos_link import UsosLink, UsosPerson
from estudent.ports import Misconfigured, Refused, Unavailable

ASKED = ("os_id", "album", "email", "identifier")
HELD = ("os_id", "album", "active", "email", "identifier", "account_number", "refused")
LONGEST_REASON = 120
NOBODY = "no file from USOS names this person; check the USOS id, or wait for its next file"


@dataclass(frozen=True, slots=True)
class _Held:
    """A row of what USOS holds, and when its file was written."""

    person: UsosPerson
    account: Nrb | None
    at: int

    def is_answered_since(self, asked: int | None) -> bool:
        """Tell whether the file is newer than a request that still lies there; one taken away has been looked at."""
        return asked is None or self.at > asked


class UsosFiles:
    """A folder with `out`, where requests are put, and `in`, where USOS's files arrive under names ending in .csv.

    A file is complete under its name: whoever writes one renames it into place, as we do. A later file prevails over
    earlier ones for each person that it names.
    """

    source = "files"

    def __init__(self, folder: Path) -> None:
        self._out, self._in = folder / "out", folder / "in"

    def takes_links(self) -> bool:
        """Files are always taken."""
        return True

    def find(self, usos_ids: Sequence[int]) -> dict[int, UsosPerson]:
        """Return the persons who exist of these ids, by the newest file that names each."""
        held = self._held()
        asked = {row[0]: at for row, at in sorted(self._asked().items(), key=itemgetter(1))}
        return {each: _latest(held[each], asked.get(str(each))) for each in usos_ids if each in held}

    def ids_of(self, albums: Sequence[AlbumNumber]) -> dict[AlbumNumber, int]:
        """Return the ids of the persons whom USOS's files name with these numbers; a number of two is nobody's."""
        persons = [held.person for held in self._held().values()]
        return sole_owners(albums, [(person.album, person.usos_id) for person in persons])

    def carry_out(self, steps: Iterable[Step[UsosLink]]) -> Iterator[Outcome]:
        """Put all that is new, or was refused before, into one file; DONE means that it lies there."""
        held, asked = self._held(), self._asked()
        refusals = [(step, _refusal(step, held.get(step.wanted.usos_id))) for step in steps]
        rows = {_row(step.wanted): held[step.wanted.usos_id] for step, refusal in refusals if not refusal}
        self._put(sorted(row for row, known in rows.items() if _is_to_be_written(row, known, asked)))
        for step, refusal in refusals:
            yield Outcome(step, Result.REFUSED, refusal) if refusal else Outcome(step, Result.DONE)

    def account_numbers(self, usos_ids: Sequence[int]) -> dict[int, Nrb]:
        """Return the payment accounts that USOS's files name."""
        held = self._held()
        found = {each: held[each].account for each in usos_ids if each in held}
        return {usos_id: number for usos_id, number in found.items() if number is not None}

    def check(self) -> str:
        """Say what the folder holds."""
        return f"the folder answers: USOS's files name {len(self._held())} persons, {len(self._asked())} were asked for"

    def close(self) -> None:
        """Nothing is open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _held(self) -> dict[int, _Held]:
        return {usos_id: held for at, file in self._files(self._in) for usos_id, held in _read_file(file, at).items()}

    def _asked(self) -> dict[tuple[str, ...], int]:
        """Return what was asked for and still lies there, with the moment of the request."""
        files = self._files(self._out)
        return {tuple(row.values.values()): at for at, file in files for row in _rows(file, ASKED)}

    def _files(self, folder: Path) -> list[tuple[int, Path]]:
        """Return the complete files with the moments at which they were written, oldest first."""
        try:
            return sorted((file.stat().st_mtime_ns, file) for file in folder.iterdir() if file.suffix == ".csv")
        except FileNotFoundError:
            if folder.is_dir():
                raise Unavailable(f"a file was taken out of {folder} while we looked; try later") from None
            raise Misconfigured(
                f"the folder {folder} is not there: make it, or correct ESTUDENT_USOS__FOLDER"
            ) from None
        except OSError as error:
            raise Unavailable(f"the folder {folder} cannot be read ({type(error).__name__}); try later") from None

    def _put(self, rows: Sequence[tuple[str, ...]]) -> None:
        """Write a file whose name tells its content, so that the same one is written once; it appears whole."""
        if not rows:
            return
        text = StringIO()
        csv.writer(text, delimiter=";", lineterminator="\r\n").writerows([ASKED, *rows])
        content = text.getvalue().encode()
        file = self._out / f"links-{hashlib.sha256(content).hexdigest()[:16]}.csv"
        try:
            with (new := file.with_suffix(f".{os.getpid()}.part")).open("wb") as written:
                os.fchmod(written.fileno(), 0o640)
                written.write(content)
                written.flush()
                os.fsync(written.fileno())
            new.replace(file)
        except OSError as error:
            raise Unavailable(f"{self._out} cannot be written ({type(error).__name__}); make room or rights") from None


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of a file, and where it stands."""

    place: str
    values: Mapping[str, str]

    def unfit(self, column: str, right: str) -> Refused:
        """Return the refusal of the whole file; the value may be personal and is not told."""
        return Refused(f"{self.place}, {column}: it must be {right}; correct the file, nothing of it was used")


def _rows(file: Path, columns: Sequence[str]) -> Iterator[_Row]:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(f"{file.name} is not UTF-8; export it anew, nothing of it was used") from None
    except OSError as error:
        raise Unavailable(f"{file.name} cannot be read ({type(error).__name__}); try later") from None
    lines = _lines(file.name, text)
    if tuple(next(lines, (1, []))[1]) != tuple(columns):
        raise Refused(f"{file.name}, line 1: the columns must be {';'.join(columns)}; nothing of it was used")
    for number, line in lines:
        if len(line) != len(columns):
            raise Refused(f"{file.name}, line {number}: {len(columns)} columns are expected; nothing was used")
        yield _Row(f"{file.name}, line {number}", dict(zip(columns, map(str.strip, line), strict=True)))


def _lines(name: str, text: str) -> Iterator[tuple[int, list[str]]]:
    lines = csv.reader(StringIO(text, newline=""), delimiter=";")
    try:
        yield from ((lines.line_num, line) for line in lines)
    except csv.Error:
        raise Refused(
            f"{name}, line {lines.line_num}: this is no CSV; export it anew, nothing of it was used"
        ) from None


def _read_file(file: Path, at: int) -> dict[int, _Held]:
    found: dict[int, _Held] = {}
    for row in _rows(file, HELD):
        held = _read_held(row, at)
        if held.person.usos_id in found:
            raise row.unfit("os_id", "in one line alone, with the main album number")
        found[held.person.usos_id] = held
    return found


def _read_held(row: _Row, at: int) -> _Held:
    said = row.values
    if not re.fullmatch("[0-9]{1,18}", said["os_id"]):
        raise row.unfit("os_id", "a number")
    if said["active"] not in ("T", "N"):
        raise row.unfit("active", "T or N")
    try:
        account = Nrb("".join(said["account_number"].split()).removeprefix("PL")) if said["account_number"] else None
    except ValueError:
        raise row.unfit("account_number", "26 digits whose check digits are right, or empty") from None
    usos_id, email, refused = int(said["os_id"]), said["email"] or None, _reason(said["refused"])
    person = UsosPerson(usos_id, said["album"] or None, email, said["active"] == "T", said["identifier"], refused)
    return _Held(person, account, at)


def _reason(given: str) -> str:
    """Return what USOS's people say, without what must not stand in a journal."""
    if not given:
        return ""
    text = " ".join(given.split())
    if "@" in text or LONG_NUMBER.search(text) or not text.isprintable():
        text = "a reason that names an address or a long number"
    return f"USOS's file says: {text[:LONGEST_REASON]}; ask its administrators"


def _latest(held: _Held, asked: int | None) -> UsosPerson:
    """Return the person; a refusal that is older than our request was one of an earlier request."""
    return held.person if held.is_answered_since(asked) else replace(held.person, refused="")


def _row(link: UsosLink) -> tuple[str, ...]:
    address = link.email or ""
    return str(link.usos_id), str(link.album), address, address


def _is_to_be_written(row: tuple[str, ...], held: _Held, asked: Mapping[tuple[str, ...], int]) -> bool:
    return row not in asked or (held.person.refused != "" and held.is_answered_since(asked[row]))


def _refusal(step: Step[UsosLink], held: _Held | None) -> str:
    """Return why a step is not taken, or nothing."""
    try:
        address_of(step)
    except Refused as error:
        return str(error)
    return NOBODY if held is None else ""
