"""What the registry promises of mailboxes that end, move or are watched, for every database it may lie in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial

import pytest
from sqlalchemy import event

from estudent.adapters.registry.mailbox_life import SqlPartings
from estudent.adapters.registry.mailbox_passwords import SqlMailboxPasswords
from estudent.adapters.registry.mailbox_renames import SqlRenames
from estudent.adapters.registry.tables import address, mailbox_parting, message
from estudent.adapters.registry.watermarks import SqlWatermarks
from estudent.domain.lifecycle import Standing
from estudent.domain.mailbox_life import Leaving, Parting
from estudent.domain.mailbox_rename import Rename, RenameState
from estudent.domain.person_name import PersonName
from estudent.domain.student import MailboxState, Student
from estudent.ports import AlreadyExists, FarSideError, Refused, Sighting, TooAlike, Turnover, Unavailable
from tests.contract.registry_world import DOMAIN, Registry, a_feed, an_application, at_once

TODAY, DUE = date(2026, 9, 15), date(2026, 12, 1)
OLD, NEW = f"lucja.zak@{DOMAIN}", f"lucja.nowak@{DOMAIN}"
MARRIED = PersonName("Nowak", "Łucja")


def partings_of(registry: Registry) -> SqlPartings:
    return SqlPartings(registry.database, registry.journal.author, registry.messages)


def renames_of(registry: Registry) -> SqlRenames:
    return SqlRenames(registry.database, registry.journal.author, registry.students, registry.messages)


def with_mailbox(registry: Registry, album: str = "100001", name: str = "lucja.zak") -> Student:
    """Return a student whose mailbox works, and forget the letter that says so."""
    student = registry.a_student(album, standing=Standing.STUDYING)
    registry.ask_for_mailbox(student, name)
    registry.mailboxes.observe([Sighting(student.key, MailboxState.VERIFIED, f"id-{album}")])
    with registry.database.writing() as connection:
        connection.execute(message.delete())
    registry.clock.turn(minutes=1)
    return registry.by_album(album)


def becomes(registry: Registry, family: str, *students: Student) -> None:
    """Let a feed give these students another family name."""
    name = PersonName(family, "Łucja")
    said = [an_application(str(each.album), name=name, standing=Standing.STUDYING) for each in students]
    registry.take_in(*said, feed=a_feed(digest=f"{family}{said[0].candidate}"))


def commands(registry: Registry, act: Callable[[], object]) -> int:
    """Do something and return how many commands the database was given for it."""
    given: list[str] = []
    listener = ("before_cursor_execute", lambda _c, _k, command, *_: given.append(command))
    event.listen(registry.database.engine, *listener)
    act()
    event.remove(registry.database.engine, *listener)
    return len(given)


def letters(registry: Registry) -> list[str]:
    return [str(row["kind"]) for row in registry.rows(message)]


def kinds(registry: Registry) -> dict[str, str]:
    """Return what each address is, aliases aside."""
    return {row["address"]: row["kind"] for row in registry.rows(address) if row["kind"] != "alias"}


def outcome_of(act: Callable[[], object]) -> str:
    """Do something and return the name of the error that it ends with, "" for none."""
    try:
        act()
    except FarSideError as error:
        return type(error).__name__
    return ""


def closed(registry: Registry, state: Leaving) -> Student:
    """Return a student whose mailbox was announced to end and then seen so far closed."""
    student = with_mailbox(registry)
    partings_of(registry).announce(student, Parting(Leaving.ANNOUNCED, TODAY, TODAY, DUE))
    student = registry.by_album("100001")
    if state is not Leaving.ANNOUNCED:
        partings_of(registry).observe(student, Parting(state, TODAY, TODAY))
    return registry.by_album("100001")


class PartingsContract:
    def test_an_end_that_two_runs_announce_at_once_is_told_once(self, registry: Registry) -> None:
        student = with_mailbox(registry)
        parting = Parting(Leaving.ANNOUNCED, TODAY, TODAY, DUE)
        at_once(registry, 4, lambda mine, _: partings_of(mine).announce(student, parting))
        assert registry.by_album("100001").parting == parting
        assert letters(registry) == ["mailbox_closing"]

    def test_who_read_an_older_state_changes_nothing(self, registry: Registry) -> None:
        stale = with_mailbox(registry)
        partings_of(registry).announce(stale, Parting(Leaving.ANNOUNCED, TODAY, TODAY, DUE))
        partings_of(registry).observe(stale, Parting(Leaving.BLOCKED, TODAY, TODAY))
        parting = registry.by_album("100001").parting
        assert parting is not None and parting.state is Leaving.ANNOUNCED

    def test_addresses_of_whoever_is_gone_are_blocked(self, registry: Registry) -> None:
        closed(registry, Leaving.GONE)
        assert kinds(registry)[OLD] == "blocked"

    @pytest.mark.parametrize(
        ("state", "then"),
        [
            (Leaving.ANNOUNCED, MailboxState.VERIFIED),
            (Leaving.BLOCKED, MailboxState.VERIFIED),
            (Leaving.UNLICENSED, MailboxState.CREATED),
            (Leaving.DELETED, MailboxState.CREATED),
            (Leaving.GONE, MailboxState.REQUESTED),
        ],
    )
    def test_whoever_comes_back_is_looked_at_from_where_the_mailbox_is(
        self, registry: Registry, state: Leaving, then: MailboxState
    ) -> None:
        student = closed(registry, state)
        at_once(registry, 3, lambda mine, _: partings_of(mine).reopen(student))
        back = registry.by_album("100001")
        assert (back.parting, back.mailbox_state, back.mailbox) == (None, then, OLD)
        assert (back.mailbox_id, kinds(registry)[OLD]) == (None if state is Leaving.GONE else "id-100001", "primary")
        assert letters(registry) == ([] if state is Leaving.ANNOUNCED else ["mailbox_back"])
        assert registry.count(mailbox_parting) == 0

    def test_mailboxes_are_counted(self, registry: Registry) -> None:
        keys = [with_mailbox(registry).key, registry.a_student("100002").key]
        assert (partings_of(registry).with_mailbox(keys), partings_of(registry).with_mailbox([])) == (1, 0)


class RenamesContract:
    def test_a_rename_keeps_both_addresses_and_is_told_once_it_is_done(self, registry: Registry) -> None:
        student, renames = with_mailbox(registry), renames_of(registry)
        renames.ask(student, NEW)
        assert kinds(registry) == {OLD: "primary", NEW: "reserved"}
        student = registry.by_album("100001")
        for state, ours, former in (
            (RenameState.ARRIVING, OLD, NEW), (RenameState.MOVING, NEW, OLD), (RenameState.MOVED, NEW, OLD),
        ):  # fmt: skip
            assert letters(registry) == []
            student = renames.observe(student, state)
            assert (student.mailbox, student.former) == (ours, (former,))
        assert letters(registry) == ["mailbox_renamed"]

    def test_what_microsoft_refused_leads_nowhere_and_stays_reserved(self, registry: Registry) -> None:
        renames = renames_of(registry)
        renames.ask(with_mailbox(registry), NEW)
        student = renames.observe(registry.by_album("100001"), RenameState.REFUSED, "x" * 3000)
        assert (student.mailbox, student.former, letters(registry)) == (OLD, (), ["mailbox_not_renamed"])
        assert kinds(registry) == {OLD: "primary", NEW: "reserved"}
        renames.decline(student)
        assert registry.by_album("100001").rename == Rename(RenameState.DECLINED, OLD, NEW, "x" * 500)

    def test_of_two_students_who_ask_for_one_address_at_once_one_gets_it(self, registry: Registry) -> None:
        students = [with_mailbox(registry), with_mailbox(registry, "100002", "anna.maj")]
        outcomes = at_once(registry, 2, lambda mine, at: outcome_of(lambda: renames_of(mine).ask(students[at], NEW)))
        assert sorted(outcomes) == ["", AlreadyExists.__name__]

    def test_of_two_students_who_ask_for_look_alikes_at_once_one_gets_it(self, registry: Registry) -> None:
        students = [with_mailbox(registry), with_mailbox(registry, "100002", "anna.maj")]
        wanted = [NEW, f"lucja-nowak@{DOMAIN}"]
        outcomes = at_once(
            registry, 2, lambda mine, at: outcome_of(lambda: renames_of(mine).ask(students[at], wanted[at]))
        )
        assert sorted(outcomes) == ["", TooAlike.__name__]

    def test_a_student_who_asks_twice_at_once_is_moved_once(self, registry: Registry) -> None:
        student = with_mailbox(registry)
        wanted = [NEW, f"l.nowak@{DOMAIN}"]
        outcomes = at_once(registry, 2, lambda mine, at: outcome_of(lambda: renames_of(mine).ask(student, wanted[at])))
        assert sorted(outcomes) == ["", Refused.__name__]

    def test_of_two_runs_that_go_on_at_once_one_does(self, registry: Registry) -> None:
        renames_of(registry).ask(with_mailbox(registry), NEW)
        student = registry.by_album("100001")
        outcomes = at_once(
            registry, 3, lambda mine, _: outcome_of(lambda: renames_of(mine).observe(student, RenameState.ARRIVING))
        )
        assert sorted(outcomes) == ["", Unavailable.__name__, Unavailable.__name__]

    def test_a_new_name_that_comes_while_somebody_asks_does_not_undo_the_request(self, registry: Registry) -> None:
        student = with_mailbox(registry)
        feed, married = a_feed(digest="married"), an_application("100001", name=MARRIED, standing=Standing.STUDYING)
        ways = (lambda mine: renames_of(mine).ask(student, NEW), lambda mine: mine.take_in(married, feed=feed))
        assert at_once(registry, 2, lambda mine, at: outcome_of(lambda: ways[at](mine))) == ["", ""]
        now = registry.by_album("100001")
        assert now.rename is not None and now.rename.state is RenameState.ASKED
        assert now.name == MARRIED

    def test_a_new_name_offers_an_address_until_it_is_declined(self, registry: Registry) -> None:
        with_mailbox(registry)
        registry.take_in(an_application("100001", name=MARRIED, standing=Standing.STUDYING), feed=a_feed(digest="m"))
        student = registry.by_album("100001")
        assert student.rename is not None and student.rename.state is RenameState.OFFERED
        renames_of(registry).decline(student)
        renames_of(registry).decline(student)
        declined = registry.by_album("100001").rename
        assert declined is not None and declined.state is RenameState.DECLINED

    def test_many_new_names_are_no_more_work_for_the_registry_than_one(self, registry: Registry) -> None:
        """A feed may spell everybody's name anew, and on SQLite the portal waits while a feed is written."""
        students = [with_mailbox(registry, str(100_001 + at), f"student.{at}") for at in range(6)]
        for each in students[:3]:
            becomes(registry, "Lis", each)
            renames_of(registry).decline(registry.by_album(str(each.album)))
        one = commands(registry, partial(becomes, registry, "Nowak", *students[2:4]))
        many = commands(registry, partial(becomes, registry, "Nowak", *students[:2], *students[4:]))
        assert many == one
        for each in students:
            rename = registry.by_album(str(each.album)).rename
            assert rename is not None and rename.state is RenameState.OFFERED
            steps = [line.step for line in registry.journal.of(each.key)]
            assert steps.count("rename offered") == (2 if each in students[:3] else 1)


