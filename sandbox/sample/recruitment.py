"""A whole recruitment as a value: the good rows, the broken ones and what the university's USOS knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, groupby
from typing import Any, NamedTuple

from sandbox.sample.generation import Generation, Spoilt
from sandbox.sample.row import ADMITTED, HEADERS, Row

ACTIVE_STUDENT = 2  # student_status of the USOS API


class Broken(NamedTuple):
    """A row that must be refused: the line in a delimited file, the header ("" for the whole row) and the kind."""

    line: int
    header: str
    kind: str


@dataclass(frozen=True, slots=True)
class Sample:
    """An export: `lines` as the file has them below its header, `rows` the good ones among them."""

    lines: list[Row | Spoilt] = field(repr=False)
    usos_ids: dict[str, int] = field(repr=False)

    @property
    def rows(self) -> list[Row]:
        """The good rows: students, their second programmes, and resignations."""
        return [line for line in self.lines if isinstance(line, Row)]

    @property
    def students(self) -> list[Row]:
        """The admitted, each with the first of their rows."""
        admitted = [row for row in self.rows if row.status == ADMITTED]
        return list({row.candidate: row for row in reversed(admitted)}.values())[::-1]

    @property
    def broken(self) -> list[Broken]:
        """The rows that must be refused; the header of a delimited file is its line 1."""
        return [
            Broken(number, HEADERS.get(line.breakage.field, ""), line.breakage.kind)
            for number, line in enumerate(self.lines, 2)
            if isinstance(line, Spoilt)
        ]

    @property
    def albums(self) -> list[str]:
        """The album numbers of the good rows, each once, in their order."""
        return list(dict.fromkeys(row.album_number for row in self.rows if row.album_number))

    def people_for_usos(self) -> list[dict[str, Any]]:
        """Return the persons that USOS knows, in the form that the stand-in's `POST /sandbox/people` takes."""
        return [self._person(row) for row in self.students if row.candidate in self.usos_ids]

    def _person(self, row: Row) -> dict[str, Any]:
        optional = {"account_number": row.account_number, "pesel": row.pesel}
        return {
            "os_id": self.usos_ids[row.candidate],
            "student_number": row.album_number,
            "first_name": row.given_name,
            "last_name": row.family_name,
            "programme_id": row.programme,
            "programme_description": row.programme_name,
            "student_status": ACTIVE_STUDENT,
            **{name: value for name, value in optional.items() if value},
        }


def generate(count: int, seed: int = 2026, *, broken: bool = True) -> Sample:
    """Return a recruitment of `count` students, the same for the same seed; broken rows come in addition."""
    generation = Generation(seed)
    admitted = generation.admitted(count)
    usos_ids = generation.usos_ids(admitted)
    admitted = [generation.told(row, usos_ids) for row in admitted]
    rows = [*admitted, *generation.second_studies(admitted), *generation.resigned(count)]
    generation.random.shuffle(rows)
    spoilt = generation.spoilt(rows) if broken and rows else []
    return Sample(list(_merged(rows, spoilt)), usos_ids)


def _merged(rows: list[Row], spoilt: list[tuple[int, Spoilt]]) -> Iterator[Row | Spoilt]:
    """Yield the lines: each broken row after as many good ones as it asks for."""
    after = {place: [line for _, line in lines] for place, lines in groupby(spoilt, key=lambda draft: draft[0])}
    yield from chain.from_iterable([row, *after.get(place, ())] for place, row in enumerate(rows, 1))
