"""How one recruitment comes about: people are drawn, numbered, shuffled, and some rows go wrong."""

from __future__ import annotations

from datetime import date
from itertools import count
from pathlib import Path
from random import Random
from typing import NamedTuple

from sandbox.sample.breakage import Breakage, put, single_breakages, torn
from sandbox.sample.people import People, Person
from sandbox.sample.row import ADMITTED, HEADERS, RESIGNED, Row

INTAKE, START = "2026/2027", date(2026, 10, 1)
FIRST_ALBUM, FIRST_USOS_ID = 100_001, 30_000
RESIGNATIONS, SECOND_STUDIES, WITHOUT_ALBUM, WITHOUT_USOS_ID, WITH_ACCOUNT = 0.015, 0.01, 0.03, 0.02, 0.2
MANY = 1000


class Spoilt(NamedTuple):
    """A row that goes wrong on its way into the file."""

    row: Row
    breakage: Breakage

    def cells(self, date_format: str) -> list[str]:
        """Return what stands in the file."""
        fields = dict(zip(Row._fields, self.row.texts(date_format), strict=True))
        return torn(self.breakage.kind, list(self.breakage.spoil(fields, date_format).values()))


class Generation:
    """One drawing of a whole recruitment from one source of chance."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.people = People(self.random)
        self.candidates = count(1)
        programmes = Path(__file__).with_name("programmes.tsv").read_text(encoding="utf-8").splitlines()
        self.programmes = [tuple(line.split("\t")) for line in programmes if not line.startswith("#")]

    def admitted(self, students: int) -> list[Row]:
        """Return the rows of so many students, each once."""
        rows = [self._row(self.people.draw(), ADMITTED) for _ in range(students)]
        numbered = sorted(self.random.sample(range(students), students - int(students * WITHOUT_ALBUM)))
        albums = list(range(FIRST_ALBUM, FIRST_ALBUM + len(numbered)))
        self.random.shuffle(albums)
        for place, album in zip(numbered, albums, strict=True):
            account = self.people.numbers.account() if self.random.random() < WITH_ACCOUNT else ""
            rows[place] = rows[place]._replace(album_number=str(album), account_number=account)
        return rows

    def usos_ids(self, rows: list[Row]) -> dict[str, int]:
        """Return the OS_ID of each candidate who has an album number; ids have gaps and no order."""
        numbered = [row.candidate for row in rows if row.album_number]
        ids = self.random.sample(range(FIRST_USOS_ID, FIRST_USOS_ID + 12 * len(numbered) + 1), len(numbered))
        return dict(zip(numbered, ids, strict=True))

    def told(self, row: Row, usos_ids: dict[str, int]) -> Row:
        """Return the row with its OS_ID, which recruitment has not heard of now and then."""
        known = row.candidate in usos_ids and self.random.random() >= WITHOUT_USOS_ID
        return row._replace(usos_id=str(usos_ids[row.candidate])) if known else row

    def resigned(self, students: int) -> list[Row]:
        """Return the rows of candidates who have resigned."""
        return [self._row(self.people.draw(), RESIGNED) for _ in range(round(students * RESIGNATIONS))]

    def second_studies(self, rows: list[Row]) -> list[Row]:
        """Return second rows of some students, who are admitted to two programmes."""
        return [self._elsewhere(row) for row in self.random.sample(rows, round(len(rows) * SECOND_STUDIES))]

    def spoilt(self, rows: list[Row]) -> list[tuple[int, Spoilt]]:
        """Return every kind of broken row, each with the number of good rows before it, in the file's order."""
        times = range(3 if len(rows) >= MANY else 1)
        albums = count(FIRST_ALBUM + len(rows))
        drafts = [self._spoilt(breakage, albums) for _ in times for breakage in single_breakages()]
        drafts += [draft for _ in times for draft in self._twice("album_shared", "album_number", str(next(albums)))]
        accounts = [self.people.numbers.account() for _ in times]
        drafts += [draft for number in accounts for draft in self._twice("account_shared", "account_number", number)]
        self.random.shuffle(drafts)
        drafted = [(self.random.randint(1, len(rows)), draft) for draft in drafts]
        contradictions = [self._contradiction(rows) for _ in times]
        return sorted([*drafted, *contradictions], key=lambda draft: draft[0])

    def _row(self, person: Person, status: str) -> Row:
        candidate = f"K-2026-{next(self.candidates):06d}"
        names = person.family_name, person.given_name, person.middle_name
        programme, title = self.random.choice(self.programmes)
        return Row(
            candidate, INTAKE, status, person.pesel, *person.document, person.birth_date, *names, person.email,
            person.language, programme, title, START, "", "", "",
        )  # fmt: skip

    def _elsewhere(self, row: Row) -> Row:
        programme, title = self.random.choice([known for known in self.programmes if known[0] != row.programme])
        return row._replace(programme=programme, programme_name=title)

    def _spoilt(self, breakage: Breakage, albums: count[int]) -> Spoilt:
        row = self._row(self.people.pole(), ADMITTED)
        account = self.people.numbers.account()
        return Spoilt(row._replace(album_number=str(next(albums)), account_number=account), breakage)

    def _twice(self, kind: str, field: str, value: str) -> list[Spoilt]:
        """Return rows of two strangers with one value that only one of them can have."""
        breakage = Breakage(kind, field, put(**{field: value}))
        return [Spoilt(self._row(self.people.pole(), ADMITTED), breakage) for _ in range(2)]

    def _contradiction(self, rows: list[Row]) -> tuple[int, Spoilt]:
        """Return a second row of a student with another surname, to stand anywhere after the first."""
        first = self.random.randrange(len(rows))
        breakage = Breakage("contradiction", "family_name", put(family_name=f"Inna-{HEADERS['family_name']}"))
        return self.random.randint(first + 1, len(rows)), Spoilt(self._elsewhere(rows[first]), breakage)
