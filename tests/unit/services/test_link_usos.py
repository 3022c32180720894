"""Enablement through the real registry: whom USOS is asked about, and that a second run writes nothing."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import time
from pathlib import Path

import pytest

from estudent.adapters.registry import tables
from estudent.adapters.registry.corrections import SqlCorrections
from estudent.domain.lifecycle import Standing
from estudent.domain.outcome import Outcome, Result, Tally
from estudent.domain.plan import Step, StepKind
from estudent.domain.reason import Reason
from estudent.domain.student import LinkState, MailboxState, Student
from estudent.domain.usos_link import UsosLink, UsosPerson
from estudent.domain.usos_migrations import Migrations
from estudent.domain.whom import Whom
from estudent.ports import Refused, Sighting, Unavailable
from estudent.services.find_in_usos import TAKEN, FindAndLink
from estudent.services.let_go_on import LetGoOn, can_be_retried
from estudent.services.link_usos import NO_RIGHT, SOMEBODY_ELSE, link_usos
from tests.contract.registry_world import Registry
from tests.fakes import FakeUsos

ALBUM = "100001"


class World:
    """One registry, one USOS, and a run of ours."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.usos = FakeUsos()
        links = link_usos(self.usos, registry.students, registry.usos, registry.journal)
        self.reconciler = FindAndLink(self.usos, registry.students, registry.usos, links)

    def a_student(self, album: str = ALBUM, usos_id: int | None = 55, **changes: object) -> Student:
        return self.registry.a_student(album, usos_id=usos_id, **changes)

    def give_mailbox(self, student: Student, name: str = "lucja.zak") -> str:
        address = self.registry.ask_for_mailbox(student, name)
        self.registry.mailboxes.observe([Sighting(student.key, MailboxState.VERIFIED, f"id-{student.key}")])
        return address

    def show(self, usos_id: int = 55, album: str | None = ALBUM, email: str | None = None, active: bool = True) -> None:
        self.usos.persons[usos_id] = UsosPerson(usos_id, album, email, active)

    def run(self) -> Tally:
        return self.reconciler.apply(self.registry.students.keys(Whom()))

    def state(self, album: str = ALBUM) -> LinkState | None:
        return self.registry.by_album(album).usos_state

    def retry(self, student: Student, why: str) -> bool:
        author = self.registry.usos.author
        corrections = SqlCorrections(self.registry.database, author, lambda: "<1@x>", lambda _: "t")
        retry = LetGoOn(self.registry.students, can_be_retried, corrections.retry_link, "way into USOS that is stuck")
        return retry(student.album, Reason(why))


@pytest.fixture
def world(migrated: Path, tmp_path: Path) -> Iterator[World]:
    registry = Registry(f"sqlite:///{shutil.copy(migrated, tmp_path)}", migrations=Migrations((time(16, 5),)))
    with closing(registry.database):
        yield World(registry)


def test_the_whole_way_with_each_thing_in_its_turn(world: World) -> None:
    student = world.a_student()
    states = []
    for happening in (
        lambda: None,
        lambda: world.show(active=False),
        world.show,
        lambda: world.give_mailbox(student),
        lambda: world.registry.clock.turn(hours=9),
    ):
        happening()
        world.run()
        states.append(world.state())
    assert states == [LinkState.AWAITED, LinkState.PERSON, LinkState.ACTIVE, LinkState.LINKED, LinkState.VERIFIED]
    assert len(world.usos.asked) == 1
    assert "usos_ready" in [row["kind"] for row in world.registry.rows(tables.message)]


def test_nothing_is_asked_of_usos_before_the_mailbox_works(world: World) -> None:
    student = world.a_student()
    world.show()
    world.registry.ask_for_mailbox(student, "lucja.zak")
    world.run()
    assert (world.state(), world.usos.asked) == (LinkState.ACTIVE, [])


