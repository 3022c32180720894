"""Requests from the portal: carried out until each mailbox is seen to work, then everything that follows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
from anyascii import anyascii

from estudent.domain.album_number import AlbumNumber
from estudent.domain.directory_entry import Entry
from estudent.domain.outcome import Outcome, Result, Tally
from estudent.domain.plan import Step
from estudent.domain.student import MailboxState
from estudent.ports import Misconfigured, Unavailable
from estudent.services.keep_accounts import keep_accounts
from estudent.services.open_mailboxes import AskForMailbox, open_mailboxes, shortage
from estudent.services.serve_requests import LINK, ServeRequests, by_system
from tests.builders import DOMAIN, a_row
from tests.fakes import FakeDirectory, FakeMailboxes
from tests.unit.services.registrar import Registrar

ALBUM = AlbumNumber("100001")


class Portal:
    """A student at the portal, and everything behind it."""

    def __init__(self, registrar: Registrar) -> None:
        registrar.sync(a_row("K1", album_number=str(ALBUM)))
        self.registrar, self.microsoft, self.directory = registrar, FakeMailboxes(), FakeDirectory()
        students, register, journal = registrar.students, registrar.mailboxes, registrar.journal
        self.ask = AskForMailbox(students, register, anyascii, DOMAIN)
        mailboxes = open_mailboxes(self.microsoft, students, register, journal, DOMAIN)
        followers = [keep_accounts(self.directory, students, registrar.entries_seen, journal, DOMAIN)]
        self.serve = ServeRequests(registrar.outbox, register, mailboxes, followers)

    def state(self) -> MailboxState | None:
        """Return how far the student's mailbox is."""
        return self.registrar.student(str(ALBUM)).mailbox_state

    def mail(self) -> tuple[str, ...]:
        """Return the addresses that the directory shows."""
        entry = self.directory.entries.get(ALBUM)
        return entry.mail if entry else ()

    def run_until_done(self, most: int = 10) -> int:
        """Serve with pauses; return after how many runs nothing waited."""
        for run in range(1, most):
            self.serve.run()
            if not self.registrar.outbox.waiting():
                return run
            self.microsoft.open_mailboxes()
            self.registrar.later(minutes=20)
        raise AssertionError("the request is never finished")


def test_who_was_stuck_on_the_way_into_usos_is_taken_by_the_followers_alone(portal: Portal) -> None:
    portal.registrar.outbox.ask(portal.registrar.student(str(ALBUM)).key, LINK)
    assert [tally.system for tally in portal.serve.run()] == ["directory"]
    assert portal.registrar.outbox.waiting() == 0
    assert portal.microsoft.users == {}


@pytest.fixture
def portal(registrar: Registrar) -> Portal:
    return Portal(registrar)


def test_without_requests_there_is_nothing_to_do(portal: Portal) -> None:
    assert portal.serve.run() == []


def test_a_mailbox_is_finished_only_when_it_is_seen_to_work(portal: Portal) -> None:
    portal.ask.ask(ALBUM, "lucja.zak")
    assert portal.state() is MailboxState.REQUESTED
    portal.serve.run()
    assert (portal.state(), portal.registrar.outbox.waiting(), portal.mail()) == (MailboxState.AWAITED, 1, ())
    portal.run_until_done()
    assert portal.state() is MailboxState.VERIFIED


def test_the_directory_shows_the_address_in_the_same_run_in_which_the_mailbox_works(portal: Portal) -> None:
    portal.ask.ask(ALBUM, "lucja.zak")
    portal.run_until_done()
    assert portal.mail() == (f"lucja.zak@{DOMAIN}",)


def test_a_request_waits_a_little_longer_after_each_try(portal: Portal) -> None:
    portal.ask.ask(ALBUM, "lucja.zak")
    portal.serve.run()
    assert portal.serve.run() == []
    portal.registrar.later(seconds=3)
    assert portal.serve.run() != []
    portal.registrar.later(seconds=3)
    assert portal.serve.run() == []


def test_an_unavailable_microsoft_is_counted_and_the_request_waits(portal: Portal) -> None:
    portal.ask.ask(ALBUM, "lucja.zak")
    portal.microsoft.problem = Unavailable("Microsoft does not answer")
    (tally,) = portal.serve.run()
    assert (tally.system, tally.failed, portal.registrar.outbox.waiting()) == ("mailboxes", 1, 1)
    portal.microsoft.problem = None
    portal.registrar.later(minutes=20)
    portal.run_until_done()
    assert portal.state() is MailboxState.VERIFIED


def test_a_wrong_setting_stops_the_run_and_loses_no_request(portal: Portal) -> None:
    portal.ask.ask(ALBUM, "lucja.zak")
    portal.microsoft.problem = Misconfigured("the application may not write users")
    with pytest.raises(Misconfigured):
        portal.serve.run()
    assert portal.registrar.outbox.waiting() == 1


def test_a_consumer_that_was_killed_loses_no_request(portal: Portal) -> None:
    portal.ask.ask(ALBUM, "lucja.zak")
    assert len(portal.registrar.outbox.claim(10)) == 1
    assert portal.registrar.outbox.claim(10) == []
    portal.registrar.later(minutes=6)
    assert len(portal.registrar.outbox.claim(10)) == 1


