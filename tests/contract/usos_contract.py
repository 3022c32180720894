"""What every implementation of the port `Usos` promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from estudent.domain.album_number import AlbumNumber
from estudent.domain.nrb import Nrb
from estudent.domain.outcome import Outcome, Result
from estudent.domain.plan import Step, StepKind
from estudent.domain.usos_link import UsosLink
from estudent.ports import Usos

NOBODY = 999_999_999


def nothing() -> None:
    """Let things be as they are."""


@dataclass(frozen=True)
class World:
    """A far side, one person in it, and one person with a payment account in PLN.

    `settle` lets USOS's own people or programmes do what they have to, where addresses are not taken over at once.
    """

    usos: Usos
    person: int
    album: str
    payer: int
    account: Nrb
    settle: Callable[[], None] = nothing
    by_id_alone: bool = False


def a_link(usos_id: int, album: str, email: str = "") -> Step[UsosLink]:
    email = email or f"p{usos_id}@student.example.pl"
    return Step(StepKind.CHANGE, UsosLink(AlbumNumber(album), usos_id, email), None, ("email",))


def results(outcomes: list[Outcome]) -> list[Result]:
    return [outcome.result for outcome in outcomes]


class UsosContract:
    """Run against the fake, the stand-in for USOS API, a double of Oracle's driver, and files."""

    @pytest.fixture
    def world(self) -> World:
        raise NotImplementedError

    def test_a_person_is_found_by_usos_id(self, world: World) -> None:
        person = world.usos.find([world.person])[world.person]
        assert (person.usos_id, person.album) == (world.person, world.album)

    def test_somebody_who_does_not_exist_is_not_found(self, world: World) -> None:
        assert set(world.usos.find([world.person, NOBODY])) == {world.person}

    def test_nobody_is_asked_for_and_nobody_is_found(self, world: World) -> None:
        assert world.usos.find([]) == {}

    def test_an_address_that_was_handed_over_shows_in_usos(self, world: World) -> None:
        step = a_link(world.person, world.album, "jan.kowalski@student.example.pl")
        assert results(list(world.usos.carry_out([step]))) == [Result.DONE]
        world.settle()
        person = world.usos.find([world.person])[world.person]
        assert person.email == "jan.kowalski@student.example.pl"
        assert person.holds("jan.kowalski@student.example.pl")

    def test_handing_the_same_address_over_again_changes_nothing(self, world: World) -> None:
        step = a_link(world.person, world.album)
        assert results(list(world.usos.carry_out([step, step]))) == [Result.DONE, Result.DONE]
        world.settle()
        assert results(list(world.usos.carry_out([step]))) == [Result.DONE]
        world.settle()
        assert world.usos.find([world.person])[world.person].email == step.wanted.email

    def test_somebody_whom_usos_does_not_know_is_refused_and_the_others_go_on(self, world: World) -> None:
        steps = [a_link(NOBODY, "123456"), a_link(world.person, world.album)]
        outcomes = {outcome.step.album.digits: outcome.result for outcome in world.usos.carry_out(steps)}
        assert outcomes == {"123456": Result.REFUSED, world.album: Result.DONE}

    def test_nobody_holds_an_address_before_it_was_handed_over(self, world: World) -> None:
        person = world.usos.find([world.person])[world.person]
        assert person.active
        assert not person.holds(f"p{world.person}@student.example.pl")

    def test_another_address_takes_the_place_of_the_first_one(self, world: World) -> None:
        for address in ("first@student.example.pl", "second@student.example.pl"):
            assert results(list(world.usos.carry_out([a_link(world.person, world.album, address)]))) == [Result.DONE]
            world.settle()
        assert world.usos.find([world.person])[world.person].holds("second@student.example.pl")

    def test_what_is_no_address_is_not_handed_over(self, world: World) -> None:
        link = a_link(world.person, world.album).wanted
        steps = [Step(StepKind.LOCK, link), Step(StepKind.ADD, replace(link, email=None))]
        assert results(list(world.usos.carry_out(steps))) == [Result.REFUSED, Result.REFUSED]
        world.settle()
        assert not world.usos.find([world.person])[world.person].email

    def test_addresses_are_taken_and_what_is_seen_has_a_source(self, world: World) -> None:
        assert world.usos.takes_links()
        assert world.usos.source in ("usosapi", "oracle", "files")

    def test_a_person_is_found_by_album_number_where_that_can_be_asked(self, world: World) -> None:
        found = world.usos.ids_of([AlbumNumber(world.album), AlbumNumber("9999999")])
        assert found == (
            {} if world.usos.source == "usosapi" and world.by_id_alone else {AlbumNumber(world.album): world.person}
        )

    def test_a_payment_account_is_read(self, world: World) -> None:
        assert world.usos.account_numbers([world.payer, NOBODY]) == {world.payer: world.account}

    def test_the_check_is_one_sentence(self, world: World) -> None:
        assert "answers" in world.usos.check()
