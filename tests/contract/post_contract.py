"""What every implementation of the port `Post` promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import count

import pytest

from estudent.domain.letter import Letter
from estudent.ports import Post, Refused

NUMBERS = count(1)


def a_letter(recipient: str = "zofia@private.example", subject: str = "Twój numer albumu – zażółć") -> Letter:
    """A letter with Polish letters in every part, under a Message-ID of its own."""
    return Letter(
        recipient, f"<letter.{next(NUMBERS)}@student.example.pl>", "pl", subject, "Zażółć gęślą jaźń.\n",
        "<p>Zażółć gęślą jaźń.</p>\n",
    )  # fmt: skip


class World(ABC):
    """A post office and a look into what it took."""

    post: Post

    @abstractmethod
    def taken(self) -> list[str]:
        """Return the Message-IDs that arrived, in order."""

    @abstractmethod
    def refuse(self, recipient: str) -> None:
        """Let the far side refuse a recipient for good."""


class PostContract:
    """Run against the fake and against the mail sink."""

    @pytest.fixture
    def world(self) -> World:
        raise NotImplementedError

    def test_letters_arrive_under_their_message_ids(self, world: World) -> None:
        letters = [a_letter(), a_letter("jan@private.example")]
        for letter in letters:
            world.post.send(letter)
        assert world.taken()[-2:] == [letter.message_id for letter in letters]

    def test_a_refused_recipient_does_not_stop_the_next_letter(self, world: World) -> None:
        world.refuse("nobody@gone.example")
        with pytest.raises(Refused):
            world.post.send(a_letter("nobody@gone.example"))
        world.post.send(letter := a_letter())
        assert world.taken()[-1] == letter.message_id

    @pytest.mark.parametrize("break_in", ["a\nBcc: all@example.pl", "a\r\nBcc: all@example.pl"])
    def test_nobody_can_write_a_header_through_a_subject(self, world: World, break_in: str) -> None:
        before = world.taken()
        with pytest.raises(Refused):
            world.post.send(a_letter(subject=break_in))
        assert world.taken() == before

    def test_nobody_can_write_a_header_through_an_address(self, world: World) -> None:
        with pytest.raises(Refused):
            world.post.send(a_letter("a@example.pl\nBcc: all@example.pl"))

    def test_the_check_is_one_sentence(self, world: World) -> None:
        assert world.post.check()
