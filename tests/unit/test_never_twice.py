"""No address, login or payment account is ever given twice, however many students come and leave."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import TypeVar

import pytest
from anyascii import anyascii
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from estudent.domain.album_number import AlbumNumber
from estudent.domain.directory_entry import entry_of
from estudent.domain.lifecycle import Standing
from estudent.domain.name_proposal import proposals
from estudent.domain.nrb import Nrb, PaymentScheme
from estudent.domain.outcome import Result
from estudent.domain.person_name import PersonName
from estudent.domain.plan import plan
from estudent.domain.student import AccountState, MailboxState
from estudent.ports import AlreadyExists, Refused
from estudent.services.assign_account_numbers import MOST_TRIES, AssignAccountNumbers
from estudent.services.open_mailboxes import AskForMailbox
from tests.builders import DOMAIN, SORT_CODE, a_student
from tests.fakes import FakeDirectory, FakeUsos
from tests.unit.services.students_in_memory import AccountNumbersInMemory, MailboxesInMemory, StudentsInMemory

Thing = TypeVar("Thing")
KEY = b"a secret of the university: 32 bytes"
# Few names, so that many students share one: twins, namesakes, and names that differ only beyond ASCII.
NAMES = st.sampled_from(
    [
        PersonName("Nowak", "Anna"),
        PersonName("Nowak", "Anna", "Ewa"),
        PersonName("Anna", "Nowak"),
        PersonName("Żak", "Łucja"),
        PersonName("Zak", "Lucja"),
        PersonName("Nguyễn", "Hương"),
        PersonName("Suharto"),
        PersonName("Rektor"),
        PersonName("Ƨ"),
        PersonName("Шевченко", "Тарас"),
    ]
)
CHOSEN = st.sampled_from(["anna.nowak", "Anna.Nowak", "a.nowak", "nowak", "s123456", "rektor", "anna.nowak.2", "x"])
ALBUMS = st.integers(1000, 1030).map(str)
LEAVING = st.sampled_from([Standing.RESIGNED, Standing.STRUCK_OFF, Standing.GRADUATED])


class TinyScheme(PaymentScheme):
    """A bank that left the university room for only 7 accounts, so that students draw the same ones."""

    def draw(self, student: int) -> Iterator[Nrb]:
        """Yield the 7 accounts, each student in another order."""
        for number in super().draw(student):
            yield Nrb.build(self.sort_code, f"{int(str(number)[-5:]) % 7:016d}")


class University(RuleBasedStateMachine):
    """Students come, ask, meet conflicts at Microsoft and leave; everything that was given is remembered."""

    @initialize()
    def opens(self) -> None:
        self.students = StudentsInMemory()
        self.mailboxes = MailboxesInMemory(self.students)
        self.numbers = AccountNumbersInMemory(self.students)
        self.directory = FakeDirectory()
        self.ask = AskForMailbox(self.students, self.mailboxes, anyascii, DOMAIN)
        self.assign = AssignAccountNumbers(
            self.students, FakeUsos(), self.numbers, "tuition", TinyScheme("tuition", SORT_CODE, "1", KEY)
        )
        self.addresses: dict[str, int] = {}
        self.accounts: dict[Nrb, int] = {}

    @rule(album=ALBUMS, name=NAMES)
    def a_student_comes(self, album: str, name: PersonName) -> None:
        if int(album) not in self.students.by_key:
            self.students.put(a_student(album, name=name))

    @rule(album=ALBUMS, standing=LEAVING)
    def a_student_leaves(self, album: str, standing: Standing) -> None:
        self.students.change(int(album), standing=standing)

    @rule(album=ALBUMS, name=CHOSEN)
    def a_student_asks_for_a_mailbox(self, album: str, name: str) -> None:
        if int(album) in self.students.by_key:
            try:
                address = self.ask.ask(AlbumNumber(album), name)
            except (ValueError, Refused):
                return
            remember(self.addresses, address, int(album))

    @rule()
    def everybody_gets_a_default_mailbox(self) -> None:
        self.ask.ask_for_default(sorted(self.students.by_key))

    @rule(album=ALBUMS)
    def microsoft_has_given_the_address_to_somebody_else(self, album: str) -> None:
        if int(album) in self.students.by_key and self.students.by_key[int(album)].mailbox:
            self.students.change(int(album), mailbox_state=MailboxState.CONFLICT)

    @rule(album=ALBUMS)
    def a_mailbox_works(self, album: str) -> None:
        student = self.students.by_key.get(int(album))
        if student and student.mailbox_state is MailboxState.REQUESTED:
            self.students.change(int(album), mailbox_state=MailboxState.VERIFIED, account=AccountState.ACTIVE)

    @rule()
    def payment_accounts_are_assigned(self) -> None:
        self.assign.apply(sorted(self.students.by_key))

    @rule()
    def the_directory_is_brought_in_line(self) -> None:
        wanted = [entry_of(student, DOMAIN) for student in self.students.by_key.values()]
        outcomes = list(self.directory.carry_out(plan(wanted, self.directory.find([each.album for each in wanted]))))
        assert [outcome.detail for outcome in outcomes if outcome.result is not Result.DONE] == []

    @invariant()
    def nothing_belongs_to_two_students(self) -> None:
        for address, owner in self.mailboxes.given.items():
            remember(self.addresses, address, owner)
        for number, owner in self.numbers.given.items():
            remember(self.accounts, number, owner)
        mailboxes = [student.mailbox for student in self.students.by_key.values() if student.mailbox]
        assert len(mailboxes) == len(set(mailboxes))

    @invariant()
    def nothing_given_was_taken_back(self) -> None:
        assert set(self.addresses) <= set(self.mailboxes.given)
        assert set(self.accounts) <= set(self.numbers.given)

    @invariant()
    def no_mailbox_is_somebody_s_alias(self) -> None:
        assert not any(re.match(r"s\d+@", address) for address in self.mailboxes.given)


def remember(given: dict[Thing, int], thing: Thing, owner: int) -> None:
    """Note whose a thing is; a thing that was somebody else's fails."""
    assert given.setdefault(thing, owner) == owner


