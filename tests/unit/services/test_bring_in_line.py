"""Many students are brought in line by portions, which overlap; steps are taken for one of them at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from threading import Event, Lock

import pytest

from estudent.domain.album_number import AlbumNumber
from estudent.domain.directory_entry import Entry, entry_of
from estudent.domain.lifecycle import Standing
from estudent.domain.outcome import Outcome, Tally
from estudent.domain.plan import Step, StepKind
from estudent.ports import Refused, Unavailable
from estudent.services.bring_in_line import bring_in_line
from estudent.services.keep_accounts import keep_accounts
from estudent.services.reconcile import Forecast, Leash, Reconcile
from tests.builders import DOMAIN, a_student
from tests.fakes import FakeDirectory
from tests.unit.services.students_in_memory import EntriesSeenInMemory, JournalInMemory, StudentsInMemory

PATIENCE = 10.0
ALL = range(1000, 1012)


class Watched(FakeDirectory):
    """A directory that notes what happens, and for which portion; each has the students of three numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.happened: list[tuple[str, int]] = []

    def compare(self, wanted: Sequence[Entry]) -> dict[AlbumNumber, Entry]:
        self.happened.append(("looked", portion_of(wanted[0])))
        return super().compare(wanted)

    def carry_out(self, steps: Iterable[Step[Entry]]) -> Iterator[Outcome]:
        steps = list(steps)
        self.happened.append(("begun", portion_of(steps[0].wanted)))
        yield from super().carry_out(steps)
        self.happened.append(("done", portion_of(steps[0].wanted)))

    def of(self, *whats: str) -> list[tuple[str, int]]:
        return [(what, portion) for what, portion in self.happened if what in whats]


def portion_of(entry: Entry) -> int:
    return (int(entry.album.digits) - 1000) // 3


def portions(keys: Sequence[int] = ALL) -> list[Sequence[int]]:
    return [keys[at : at + 3] for at in range(0, len(keys), 3)]


@pytest.fixture
def students() -> StudentsInMemory:
    return StudentsInMemory(*(a_student(str(album)) for album in ALL))


@pytest.fixture
def journal() -> JournalInMemory:
    return JournalInMemory()


@pytest.fixture
def directory() -> Watched:
    return Watched()


def accounts(
    directory: FakeDirectory, students: StudentsInMemory, journal: JournalInMemory, leash: Leash | None = None
) -> Reconcile[Entry]:
    return keep_accounts(directory, students, EntriesSeenInMemory(students, DOMAIN), journal, DOMAIN, leash=leash)


def test_everybody_is_brought_in_line_and_the_journal_tells_it(
    directory: Watched, students: StudentsInMemory, journal: JournalInMemory
) -> None:
    tallies = list(bring_in_line(accounts(directory, students, journal), portions()))
    assert [(tally.read, tally.new) for tally in tallies] == [(3, 3)] * 4
    assert sorted(entry.student for entry in journal.entries) == list(ALL)
    assert students.seen == set(ALL)


class Together(FakeDirectory):
    """Answers once two portions were planned, and then takes its time, in which the other could have its turn, too."""

    def __init__(self, *entries: Entry) -> None:
        super().__init__(*entries)
        self.looked = [Event(), Event()]
        self.now, self.most, self.lock = 0, 0, Lock()

    def compare(self, wanted: Sequence[Entry]) -> dict[AlbumNumber, Entry]:
        found = super().compare(wanted)
        self.looked[portion_of(wanted[0])].set()
        assert all(event.wait(PATIENCE) for event in self.looked)
        return found

    def carry_out(self, steps: Iterable[Step[Entry]]) -> Iterator[Outcome]:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        Event().wait(0.1)
        yield from super().carry_out(steps)
        with self.lock:
            self.now -= 1


def test_steps_are_taken_for_one_portion_at_a_time(students: StudentsInMemory, journal: JournalInMemory) -> None:
    directory = Together()
    list(bring_in_line(accounts(directory, students, journal), portions()[:2]))
    assert (directory.most, len(directory.entries)) == (1, 6)


class Slow(Watched):
    """Goes on with the first portion's steps only once the second was looked at, which begins after they have begun."""

    def __init__(self) -> None:
        super().__init__()
        self.looks: dict[int, int] = {}
        self.planned, self.taking, self.in_time = Event(), Event(), list[bool]()

    def compare(self, wanted: Sequence[Entry]) -> dict[AlbumNumber, Entry]:
        portion = portion_of(wanted[0])
        self.looks[portion] = self.looks.get(portion, 0) + 1
        if portion == 1:
            # The first portion has its turn first.
            self.in_time.append(self.taking.wait(PATIENCE))
            self.planned.set()
        return super().compare(wanted)

    def carry_out(self, steps: Iterable[Step[Entry]]) -> Iterator[Outcome]:
        steps = list(steps)
        if portion_of(steps[0].wanted) == 0:
            self.taking.set()
            self.in_time.append(self.planned.wait(PATIENCE))
        yield from super().carry_out(steps)