@pytest.mark.parametrize("hides", [False, True], ids=["seen at once", "seen after a migration"])
def test_a_second_run_asks_for_nothing(world: World, hides: bool) -> None:
    world.give_mailbox(world.a_student())
    world.show()
    world.usos.hides = hides
    for _ in range(3):
        world.run()
    assert len(world.usos.asked) == 1
    assert world.state() is (LinkState.REQUESTED if hides else LinkState.LINKED)


def test_an_accepted_request_is_no_link_before_it_is_seen(world: World) -> None:
    address = world.give_mailbox(world.a_student())
    world.show()
    world.usos.hides = True
    tally = world.run()
    assert (tally.new, tally.failed, tally.refused) == (1, 0, 0)
    assert (world.state(), world.registry.by_album(ALBUM).usos_email) == (LinkState.REQUESTED, None)
    world.show(email=address.upper())
    world.run()
    assert (world.state(), world.registry.by_album(ALBUM).usos_email) == (LinkState.LINKED, address)


def test_an_identifier_that_usos_shows_must_be_ours_too(world: World) -> None:
    address = world.give_mailbox(world.a_student())
    world.show(email=address)
    world.usos.persons[55] = replace(world.usos.persons[55], identifier="lzak")
    world.usos.hides = True
    world.run()
    assert (world.state(), len(world.usos.asked)) == (LinkState.REQUESTED, 1)