TestUniversity = University.TestCase
TestUniversity.settings = settings(max_examples=50, stateful_step_count=50)


@settings(max_examples=20)
@given(st.lists(NAMES, min_size=2, max_size=40))
def test_namesakes_all_get_mailboxes_and_all_different_ones(names: list[PersonName]) -> None:
    students = StudentsInMemory(*(a_student(str(1000 + at), name=name) for at, name in enumerate(names)))
    register = MailboxesInMemory(students)
    asked = AskForMailbox(students, register, anyascii, DOMAIN).ask_for_default(sorted(students.by_key))
    assert asked == len(names) == len(set(register.given))


def test_a_student_who_leaves_takes_the_address_along_and_a_namesake_gets_another() -> None:
    students = StudentsInMemory(a_student("1000", name=PersonName("Nowak", "Anna")))
    ask = AskForMailbox(students, MailboxesInMemory(students), anyascii, DOMAIN)
    ask.ask(AlbumNumber("1000"), "anna.nowak")
    students.change(1000, standing=Standing.GRADUATED)
    students.put(a_student("1001", name=PersonName("Nowak", "Anna")))
    with pytest.raises(AlreadyExists):
        ask.ask(AlbumNumber("1001"), "Anna.Nowak")
    assert "anna.nowak" not in ask.free_names(AlbumNumber("1001"))


def test_asking_twice_gives_one_mailbox() -> None:
    students = StudentsInMemory(a_student("1000"))
    register = MailboxesInMemory(students)
    ask = AskForMailbox(students, register, anyascii, DOMAIN)
    first = ask.ask(AlbumNumber("1000"), "lucja")
    assert ask.ask(AlbumNumber("1000"), "something.else") == first
    assert list(register.given) == [first]


def test_whoever_has_left_gets_no_mailbox() -> None:
    students = StudentsInMemory(a_student("1000", standing=Standing.RESIGNED))
    with pytest.raises(Refused, match="a mailbox goes with studying"):
        AskForMailbox(students, MailboxesInMemory(students), anyascii, DOMAIN).ask(AlbumNumber("1000"), "lucja")


def test_somebody_quicker_only_means_the_next_name() -> None:
    students = StudentsInMemory(a_student("1000"), a_student("1001"))
    register = MailboxesInMemory(students)
    register.seen_late = True
    assert AskForMailbox(students, register, anyascii, DOMAIN).ask_for_default([1000, 1001]) == 2
    assert sorted(register.given) == [f"l.zak@{DOMAIN}", f"lucja.zak@{DOMAIN}"]


def test_hundreds_of_students_share_five_digits_without_sharing_a_number() -> None:
    students = StudentsInMemory(*(a_student(str(album)) for album in range(1000, 1800)))
    numbers = AccountNumbersInMemory(students)
    scheme = PaymentScheme("tuition", SORT_CODE, "12345678901", KEY)
    tally = AssignAccountNumbers(students, FakeUsos(), numbers, "tuition", scheme).apply(sorted(students.by_key))
    assert (tally.new, tally.refused) == (800, 0)
    assert len(numbers.given) == 800
    assert numbers.refusals > 0, "the draw has met no collision, so this test proves nothing"


def test_when_the_scheme_has_run_out_students_are_refused_and_nobody_shares() -> None:
    students = StudentsInMemory(*(a_student(str(album)) for album in range(1000, 1010)))
    numbers = AccountNumbersInMemory(students)
    scheme = TinyScheme("tuition", SORT_CODE, "1", KEY)
    tally = AssignAccountNumbers(students, FakeUsos(), numbers, "tuition", scheme).apply(sorted(students.by_key))
    assert (tally.new, tally.refused, len(numbers.given)) == (7, 3, 7)
    assert [remark.about for remark in tally.remarks] == [
        str(student.album) for student in students.by_key.values() if student.account_number is None
    ]


@given(st.lists(NAMES, min_size=1, max_size=5))
def test_no_proposal_is_ever_an_album_alias(names: list[PersonName]) -> None:
    proposed = {each for name in names for each in islice(proposals(name, anyascii), MOST_TRIES)}
    assert not any(each[0] == "s" and each[1:].isdigit() for each in proposed)
