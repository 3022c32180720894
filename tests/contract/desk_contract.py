"""What the desk's part of the registry promises, on every database that it may stand on."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from anyascii import anyascii
from sqlalchemy import event, update

from estudent.adapters.registry import tables
from estudent.adapters.registry.board import SqlBoard
from estudent.adapters.registry.corrections import SqlCorrections
from estudent.adapters.registry.desk import SqlDesk
from estudent.adapters.registry.journal import Author
from estudent.domain.album_number import AlbumNumber
from estudent.domain.enablement import LinkSight
from estudent.domain.funnel import Circle, Hold, Stage
from estudent.domain.lifecycle import Standing
from estudent.domain.outcome import Result
from estudent.domain.person_name import PersonName
from estudent.domain.student import LinkState, MailboxState, Student, Study
from estudent.domain.usos_migrations import Migrations
from estudent.ports import JournalEntry, NotFound, Sighting
from tests.contract.registry_world import (
    DOMAIN,
    PURPOSE,
    START,
    Registry,
    a_feed,
    a_rejection,
    an_application,
    nrb,
    token,
)

MATHEMATICS = Study("MAT-1", "Matematyka", START.date())


def board_of(registry: Registry) -> SqlBoard:
    return SqlBoard(registry.database, PURPOSE)


def desk_of(registry: Registry) -> SqlDesk:
    return SqlDesk(registry.database, registry.students, board_of(registry), anyascii)


def corrections_of(registry: Registry, actor: str = "staff jkowalska") -> SqlCorrections:
    author = Author(actor, "web", registry.clock)
    return SqlCorrections(registry.database, author, lambda: "<new@student.example.pl>", token)


def found(registry: Registry, text: str) -> list[str]:
    return [str(hit.album) for hit in desk_of(registry).search(text).hits]


def activated(registry: Registry, student: Student) -> Student:
    registry.students.observe_entries([student.key])
    registry.students.observe_activations([student.key])
    registry.journal.note([JournalEntry(student.key, "portal", "account activated", Result.DONE)])
    return registry.by_album(str(student.album))


def with_letter(registry: Registry, student: Student) -> Student:
    for notice in registry.letters.prepare(registry.letters.due([student.key])):
        registry.letters.sent(notice)
    return student


def with_mailbox(registry: Registry, student: Student, state: MailboxState, problem: str = "") -> Student:
    registry.ask_for_mailbox(student, f"name{student.album}")
    registry.mailboxes.observe([Sighting(student.key, state, f"id-{student.album}", problem)])
    return registry.by_album(str(student.album))


def stage_of(registry: Registry, student: Student) -> Stage:
    return desk_of(registry).card(student.album).stage


class SearchContract:
    @pytest.mark.parametrize("text", ["100001", "s100001", "S100001", " 100001 ", "K100001", "k100001"])
    def test_a_student_is_found_by_album_and_candidate_number(self, registry: Registry, text: str) -> None:
        registry.a_student("100001")
        registry.a_student("100002")
        assert found(registry, text) == ["100001"]

    @pytest.mark.parametrize("text", ["K100001@Example.ORG", f"s100001@{DOMAIN}", f"Lucja.Zak@{DOMAIN}"])
    def test_a_student_is_found_by_every_address(self, registry: Registry, text: str) -> None:
        registry.ask_for_mailbox(registry.a_student("100001"), "lucja.zak")
        registry.a_student("100002")
        assert found(registry, text) == ["100001"]

    @pytest.mark.parametrize(
        "text", ["Żak Łucja", "łucja żak", "zak lucja", "ZAK", "lucj za", "Maria Żak", "zak-lucja", "żak, łucja"]
    )
    def test_a_name_is_found_in_any_order_without_diacritics_and_by_its_beginning(
        self, registry: Registry, text: str
    ) -> None:
        registry.a_student("100001", name=PersonName("Żak", "Łucja", "Maria"))
        registry.a_student("100002", name=PersonName("Nowak", "Łucja"))
        assert "100001" in found(registry, text)

    @pytest.mark.parametrize(
        "name, text",
        [
            (PersonName("Шевченко", "Олена"), "shevchenko olena"),
            (PersonName("Шевченко", "Олена"), "Шевченко"),
            (PersonName("Nguyễn", "Đức"), "nguyen duc"),
            (PersonName("O'Brien", "Seán"), "obrien sean"),
            (PersonName("Nowak-Wójcik", "Ewa"), "wojcik"),
            (PersonName("Müßig", "Jörg"), "mussig"),
            (PersonName("Müßig", "Jörg"), "MU\u0308ßIG"),
        ],
    )
    def test_names_of_all_scripts_are_found(self, registry: Registry, name: PersonName, text: str) -> None:
        registry.a_student("100001", name=name)
        assert found(registry, text) == ["100001"]

    def test_who_has_just_this_name_comes_before_longer_ones(self, registry: Registry) -> None:
        for album, family in (("100001", "Kowalska"), ("100002", "Kowal"), ("100003", "Kowalik")):
            registry.a_student(album, name=PersonName(family, "Anna"))
        assert found(registry, "kowal") == ["100002", "100003", "100001"]

    def test_fifty_are_shown_and_more_is_told(self, registry: Registry) -> None:
        registry.take_in(*(an_application(str(100_001 + at)) for at in range(50)))
        assert not desk_of(registry).search("żak").more
        registry.take_in(an_application("100051"), feed=a_feed(digest="d2"))
        shown = desk_of(registry).search("żak")
        assert (len(shown.hits), shown.more) == (50, True)

    @pytest.mark.parametrize(
        "text", ["", "  ", "%", "_", "' OR 1=1 --", "*)(uid=*", "\x00", "\u202e", "@", "🙂", "x" * 9999]
    )
    def test_what_is_no_name_finds_nobody(self, registry: Registry, text: str) -> None:
        registry.a_student("100001")
        assert found(registry, text) == []

    def test_who_awaits_the_album_number_is_found_without_one(self, registry: Registry) -> None:
        registry.take_in(an_application(None, of=7))
        (hit,) = desk_of(registry).search("K7").hits
        assert (hit.album, hit.stage, hit.candidates) == (None, Stage.NUMBER, ("K7",))

    def test_a_student_of_two_programmes_is_found_once(self, registry: Registry) -> None:
        registry.a_student("100001")
        registry.take_in(an_application("100001", study=MATHEMATICS), feed=a_feed(digest="d2"))
        (hit,) = desk_of(registry).search("żak").hits
        assert hit.programmes == ("INF-1", "MAT-1")


class CardContract:
    def test_nobody_has_no_card(self, registry: Registry) -> None:
        with pytest.raises(NotFound):
            desk_of(registry).card(AlbumNumber("999999"))

    def test_a_card_tells_that_a_pesel_is_known_and_never_which(self, registry: Registry) -> None:
        student = registry.a_student("100001")
        card = desk_of(registry).card(student.album)
        assert (card.pesel_known, card.document_known) == (True, False)
        hashed = registry.rows(tables.person)[0]["pesel_hash"]
        assert hashed not in repr(card) and hashed not in str(card.student)

    def test_a_card_tells_all_that_was_done(self, registry: Registry) -> None:
        student = activated(registry, with_letter(registry, registry.a_student("100001", account_number=nrb(1))))
        student = with_mailbox(registry, student, MailboxState.VERIFIED)
        registry.link(student)
        card = desk_of(registry).card(student.album)
        assert [(each.candidate, each.programme) for each in card.studies] == [("K100001", "INF-1")]
        assert card.mailbox and (card.mailbox.state, card.mailbox.alias) == (MailboxState.VERIFIED, f"s100001@{DOMAIN}")
        assert card.usos and card.usos.email == student.mailbox
        assert [each.number for each in card.payments] == [nrb(1)]
        assert [each.kind for each in card.sendings if each.sent_at == START] == ["album_number"]
        assert (card.stage, card.hold) == (Stage.DONE, Hold.NOTHING)

    def test_a_card_of_who_has_left_owes_nothing(self, registry: Registry) -> None:
        student = registry.a_student("100001", standing=Standing.RESIGNED)
        assert stage_of(registry, student) is Stage.LEFT

    def test_a_code_is_shown_by_what_became_of_it_alone(self, registry: Registry) -> None:
        student = registry.a_student("100001")
        a_code(registry, student, "office", issued_by="jkowalska")
        (line,) = desk_of(registry).card(student.album).codes
        assert (line.purpose, line.issued_by, line.used_at, line.wrong_tries) == ("office", "jkowalska", None, 0)
        assert "hash" not in repr(line)

    def test_refused_rows_of_a_student_s_candidate_numbers_are_found_while_they_are_open(
        self, registry: Registry
    ) -> None:
        number = registry.admissions.open(a_feed())
        refused = [a_rejection("K1", 2), a_rejection("K2", 3)]
        registry.admissions.refuse(number, refused)
        assert desk_of(registry).refused_rows(["K2", "K3"]) == [refused[1]]
        assert desk_of(registry).refused_rows([]) == []
        registry.take_in(feed=a_feed(digest="corrected"))
        assert desk_of(registry).refused_rows(["K2"]) == []


def a_code(registry: Registry, student: Student, purpose: str, **changes: Any) -> None:
    row = {
        "student_id": student.key,
        "purpose": purpose,
        "code_hash": f"{purpose} {student.key} {changes}",
        "made_at": registry.clock(),
        "expires_at": registry.clock() + timedelta(days=7),
        "wrong_tries": 0,
        "issued_by": "",
    }
    registry.insert(tables.one_time_code, **(row | changes))


class StagesContract:
    """At which stage somebody waits, since when, and why."""

    def test_everybody_is_counted_once_where_they_wait(self, registry: Registry) -> None:
        people_at_every_stage(registry)
        assert board_of(registry).counts(Circle()) == dict.fromkeys(
            [each for each in Stage if each is not Stage.LEFT], 1
        )

    def test_everybody_is_shown_where_they_are_counted(self, registry: Registry) -> None:
        people_at_every_stage(registry)
        shown = {
            stage: [each.album and str(each.album) for each in board_of(registry).waiting(Circle(), stage, 10)]
            for stage in Stage
        }
        assert shown == {
            Stage.NUMBER: [None],
            Stage.LETTER: ["100001"],
            Stage.ACCOUNT: ["100002"],
            Stage.NAME: ["100003"],
            Stage.MAILBOX: ["100004"],
            Stage.USOS: ["100005"],
            Stage.PAYMENT_ACCOUNT: ["100006"],
            Stage.DONE: [],
            Stage.LEFT: [],
        }

    def test_a_programme_and_an_intake_narrow_the_counts(self, registry: Registry) -> None:
        registry.a_student("100001")
        registry.a_student("100002", study=MATHEMATICS)
        registry.a_student("100003", study=MATHEMATICS, intake="2027L")
        board = board_of(registry)
        assert board.counts(Circle(programme="MAT-1"))[Stage.LETTER] == 2
        assert board.counts(Circle(intake="2026Z"))[Stage.LETTER] == 2
        assert board.counts(Circle("2026Z", "MAT-1"))[Stage.LETTER] == 1
        assert [str(each.album) for each in board.waiting(Circle("2027L", "MAT-1"), Stage.LETTER, 9)] == ["100003"]
        assert board.circles() == [
            Circle("2027L", "MAT-1", "Matematyka"),
            Circle("2026Z", "INF-1", "Informatyka"),
            Circle("2026Z", "MAT-1", "Matematyka"),
        ]

    def test_who_waits_longest_is_first_and_no_more_than_asked_are_shown(self, registry: Registry) -> None:
        for album in ("100003", "100001", "100002"):
            registry.a_student(album)
            registry.clock.turn(hours=1)
        waiting = board_of(registry).waiting(Circle(), Stage.LETTER, 2)
        assert [(str(each.album), each.since) for each in waiting] == [
            ("100003", START),
            ("100001", START + timedelta(hours=1)),
        ]

    def test_a_letter_that_the_post_refused_is_why(self, registry: Registry) -> None:
        student = registry.a_student("100001")
        assert why(registry, student) == (Hold.LETTER_NOT_SENT, "")
        registry.journal.note([JournalEntry(student.key, "letters", "letter", Result.REFUSED, "no such mailbox")])
        assert why(registry, student) == (Hold.LETTER_REFUSED, "no such mailbox")

    def test_who_was_let_in_by_a_code_needs_no_letter(self, registry: Registry) -> None:
        assert stage_of(registry, activated(registry, registry.a_student("100001"))) is Stage.NAME

    def test_the_last_try_in_vain_is_why_an_account_is_not_active(self, registry: Registry) -> None:
        student = with_letter(registry, registry.a_student("100001"))
        assert why(registry, student) == (Hold.NO_ENTRY, "")
        registry.students.observe_entries([student.key])
        assert why(registry, student) == (Hold.NEVER_TRIED, "")
        for cause in ("surname_differs", "pesel_differs"):
            a_try(registry, student, "activate", cause)
        a_try(registry, student, "sign-in", "unknown")
        assert why(registry, student) == (Hold.TRIED_IN_VAIN, "pesel_differs")

    def test_an_address_in_conflict_is_why_a_mailbox_does_not_work(self, registry: Registry) -> None:
        student = activated(registry, registry.a_student("100001"))
        with_mailbox(registry, student, MailboxState.CONFLICT, "the address belongs to somebody else at Microsoft")
        assert why(registry, student) == (Hold.ADDRESS_TAKEN, "the address belongs to somebody else at Microsoft")

    def test_a_stuck_mailbox_tells_what_holds_it_up(self, registry: Registry) -> None:
        student = activated(registry, registry.a_student("100001"))
        registry.ask_for_mailbox(student, "lucja.zak")
        sight = Sighting(student.key, MailboxState.OPENED, "id-1", "the alias belongs to another recipient", held=True)
        registry.mailboxes.observe([sight])
        assert why(registry, student) == (Hold.MAILBOX_STUCK, "the alias belongs to another recipient")

    def test_an_open_request_s_problem_is_why_a_mailbox_does_not_work(self, registry: Registry) -> None:
        student = with_mailbox(registry, activated(registry, registry.a_student("100001")), MailboxState.REQUESTED)
        registry.outbox.put_back(registry.outbox.claim(1), "Microsoft is not ready yet")
        assert why(registry, student) == (Hold.MICROSOFT_SLOW, "")
        registry.clock.turn(minutes=1)
        registry.outbox.put_back(registry.outbox.claim(1), "no licence is left")
        assert why(registry, student) == (Hold.MICROSOFT_PROBLEM, "no licence is left")

    def test_usos_is_waited_for_with_and_without_a_person_there(self, registry: Registry) -> None:
        without = activated(registry, registry.a_student("100001"))
        known = activated(registry, registry.a_student("100002", usos_id=55))
        for student in (without, known):
            with_mailbox(registry, student, MailboxState.VERIFIED)
        assert why(registry, without) == (Hold.NO_USOS_ID, "")
        assert why(registry, known) == (Hold.USOS_NOT_YET, "")
        registry.journal.note([JournalEntry(known.key, "usos", "add", Result.REFUSED, "person is not active")])
        assert why(registry, known) == (Hold.USOS_REFUSES, "person is not active")
        registry.journal.note([JournalEntry(known.key, "usos", "add", Result.DONE)])
        assert why(registry, known) == (Hold.USOS_NOT_YET, "")

    def test_each_state_on_the_way_into_usos_has_its_reason_and_its_time(self, registry: Registry) -> None:
        student = activated(registry, registry.a_student("100001", usos_id=55))
        student = with_mailbox(registry, student, MailboxState.VERIFIED)
        registry.usos.migrations = Migrations((time(16, 5),))
        migration = START.replace(hour=16, minute=5)
        for state, hold, until in (
            (LinkState.AWAITED, Hold.USOS_NO_PERSON, migration),
            (LinkState.PERSON, Hold.USOS_NOT_ACTIVE, migration),
            (LinkState.ACTIVE, Hold.USOS_NOT_YET, None),
            (LinkState.REQUESTED, Hold.USOS_NOT_YET, migration),
            (LinkState.LINKED, Hold.USOSWEB_NOT_YET, migration),
            (LinkState.CONFLICT, Hold.USOS_SOMEBODY_ELSE, None),
        ):
            email = student.mailbox if state is LinkState.LINKED else None
            registry.usos.observe([LinkSight(student.key, state, "usosapi", email)])
            (waiting,) = board_of(registry).waiting(Circle(), Stage.USOS, 9)
            assert (waiting.hold, waiting.until, why(registry, student)) == (hold, until, (hold, ""))

    def test_somebody_stuck_on_the_way_into_usos_shows_why(self, registry: Registry) -> None:
        student = activated(registry, registry.a_student("100001", usos_id=55))
        student = with_mailbox(registry, student, MailboxState.VERIFIED)
        registry.usos.observe([LinkSight(student.key, LinkState.ACTIVE, "usosapi", problem="address taken", held=True)])
        assert why(registry, student) == (Hold.USOS_STUCK, "address taken")


def why(registry: Registry, student: Student) -> tuple[Hold, str]:
    card = desk_of(registry).card(student.album)
    (waiting,) = board_of(registry).waiting(Circle(), card.stage, 9) if known_alone(registry) else [None]
    assert waiting is None or (waiting.hold, waiting.detail) == (card.hold, card.detail)
    return card.hold, card.detail


def known_alone(registry: Registry) -> bool:
    return registry.count(tables.student) == 1


def a_try(registry: Registry, student: Student, door: str, cause: str) -> None:
    registry.insert(
        tables.attempt,
        at=registry.clock(),
        door=door,
        subject_hash="s",
        source_hash="s",
        student_id=student.key,
        cause=cause,
    )


def people_at_every_stage(registry: Registry) -> None:
    registry.take_in(an_application(None, of=7))
    registry.a_student("100001")
    with_letter(registry, registry.a_student("100002"))
    activated(registry, registry.a_student("100003"))
    with_mailbox(registry, activated(registry, registry.a_student("100004")), MailboxState.AWAITED)
    with_mailbox(registry, activated(registry, registry.a_student("100005")), MailboxState.VERIFIED)
    for album, number in (("100006", None), ("100008", nrb(8))):
        student = activated(registry, registry.a_student(album, account_number=number))
        student = with_mailbox(registry, student, MailboxState.VERIFIED)
        registry.link(student)
    registry.a_student("100009", standing=Standing.GRADUATED)


class TodayContract:
    def test_a_day_is_told_in_numbers(self, registry: Registry) -> None:
        with_letter(registry, registry.a_student("100001"))
        registry.clock.turn(days=1)
        midnight = registry.clock() - timedelta(hours=2)
        student = with_letter(registry, registry.a_student("100002"))
        registry.ask_for_mailbox(student, "lucja.zak")
        for cause in ("pesel_differs", "pesel_differs", "wrong_password", ""):
            a_try(registry, student, "activate", cause)
        a_message(registry, student, "activated", registry.clock())
        a_message(registry, student, "activated", registry.clock() - timedelta(days=1))
        number = registry.admissions.open(a_feed(digest="d9"))
        registry.admissions.refuse(number, [a_rejection()])
        today = desk_of(registry).today(midnight)
        assert (today.activated, today.letters) == (1, 1)
        assert (today.open_requests, today.open_rejections) == (1, 1)
        assert today.refused_tries == (("pesel_differs", 2), ("wrong_password", 1))


def a_message(registry: Registry, student: Student, kind: str, at: datetime) -> None:
    registry.insert(
        tables.message,
        student_id=student.key,
        kind=kind,
        message_id=f"<{kind} {at}>",
        made_at=at,
        not_before=at,
        attempts=0,
        problem="",
    )


class StaffLogContract:
    def test_only_what_the_staff_did_is_in_the_staff_s_log(self, registry: Registry) -> None:
        student = registry.a_student("100001")
        for at, actor in enumerate(("staff jkowalska", "student 100001", "flow nightly", "staffless", "staff anowak")):
            registry.clock.turn(minutes=1)
            author = Author(actor, "web", registry.clock)
            with registry.database.writing() as connection:
                author.write(connection, [JournalEntry(student.key, "desk", "unlocked", Result.DONE, f"why {at}")])
        log = desk_of(registry).staff_log(10)
        assert [(line.user, str(line.album), line.detail) for line in log] == [
            ("anowak", "100001", "why 4"),
            ("jkowalska", "100001", "why 0"),
        ]
        assert [line.user for line in desk_of(registry).staff_log(10, skip=1)] == ["jkowalska"]


class CorrectionsContract:
    def test_a_corrected_address_is_the_student_s_from_now_on(self, registry: Registry) -> None:
        student = registry.a_student("100001")
        assert corrections_of(registry).correct_email(student, "new@example.org", "the student showed a card")
        assert registry.by_album("100001").email == "new@example.org"
        (line,) = [each for each in registry.journal.of(student.key) if each.system == "desk"]
        assert (line.step, line.actor) == ("contact corrected", "staff jkowalska")
        assert "the student showed a card" in line.detail
        assert "new@example.org" not in line.detail and student.email not in line.detail

    def test_the_same_address_again_is_no_correction(self, registry: Registry) -> None:
        student = registry.a_student("100001")
        corrections_of(registry).correct_email(student, "new@example.org", "once")
        before = registry.dump()
        assert not corrections_of(registry).correct_email(student, "new@example.org", "twice")
        assert registry.dump() == before

    def test_an_unchanged_row_of_the_next_feed_leaves_a_corrected_address_alone(self, registry: Registry) -> None:
        """The feed's reader leaves out rows whose hash is known; here the hash is seen to survive the correction."""
        student = registry.a_student("100001")
        before = registry.admissions.row_hashes()
        corrections_of(registry).correct_email(student, "new@example.org", "the reason")
        assert registry.admissions.row_hashes() == before

    def test_a_changed_row_of_a_later_feed_brings_recruitment_s_address(self, registry: Registry) -> None:
        student = registry.a_student("100001")
        corrections_of(registry).correct_email(student, "new@example.org", "the reason")
        registry.take_in(an_application("100001", name=PersonName("Nowa", "Łucja")), feed=a_feed(digest="d2"))
        assert registry.by_album("100001").email == student.email

    def test_a_correction_makes_the_link_in_the_old_letter_worthless_and_the_letter_due(
        self, registry: Registry
    ) -> None:
        student = with_letter(registry, registry.a_student("100001"))
        (before,) = registry.rows(tables.letter)
        assert registry.letters.due([student.key]) == []
        corrections_of(registry).correct_email(student, "new@example.org", "the reason")
        (after,) = registry.rows(tables.letter)
        assert after["token_hash"] != before["token_hash"] and after["sent_at"] is None
        (notice,) = registry.letters.prepare(registry.letters.due([student.key]))
        assert (notice.message_id, notice.student.email) == ("<new@student.example.pl>", "new@example.org")

    def test_a_correction_leaves_the_letter_of_who_is_active_alone(self, registry: Registry) -> None:
        student = activated(registry, with_letter(registry, registry.a_student("100001")))
        before = registry.rows(tables.letter)
        corrections_of(registry).correct_email(student, "new@example.org", "the reason")
        assert registry.rows(tables.letter) == before

    def test_a_correction_ends_the_codes_that_were_mailed_and_not_the_office_s(self, registry: Registry) -> None:
        student = registry.a_student("100001")
        for purpose in ("email_code", "recovery", "recovery_link", "office"):
            a_code(registry, student, purpose)
        corrections_of(registry).correct_email(student, "new@example.org", "the reason")
        lives = {row["purpose"] for row in registry.rows(tables.one_time_code) if row["expires_at"] > START}
        assert lives == {"office"}

    def test_a_letter_is_due_again_with_the_same_link(self, registry: Registry) -> None:
        student = with_letter(registry, registry.a_student("100001"))
        (before,) = registry.rows(tables.letter)
        registry.clock.turn(minutes=5)
        assert corrections_of(registry).owe_letter_again(student, "lost")
        (notice,) = registry.letters.prepare(registry.letters.due([student.key]))
        assert notice.message_id == before["message_id"]
        assert registry.rows(tables.letter)[0]["token_hash"] == before["token_hash"]

    def test_a_second_click_owes_no_second_letter(self, registry: Registry) -> None:
        student = registry.a_student("100001")
        claimed = registry.letters.prepare(registry.letters.due([student.key]))
        assert not corrections_of(registry).owe_letter_again(student, "while it is on its way")
        registry.letters.sent(claimed[0])
        assert not corrections_of(registry).owe_letter_again(student, "while it is hot")
        registry.clock.turn(minutes=3)
        assert corrections_of(registry).owe_letter_again(student, "later")

    def test_a_waiting_request_has_its_turn_at_once(self, registry: Registry) -> None:
        student = with_mailbox(registry, registry.a_student("100001"), MailboxState.AWAITED)
        assert not corrections_of(registry).hurry_mailbox(student, "it has its turn")
        registry.outbox.put_back(registry.outbox.claim(1), "Microsoft is not ready yet")
        assert registry.outbox.claim(1) == []
        assert corrections_of(registry).hurry_mailbox(student, "the student waits here")
        assert [each.student for each in registry.outbox.claim(1)] == [student.key]

    def test_a_mailbox_that_does_not_come_is_stuck_until_the_desk_has_it_retried(self, registry: Registry) -> None:
        student = registry.a_student()
        student = with_mailbox(registry, student, MailboxState.AWAITED)
        registry.outbox.finish([each.key for each in registry.outbox.claim(1)])
        registry.clock.turn(hours=49)
        registry.mailboxes.observe(
            [Sighting(student.key, MailboxState.AWAITED, student.mailbox_id, "a plan is missing")]
        )
        assert registry.by_album("100001").mailbox_state is MailboxState.STUCK
        assert registry.rows(tables.mailbox)[0]["problem"] == "a plan is missing"
        assert registry.mailboxes.unfinished([student.key]) == []
        assert corrections_of(registry).hurry_mailbox(registry.by_album("100001"), "the plan is there")
        assert registry.by_album("100001").mailbox_state is MailboxState.RETRIED
        assert registry.mailboxes.unfinished([student.key]) == registry.mailboxes.due([student.key]) == [student.key]
        assert registry.outbox.waiting() == 1
        registry.mailboxes.observe([Sighting(student.key, MailboxState.AWAITED, student.mailbox_id)])
        assert registry.by_album("100001").mailbox_state is MailboxState.AWAITED

    def test_a_lost_request_is_made_anew_once(self, registry: Registry) -> None:
        student = with_mailbox(registry, registry.a_student("100001"), MailboxState.AWAITED)
        registry.outbox.finish([each.key for each in registry.outbox.claim(1)])
        assert corrections_of(registry).hurry_mailbox(student, "lost")
        assert not corrections_of(registry).hurry_mailbox(student, "again")
        assert registry.outbox.waiting() == 1

    def test_a_request_of_another_kind_is_not_touched(self, registry: Registry) -> None:
        student = with_mailbox(registry, registry.a_student("100001"), MailboxState.AWAITED)
        with registry.database.writing() as connection:
            connection.execute(update(tables.request).values(kind="account"))
        assert corrections_of(registry).hurry_mailbox(student, "the reason")
        assert sorted(row["kind"] for row in registry.rows(tables.request)) == ["account", "mailbox"]


class PlansContract:
    """No question of the desk reads the whole journal, which has a million lines."""

    full_scan: str
    explain: str

    def test_the_journal_is_never_read_as_a_whole(self, registry: Registry) -> None:
        people_at_every_stage(registry)
        asked: list[tuple[str, Any]] = []
        engine = registry.database.engine
        event.listen(engine, "before_cursor_execute", lambda _c, _k, text, told, *_: asked.append((text, told)))
        desk, board = desk_of(registry), board_of(registry)
        desk.search("żak")
        desk.card(AlbumNumber("100004"))
        desk.today(START)
        desk.staff_log(50)
        board.counts(Circle("2026Z", "INF-1"))
        for stage in Stage:
            board.waiting(Circle(), stage, 50)
        plans = [self.plan(registry, *each) for each in asked if each[0].lstrip().startswith("SELECT")]
        assert len(plans) > 20
        assert any("ix_journal_staff" in plan for plan in plans)
        assert [plan for plan in plans if re.search(self.full_scan, plan)] == []

    def plan(self, registry: Registry, text: str, told: Any) -> str:
        with registry.database.reading() as connection:
            rows = connection.exec_driver_sql(f"{self.explain} {text}", told)
            return "\n".join(" ".join(map(str, row)) for row in rows)