def test_an_address_that_microsoft_gave_to_somebody_else_lets_the_student_choose_again(portal: Portal) -> None:
    portal.microsoft.taken.add(f"lucja.zak@{DOMAIN}")
    portal.ask.ask(ALBUM, "lucja.zak")
    portal.serve.run()
    assert (portal.state(), portal.registrar.outbox.waiting()) == (MailboxState.CONFLICT, 0)
    assert portal.ask.ask(ALBUM, "lucja.z") == f"lucja.z@{DOMAIN}"
    portal.run_until_done()
    assert portal.state() is MailboxState.VERIFIED
    assert portal.registrar.mailboxes.taken([f"lucja.zak@{DOMAIN}"]), "an address in conflict is not given again"


def test_followers_that_do_not_answer_leave_the_request_for_the_next_run(portal: Portal) -> None:
    portal.ask.ask(ALBUM, "lucja.zak")
    portal.directory.problem = Unavailable("the directory does not answer")
    with pytest.raises(AssertionError, match="never finished"):
        portal.run_until_done(5)
    portal.directory.problem = None
    portal.run_until_done()
    assert portal.mail() == (f"lucja.zak@{DOMAIN}",)


def test_a_follower_that_cannot_work_is_counted_and_stops_neither_the_others_nor_the_mailboxes(portal: Portal) -> None:
    portal.registrar.outbox.ask(portal.registrar.student(str(ALBUM)).key, "account")
    portal.ask.ask(ALBUM, "lucja.zak")
    portal.directory.problem = Misconfigured("we may not write there")
    tallies = portal.serve.run()
    assert [(tally.system, tally.failed) for tally in tallies] == [("directory", 1), ("mailboxes", 0)]
    assert (portal.state(), portal.registrar.outbox.waiting()) == (MailboxState.AWAITED, 2)


def test_tallies_are_summed_by_system_in_their_order() -> None:
    summed = by_system([Tally("mailboxes", read=1), Tally("directory", new=1), Tally("mailboxes", read=2)])
    assert [(tally.system, tally.read, tally.new) for tally in summed] == [("mailboxes", 3, 0), ("directory", 0, 1)]


def test_an_account_that_was_asked_for_is_made_at_once_though_microsoft_is_down(portal: Portal) -> None:
    key = portal.registrar.student(str(ALBUM)).key
    portal.ask.ask(ALBUM, "lucja.zak")
    portal.registrar.outbox.ask(key, "account")
    portal.microsoft.problem = Unavailable("Microsoft does not answer")
    tallies = portal.serve.run()
    assert [(tally.system, tally.new, tally.failed) for tally in tallies] == [("directory", 1, 0), ("mailboxes", 0, 1)]
    assert ALBUM in portal.directory.entries
    assert portal.registrar.outbox.waiting() == 1


def test_an_account_waits_for_a_directory_that_is_down(portal: Portal) -> None:
    portal.registrar.outbox.ask(portal.registrar.student(str(ALBUM)).key, "account")
    portal.directory.problem = Unavailable("the directory does not answer")
    (tally,) = portal.serve.run()
    assert (tally.system, tally.failed, portal.registrar.outbox.waiting()) == ("directory", 1, 1)
    portal.directory.problem = None
    portal.registrar.later(seconds=3)
    portal.serve.run()
    assert (ALBUM in portal.directory.entries, portal.registrar.outbox.waiting()) == (True, 0)


class StumblingDirectory(FakeDirectory):
    """Answers, but fails at every step."""

    def carry_out(self, steps: Iterable[Step[Entry]]) -> Iterator[Outcome]:
        for step in steps:
            yield Outcome(step, Result.FAILED, "the directory is busy")


def test_an_account_that_could_not_be_made_is_tried_again(portal: Portal) -> None:
    registrar = portal.registrar
    registrar.outbox.ask(registrar.student(str(ALBUM)).key, "account")
    ports = (StumblingDirectory(), registrar.students, registrar.entries_seen, registrar.journal)
    stumbling = keep_accounts(*ports, DOMAIN)
    replace(portal.serve, followers=[stumbling]).run()
    assert portal.registrar.outbox.waiting() == 1
    portal.registrar.later(minutes=20)
    portal.serve.run()
    assert portal.registrar.outbox.waiting() == 0 and ALBUM in portal.directory.entries


def test_seats_that_are_missing_are_counted_before_the_first_write(portal: Portal) -> None:
    portal.ask.ask(ALBUM, "lucja.zak")
    keys = portal.registrar.everybody()
    assert shortage(portal.microsoft, portal.serve.mailboxes.forecast(keys)) is None
    portal.microsoft.seats = 0
    why = shortage(portal.microsoft, portal.serve.mailboxes.forecast(keys))
    assert why and why.startswith("1 seats missing: 1 mailboxes need a licence, 0 are left")
    assert portal.microsoft.users == {}


def test_a_student_without_a_seat_is_served_as_soon_as_there_is_one(portal: Portal) -> None:
    portal.ask.ask(ALBUM, "lucja.zak")
    portal.microsoft.seats = 0
    portal.serve.run()
    assert (portal.state(), portal.registrar.outbox.waiting()) == (MailboxState.REQUESTED, 1)
    portal.microsoft.seats = 1
    portal.registrar.later(minutes=20)
    portal.run_until_done()
    assert portal.state() is MailboxState.VERIFIED


def test_a_request_has_its_turn_when_the_mailbox_is_due(portal: Portal) -> None:
    portal.ask.ask(ALBUM, "lucja.zak")
    key = portal.registrar.student(str(ALBUM)).key
    for _ in range(6):
        portal.serve.run()
        portal.registrar.now = portal.registrar.mailboxes.turns([key])[key]
        assert portal.registrar.mailboxes.due([key]) == [key]
    assert portal.serve.run() != []
