"""What every implementation of the port `Recruitment` promises, seen through the service that takes its feeds in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import pytest

from estudent.domain.application import Row
from estudent.domain.fault import Column, FaultKind
from estudent.domain.fingerprint import Fingerprints
from estudent.domain.outcome import Tally
from estudent.domain.whom import Whom
from estudent.ports import FeedProblem, Recruitment
from estudent.services.admit import Admit
from tests.builders import TODAY, WORDS, a_pesel
from tests.contract.registry_world import Registry

Cells = dict[str, str]
FINGERPRINTS = Fingerprints(b"a key of the tests, long enough for it")


def cells(number: int, **columns: str) -> Cells:
    """Return a good row of somebody admitted, with an album number; an empty text empties a column."""
    usual = {
        "candidate": str(number),
        "status": "przyjęty",
        "pesel": a_pesel(serial=number),
        "family_name": "Żak",
        "given_name": "Łucja",
        "email": f"k{number}@poczta.example",
        "language": "pl",
        "programme": "INF-S1",
        "programme_name": "Informatyka",
        "start": "2026-10-01",
        "birth_date": "2007-03-14",
        "album_number": str(100_000 + number),
    }
    return {column.value: "" for column in Column} | usual | columns


class Office(Protocol):
    """The recruitment office as its clerks see it."""

    @property
    def recruitment(self) -> Recruitment: ...

    @property
    def intake(self) -> str: ...

    def export(self, *rows: Cells) -> None:
        """Let these be all its applications, and the adapter see them."""


@dataclass
class World:
    """An office and the registry that takes in what it exports."""

    office: Office
    registry: Registry

    def sync(self, *rows: Cells) -> Tally:
        """Export and take in."""
        self.office.export(*(row | {"intake": self.office.intake} for row in rows))
        return self.take_in()

    def take_in(self) -> Tally:
        """Take in what is there."""
        registry = self.registry
        admit = Admit(self.office.recruitment, registry.admissions, FINGERPRINTS, WORDS, lambda: TODAY)
        return admit.run()

    def rows(self, *rows: Cells) -> list[Row]:
        """Export, and return the rows of the only feed."""
        self.office.export(*(row | {"intake": self.office.intake} for row in rows))
        (feed,) = self.office.recruitment.feeds()
        assert feed.problem is None, feed.detail
        return list(feed.rows())

    def albums(self) -> list[str]:
        """Return the album numbers of all students."""
        students = self.registry.students
        return sorted(str(student.album) for student in students.load(students.keys(Whom())))

    def faults(self) -> list[tuple[str, str, FaultKind]]:
        """Return whose field is refused, and why."""
        return sorted(
            (each.candidate, each.fault.field, each.fault.kind) for each in self.registry.admissions.rejections()
        )


def counts(tally: Tally) -> tuple[int, ...]:
    return tally.read, tally.new, tally.changed, tally.refused, tally.failed


def remarks(tally: Tally) -> str:
    return "; ".join(f"{each.about}: {each.why}" for each in tally.remarks)


class RecruitmentContract:
    """Run against the folder of files and against the stand-in for IRK."""

    @pytest.fixture
    def world(self) -> Iterator[World]:
        raise NotImplementedError

    def test_an_application_comes_with_all_its_columns(self, world: World) -> None:
        whole = cells(1, middle_name="Ewa", usos_id="4711", account_number="12")
        (row,) = world.rows(whole)
        wanted = whole | {"intake": world.office.intake}
        assert {column.value: text for column, text in row.values.items()} == wanted
        assert row.fault is None

    def test_a_foreigner_comes_with_a_document(self, world: World) -> None:
        document = {"document_kind": "paszport", "document_number": "FE123456", "document_country": "UA"}
        (row,) = world.rows(cells(1, pesel="", **document))
        assert {name: row.values[Column(name)] for name in document} == document

    def test_rows_are_read_from_the_start_each_time(self, world: World) -> None:
        world.office.export(*(cells(n, intake=world.office.intake) for n in (1, 2, 3)))
        (feed,) = world.office.recruitment.feeds()
        next(feed.rows())
        first, second = list(feed.rows()), list(feed.rows())
        assert [row.values[Column.CANDIDATE] for row in first] == ["1", "2", "3"]
        assert first == second

    def test_rows_stand_in_ascending_places(self, world: World) -> None:
        places = [row.line for row in world.rows(*(cells(n) for n in range(1, 8)))]
        assert places == sorted(set(places))

    def test_admitted_candidates_become_students(self, world: World) -> None:
        assert counts(world.sync(cells(1), cells(2))) == (2, 2, 0, 0, 0)
        assert world.albums() == ["100001", "100002"]

    def test_the_same_applications_again_change_nothing(self, world: World) -> None:
        world.sync(cells(1), cells(2))
        again = world.sync(cells(1), cells(2))
        assert (again.new, again.changed, again.refused, again.failed) == (0, 0, 0, 0)

    def test_whoever_is_not_admitted_is_no_student(self, world: World) -> None:
        world.sync(cells(1), cells(2, status="zakwalifikowany"))
        assert world.albums() == ["100001"]

    @pytest.mark.parametrize(
        ("column", "text", "kind"),
        [
            ("pesel", "0723141234", FaultKind.BAD_PESEL),
            ("email", "nowhere", FaultKind.BAD_EMAIL),
            ("album_number", "A1", FaultKind.BAD_ALBUM_NUMBER),
            ("start", "2026-02-31", FaultKind.BAD_DATE),
            ("family_name", "", FaultKind.MISSING),
            ("language", "tlh", FaultKind.UNKNOWN_WORD),
            ("given_name", "A" * 10_000, FaultKind.TOO_LONG),
            ("given_name", "Ewa\u200f", FaultKind.CONTROL_CHARACTER),
        ],
    )
    def test_a_wrong_field_is_refused_alone(self, world: World, column: str, text: str, kind: FaultKind) -> None:
        tally = world.sync(cells(1), cells(2, **{column: text}), cells(3))
        assert (tally.new, tally.refused) == (2, 1)
        assert world.faults() == [("2", column, kind)]
        assert all(each.fault.problem("pl") and each.fault.remedy("en") for each in _rejections(world))

    def test_a_corrected_application_is_taken_in_and_its_refusal_is_resolved(self, world: World) -> None:
        world.sync(cells(1), cells(2, email="nowhere"))
        assert counts(world.sync(cells(1), cells(2)))[1:] == (1, 0, 0, 0)
        assert world.faults() == []
        assert world.albums() == ["100001", "100002"]

    def test_one_album_number_for_two_people_is_refused_for_both(self, world: World) -> None:
        world.sync(cells(1, album_number="100009"), cells(2, album_number="100009"))
        assert world.faults() == [
            (candidate, "album_number", FaultKind.SHARED_IN_FILE) for candidate in ("1", "2")
        ]  # fmt: skip

    def test_an_album_number_that_comes_later_is_taken_up(self, world: World) -> None:
        world.sync(cells(1, album_number=""))
        assert world.albums() == []
        assert counts(world.sync(cells(1)))[1:] == (0, 1, 0, 0)
        assert world.albums() == ["100001"]

    def test_somebody_admitted_to_two_programmes_is_one_student(self, world: World) -> None:
        tally = world.sync(cells(1), cells(1, programme="MAT-S1", programme_name="Matematyka"))
        assert (tally.read, tally.refused) == (2, 0)
        assert world.albums() == ["100001"]

    def test_whoever_is_left_out_is_listed_and_stays(self, world: World) -> None:
        world.sync(cells(1), cells(2))
        assert "1 candidates known from earlier are not in this full feed: 2" in remarks(world.sync(cells(1)))
        assert world.albums() == ["100001", "100002"]

    def test_an_office_without_applications_is_empty_and_changes_nothing(self, world: World) -> None:
        world.office.export()
        (feed,) = world.office.recruitment.feeds()
        assert feed.problem is FeedProblem.EMPTY
        assert ":" in feed.detail
        assert counts(world.take_in()) == (0, 0, 0, 0, 0)

    def test_the_check_is_one_sentence(self, world: World) -> None:
        world.office.export(cells(1, intake=world.office.intake))
        assert "\n" not in world.office.recruitment.check()


def _rejections(world: World) -> list[Any]:
    return world.registry.admissions.rejections()
