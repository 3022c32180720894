"""The port `Usos` for files: addresses go out as CSV, and what USOS holds comes back as CSV."""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Self

from estudent.adapters.usos.values import address_of, sole_owners
from estudent.domain.album_number import AlbumNumber
from estudent.domain.nrb import Nrb
from estudent.domain.outcome import Outcome, Result
from estudent.domain.plan import Step
from estudent.domain.usos_link import UsosLink, UsosPerson
from estudent.ports import Misconfigured, Refused, Unavailable

ASKED = ("os_id", "album", "email", "identifier")
HELD = ("os_id", "album", "active", "email", "identifier", "account_number", "refused")
LONGEST_REASON = 120
NOBODY = "no file from USOS names this person; check the USOS id, or wait for its next file"


@dataclass(frozen=True, slots=True)
class _Held:
    """A row of what USOS holds; `refused` is the reason why our latest request was not carried out, if it was not."""

    person: UsosPerson
    account: Nrb | None
    refused: str


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
        return {each: held[each].person for each in usos_ids if each in held}

    def ids_of(self, albums: Sequence[AlbumNumber]) -> dict[AlbumNumber, int]:
        """Return the ids of the persons whom USOS's files name with these numbers; a number of two is nobody's."""
        persons = [held.person for held in self._held().values()]
        return sole_owners(albums, [(person.album, person.usos_id) for person in persons])

    def carry_out(self, steps: Iterable[Step[UsosLink]]) -> Iterator[Outcome]:
        """Put all that is new into one file; DONE means that it lies there."""
        held, asked = self._held(), self._asked()
        refusals = [(step, _refusal(step, held.get(step.wanted.usos_id), asked)) for step in steps]
        wanted = [step.wanted for step, refusal in refusals if not refusal and _row(step.wanted) not in asked]
        self._put(sorted(set(map(_row, wanted))))
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
        files = sorted(self._files(self._in), key=lambda file: (file.stat().st_mtime_ns, file.name))
        return {held.person.usos_id: held for file in files for held in map(_read_held, _rows(file, HELD))}

    def _asked(self) -> set[tuple[str, ...]]:
        return {tuple(row.values.values()) for file in self._files(self._out) for row in _rows(file, ASKED)}

    def _files(self, folder: Path) -> list[Path]:
        try:
            return [file for file in folder.iterdir() if file.suffix == ".csv"]
        except FileNotFoundError:
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
            with (new := file.with_suffix(".part")).open("wb") as written:
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
    lines = csv.reader(StringIO(text), delimiter=";")
    if tuple(next(lines, ())) != tuple(columns):
        raise Refused(f"{file.name}, line 1: the columns must be {';'.join(columns)}; nothing of it was used")
    for line in lines:
        if len(line) != len(columns):
            raise Refused(f"{file.name}, line {lines.line_num}: {len(columns)} columns are expected; nothing was used")
        yield _Row(f"{file.name}, line {lines.line_num}", dict(zip(columns, map(str.strip, line), strict=True)))


def _read_held(row: _Row) -> _Held:
    said = row.values
    if not (said["os_id"].isascii() and said["os_id"].isdecimal()):
        raise row.unfit("os_id", "a number")
    if said["active"] not in ("T", "N"):
        raise row.unfit("active", "T or N")
    try:
        account = Nrb("".join(said["account_number"].split()).removeprefix("PL")) if said["account_number"] else None
    except ValueError:
        raise row.unfit("account_number", "26 digits whose check digits are right, or empty") from None
    usos_id, email = int(said["os_id"]), said["email"] or None
    person = UsosPerson(usos_id, said["album"] or None, email, said["active"] == "T", said["identifier"])
    return _Held(person, account, said["refused"])


def _row(link: UsosLink) -> tuple[str, ...]:
    address = link.email or ""
    return str(link.usos_id), str(link.album), address, address


def _refusal(step: Step[UsosLink], held: _Held | None, asked: set[tuple[str, ...]]) -> str:
    """Return why a step is not taken, or nothing."""
    try:
        address_of(step)
    except Refused as error:
        return str(error)
    if held is None:
        return NOBODY
    if held.refused and _row(step.wanted) in asked:
        reason = held.refused if "@" not in held.refused else "a reason that names an address"
        return f"USOS's file says: {reason[:LONGEST_REASON]}; ask its administrators"
    return ""
