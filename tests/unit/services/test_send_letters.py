"""Letters: once to everybody admitted, and after a crash the very same letter again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from estudent.adapters.letter_texts import LetterTexts
from estudent.domain.letter import Letter, Notice
from estudent.domain.plan import StepKind
from estudent.ports import Unavailable
from estudent.services.send_letters import SendLetters
from tests.builders import DOMAIN, a_pesel, a_row
from tests.fakes import FakePost
from tests.unit.services.registrar import FINGERPRINTS, Registrar

BRAND = {"university": "Politechnika Przykładowa", "office": "COS", "contact": "cos@uczelnia.example"}
TEXTS = LetterTexts(FINGERPRINTS, BRAND, "https://estudent.uczelnia.example", DOMAIN)


class DiesAfterAccepting(FakePost):
    """A post that takes a letter, whereupon our process is killed before it can note that."""

    def send(self, letter: Letter) -> None:
        super().send(letter)
        raise KeyboardInterrupt


class BreaksDown(FakePost):
    """A post that takes two letters and then does not answer any more."""

    def send(self, letter: Letter) -> None:
        if len(self.sent) == 2:
            raise Unavailable("the mail server does not answer")
        super().send(letter)


def admit(registrar: Registrar, students: int = 4) -> None:
    """Admit students of candidate numbers K0, K1, …"""
    registrar.sync(
        *(
            a_row(f"K{at}", at + 2, pesel=a_pesel(serial=at), album_number=str(100_000 + at), language="en")
            for at in range(students)
        )
    )


def sending(registrar: Registrar, post: FakePost, compose: Callable[[Notice], Letter] = TEXTS) -> SendLetters:
    return SendLetters(registrar.students, registrar.letters, compose, post, registrar.journal)


def test_everybody_admitted_gets_one_letter_however_often_it_runs(registrar: Registrar) -> None:
    admit(registrar)
    post = FakePost()
    first, second = (sending(registrar, post).apply(registrar.everybody()) for _ in range(2))
    assert (first.read, first.new, second.read, second.new) == (4, 4, 4, 0)
    assert sorted(letter.recipient for letter in post.sent) == [f"k{at}@poczta.example" for at in range(4)]


def test_a_rehearsal_counts_and_sends_nothing(registrar: Registrar) -> None:
    admit(registrar)
    post = FakePost()
    forecast = sending(registrar, post).forecast(registrar.everybody())
    assert (forecast.looked_at, forecast.steps[StepKind.ADD], post.sent) == (4, 4, [])


def test_after_a_crash_the_same_letter_goes_out_again_under_the_same_message_id(registrar: Registrar) -> None:
    admit(registrar, 2)
    dying, healthy = DiesAfterAccepting(), FakePost()
    with pytest.raises(KeyboardInterrupt):
        sending(registrar, dying).apply(registrar.everybody())
    registrar.later(minutes=11)
    sending(registrar, healthy).apply(registrar.everybody())
    (once,) = dying.sent
    again = [letter for letter in healthy.sent if letter.recipient == once.recipient]
    assert again == [once]
    assert (again[0].message_id, again[0].text, again[0].html) == (once.message_id, once.text, once.html)
    assert len(healthy.sent) == 2


class LetsAnotherRunIn(FakePost):
    """A post during whose first letter a second run begins."""

    def __init__(self, registrar: Registrar) -> None:
        super().__init__()
        self.registrar, self.other = registrar, FakePost()
        self.is_first = True

    def send(self, letter: Letter) -> None:
        """Take the letter, and let the other run do all that it may."""
        super().send(letter)
        if self.is_first:
            self.is_first = False
            sending(self.registrar, self.other).apply(self.registrar.everybody())


def test_two_runs_at_once_send_nobody_two_letters(registrar: Registrar) -> None:
    admit(registrar, 30)
    post = LetsAnotherRunIn(registrar)
    sending(registrar, post).apply(registrar.everybody())
    recipients = [letter.recipient for letter in [*post.sent, *post.other.sent]]
    assert len(recipients) == len(set(recipients)) == 30
    assert post.sent and post.other.sent


def test_the_letter_holds_the_album_number_and_a_link_whose_secret_is_not_kept(registrar: Registrar) -> None:
    admit(registrar, 1)
    post = FakePost()
    sending(registrar, post).apply(registrar.everybody())
    (letter,) = post.sent
    token = letter.text.split("/activate#")[1].split()[0]
    assert "100000" in letter.subject and "100000" in letter.text and f"/activate#{token}" in letter.html
    assert len(token) == 64 and token not in repr(registrar.everything())


def test_a_refused_recipient_does_not_stop_the_others(registrar: Registrar) -> None:
    admit(registrar)
    post = FakePost(refuses=["k1@poczta.example"])
    tally = sending(registrar, post).apply(registrar.everybody())
    assert (tally.new, tally.refused, tally.failed) == (3, 1, 0)
    assert [remark.about for remark in tally.remarks] == ["100001"]
    assert "k1@poczta.example" not in repr(tally.remarks)


def test_a_refused_recipient_gets_the_letter_once_the_address_is_right(registrar: Registrar) -> None:
    admit(registrar, 2)
    post = FakePost(refuses=["k1@poczta.example"])
    sending(registrar, post).apply(registrar.everybody())
    post.refuses.clear()
    assert sending(registrar, post).apply(registrar.everybody()).new == 1
    assert [letter.recipient for letter in post.sent] == ["k0@poczta.example", "k1@poczta.example"]


def test_a_post_that_breaks_down_stops_the_run_and_the_rest_is_counted(registrar: Registrar) -> None:
    admit(registrar)
    post = BreaksDown()
    tally = sending(registrar, post).apply(registrar.everybody())
    assert (tally.new, tally.refused, tally.failed) == (2, 0, 2)
    assert tally.remarks[0].why == "2 letters were not sent: the mail server does not answer"
    healthy = FakePost()
    assert sending(registrar, healthy).apply(registrar.everybody()).new == 2
    assert not {letter.recipient for letter in post.sent} & {letter.recipient for letter in healthy.sent}


def test_whoever_has_resigned_gets_no_letter(registrar: Registrar) -> None:
    registrar.sync(a_row("K1", album_number="100001"))
    registrar.sync(a_row("K1", album_number="100001", status="rezygnacja"))
    post = FakePost()
    assert sending(registrar, post).apply(registrar.everybody()).read == 0
    assert post.sent == []


def test_the_journal_tells_of_every_letter(registrar: Registrar) -> None:
    admit(registrar, 2)
    sending(registrar, FakePost(refuses=["k1@poczta.example"])).apply(registrar.everybody())
    told = [(line.step, line.result) for key in registrar.everybody() for line in registrar.journal.of(key)]
    assert told == [("admitted", "done"), ("sent album_number", "done"), ("admitted", "done"), ("letter", "refused")]
