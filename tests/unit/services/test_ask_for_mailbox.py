"""Asking for a mailbox on a real registry: names, look-alikes, and two who want the same in one moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from anyascii import anyascii

from estudent.domain.album_number import AlbumNumber
from estudent.domain.mailbox_name import BadName, NameFault, fault_of, likeness
from estudent.domain.student import MailboxState
from estudent.ports import AlreadyExists, Sighting, TooAlike
from estudent.services.open_mailboxes import AskForMailbox
from tests.builders import DOMAIN, a_row
from tests.unit.services.registrar import Registrar

FIRST, SECOND = AlbumNumber("100001"), AlbumNumber("100002")
KOWALSKI = {"given_name": "Jan", "family_name": "Kowalski"}


@pytest.fixture
def ask(registrar: Registrar) -> AskForMailbox:
    registrar.sync(*(a_row(f"K{at}", at + 2, album_number=str(100_001 + at), **KOWALSKI) for at in range(8)))
    return AskForMailbox(registrar.students, registrar.mailboxes, anyascii, DOMAIN)


@pytest.mark.parametrize("name, fault", [("", NameFault.TOO_SHORT), ("adm1n", NameFault.LIKE_RESERVED)])
def test_a_bad_name_says_what_is_wrong_with_it(ask: AskForMailbox, name: str, fault: NameFault) -> None:
    with pytest.raises(BadName) as raised:
        ask.ask(FIRST, name)
    assert raised.value.fault is fault


def test_a_look_alike_is_refused_and_a_number_makes_a_difference(ask: AskForMailbox) -> None:
    ask.ask(FIRST, "jan.kowalski")
    for name in ("jankowalski", "jan-kowalski", "jan.kowa1ski"):
        with pytest.raises(TooAlike):
            ask.ask(SECOND, name)
    assert ask.ask(SECOND, "jan.kowalski.2") == f"jan.kowalski.2@{DOMAIN}"


def test_a_fault_is_told_before_anybody_asks(ask: AskForMailbox, registrar: Registrar) -> None:
    ask.ask(FIRST, "jan.kowalski")
    mine, other = registrar.student(str(FIRST)), registrar.student(str(SECOND))
    assert ask.fault_of(other, "Jan.Kowalski") is NameFault.TAKEN
    assert ask.fault_of(other, "jankowalski") is NameFault.LIKE_TAKEN
    assert ask.fault_of(mine, "jankowalski") is None
    assert ask.fault_of(other, "r3ktor") is NameFault.LIKE_RESERVED
    assert ask.fault_of(other, "free") is None


def test_free_names_are_neither_taken_nor_look_alikes(ask: AskForMailbox) -> None:
    ask.ask(FIRST, "jankowalski")
    names = ask.free_names(SECOND, 6)
    assert "jan.kowalski" not in names
    assert [fault_of(name) for name in names] == [None] * 6
    assert likeness("jan.kowalski") not in {likeness(name) for name in names}


def test_after_a_conflict_one_may_keep_to_what_looks_like_one_s_own(ask: AskForMailbox, registrar: Registrar) -> None:
    ask.ask(FIRST, "jan.kowalski")
    registrar.mailboxes.observe([Sighting(registrar.student(str(FIRST)).key, MailboxState.CONFLICT)])
    assert ask.ask(FIRST, "jankowalski") == f"jankowalski@{DOMAIN}"


@pytest.mark.parametrize(
    "names", [["mistrz"] * 8, ["jan.kowalski", "jankowalski", "jan-kowalski", "j.a.n.kowalsk1"] * 2]
)
def test_of_many_in_one_moment_one_gets_the_name_and_all_others_are_shown_free_ones(
    ask: AskForMailbox, names: list[str]
) -> None:
    barrier = Barrier(len(names))

    def choose(at: int) -> str:
        album = AlbumNumber(str(100_001 + at))
        barrier.wait(timeout=20)
        try:
            return ask.ask(album, names[at])
        except AlreadyExists:
            return ask.ask(album, f"{names[at]}.{at + 2}")

    with ThreadPoolExecutor(len(names)) as pool:
        given = list(pool.map(choose, range(len(names))))
    assert len(set(given)) == len(names)
    assert len(set(given) & {f"{name}@{DOMAIN}" for name in names}) == 1


def test_one_student_in_two_tabs_at_once_gets_one_mailbox(ask: AskForMailbox, registrar: Registrar) -> None:
    barrier = Barrier(2)

    def choose(name: str) -> str:
        barrier.wait(timeout=20)
        return ask.ask(FIRST, name)

    with ThreadPoolExecutor(2) as pool:
        given = set(pool.map(choose, ["mistrz", "mistrzyni"]))
    assert given == {registrar.student(str(FIRST)).mailbox}
    assert registrar.outbox.waiting() == 1
