"""What every implementation of the port `Mailboxes` promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from estudent.domain.album_number import AlbumNumber
from estudent.domain.mailbox import Mailbox
from estudent.domain.outcome import Outcome, Result
from estudent.domain.plan import Step, StepKind, plan
from estudent.ports import NO_SEATS, Mailboxes

DOMAIN = "student.example.pl"
ALBUMS = count(100_001)


def a_mailbox(given: str = "Łucja", surname: str = "Żak") -> Mailbox:
    """A new student's mailbox; no two have the same album number or name."""
    album = AlbumNumber(str(next(ALBUMS)))
    return Mailbox(
        album, f"lucja.zak.{album}@{DOMAIN}", f"{album.login}@{DOMAIN}", given, surname, f"{given} {surname}", "pl"
    )


def settle(mailboxes: Mailboxes, *wanted: Mailbox) -> list[Outcome]:
    """Plan and carry out once."""
    return list(mailboxes.carry_out(plan(wanted, mailboxes.find(wanted))))


class World(ABC):
    """A far side and what a test may do to it behind the adapter's back."""

    mailboxes: Mailboxes

    @abstractmethod
    def open_mailboxes(self) -> None:
        """Let Exchange catch up."""

    @abstractmethod
    def occupy(self, address: str) -> None:
        """Give an address to somebody who is no student of ours."""


class MailboxesContract:
    """Run against the fake and against the stand-in for Microsoft 365."""

    @pytest.fixture
    def world(self) -> World:
        raise NotImplementedError

    @pytest.fixture
    def nearly_full(self) -> World:
        """One seat is left."""
        raise NotImplementedError

    def test_nobody_is_found_before_anything_was_made(self, world: World) -> None:
        assert world.mailboxes.find([a_mailbox()]) == {}

    def test_a_new_student_has_a_licence_but_must_wait_for_the_mailbox(self, world: World) -> None:
        wanted = a_mailbox()
        assert [outcome.result for outcome in settle(world.mailboxes, wanted)] == [Result.DONE]
        found = world.mailboxes.find([wanted])[wanted.album]
        assert (found.licensed, found.aliased, found.primary) == (True, False, wanted.primary)
        assert found.identifier

    def test_a_mailbox_that_opened_gets_its_alias_and_then_nothing_is_left_to_do(self, world: World) -> None:
        wanted = a_mailbox()
        settle(world.mailboxes, wanted)
        world.open_mailboxes()
        assert [outcome.result for outcome in settle(world.mailboxes, wanted)] == [Result.DONE]
        assert list(plan([wanted], world.mailboxes.find([wanted]))) == []

    @pytest.mark.parametrize(("given", "surname"), [("", "Suharto"), ("Sukarno", "")])
    def test_somebody_with_one_name_gets_a_mailbox_too(self, world: World, given: str, surname: str) -> None:
        wanted = a_mailbox(given, surname)
        wanted = replace(wanted, display_name=wanted.display_name.strip())
        assert [outcome.result for outcome in settle(world.mailboxes, wanted)] == [Result.DONE]
        found = world.mailboxes.find([wanted])[wanted.album]
        assert (found.given_name, found.surname) == (given, surname)

    def test_a_step_that_can_only_wait_has_no_outcome(self, world: World) -> None:
        wanted = a_mailbox()
        settle(world.mailboxes, wanted)
        found = replace(world.mailboxes.find([wanted])[wanted.album], ready=False)
        step = Step(StepKind.CHANGE, wanted, found, ("ready",))
        assert list(world.mailboxes.carry_out([step])) == []

    def test_adding_a_student_twice_makes_one_user(self, world: World) -> None:
        wanted = a_mailbox()
        twice = [Step(StepKind.ADD, wanted), Step(StepKind.ADD, wanted)]
        assert [outcome.result for outcome in world.mailboxes.carry_out(twice)] == [Result.DONE, Result.DONE]
        assert world.mailboxes.find([wanted])[wanted.album].identifier

    def test_an_address_that_somebody_else_has_is_refused(self, world: World) -> None:
        wanted = a_mailbox()
        world.occupy(wanted.primary)
        (outcome,) = settle(world.mailboxes, wanted)
        assert outcome.result is Result.REFUSED
        assert outcome.detail.startswith("address taken: ")

    def test_a_new_surname_is_written(self, world: World) -> None:
        wanted = a_mailbox()
        settle(world.mailboxes, wanted)
        married = replace(wanted, surname="Nowak", display_name="Łucja Nowak")
        settle(world.mailboxes, married)
        found = world.mailboxes.find([wanted])[wanted.album]
        assert (found.surname, found.display_name) == ("Nowak", "Łucja Nowak")

    @pytest.mark.parametrize("lost", ["given_name", "surname"])
    def test_a_name_that_somebody_has_no_more_is_cleared(self, world: World, lost: str) -> None:
        wanted = a_mailbox()
        settle(world.mailboxes, wanted)
        less: dict[str, Any] = {lost: "", "display_name": "Żak"}
        changed = replace(wanted, **less)
        assert [outcome.result for outcome in settle(world.mailboxes, changed)] == [Result.DONE]
        assert lost not in changed.differences(world.mailboxes.find([wanted])[wanted.album])
        assert settle(world.mailboxes, changed) == []

    def test_without_a_seat_nobody_is_created(self, nearly_full: World) -> None:
        wanted = [a_mailbox() for _ in range(3)]
        outcomes = settle(nearly_full.mailboxes, *wanted)
        assert sorted(outcome.result for outcome in outcomes) == [Result.DONE, Result.REFUSED, Result.REFUSED]
        assert sum(NO_SEATS in outcome.detail for outcome in outcomes) == 2
        assert len(nearly_full.mailboxes.find(wanted)) == 1

    def test_a_licence_takes_a_seat(self, world: World) -> None:
        before = world.mailboxes.free_seats()
        settle(world.mailboxes, a_mailbox(), a_mailbox())
        assert world.mailboxes.free_seats() == before - 2

    def test_more_students_than_fit_one_question_are_found(self, world: World) -> None:
        wanted = [a_mailbox() for _ in range(17)]
        settle(world.mailboxes, *wanted)
        assert set(world.mailboxes.find(wanted)) == {each.album for each in wanted}

    def test_the_check_is_one_sentence(self, world: World) -> None:
        assert "free seats" in world.mailboxes.check()
