"""What the desk decides without asking anybody: reasons, names, and why somebody waits."""

from __future__ import annotations

import pytest
from anyascii import anyascii

from estudent.domain.funnel import WAY, Hold, Stage, Traces, hold_at, reached
from estudent.domain.name_search import distance, words_of
from estudent.domain.reason import Reason
from estudent.domain.student import MailboxState


@pytest.mark.parametrize("text", ["clerk", "the student showed the card", "tel. 77 449 80 00, 2026-10-01", "ż" * 200])
def test_a_reason_is_a_few_words(text: str) -> None:
    assert str(Reason(f" {text}  ")) == text


@pytest.mark.parametrize(
    "text",
    ["", "four", " a   b ", "x" * 201, "07231412345", "PESEL:0723 1412 345", "07-23-14-12-345", "072314 - 12345",
     "a\x00bcdef", "ab\u202ecdef", "document 123456789012"],
)  # fmt: skip
def test_a_reason_without_words_or_with_a_personal_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a reason"):
        Reason(text)


@pytest.mark.parametrize(
    "text, words",
    [
        ("Łucja Maria Żak", ("lucja", "maria", "zak")),
        ("Nowak-Wójcik", ("nowak", "wojcik")),
        ("O’Brien", ("obrien",)),
        ("Шевченко", ("shevchenko",)),
        ("  \u202e🙂 ", ()),
    ],
)
def test_the_words_of_a_name_are_plain(text: str, words: tuple[str, ...]) -> None:
    found = words_of(text, anyascii)
    assert found == words or (not words and "zak" not in found)


def test_the_whole_word_is_nearer_than_its_beginning() -> None:
    assert distance(("kowal", "anna"), ("kowal", "anna")) == 0
    assert distance(("kowal", "anna"), ("kowalska", "anna")) == 1
    assert distance(("kowal", "ewa"), ("kowalska", "anna")) is None


def test_whoever_waits_later_has_got_beyond_the_earlier_stages() -> None:
    counts: dict[Stage, int] = dict.fromkeys(WAY, 1)
    assert list(reached(counts).values()) == [7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize("stage", Stage)
def test_at_every_stage_there_is_a_reason_to_wait(stage: Stage) -> None:
    assert hold_at(stage, Traces())[0] in Hold


def test_a_problem_at_microsoft_is_told_before_its_slowness() -> None:
    traces = Traces(mailbox_state=MailboxState.AWAITED, refusal="no licence is left")
    assert hold_at(Stage.MAILBOX, traces) == (Hold.MICROSOFT_PROBLEM, "no licence is left")
