"""What every implementation of the port `Directory` promises."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from estudent.domain.album_number import AlbumNumber
from estudent.domain.directory_entry import Entry
from estudent.domain.outcome import Outcome, Result
from estudent.domain.plan import Lock, Step, StepKind, plan
from estudent.ports import Directory
from tests.builders import DOMAIN, an_entry

ALBUMS = count(100_001)
NAMES = [
    ("Łucja", "Żółć-Gęślą"),
    ("Соломія", "Ґаджала"),
    ("Nguyễn Thị", "Ánh"),
    ('#Jan "J"', "O'Neill, <junior>; \\ + ="),
    ("", "Suharto"),
    ("A\u0301ron", "Kovács"),
    ("李", "小龙"),
]


def a_new_entry(**changes: Any) -> Entry:
    """The entry of somebody whom no other test knows."""
    return an_entry(str(next(ALBUMS)), **changes)


def settle(directory: Directory, *wanted: Entry) -> list[Outcome]:
    """Plan and carry out once."""
    return list(directory.carry_out(plan(wanted, directory.find([entry.album for entry in wanted]))))


def results(directory: Directory, *steps: Step[Entry]) -> list[Result]:
    """Carry out these steps."""
    return [outcome.result for outcome in directory.carry_out(steps)]


def left_to_do(directory: Directory, *wanted: Entry) -> list[StepKind]:
    """Plan again."""
    return [step.kind for step in plan(wanted, directory.find([entry.album for entry in wanted]))]


class DirectoryContract:
    """Run against the fake and against OpenLDAP."""

    @pytest.fixture
    def directory(self) -> Directory:
        raise NotImplementedError

    def test_nobody_is_found_before_anything_was_added(self, directory: Directory) -> None:
        assert directory.find([a_new_entry().album]) == {}

    def test_asking_for_nobody_finds_nobody(self, directory: Directory) -> None:
        assert directory.find([]) == {}

    def test_a_new_entry_reads_back_as_it_was_wanted(self, directory: Directory) -> None:
        wanted = a_new_entry(mail=("lucja.zak@example.pl",))
        assert [outcome.result for outcome in settle(directory, wanted)] == [Result.DONE]
        assert left_to_do(directory, wanted) == []
        assert list(directory.find([wanted.album])) == [wanted.album]

    @pytest.mark.parametrize(("given", "surname"), NAMES)
    def test_any_name_reads_back_unchanged(self, directory: Directory, given: str, surname: str) -> None:
        wanted = a_new_entry(given_name=given, surname=surname, display_name=f"{given} {surname}".strip())
        settle(directory, wanted)
        assert wanted.differences(directory.find([wanted.album])[wanted.album]) == ()

    def test_comparing_finds_what_finding_finds(self, directory: Directory) -> None:
        there = [a_new_entry(mail=(f"a{next(ALBUMS)}@example.pl",), lock=lock) for lock in Lock]
        settle(directory, *there)
        wanted = [there[0], replace(there[1], surname="Nowak"), replace(there[2], lock=Lock.OPEN), a_new_entry()]
        assert directory.compare(wanted) == directory.find([entry.album for entry in wanted])
        assert len(directory.compare(wanted)) == 3

    def test_only_those_asked_for_are_found(self, directory: Directory) -> None:
        one, other, missing = a_new_entry(), a_new_entry(), a_new_entry()
        settle(directory, one, other)
        assert set(directory.find([one.album, missing.album])) == {one.album}

    def test_an_album_number_with_a_leading_zero_is_another_number(self, directory: Directory) -> None:
        with_zero, without = an_entry("0042"), an_entry("042")
        settle(directory, with_zero)
        assert set(directory.find([with_zero.album, without.album])) == {AlbumNumber("0042")}

    @pytest.mark.parametrize("lock", Lock)
    def test_an_entry_is_added_with_its_lock(self, directory: Directory, lock: Lock) -> None:
        wanted = a_new_entry(lock=lock)
        settle(directory, wanted)
        assert directory.find([wanted.album])[wanted.album].lock is lock

    @pytest.mark.parametrize("before", Lock)
    @pytest.mark.parametrize("after", Lock)
    def test_every_lock_can_follow_every_other(self, directory: Directory, before: Lock, after: Lock) -> None:
        wanted = a_new_entry(lock=before)
        settle(directory, wanted)
        settle(directory, replace(wanted, lock=after))
        was_activated = (before, after) == (Lock.OPEN, Lock.UNTIL_ACTIVATED)
        assert directory.find([wanted.album])[wanted.album].lock is (before if was_activated else after)

    def test_adding_what_is_there_already_is_done(self, directory: Directory) -> None:
        wanted = a_new_entry()
        assert results(directory, Step(StepKind.ADD, wanted), Step(StepKind.ADD, wanted)) == [Result.DONE, Result.DONE]
        assert left_to_do(directory, wanted) == []

    def test_adding_a_student_who_is_there_with_other_data_brings_them_in_line(self, directory: Directory) -> None:
        before = a_new_entry(mail=("old@example.pl",))
        wanted = replace(before, surname="Nowak", mail=(), lock=Lock.OPEN)
        assert results(directory, Step(StepKind.ADD, before), Step(StepKind.ADD, wanted)) == [Result.DONE, Result.DONE]
        assert left_to_do(directory, wanted) == []

    def test_a_change_touches_the_named_fields_only(self, directory: Directory) -> None:
        before = a_new_entry()
        settle(directory, before)
        wanted = replace(before, surname="Nowak", language="uk")
        assert results(directory, Step(StepKind.CHANGE, wanted, before, ("surname",))) == [Result.DONE]
        assert wanted.differences(directory.find([wanted.album])[wanted.album]) == ("language",)

    def test_everything_but_the_names_of_the_entry_can_change(self, directory: Directory) -> None:
        before = a_new_entry()
        settle(directory, before)
        code = before.personal_unique_code.replace(DOMAIN, "new.example.pl")
        wanted = replace(
            before, surname="N", given_name="", display_name="N", mail=(f"n{before.album}@n.pl",), language="en",
            local_addresses=(f"n{before.album}@n.pl",), principal_name=f"n{before.album}@n.pl", affiliations=("alum",),
            scoped_affiliations=("alum@n.pl",), home_organization="n.pl", personal_unique_code=code,
        )  # fmt: skip
        assert [outcome.result for outcome in settle(directory, wanted)] == [Result.DONE]
        assert left_to_do(directory, wanted) == []

    def test_values_can_be_taken_away(self, directory: Directory) -> None:
        before = a_new_entry(mail=(f"a{next(ALBUMS)}@example.pl",))
        settle(directory, before)
        wanted = replace(before, mail=(), affiliations=(), scoped_affiliations=(), given_name="")
        settle(directory, wanted)
        assert left_to_do(directory, wanted) == []

    @pytest.mark.parametrize("kind", [StepKind.CHANGE, StepKind.LOCK, StepKind.UNLOCK])
    def test_what_is_not_there_cannot_be_changed(self, directory: Directory, kind: StepKind) -> None:
        fields = ("surname",) if kind is StepKind.CHANGE else ()
        assert results(directory, Step(kind, a_new_entry(), fields=fields)) == [Result.REFUSED]

    def test_an_entry_is_never_renamed(self, directory: Directory) -> None:
        before = a_new_entry()
        settle(directory, before)
        wanted = replace(before, uid="another")
        assert results(directory, Step(StepKind.CHANGE, wanted, before, ("uid",))) == [Result.REFUSED]

    def test_an_address_that_another_student_has_is_refused(self, directory: Directory) -> None:
        owner = a_new_entry(mail=(f"a{next(ALBUMS)}@example.pl",))
        settle(directory, owner)
        (outcome,) = settle(directory, a_new_entry(mail=owner.mail))
        assert outcome.result is Result.REFUSED
        assert outcome.detail.startswith("another entry has this address")
        assert owner.mail[0] not in outcome.detail

    def test_changing_to_an_address_that_another_student_has_is_refused(self, directory: Directory) -> None:
        owner, other = a_new_entry(), a_new_entry()
        settle(directory, owner, other)
        (outcome,) = settle(directory, replace(other, local_addresses=owner.local_addresses))
        assert outcome.detail.startswith("another entry has this address")
        assert left_to_do(directory, other) == []

    def test_steps_have_their_outcomes_one_by_one_in_their_order(self, directory: Directory) -> None:
        steps = [Step(StepKind.ADD, a_new_entry()) for _ in range(5)]
        assert [outcome.step for outcome in directory.carry_out(iter(steps))] == steps

    def test_many_steps_have_their_outcomes_in_their_order_too(self, directory: Directory) -> None:
        kinds = [StepKind.LOCK if at % 10 == 3 else StepKind.ADD for at in range(450)]
        steps = [Step(kind, a_new_entry()) for kind in kinds]
        outcomes = list(directory.carry_out(iter(steps)))
        assert [outcome.step for outcome in outcomes] == steps
        expected = [Result.REFUSED if kind is StepKind.LOCK else Result.DONE for kind in kinds]
        assert [outcome.result for outcome in outcomes] == expected
        added = [step.wanted for step in steps if step.kind is StepKind.ADD]
        assert left_to_do(directory, *added) == []

    def test_of_many_who_want_one_address_the_first_gets_it(self, directory: Directory) -> None:
        mail = (f"a{next(ALBUMS)}@example.pl",)
        steps = [Step(StepKind.ADD, a_new_entry(mail=mail)) for _ in range(20)]
        assert results(directory, *steps) == [Result.DONE, *[Result.REFUSED] * 19]
        assert left_to_do(directory, steps[0].wanted) == []

    def test_an_address_can_pass_from_one_to_another_in_one_call(self, directory: Directory) -> None:
        owner = a_new_entry(mail=(f"a{next(ALBUMS)}@example.pl",))
        settle(directory, owner)
        without, heir = replace(owner, mail=()), a_new_entry(mail=owner.mail)
        steps = Step(StepKind.CHANGE, without, owner, ("mail",)), Step(StepKind.ADD, heir)
        assert results(directory, *steps) == [Result.DONE, Result.DONE]
        assert left_to_do(directory, without, heir) == []

    def test_of_several_changes_of_one_student_the_last_stays(self, directory: Directory) -> None:
        students = [a_new_entry() for _ in range(3)]
        settle(directory, *students)
        names = [f"Nowak {at}" for at in range(20)]
        steps = [
            Step(StepKind.CHANGE, replace(student, surname=name), student, ("surname",))
            for name in names
            for student in students
        ]
        assert set(results(directory, *steps)) == {Result.DONE}
        assert left_to_do(directory, *(replace(student, surname=names[-1]) for student in students)) == []

    def test_one_refusal_does_not_stop_the_others(self, directory: Directory) -> None:
        missing, wanted = a_new_entry(), a_new_entry()
        steps = Step(StepKind.LOCK, missing), Step(StepKind.ADD, wanted)
        assert results(directory, *steps) == [Result.REFUSED, Result.DONE]

    def test_the_check_says_something(self, directory: Directory) -> None:
        assert directory.check()
