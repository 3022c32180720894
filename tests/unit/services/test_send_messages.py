"""Messages: each goes out once, whatever befalls the post; what they hold is kept nowhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from estudent.domain.letter import Letter, Notice
from estudent.domain.one_time_code import Purpose, as_read_aloud
from estudent.ports import Misconfigured, Unavailable
from tests.fakes import FakePost
from tests.unit.services.doors import HERE, Doors
from tests.unit.services.registrar import Registrar


@pytest.fixture
def doors(registrar: Registrar) -> Doors:
    doors = Doors(registrar)
    for album in ("100001", "100002", "100003"):
        doors.admit(album, language="en")
    return doors


def queue_for_everybody(doors: Doors, kind: str = "activated") -> None:
    for key in doors.registrar.everybody():
        doors.messages.queue(key, kind)


def test_what_waits_goes_out_once(doors: Doors) -> None:
    queue_for_everybody(doors)
    assert [doors.send.run() for _ in range(2)] == [3, 0]
    assert [letter.recipient for letter in doors.post.sent] == [
        f"k{n}@poczta.example" for n in (100001, 100002, 100003)
    ]


def test_the_letter_holds_the_code_and_the_link_and_the_registry_neither(doors: Doors) -> None:
    doors.recover.ask("100001", HERE)
    doors.send.run()
    (letter,) = doors.post.sent
    code, secret = as_read_aloud(doors.code(Purpose.RECOVERY)), doors.secret()
    for part in (letter.text, letter.html):
        assert code in part and f"/activate#{secret}" in part and "s100001" in part
    stored = repr(doors.registrar.everything())
    assert code.replace("-", "") not in stored and secret not in stored


def test_the_link_of_an_active_account_leads_to_recovery(doors: Doors) -> None:
    doors.run_directory()
    student = doors.registrar.student("100001")
    doors.choose(doors.invited(student), "the first password of all")
    doors.recover.ask("100001", HERE)
    doors.send.run()
    assert f"/recover#{doors.secret()}" in doors.post.sent[-1].text


def test_a_post_that_is_down_loses_nothing(doors: Doors) -> None:
    queue_for_everybody(doors)
    doors.post.problem = Unavailable("the mail server does not answer")
    with pytest.raises(Unavailable):
        doors.send.run()
    doors.post.problem = None
    assert (doors.send.run(), doors.messages.waiting()) == (0, 3)
    doors.registrar.later(seconds=2)
    assert (doors.send.run(), doors.messages.waiting()) == (3, 0)


def test_a_wrong_setting_of_the_post_loses_nothing_either(doors: Doors) -> None:
    queue_for_everybody(doors)
    doors.post.problem = Misconfigured("the mail server does not accept our password")
    with pytest.raises(Misconfigured):
        doors.send.run()
    assert doors.messages.waiting() == 3


def test_a_refused_recipient_stops_nobody_and_is_tried_at_the_corrected_address(doors: Doors) -> None:
    doors.post.refuses.add("k100002@poczta.example")
    queue_for_everybody(doors)
    assert doors.send.run() == 2
    (line,) = [line for line in doors.registrar.journal.of(2) if line.result == "refused"]
    assert (line.system, line.step) == ("letters", "activated")
    doors.admit("100002", email="right@poczta.example")
    doors.registrar.later(hours=6)
    assert doors.send.run() == 1
    assert doors.post.sent[-1].recipient == "right@poczta.example"


def test_a_recipient_who_is_refused_again_and_again_stands_in_the_journal_once(doors: Doors) -> None:
    doors.post.refuses.add("k100001@poczta.example")
    doors.messages.queue(1, "activated")
    for _ in range(10):
        doors.send.run()
        doors.registrar.later(hours=6)
    assert [line.result for line in doors.registrar.journal.of(1)].count("refused") == 1


class DiesAfterAccepting(FakePost):
    """A post that takes a letter, whereupon our process is killed before it can note that."""

    def send(self, letter: Letter) -> None:
        super().send(letter)
        raise KeyboardInterrupt


def test_after_a_crash_the_same_letter_goes_out_again_under_the_same_message_id(doors: Doors) -> None:
    doors.codes.send(1, "email_code")
    dying = DiesAfterAccepting()
    send = type(doors.send)(
        doors.messages, doors.registrar.students, doors.send.compose, dying, doors.registrar.journal
    )
    with pytest.raises(KeyboardInterrupt):
        send.run()
    doors.registrar.later(minutes=5)
    doors.send.run()
    assert dying.sent == doors.post.sent


def test_a_letter_that_cannot_be_written_keeps_no_other_waiting(doors: Doors) -> None:
    queue_for_everybody(doors)
    compose, broken = doors.send.compose, doors.registrar.student("100001").key

    def stumble(notice: Notice) -> Letter:
        if notice.student.key == broken:
            raise KeyError("a name that the template asks for")
        return compose(notice)

    sending = replace(doors.send, compose=stumble)
    with pytest.raises(KeyError):
        sending.run()
    doors.registrar.later(minutes=1)
    assert sending.run() == 2
    assert doors.messages.waiting() == 1