def test_somebody_else_under_the_id_is_refused_and_alarmed(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.give_mailbox(world.a_student())
    world.show(album="100009")
    with caplog.at_level(logging.ERROR):
        tally = world.run()
    assert (world.state(), world.usos.asked) == (LinkState.CONFLICT, [])
    assert [(remark.about, remark.why) for remark in tally.remarks] == [(ALBUM, SOMEBODY_ELSE)]
    assert caplog.messages == [f"student {ALBUM}: {SOMEBODY_ELSE}"]
    world.show()
    world.run()
    assert world.state() is LinkState.LINKED


def test_a_private_address_that_usos_holds_is_replaced_and_never_kept(world: World) -> None:
    world.give_mailbox(world.a_student())
    world.show(email="lucja@private.example")
    world.usos.hides = True
    world.run()
    assert [link.email for link in world.usos.asked] == ["lucja.zak@student.example.pl"]
    assert "lucja@private.example" not in world.registry.dump()


def test_a_refusal_is_not_repeated_until_the_desk_says_so(world: World) -> None:
    student = world.a_student()
    world.give_mailbox(student)
    world.show()
    refusing = world.usos.carry_out
    world.usos.carry_out = lambda steps: refuse(world, steps)  # type: ignore[method-assign]
    for _ in range(2):
        world.run()
    assert (world.state(), len(world.usos.asked)) == (LinkState.STUCK, 1)
    world.usos.carry_out = refusing  # type: ignore[method-assign]
    assert world.retry(student, "the other person's address was removed")
    assert not world.retry(student, "clicked twice")
    assert [request.kind for request in world.registry.outbox.claim(9)] == ["mailbox", "usos_link"]
    world.run()
    assert (world.state(), len(world.usos.asked)) == (LinkState.LINKED, 2)


def test_a_refusal_that_usos_s_people_tell_later_reaches_the_desk_at_once(world: World) -> None:
    student, why = world.a_student(), "USOS's file says: the study is of another faculty"
    world.give_mailbox(student)
    world.show()
    world.usos.hides = True
    world.run()
    world.usos.persons[55] = replace(world.usos.persons[55], refused=why)
    for _ in range(2):
        world.run()
    assert (world.state(), len(world.usos.asked)) == (LinkState.STUCK, 1)
    assert world.registry.rows(tables.usos_link)[0]["problem"] == why
    assert world.retry(student, "the faculty was corrected")
    world.show()
    world.run()
    assert (world.state(), len(world.usos.asked)) == (LinkState.REQUESTED, 2)


def refuse(world: World, steps: object) -> Iterator[Outcome]:
    for step in steps:  # type: ignore[attr-defined]
        assert isinstance(step, Step) and isinstance(step.wanted, UsosLink)
        world.usos.asked.append(step.wanted)
        yield Outcome(step, Result.REFUSED, "the address belongs to another person in USOS")


def test_who_is_not_stuck_cannot_be_retried(world: World) -> None:
    student = world.a_student()
    with pytest.raises(Refused, match="no way into USOS that is stuck"):
        world.retry(student, "just so")


def test_a_retry_whose_request_waits_gives_it_its_turn_instead_of_making_another(world: World) -> None:
    student = world.a_student()
    world.show(album="100009")
    for _ in range(2):
        world.run()
        assert world.retry(student, "the number was corrected")
        world.registry.outbox.put_back(world.registry.outbox.claim(9), "USOS did not take everybody")
    assert world.registry.outbox.waiting() == 1


def test_where_usos_takes_no_addresses_its_own_people_are_waited_for(world: World) -> None:
    address = world.give_mailbox(world.a_student())
    world.show()
    world.usos.permits = False
    world.run()
    assert (world.state(), world.usos.asked) == (LinkState.ACTIVE, [])
    assert world.registry.rows(tables.usos_link)[0]["problem"] == NO_RIGHT
    world.show(email=address)
    world.run()
    assert world.state() is LinkState.LINKED


def test_an_address_that_somebody_took_out_of_usos_is_handed_over_again(world: World) -> None:
    world.give_mailbox(world.a_student())
    world.show()
    world.run()
    world.registry.clock.turn(hours=9)
    world.run()
    world.show()
    world.run()
    assert (world.state(), len(world.usos.asked)) == (LinkState.LINKED, 2)


def test_an_address_that_was_changed_in_usos_counts_for_the_brake_when_it_is_put_back(world: World) -> None:
    world.give_mailbox(world.a_student())
    world.show(email="lucja@private.example")
    keys = world.registry.students.keys(Whom())
    assert world.reconciler.forecast(keys).steps == {StepKind.CHANGE: 1}
    world.run()
    assert world.reconciler.forecast(keys).steps == {}
    world.show(email="lucja@private.example")
    assert world.reconciler.forecast(keys).steps == {StepKind.REPAIR: 1}


def test_whose_id_recruitment_has_not_sent_is_found_by_album_number(world: World) -> None:
    world.give_mailbox(world.a_student(usos_id=None))
    world.run()
    assert world.state() is None
    world.show()
    world.run()
    assert (world.registry.by_album(ALBUM).usos_id, world.state()) == (55, LinkState.LINKED)


def test_an_id_that_is_another_student_s_here_is_refused(world: World) -> None:
    world.a_student("100002", 55)
    world.a_student(usos_id=None)
    world.show(album=ALBUM)
    tally = world.run()
    assert (world.registry.by_album(ALBUM).usos_id, world.state("100002")) == (None, LinkState.CONFLICT)
    assert TAKEN in {remark.why for remark in tally.remarks if remark.about == ALBUM}


def test_who_has_left_is_neither_looked_at_nor_unlinked(world: World) -> None:
    world.a_student(standing=Standing.GRADUATED)
    assert world.run().read == 0
    assert world.state() is None


def test_a_usos_that_does_not_answer_moves_nobody(world: World) -> None:
    world.give_mailbox(world.a_student())
    world.show()
    world.usos.problem = Unavailable("USOS did not answer")
    with pytest.raises(Unavailable):
        world.run()
    assert world.state() is None


def test_the_run_tells_how_many_wait_for_what(world: World) -> None:
    world.a_student("100001", 51)
    world.a_student("100002", 52)
    world.show(52, "100002", active=False)
    (remark,) = world.run().remarks
    assert "2 students are not linked in USOS yet (1 awaited, 1 person)" in remark.why