def test_while_steps_are_taken_the_next_portion_is_planned(
    students: StudentsInMemory, journal: JournalInMemory
) -> None:
    directory = Slow()
    list(bring_in_line(accounts(directory, students, journal), portions()[:2]))
    assert all(directory.in_time)
    assert directory.looks == {0: 2, 1: 2}


def test_while_a_portion_is_looked_at_again_the_next_has_its_turn(
    students: StudentsInMemory, journal: JournalInMemory
) -> None:
    turn_of_second, in_time = Event(), list[bool]()

    class Waiting(Watched):
        def compare(self, wanted: Sequence[Entry]) -> dict[AlbumNumber, Entry]:
            if portion_of(wanted[0]) == 0 and ("done", 0) in self.happened:
                in_time.append(turn_of_second.wait(PATIENCE))
            return super().compare(wanted)

        def carry_out(self, steps: Iterable[Step[Entry]]) -> Iterator[Outcome]:
            steps = list(steps)
            if portion_of(steps[0].wanted) == 1:
                turn_of_second.set()
            yield from super().carry_out(steps)

    list(bring_in_line(accounts(Waiting(), students, journal), portions()[:2]))
    assert in_time == [True]


def test_what_was_done_is_told_even_while_others_wait_for_their_turn(
    students: StudentsInMemory, journal: JournalInMemory
) -> None:
    """Each step stands in the journal only after it was taken, whatever goes on beside it."""
    lock, taken, early = Lock(), set[int](), list[int]()

    class Careful(FakeDirectory):
        def carry_out(self, steps: Iterable[Step[Entry]]) -> Iterator[Outcome]:
            for outcome in super().carry_out(steps):
                with lock:
                    taken.add(int(outcome.step.album.digits))
                    early.extend({entry.student for entry in journal.entries} - taken)
                yield outcome

    list(bring_in_line(accounts(Careful(), students, journal), portions()))
    assert (early, sorted(taken)) == ([], list(ALL))


def test_the_directory_that_goes_away_stops_it_and_what_was_done_is_told(
    students: StudentsInMemory, journal: JournalInMemory
) -> None:
    class Going(FakeDirectory):
        def carry_out(self, steps: Iterable[Step[Entry]]) -> Iterator[Outcome]:
            for outcome in super().carry_out(steps):
                yield outcome
                if outcome.step.album.digits == "1004":
                    self.problem = Unavailable("gone")
                    raise self.problem

    directory = Going()
    told = bring_in_line(accounts(directory, students, journal), portions())
    with pytest.raises(Unavailable):
        list(told)
    assert sorted(entry.student for entry in journal.entries) == sorted(
        int(album.digits) for album in directory.entries
    )
    assert len(directory.entries) < len(ALL)


def test_what_one_portion_took_away_is_counted_before_the_next_takes_anything(
    students: StudentsInMemory, journal: JournalInMemory
) -> None:
    """Both were planned while nothing was taken yet; together they are more than was agreed to."""
    directory = Together(*(entry_of(a_student(str(album)), DOMAIN) for album in ALL))
    for key in ALL[:6]:
        students.change(key, standing=Standing.STRUCK_OFF)
    with pytest.raises(Refused, match="the plan has grown"):
        list(bring_in_line(accounts(directory, students, journal, Leash(4)), portions()[:2]))
    assert [entry.step for entry in journal.entries].count(StepKind.LOCK.value) == 3


class OneAtATime:
    """A system whose portions do not overlap."""

    system = "mailboxes"

    def __init__(self) -> None:
        self.now = self.most = 0

    def forecast(self, keys: Sequence[int]) -> Forecast:
        return Forecast(self.system, len(keys))

    def apply(self, keys: Sequence[int]) -> Tally:
        self.now += 1
        self.most = max(self.most, self.now)
        Event().wait(0.01)
        self.now -= 1
        return Tally(self.system, read=len(keys))


def test_portions_of_other_systems_do_not_overlap() -> None:
    system = OneAtATime()
    assert [tally.read for tally in bring_in_line(system, portions())] == [3] * 4
    assert system.most == 1