class MailboxPasswordsContract:
    def test_both_agree_once_a_change_was_written_everywhere(self, registry: Registry) -> None:
        student, passwords = with_mailbox(registry), SqlMailboxPasswords(registry.database, registry.clock)
        turnover = passwords.begin(student.key, "id-1")
        assert not passwords.agrees(student.key, "id-1")
        assert passwords.agree(turnover) and passwords.agrees(student.key, "id-1")
        assert not passwords.agrees(student.key, "id-2")

    def test_a_refused_change_leaves_all_as_it_was(self, registry: Registry) -> None:
        student, passwords = with_mailbox(registry), SqlMailboxPasswords(registry.database, registry.clock)
        passwords.undo(passwords.begin(student.key, "id-1"))
        assert not passwords.agrees(student.key, "id-1")
        passwords.agree(passwords.begin(student.key, "id-1"))
        passwords.undo(passwords.begin(student.key, "id-1"))
        assert passwords.agrees(student.key, "id-1")

    def test_of_changes_at_once_nobody_knows_which_was_last(self, registry: Registry) -> None:
        student = with_mailbox(registry)

        def begin(mine: Registry, _: int) -> Turnover:
            return SqlMailboxPasswords(mine.database, mine.clock).begin(student.key, "id-1")

        turnovers = at_once(registry, 3, begin)
        passwords = SqlMailboxPasswords(registry.database, registry.clock)
        assert len({turnover.turn for turnover in turnovers}) == 3
        assert [passwords.agree(turnover) for turnover in turnovers].count(True) <= 1
        assert not passwords.agrees(student.key, "id-1")


class WatermarksContract:
    def test_a_token_is_kept_replaced_and_forgotten(self, registry: Registry) -> None:
        marks = SqlWatermarks(registry.database, registry.clock)
        for token in ("first", "second"):
            marks.keep("users", token)
            assert marks.of("users") == token
        marks.keep("users", "")
        assert marks.of("users") is None

    def test_runs_that_end_at_once_keep_one_of_their_tokens(self, registry: Registry) -> None:
        at_once(registry, 4, lambda mine, at: SqlWatermarks(mine.database, mine.clock).keep("users", f"token {at}"))
        assert (SqlWatermarks(registry.database, registry.clock).of("users") or "").startswith("token ")

    def test_owners_are_known_by_microsoft_s_ids(self, registry: Registry) -> None:
        first, second = with_mailbox(registry), with_mailbox(registry, "100002", "anna.maj")
        marks = SqlWatermarks(registry.database, registry.clock)
        assert marks.owners({"id-100002", "id-100001", "nobody"}) == [first.key, second.key]
        assert marks.owners(set()) == []
