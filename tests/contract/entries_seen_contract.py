"""Of whom the directory was seen to hold the very entry that is wanted, on every database for the registry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from estudent.adapters.registry import tables
from estudent.adapters.registry.entries_seen import SqlEntriesSeen
from estudent.adapters.registry.mailbox_renames import SqlRenames
from estudent.domain.album_number import AlbumNumber
from estudent.domain.lifecycle import Standing
from estudent.domain.mailbox_rename import RenameState
from estudent.domain.person_name import PersonName
from estudent.domain.student import Language, MailboxState, Student
from estudent.domain.whom import Whom
from tests.contract.desk_contract import activated, with_mailbox
from tests.contract.registry_world import DOMAIN, Registry, an_application

NEW_ADDRESS = f"lucja.nowak@{DOMAIN}"

Change = Callable[[Registry, Student], object]


def applies_as(**changes: Any) -> Change:
    """Return the change after which recruitment tells otherwise of the student."""
    return lambda registry, student: registry.take_in(an_application(str(student.album), **changes))


def renames_of(registry: Registry) -> SqlRenames:
    return SqlRenames(registry.database, registry.journal.author, registry.students, registry.messages)


def settled(registry: Registry) -> None:
    """Let the directory be seen to hold what is wanted, of everybody."""
    registry.entries_seen.settle(registry.students.load(registry.students.keys(Whom())), [])


class EntriesSeenContract:
    def test_nobody_is_settled_before_anything_was_seen(self, registry: Registry) -> None:
        keys = [registry.a_student(album).key for album in ("100001", "100002")]
        assert registry.entries_seen.unsettled() == keys

    def test_whoever_was_seen_as_wanted_is_settled(self, registry: Registry) -> None:
        students = [registry.a_student(album) for album in ("100001", "100002", "100003")]
        registry.entries_seen.settle(students[:2], [students[1].album])
        assert registry.entries_seen.unsettled() == [students[1].key, students[2].key]

    def test_whoever_is_seen_otherwise_later_is_no_longer_settled(self, registry: Registry) -> None:
        student = registry.a_student()
        settled(registry)
        registry.entries_seen.settle([student], [student.album])
        assert registry.entries_seen.unsettled() == [student.key]

    @pytest.mark.parametrize(
        "change",
        [
            applies_as(name=PersonName("Nowak", "Łucja")),
            applies_as(name=PersonName("Żak", "Anna")),
            applies_as(name=PersonName("Żak", "Łucja", "Anna")),
            applies_as(language=Language.UKRAINIAN),
            applies_as(standing=Standing.STRUCK_OFF),
            activated,
            lambda registry, student: with_mailbox(registry, student, MailboxState.VERIFIED),
        ],
        ids=["family name", "given name", "middle name", "language", "standing", "activation", "mailbox that works"],
    )
    def test_when_another_entry_is_wanted_nothing_is_settled(self, registry: Registry, change: Change) -> None:
        student = registry.a_student()
        registry.a_student("100002")
        settled(registry)
        change(registry, student)
        assert registry.by_album("100001") != student
        assert registry.entries_seen.unsettled() == [student.key]
        settled(registry)
        assert registry.entries_seen.unsettled() == []

    def test_a_former_address_wants_another_entry(self, registry: Registry) -> None:
        student = with_mailbox(registry, registry.a_student(), MailboxState.VERIFIED)
        settled(registry)
        renames_of(registry).ask(student, NEW_ADDRESS)
        for state in (RenameState.ARRIVING, RenameState.MOVING):
            student = renames_of(registry).observe(registry.by_album("100001"), state)
            assert student.former
            assert registry.entries_seen.unsettled() == [student.key]
            settled(registry)
            assert registry.entries_seen.unsettled() == []

    def test_what_the_entry_does_not_show_unsettles_nobody(self, registry: Registry) -> None:
        student = registry.a_student()
        settled(registry)
        with registry.database.writing() as connection:
            connection.execute(update(tables.person).values(email="another@poczta.example"))
        assert registry.by_album("100001").email != student.email
        assert registry.entries_seen.unsettled() == []

    def test_in_another_domain_other_entries_are_wanted(self, registry: Registry) -> None:
        student = registry.a_student()
        settled(registry)
        assert SqlEntriesSeen(registry.database, "uczelnia.example").unsettled() == [student.key]

    def test_whoever_has_no_album_number_yet_is_nobodys_concern(self, registry: Registry) -> None:
        registry.take_in(an_application(None))
        assert registry.entries_seen.unsettled() == []

    def test_many_are_told_apart(self, registry: Registry) -> None:
        albums = [str(200_000 + at) for at in range(2500)]
        registry.take_in(*(an_application(album) for album in albums))
        settled(registry)
        assert registry.entries_seen.unsettled() == []
        registry.take_in(an_application(albums[2001], name=PersonName("Nowak", "Łucja")))
        assert registry.entries_seen.unsettled() == [registry.by_album(albums[2001]).key]
        assert len(registry.entries_seen.owners({*albums, "777", "not a number"})) == 2500

    def test_numbers_of_nobody_have_no_owner(self, registry: Registry) -> None:
        student = registry.a_student()
        assert registry.entries_seen.owners(set()) == []
        assert registry.entries_seen.owners({"777", str(AlbumNumber("100001"))}) == [student.key]
