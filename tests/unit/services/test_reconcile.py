"""Bringing a system in line: gather, plan, apply, look again, record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from estudent.domain.album_number import AlbumNumber
from estudent.domain.directory_entry import Entry, entry_of
from estudent.domain.lifecycle import Standing
from estudent.domain.outcome import Outcome, Result
from estudent.domain.plan import Lock, Step, StepKind
from estudent.domain.student import AccountState
from estudent.ports import Misconfigured, Unavailable
from estudent.services.keep_accounts import keep_accounts
from estudent.services.reconcile import Forecast, Reconcile, unavailable
from tests.builders import DOMAIN, a_student
from tests.fakes import FakeDirectory
from tests.unit.services.students_in_memory import EntriesSeenInMemory, JournalInMemory, StudentsInMemory


class Liar(FakeDirectory):
    """A directory that says it has done everything and does nothing."""

    def carry_out(self, steps: Iterable[Step[Entry]]) -> Iterator[Outcome]:
        return (Outcome(step, Result.DONE) for step in steps)


class Tired(FakeDirectory):
    """A directory that fails for one student."""

    def carry_out(self, steps: Iterable[Step[Entry]]) -> Iterator[Outcome]:
        for step in steps:
            if str(step.album) == "1001":
                yield Outcome(step, Result.FAILED, "the directory does not answer")
            else:
                yield from super().carry_out([step])


@pytest.fixture
def students() -> StudentsInMemory:
    return StudentsInMemory(*(a_student(str(album)) for album in range(1000, 1003)))


def accounts(directory: FakeDirectory, students: StudentsInMemory, journal: JournalInMemory) -> Reconcile[Entry]:
    return keep_accounts(directory, students, EntriesSeenInMemory(students, DOMAIN), journal, DOMAIN)


def test_a_second_run_has_nothing_to_do(students: StudentsInMemory) -> None:
    directory, journal = FakeDirectory(), JournalInMemory()
    reconciler = accounts(directory, students, journal)
    first, second = reconciler.apply([1000, 1001, 1002]), reconciler.apply([1000, 1001, 1002])
    assert (first.read, first.new, first.changed) == (3, 3, 0)
    assert (second.read, second.new, second.changed, second.remarks) == (3, 0, 0, [])
    assert [entry.step for entry in journal.entries] == ["add"] * 3


def test_the_journal_tells_what_was_done_while_the_rest_goes_on(
    students: StudentsInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("estudent.services.reconcile.UNTOLD_FOR", -1.0)
    journal, told = JournalInMemory(), list[int]()

    class Watched(FakeDirectory):
        def carry_out(self, steps: Iterable[Step[Entry]]) -> Iterator[Outcome]:
            for outcome in super().carry_out(steps):
                told.append(len(journal.entries))
                yield outcome

    tally = accounts(Watched(), students, journal).apply([1000, 1001, 1002])
    assert (told, len(journal.entries), tally.new) == ([0, 1, 2], 3, 3)


def test_what_was_tried_again_stands_in_the_journal_and_not_in_the_remarks(students: StudentsInMemory) -> None:
    class Faltering(FakeDirectory):
        def carry_out(self, steps: Iterable[Step[Entry]]) -> Iterator[Outcome]:
            return (Outcome(step, Result.FAILED, "it gave up", "tried again 2×: it was busy") for step in steps)

    journal = JournalInMemory()
    tally = accounts(Faltering(), students, journal).apply([1000])
    assert [entry.detail for entry in journal.entries] == ["it gave up; tried again 2×: it was busy"]
    assert [remark.why for remark in tally.remarks] == ["it gave up"]


def test_a_forecast_says_what_a_run_would_do_and_changes_nothing(students: StudentsInMemory) -> None:
    directory, journal = FakeDirectory(entry_of(a_student("1000"), DOMAIN)), JournalInMemory()
    students.change(1000, standing=Standing.STRUCK_OFF)
    forecast = accounts(directory, students, journal).forecast([1000, 1001, 1002])
    assert forecast.steps == {StepKind.ADD: 2, StepKind.CHANGE: 1, StepKind.LOCK: 1}
    tally = forecast.as_tally()
    assert (tally.read, tally.new, tally.changed) == (3, 2, 2)
    assert (list(directory.entries), journal.entries, students.seen) == ([AlbumNumber("1000")], [], set())


def test_only_the_students_meant_are_looked_at(students: StudentsInMemory) -> None:
    directory = FakeDirectory()
    assert accounts(directory, students, JournalInMemory()).apply([1001]).read == 1
    assert list(directory.entries) == [AlbumNumber("1001")]


def test_a_student_struck_off_keeps_the_entry_and_is_locked(students: StudentsInMemory) -> None:
    directory = FakeDirectory()
    students.change(1000, account=AccountState.ACTIVE)
    reconciler = accounts(directory, students, JournalInMemory())
    reconciler.apply([1000])
    assert directory.entries[AlbumNumber("1000")].lock is Lock.OPEN
    students.change(1000, standing=Standing.STRUCK_OFF)
    tally = reconciler.apply([1000])
    assert (tally.new, tally.changed) == (0, 2)
    assert directory.entries[AlbumNumber("1000")].lock is Lock.BARRED


def test_whose_entry_was_seen_is_noted(students: StudentsInMemory) -> None:
    accounts(FakeDirectory(), students, JournalInMemory()).apply([1000, 1001])
    assert students.seen == {1000, 1001}


def test_one_student_s_failure_does_not_stop_the_others(students: StudentsInMemory) -> None:
    directory, journal = Tired(), JournalInMemory()
    tally = accounts(directory, students, journal).apply([1000, 1001, 1002])
    assert (tally.new, tally.failed) == (2, 1)
    assert [(remark.about, remark.then) for remark in tally.remarks] == [("1001", "the next run tries again")]
    assert {entry.student: entry.result for entry in journal.entries}[1001] is Result.FAILED


def test_a_refusal_asks_a_person_to_act(students: StudentsInMemory) -> None:
    stranger = entry_of(a_student("999", mailbox=None), DOMAIN)
    taken = FakeDirectory(
        Entry(**{name: getattr(stranger, name) for name in Entry.__slots__} | {"local_addresses": (f"s1000@{DOMAIN}",)})
    )
    tally = accounts(taken, students, JournalInMemory()).apply([1000, 1001])
    assert (tally.new, tally.refused) == (1, 1)
    assert (tally.remarks[0].about, tally.remarks[0].then) == ("1000", "correct it, then run again")


def test_what_was_called_done_and_is_not_to_be_seen_is_reported(students: StudentsInMemory) -> None:
    tally = accounts(Liar(), students, JournalInMemory()).apply([1000])
    assert [remark.why for remark in tally.remarks] == ["add was accepted but is not to be seen there"]
    assert students.seen == set()


def test_a_far_side_that_does_not_answer_changes_nothing(students: StudentsInMemory) -> None:
    directory, journal = FakeDirectory(), JournalInMemory()
    directory.problem = Unavailable("the directory does not answer")
    with pytest.raises(Unavailable):
        accounts(directory, students, journal).apply([1000])
    assert (journal.entries, students.seen) == ([], set())


@pytest.mark.parametrize(
    "error, then", [(Unavailable("down"), "the next run tries again"), (Misconfigured("bad"), "run `estudent doctor`")]
)
def test_students_who_could_not_be_looked_at_are_counted(error: Unavailable | Misconfigured, then: str) -> None:
    tally = unavailable("directory", error, [1, 2, 3])
    assert (tally.read, tally.failed, tally.remarks[0].then) == (3, 3, then)


def test_forecasts_of_batches_add_up() -> None:
    first, second = Forecast("directory", 2), Forecast("directory", 3)
    first.steps[StepKind.ADD], second.steps[StepKind.ADD], second.steps[StepKind.LOCK] = 1, 2, 1
    both = first.merge(second)
    assert (both.looked_at, both.steps) == (5, {StepKind.ADD: 3, StepKind.LOCK: 1})
