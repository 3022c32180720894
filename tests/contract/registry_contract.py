"""What the registry promises, on every database that it may stand on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Table, event, inspect, select, update
from sqlalchemy.exc import StatementError

from estudent.adapters.registry import revisions, tables
from estudent.adapters.registry.journal import Author
from estudent.adapters.registry.receivables import SqlReminders
from estudent.domain.album_number import AlbumNumber
from estudent.domain.enablement import LinkSight
from estudent.domain.identity_document import DocumentKind, IdentityDocument
from estudent.domain.letter import stored_form
from estudent.domain.lifecycle import Standing
from estudent.domain.mailbox_name import likeness
from estudent.domain.mailbox_watch import DAILY, LOOKS, WAY
from estudent.domain.outcome import Result
from estudent.domain.progress import Seen
from estudent.domain.student import AccountState, Language, LinkState, MailboxState, Study
from estudent.domain.whom import Whom
from estudent.ports import AlreadyExists, FeedCounts, JournalEntry, Misconfigured, NotFound, Refused, Sighting, TooAlike
from tests.contract.registry_world import (
    DOMAIN,
    FINGERPRINTS,
    PURPOSE,
    START,
    Registry,
    a_feed,
    a_rejection,
    an_admission,
    an_application,
    at_once,
    identity_of,
    keys_of,
    message_id,
    nrb,
    pesel,
    token,
)

PASSPORT = IdentityDocument(DocumentKind.PASSPORT, "FX123456", "UA")
MATHEMATICS = Study("MAT-1", "Matematyka", date(2026, 10, 1))


GIVEN_BEFORE = ["jan.kowalski", "w1m-0346_7", *(f"anna.nowak.{at}" for at in range(1200))]
PERSON_OF_0001 = """INSERT INTO person (id, given_name, middle_name, family_name, birth_date, email)
VALUES (1, 'Jan', '', 'Kowalski', '2007-03-14', 'jan@example.org')"""
STUDENT_OF_0001 = """INSERT INTO student (id, person_id, album_number, language, standing)
VALUES (1, 1, '100001', 'pl', 'studying')"""

PERSON_OF_0003 = """INSERT INTO person (id, given_name, middle_name, family_name, birth_date, email)
VALUES ({0}, 'Jan', '', 'Kowalski', '2007-03-14', 'jan{0}@example.org')"""
STUDENT_OF_0003 = """INSERT INTO student (id, person_id, album_number, language, standing)
VALUES ({0}, {0}, '10000{0}', 'pl', 'studying')"""
ADDRESSES_OF_0003 = """INSERT INTO address (address, student_id, kind, given_at)
VALUES ('name{0}@x.pl', {0}, 'primary', '2026-09-01'), ('s10000{0}@x.pl', {0}, 'alias', '2026-09-01')"""
MAILBOX_OF_0003 = """INSERT INTO mailbox (student_id, address, alias, state, problem, requested_at, observed_at)
VALUES ({0}, 'name{0}@x.pl', 's10000{0}@x.pl', '{1}', '', '2026-09-01', '2026-09-02')"""

RECEIVABLE_OF_0008 = """INSERT INTO receivable
  (id, student_id, source_id, title, amount, currency, due_date, reminded_at)
VALUES ({0}, 1, 'R{0}', 'Semestr', 100.55, 'PLN', '2026-10-15', {1})"""


def _moments(row: dict[str, Any]) -> tuple[Any, Any]:
    return row["created_at"], row["verified_at"]


@pytest.mark.thorough
class MigrationsContract:
    """`empty` has no tables yet."""

    def test_the_migrations_go_up_and_down_and_up(self, empty: Registry) -> None:
        empty.database.upgrade()
        empty.database.downgrade()
        with empty.database.reading() as connection:
            assert inspect(connection).get_table_names() == ["alembic_version"]
        empty.database.upgrade()
        assert empty.a_student().album == AlbumNumber("100001")

    def test_addresses_of_before_are_given_their_likeness(self, empty: Registry) -> None:
        empty.database.upgrade("0001")
        with empty.database.writing() as connection:
            connection.exec_driver_sql(PERSON_OF_0001)
            connection.exec_driver_sql(STUDENT_OF_0001)
            rows = [f"('{name}@{DOMAIN}', 1, 'primary', '2026-09-01')" for name in GIVEN_BEFORE]
            rows.append(f"('s100001@{DOMAIN}', 1, 'alias', '2026-09-01')")
            connection.exec_driver_sql(
                f"INSERT INTO address (address, student_id, kind, given_at) VALUES {','.join(rows)}"  # noqa: S608
            )
        empty.database.upgrade()
        looks = {row["address"]: row["likeness"] for row in empty.rows(tables.address)}
        assert looks == {f"{name}@{DOMAIN}": likeness(name) for name in GIVEN_BEFORE} | {f"s100001@{DOMAIN}": None}

    def test_mailboxes_of_before_keep_what_was_seen_of_them_and_are_due(self, empty: Registry) -> None:
        empty.database.upgrade("0003")
        with empty.database.writing() as connection:
            for number, state in enumerate(("requested", "awaited", "verified", "conflict"), 1):
                connection.exec_driver_sql(PERSON_OF_0003.format(number))
                connection.exec_driver_sql(STUDENT_OF_0003.format(number))
                connection.exec_driver_sql(ADDRESSES_OF_0003.format(number))
                connection.exec_driver_sql(MAILBOX_OF_0003.format(number, state))
        empty.database.upgrade()
        seen = {row["student_id"]: (row["state"], *map(bool, _moments(row))) for row in empty.rows(tables.mailbox)}
        assert seen == {
            1: ("requested", False, False),
            2: ("created", True, False),
            3: ("verified", True, True),
            4: ("conflict", False, False),
        }
        assert empty.mailboxes.due([1, 2, 3]) == [1, 2, 3]
        blocked = [row["address"] for row in empty.rows(tables.address) if row["kind"] == "blocked"]
        assert blocked == ["name4@x.pl"]
        empty.database.downgrade("0003")

    def test_whoever_was_reminded_before_is_not_reminded_again(self, empty: Registry) -> None:
        empty.database.upgrade("0008")
        with empty.database.writing() as connection:
            connection.exec_driver_sql(PERSON_OF_0003.format(1))
            connection.exec_driver_sql(STUDENT_OF_0003.format(1))
            for number, moment in enumerate(("'2026-10-08 06:00:00'", "NULL"), 1):
                connection.exec_driver_sql(RECEIVABLE_OF_0008.format(number, moment))
        before = self.receivables_of_0008(empty)
        empty.database.upgrade()
        reminders = SqlReminders(empty.database, Author("tests", "run", empty.clock), empty.messages)
        assert reminders.due(date(2026, 12, 1)) == [(2, 1, date(2026, 10, 15))]
        assert not reminders.remind(1, {1: date(2026, 10, 15)})
        empty.database.downgrade("0008")
        assert self.receivables_of_0008(empty) == before
        empty.database.upgrade()
        assert reminders.due(date(2026, 12, 1)) == [(2, 1, date(2026, 10, 15))]

    @staticmethod
    def receivables_of_0008(registry: Registry) -> list[tuple[Any, ...]]:
        told = "SELECT id, amount, due_date, state, reminded_at FROM receivable ORDER BY id"
        with registry.database.reading() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(told)]

    def test_the_migrations_make_exactly_the_tables_that_the_code_speaks_of(self, empty: Registry) -> None:
        empty.database.upgrade()
        with empty.database.reading() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, tables.metadata) == []

    def test_a_second_upgrade_changes_nothing(self, empty: Registry) -> None:
        empty.database.upgrade()
        empty.a_student()
        empty.database.upgrade()
        assert empty.database.check().endswith(f"1 students, schema {revisions.newest()}")

    def test_a_registry_without_tables_is_misconfigured(self, empty: Registry) -> None:
        with pytest.raises(Misconfigured, match="estudent registry upgrade"):
            empty.database.check()

    def test_a_registry_behind_the_migrations_is_misconfigured(self, empty: Registry) -> None:
        empty.database.upgrade()
        with empty.database.writing() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
        with pytest.raises(Misconfigured, match="older version"):
            empty.database.check()


class FeedsContract:
    def test_a_file_is_known_once_it_was_taken_in_to_its_end(self, registry: Registry) -> None:
        number = registry.admissions.open(a_feed())
        assert not registry.admissions.knows(a_feed())
        registry.admissions.close(number, FeedCounts(read=3, missing=("K1", "K2")))
        assert registry.admissions.knows(a_feed())

    @pytest.mark.parametrize(
        "other",
        [a_feed(name="b.csv"), a_feed(digest="d2"), a_feed(modified_at=START + timedelta(microseconds=1))],
        ids=["name", "digest", "moment"],
    )
    def test_a_file_that_differs_in_anything_is_another_file(self, registry: Registry, other: Any) -> None:
        registry.take_in(feed=a_feed())
        assert not registry.admissions.knows(other)

    def test_the_same_moment_in_another_zone_is_the_same_file(self, registry: Registry) -> None:
        registry.take_in(feed=a_feed())
        warsaw = timezone(timedelta(hours=2))
        assert registry.admissions.knows(a_feed(modified_at=START.astimezone(warsaw)))

    def test_what_became_of_a_file_is_kept(self, registry: Registry) -> None:
        number = registry.admissions.open(a_feed())
        registry.clock.turn(minutes=3)
        registry.admissions.close(number, FeedCounts(9, 4, 3, 2, ("K1", "K2")))
        row = registry.rows(tables.feed)[0]
        assert [row[name] for name in ("read", "new", "changed", "refused", "missing")] == [9, 4, 3, 2, ["K1", "K2"]]
        assert (row["opened_at"], row["closed_at"]) == (START, START + timedelta(minutes=3))

    def test_an_interrupted_reading_starts_anew_under_the_same_number(self, registry: Registry) -> None:
        number = registry.admissions.open(a_feed())
        registry.admissions.refuse(number, [a_rejection()])
        assert registry.admissions.open(a_feed()) == number
        assert registry.admissions.rejections() == []

    def test_a_source_was_last_read_when_its_newest_finished_feed_says(self, registry: Registry) -> None:
        assert registry.admissions.last_read("IRK", "d1") is None
        later = START + timedelta(hours=1)
        for moment in (later, START):
            registry.take_in(feed=a_feed(name="IRK", modified_at=moment))
        registry.admissions.open(a_feed(name="IRK", modified_at=later + timedelta(hours=1)))
        registry.take_in(feed=a_feed(name="a.csv", modified_at=later + timedelta(hours=2)))
        assert registry.admissions.last_read("IRK", "d1") == later
        assert registry.admissions.last_read("IRK", "d2") is None


class RejectionsContract:
    def test_a_refused_row_is_kept_with_all_that_recruitment_needs_to_correct_it(self, registry: Registry) -> None:
        number = registry.admissions.open(a_feed())
        refused = [a_rejection("K1", 2, detail="10 characters"), a_rejection("", 3)]
        registry.admissions.refuse(number, refused)
        assert registry.admissions.rejections() == refused

    def test_refused_rows_of_the_newest_file_come_first(self, registry: Registry) -> None:
        for name in ("a.csv", "b.csv"):
            number = registry.admissions.open(a_feed(name=name))
            registry.admissions.refuse(number, [a_rejection("K1", 7, name), a_rejection("K2", 5, name)])
        shown = [(each.feed, each.line) for each in registry.admissions.rejections()]
        assert shown == [("b.csv", 5), ("b.csv", 7), ("a.csv", 5), ("a.csv", 7)]

    def test_nothing_refused_is_nothing_stored(self, registry: Registry) -> None:
        registry.admissions.refuse(registry.admissions.open(a_feed()), [])
        assert registry.count(tables.rejection) == 0

    def test_a_newer_file_of_the_same_name_resolves_what_the_earlier_one_had_wrong(self, registry: Registry) -> None:
        number = registry.admissions.open(a_feed(digest="old"))
        registry.admissions.refuse(number, [a_rejection()])
        registry.admissions.close(number, FeedCounts(refused=1))
        registry.take_in(feed=a_feed(name="other.csv"))
        assert registry.admissions.rejections() == [a_rejection()]
        registry.take_in(feed=a_feed(digest="new"))
        assert registry.admissions.rejections() == []
        assert registry.count(tables.rejection) == 1

    def test_a_feed_of_changes_resolves_only_what_was_refused_of_those_whom_it_holds(self, registry: Registry) -> None:
        number = registry.admissions.open(a_feed(digest="old"))
        registry.admissions.refuse(number, [a_rejection("K1"), a_rejection("K2"), a_rejection("")])
        registry.admissions.close(number, FeedCounts(refused=3))
        newer = registry.admissions.open(a_feed(digest="new"))
        registry.admissions.refuse(newer, [a_rejection("K1", 9)])
        registry.admissions.close(newer, FeedCounts(refused=1), {"K1"})
        assert [(each.candidate, each.line) for each in registry.admissions.rejections()] == [
            ("K1", 9), ("K2", 2), ("", 2),
        ]  # fmt: skip

    def test_a_candidate_who_is_accepted_later_has_no_open_refusal(self, registry: Registry) -> None:
        number = registry.admissions.open(a_feed(name="a.csv"))
        registry.admissions.refuse(number, [a_rejection("K100001", feed="a.csv"), a_rejection("K2", feed="a.csv")])
        registry.take_in(an_application("100001"), feed=a_feed(name="b.csv"))
        assert [each.candidate for each in registry.admissions.rejections()] == ["K2"]

    def test_a_candidate_with_a_good_and_a_bad_row_in_one_file_stays_on_the_list(self, registry: Registry) -> None:
        number = registry.admissions.open(a_feed())
        registry.admissions.refuse(number, [a_rejection("K100001")])
        registry.admit(number, an_application("100001"))
        assert [each.candidate for each in registry.admissions.rejections()] == ["K100001"]

    def test_a_candidate_number_with_a_control_character_does_not_stop_the_file(self, registry: Registry) -> None:
        number = registry.admissions.open(a_feed())
        registry.admissions.refuse(number, [a_rejection("K\x001")])
        assert [each.candidate for each in registry.admissions.rejections()] == ["K1"]


class AdmittingContract:
    def test_a_thousand_new_people_are_admitted_at_once(self, registry: Registry) -> None:
        registry.take_in(*(an_application(str(100_000 + at), usos_id=at + 1) for at in range(1000)))
        keys = registry.students.keys(Whom())
        students = registry.students.load(keys)
        assert [str(student.album) for student in students] == [str(100_000 + at) for at in range(1000)]
        assert [student.email for student in students] == [f"k{100_000 + at}@example.org" for at in range(1000)]
        assert [student.usos_id for student in students] == list(range(1, 1001))

    def test_a_thousand_known_people_get_their_changes(self, registry: Registry) -> None:
        everybody = [an_application(str(100_000 + at)) for at in range(1000)]
        registry.take_in(*everybody)
        changed = [replace(each, email=f"new-{each.candidate}@example.org") for each in everybody]
        registry.take_in(*changed, feed=a_feed(digest="d2"))
        students = registry.students.load(registry.students.keys(Whom()))
        assert [student.email for student in students] == [each.email for each in changed]
        assert registry.count(tables.person) == registry.count(tables.student) == registry.count(tables.study) == 1000

    def test_a_student_is_stored_as_recruitment_says(self, registry: Registry) -> None:
        student = registry.a_student("100001", usos_id=55, account_number=nrb(1), language=Language.UKRAINIAN)
        assert (student.name.family, student.name.given, student.email) == ("Żak", "Łucja", "k100001@example.org")
        assert (student.usos_id, student.account_number, student.language) == (55, nrb(1), Language.UKRAINIAN)
        assert (student.account, student.standing) == (AccountState.PREPARED, Standing.ADMITTED)

    def test_a_student_gets_the_account_and_the_alias_at_once(self, registry: Registry) -> None:
        registry.a_student("100001")
        assert [row["login"] for row in registry.rows(tables.account)] == ["s100001"]
        assert [(row["address"], row["kind"]) for row in registry.rows(tables.address)] == [
            (f"s100001@{DOMAIN}", "alias")
        ]

    def test_a_second_programme_makes_no_second_student(self, registry: Registry) -> None:
        registry.a_student("100001")
        registry.take_in(an_application("100001", study=MATHEMATICS), feed=a_feed(digest="d2"))
        assert registry.count(tables.student) == 1
        assert [row["programme"] for row in registry.rows(tables.study)] == ["INF-1", "MAT-1"]

    @pytest.mark.parametrize(
        ("first", "second", "prevails"),
        [
            (Standing.STUDYING, Standing.RESIGNED, Standing.STUDYING),
            (Standing.STRUCK_OFF, Standing.ADMITTED, Standing.ADMITTED),
            (Standing.ON_LEAVE, Standing.GRADUATED, Standing.ON_LEAVE),
        ],
    )
    def test_the_better_standing_of_two_programmes_prevails(
        self, registry: Registry, first: Standing, second: Standing, prevails: Standing
    ) -> None:
        registry.a_student("100001", standing=first)
        registry.take_in(an_application("100001", study=MATHEMATICS, standing=second), feed=a_feed(digest="d2"))
        assert registry.by_album("100001").standing is prevails

    def test_who_resigns_from_the_only_programme_has_resigned(self, registry: Registry) -> None:
        registry.a_student("100001")
        registry.take_in(an_application("100001", standing=Standing.RESIGNED), feed=a_feed(digest="d2"))
        assert registry.by_album("100001").standing is Standing.RESIGNED

    def test_a_candidate_without_a_number_waits_for_it_and_is_nobodys_student_yet(self, registry: Registry) -> None:
        registry.take_in(an_application(None, of=7))
        assert registry.admissions.awaiting_numbers() == [("K7", START)]
        assert registry.students.keys(Whom()) == []
        assert registry.count(tables.account) == registry.count(tables.address) == 0

    def test_waiting_goes_on_from_the_first_day_although_the_row_changes(self, registry: Registry) -> None:
        registry.take_in(an_application(None, of=7))
        registry.clock.turn(days=3)
        registry.take_in(an_application(None, of=7, email="new@example.org"), feed=a_feed(digest="d2"))
        assert registry.admissions.awaiting_numbers() == [("K7", START)]

    def test_what_was_begun_is_ended_in_whatever_thread(self, registry: Registry) -> None:
        number = registry.admissions.open(a_feed())
        end = registry.admissions.begin_to_admit(number, [an_admission(an_application("100001"))])
        with ThreadPoolExecutor(1) as elsewhere:
            elsewhere.submit(end).result()
        assert registry.by_album("100001").name.family == "Żak"

    def test_who_waits_is_found_without_a_look_at_everybody(self, registry: Registry) -> None:
        registry.take_in(an_application(None, of=7))
        registry.take_in(*(an_application(str(number)) for number in range(100_010, 101_010)), feed=a_feed(digest="d2"))
        asked = list[str]()
        event.listen(registry.database.engine, "before_cursor_execute", lambda _c, _k, text, *_: asked.append(text))
        assert len(registry.admissions.awaiting_numbers()) == 1
        [query] = [text for text in asked if "number_awaited_since" in text]
        with registry.database.writing() as connection:
            connection.exec_driver_sql("ANALYZE")
            explain = "EXPLAIN" if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
            plan = str(connection.exec_driver_sql(f"{explain} {query}").all())
        assert "ix_student_awaits_number" in plan

    def test_who_waits_longest_is_named_first_and_once(self, registry: Registry) -> None:
        registry.take_in(an_application(None, of=8))
        registry.clock.turn(days=1)
        registry.take_in(an_application(None, of=7), feed=a_feed(digest="d2"))
        registry.take_in(an_application(None, of=8, study=MATHEMATICS), feed=a_feed(digest="d3"))
        assert [candidate for candidate, _ in registry.admissions.awaiting_numbers()] == ["K8", "K7"]

    def test_a_number_that_comes_later_brings_the_account_the_alias_and_a_line_in_the_journal(
        self, registry: Registry
    ) -> None:
        registry.take_in(an_application(None, of=100_001))
        registry.take_in(an_application("100001"), feed=a_feed(digest="d2"))
        student = registry.by_album("100001")
        assert registry.admissions.awaiting_numbers() == []
        assert [row["login"] for row in registry.rows(tables.account)] == ["s100001"]
        assert [row["address"] for row in registry.rows(tables.address)] == [f"s100001@{DOMAIN}"]
        assert [(line.step, line.detail) for line in registry.journal.of(student.key)] == [
            ("admitted", "number awaited"),
            ("data changed", "album number 100001"),
        ]

    def test_a_later_row_with_empty_values_takes_nothing_away(self, registry: Registry) -> None:
        full = an_application("100001", usos_id=55, document=PASSPORT, account_number=nrb(1))
        registry.take_in(full)
        before = registry.rows(tables.person)
        empty = replace(full, usos_id=None, document=None, pesel=None, album=None, account_number=None)
        registry.take_in(empty, feed=a_feed(digest="d2"))
        assert registry.rows(tables.person) == before
        student = registry.by_album("100001")
        assert (student.usos_id, student.account_number) == (55, nrb(1))
        assert registry.admissions.awaiting_numbers() == []

    def test_a_transaction_with_one_impossible_person_admits_nobody(self, registry: Registry) -> None:
        registry.a_student("100001")
        number = registry.admissions.open(a_feed(digest="d2"))
        twin = an_application("100001", candidate="K-twin", pesel=pesel(77))
        with pytest.raises(AlreadyExists) as raised:
            registry.admissions.begin_to_admit(number, [an_admission(an_application("100002")), an_admission(twin)])()
        assert registry.count(tables.student) == 1
        assert "Żak" not in str(raised.value)
        assert "100001" not in str(raised.value)

    def test_nobody_is_admitted_and_nothing_happens(self, registry: Registry) -> None:
        registry.take_in()
        assert registry.count(tables.student) == registry.count(tables.journal) == 0


class RecognisingContract:
    @pytest.mark.parametrize(
        ("part", "of_the_row"),
        [
            ("pesel", {"pesel": pesel(1)}),
            ("document", {"document": PASSPORT}),
            ("usos_id", {"usos_id": 55}),
            ("album", {"album": AlbumNumber("100001"), "candidate": "K9999"}),
            ("candidate", {"candidate": "K100001"}),
            ("account_number", {"account_number": nrb(1)}),
        ],
    )
    def test_a_student_is_found_by_every_part(
        self, registry: Registry, part: str, of_the_row: dict[str, object]
    ) -> None:
        student = registry.a_student("100001", usos_id=55, document=PASSPORT, account_number=nrb(1))
        registry.a_student("100002", usos_id=56, account_number=nrb(2))
        row = an_application(None, of=9999, **of_the_row)
        ((known,),) = registry.admissions.matches([identity_of(row)])
        assert (known.key, known.album, known.usos_id) == (student.key, "100001", 55)
        assert known.found_by == {part}

    def test_all_parts_that_fit_are_named(self, registry: Registry) -> None:
        registry.a_student("100001", usos_id=55)
        ((known,),) = registry.admissions.matches([identity_of(an_application("100001", usos_id=55))])
        assert known.found_by == {"pesel", "usos_id", "album", "candidate"}

    def test_a_row_between_two_students_shows_both(self, registry: Registry) -> None:
        one, two = registry.a_student("100001"), registry.a_student("100002")
        (found,) = registry.admissions.matches([identity_of(an_application("100001", pesel=pesel(2)))])
        assert [(known.key, set(known.found_by)) for known in found] == [
            (one.key, {"album", "candidate"}),
            (two.key, {"pesel"}),
        ]

    def test_strangers_fit_nobody_and_each_row_has_its_own_answer(self, registry: Registry) -> None:
        registry.a_student("100001")
        rows = [an_application("100009"), an_application("100001"), an_application(None, of=8)]
        found = registry.admissions.matches([identity_of(each) for each in rows])
        assert [len(known) for known in found] == [0, 1, 0]
        assert registry.admissions.matches([]) == []

    def test_rows_of_a_whole_portion_are_recognised_at_once(self, registry: Registry) -> None:
        everybody = [an_application(str(100_000 + at)) for at in range(1200)]
        registry.take_in(*everybody)
        found = registry.admissions.matches([identity_of(each) for each in everybody])
        assert [known[0].album for known in found] == [str(each.album) for each in everybody]

    def test_a_row_is_known_by_its_hash(self, registry: Registry) -> None:
        number = registry.admissions.open(a_feed())
        digests = [bytes([at]) * 32 for at in (0, 255)]
        rows = [an_application("100001"), an_application("100002", study=MATHEMATICS)]
        pairs = zip(rows, digests, strict=True)
        registry.admissions.begin_to_admit(number, [an_admission(row, None, digest) for row, digest in pairs])()
        assert registry.admissions.row_hashes() == {"K100001\x1fINF-1": digests[0], "K100002\x1fMAT-1": digests[1]}

    def test_a_changed_row_has_a_new_hash(self, registry: Registry) -> None:
        student = registry.a_student("100001")
        number = registry.admissions.open(a_feed(digest="d2"))
        registry.admissions.begin_to_admit(
            number, [an_admission(an_application("100001"), student.key, b"\x02" * 32)]
        )()
        assert list(registry.admissions.row_hashes().values()) == [b"\x02" * 32]

    def test_a_hash_made_otherwise_changes_nothing_else(self, registry: Registry) -> None:
        registry.take_in(an_application("100001"), an_application("100002"))
        earlier = registry.admissions.row_hashes()
        people = registry.rows(tables.person), registry.rows(tables.journal)
        registry.clock.turn(hours=1)
        registry.admissions.renew_hashes({"K100001\x1fINF-1": b"\x03" * 32, "K9\x1fINF-1": b"\x04" * 32})
        assert registry.admissions.row_hashes() == earlier | {"K100001\x1fINF-1": b"\x03" * 32}
        assert (registry.rows(tables.person), registry.rows(tables.journal)) == people
        registry.admissions.renew_hashes({})

    def test_candidates_are_missed_only_in_the_intake_that_a_file_is_about(self, registry: Registry) -> None:
        registry.take_in(an_application("100001"), an_application("100002", intake="2025Z"), an_application("100003"))
        applications = ["K100001\x1fINF-1", "K100002\x1fINF-1", "K100003\x1fMAT-1"]
        assert registry.admissions.candidates_of(applications, ["2026Z"]) == ["K100001"]
        assert registry.admissions.candidates_of(applications, ["2026Z", "2025Z"]) == ["K100001", "K100002"]
        assert registry.admissions.candidates_of([], ["2026Z"]) == []
        assert registry.admissions.candidates_of(applications, []) == []


UNIQUE: dict[str, tuple[Table, dict[str, object]]] = {
    "album number": (tables.student, {"person_id": 2, "album_number": "100001"}),
    "student of a person": (tables.student, {"person_id": 1, "album_number": "100009"}),
    "PESEL": (tables.person, {"pesel_hash": FINGERPRINTS.of_pesel(pesel(1))}),
    "document": (tables.person, {"document_hash": FINGERPRINTS.of_document(PASSPORT)}),
    "USOS id": (tables.person, {"usos_id": 55}),
    "login": (tables.account, {"student_id": 2, "login": "s100001"}),
    "address": (tables.address, {"address": f"lucja.zak@{DOMAIN}", "student_id": 2}),
    "mailbox": (tables.mailbox, {"student_id": 2, "address": f"lucja.zak@{DOMAIN}", "alias": f"s100002@{DOMAIN}"}),
    "alias": (tables.mailbox, {"student_id": 2, "address": f"s100002@{DOMAIN}", "alias": f"s100001@{DOMAIN}"}),
    "NRB": (tables.payment_account, {"student_id": 2, "nrb": str(nrb(1))}),
    "second NRB": (tables.payment_account, {"student_id": 1, "nrb": str(nrb(2))}),
    "Message-ID": (tables.letter, {"student_id": 2, "message_id": "<1@x>", "token_hash": "b"}),
    "token": (tables.letter, {"student_id": 2, "message_id": "<2@x>", "token_hash": "a"}),
    "second letter": (tables.letter, {"student_id": 1, "message_id": "<2@x>", "token_hash": "b"}),
    "address in USOS": (tables.usos_link, {"student_id": 2, "email": f"lucja.zak@{DOMAIN}"}),
    "application": (tables.study, {"student_id": 2, "candidate_number": "K100001", "programme": "INF-1"}),
}
"""Rows of a second person that claim something of the first one."""

ORDINARY: dict[Table, dict[str, object]] = {
    tables.student: {"language": "pl", "standing": "admitted"},
    tables.person: {
        "given_name": "A", "middle_name": "", "family_name": "B", "birth_date": date(2007, 1, 1), "email": "a@b.pl",
    },
    tables.account: {"state": "prepared"},
    tables.address: {"kind": "primary", "given_at": START},
    tables.mailbox: {"state": "requested", "problem": "", "requested_at": START},
    tables.payment_account: {"purpose": PURPOSE, "origin": "assigned", "given_at": START},
    tables.letter: {"kind": "album_number", "attempts": 0, "prepared_at": START},
    tables.usos_link: {"source": "usosapi", "observed_at": START},
    tables.study: {
        "intake": "2026Z", "programme_name": "", "start_date": date(2026, 10, 1), "status": "admitted",
        "row_hash": b"1", "feed_id": 1,
    },
}  # fmt: skip
"""What the other columns of such rows hold."""


class UniquenessContract:
    @pytest.fixture
    def campus(self, registry: Registry) -> Registry:
        """One student who has everything, and one person who is no student yet."""
        lucja = registry.a_student("100001", usos_id=55, document=PASSPORT, account_number=nrb(1))
        registry.ask_for_mailbox(lucja, "lucja.zak")
        registry.link(lucja, f"lucja.zak@{DOMAIN}")
        letter = {"student_id": 1, "message_id": "<1@x>", "token_hash": "a"}
        registry.insert(tables.letter, **ORDINARY[tables.letter], **letter)
        registry.insert(tables.person, **ORDINARY[tables.person])
        return registry

    @pytest.mark.parametrize("what", UNIQUE)
    def test_the_database_itself_refuses_to_give_it_twice(self, campus: Registry, what: str) -> None:
        table, claim = UNIQUE[what]
        if claim.get("student_id") == 2:
            other = {"person_id": 2, "album_number": "100002"}
            campus.insert(tables.student, **ORDINARY[tables.student], **other)
            alias = {"address": f"s100002@{DOMAIN}", "student_id": 2}
            campus.insert(tables.address, **ORDINARY[tables.address], **alias)
        before = campus.rows(table)
        with pytest.raises(AlreadyExists) as raised:
            campus.insert(table, **ORDINARY[table], **claim)
        assert campus.rows(table) == before
        assert not any(str(value) in str(raised.value) for value in claim.values() if len(str(value)) > 3)

    def test_nothing_belongs_to_a_student_who_is_not_there(self, registry: Registry) -> None:
        with pytest.raises(Refused):
            registry.insert(tables.account, student_id=4711, login="s4711", state="prepared")

    def test_of_many_who_want_one_address_in_the_same_moment_exactly_one_gets_it(self, registry: Registry) -> None:
        registry.take_in(*(an_application(str(100_001 + at)) for at in range(6)))
        students = registry.students.load(registry.students.keys(Whom()))

        def ask(mine: Registry, at: int) -> bool:
            try:
                mine.ask_for_mailbox(students[at], "anna.nowak")
            except AlreadyExists:
                return False
            return True

        assert sorted(at_once(registry, 6, ask)) == [False] * 5 + [True]
        assert registry.count(tables.mailbox) == registry.count(tables.request) == 1
        assert registry.outbox.waiting() == 1

    def test_of_many_who_want_names_that_look_alike_in_the_same_moment_exactly_one_gets_theirs(
        self, registry: Registry
    ) -> None:
        names = ["jan.kowalski", "jankowalski", "jan-kowalski", "jan.kowa1ski", "Jan_Kowalski", "j.a.n.kowalski"]
        registry.take_in(*(an_application(str(100_001 + at)) for at in range(6)))
        students = registry.students.load(registry.students.keys(Whom()))

        def ask(mine: Registry, at: int) -> bool:
            try:
                mine.ask_for_mailbox(students[at], names[at])
            except AlreadyExists:
                return False
            return True

        assert sorted(at_once(registry, 6, ask)) == [False] * 5 + [True]
        assert registry.count(tables.mailbox) == registry.outbox.waiting() == 1
        assert [row["kind"] for row in registry.rows(tables.address)].count("primary") == 1

    def test_a_student_who_asks_twice_in_the_same_moment_gets_one_mailbox(self, registry: Registry) -> None:
        student = registry.a_student()

        def ask(mine: Registry, at: int) -> bool:
            try:
                mine.ask_for_mailbox(student, f"lucja.zak.{at}")
            except AlreadyExists:
                return False
            return True

        assert sorted(at_once(registry, 4, ask)) == [False] * 3 + [True]
        assert registry.count(tables.request) == 1
        assert [row["kind"] for row in registry.rows(tables.address)].count("primary") == 1

    def test_of_many_who_are_given_one_account_number_exactly_one_gets_it(self, registry: Registry) -> None:
        registry.take_in(*(an_application(str(100_001 + at)) for at in range(6)))
        keys = registry.students.keys(Whom())

        def give(mine: Registry, at: int) -> bool:
            return mine.numbers.give(keys[at], PURPOSE, nrb(5), "assigned")

        assert sorted(at_once(registry, 6, give)) == [False] * 5 + [True]
        assert registry.count(tables.payment_account) == 1

    def test_two_processes_that_admit_the_same_person_make_one_student(self, registry: Registry) -> None:
        numbers = [registry.admissions.open(a_feed(name=f"{at}.csv")) for at in range(3)]

        def admit(mine: Registry, at: int) -> bool:
            try:
                mine.admissions.begin_to_admit(numbers[at], [an_admission(an_application("100001"))])()
            except AlreadyExists:
                return False
            return True

        assert sorted(at_once(registry, 3, admit)) == [False, False, True]
        assert registry.count(tables.person) == registry.count(tables.student) == 1


class AccountNumbersContract:
    def test_a_number_is_given_once_and_for_good(self, registry: Registry) -> None:
        student = registry.a_student()
        assert registry.numbers.give(student.key, PURPOSE, nrb(1), "assigned")
        assert registry.numbers.give(student.key, PURPOSE, nrb(2), "assigned")
        assert registry.by_album("100001").account_number == nrb(1)

    def test_a_number_for_another_purpose_is_not_the_one_for_tuition(self, registry: Registry) -> None:
        student = registry.a_student()
        assert registry.numbers.give(student.key, "dormitory", nrb(1), "usos")
        assert registry.by_album("100001").account_number is None

    def test_who_gave_the_number_stands_in_the_journal_and_the_number_does_not(self, registry: Registry) -> None:
        student = registry.a_student()
        registry.numbers.give(student.key, PURPOSE, nrb(1), "usos")
        line = registry.journal.of(student.key)[-1]
        assert (line.system, line.step, line.detail) == ("payment_accounts", "number from usos", PURPOSE)


class MailboxRegisterContract:
    def test_the_address_the_request_and_the_journal_come_in_one_transaction(self, registry: Registry) -> None:
        student = registry.a_student()
        registry.ask_for_mailbox(student, "Lucja.Zak")
        seen = registry.by_album("100001")
        assert (seen.mailbox, seen.mailbox_state) == (f"lucja.zak@{DOMAIN}", MailboxState.REQUESTED)
        assert seen.working_mailbox is None
        assert [request.student for request in registry.outbox.claim(9)] == [student.key]
        assert registry.journal.of(student.key)[-1].step == "mailbox requested"

    def test_a_name_that_somebody_has_leaves_nothing_behind(self, registry: Registry) -> None:
        registry.ask_for_mailbox(registry.a_student("100001"), "anna.nowak")
        other = registry.a_student("100002")
        with pytest.raises(AlreadyExists, match="choose another name"):
            registry.ask_for_mailbox(other, "Anna.Nowak")
        assert registry.by_album("100002").mailbox is None
        assert registry.outbox.waiting() == 1
        assert [line.step for line in registry.journal.of(other.key)] == ["admitted"]

    def test_names_that_were_ever_given_are_taken(self, registry: Registry) -> None:
        registry.ask_for_mailbox(registry.a_student(), "anna.nowak")
        asked = [f"Anna.Nowak@{DOMAIN}", f"s100001@{DOMAIN}", f"free@{DOMAIN}"]
        assert registry.mailboxes.taken(asked) == {f"anna.nowak@{DOMAIN}", f"s100001@{DOMAIN}"}
        assert registry.mailboxes.taken([]) == set()

    def test_a_name_that_looks_like_somebody_else_s_leaves_nothing_behind(self, registry: Registry) -> None:
        registry.ask_for_mailbox(registry.a_student("100001"), "jan.kowalski")
        other = registry.a_student("100002")
        with pytest.raises(TooAlike):
            registry.ask_for_mailbox(other, "jan.kowa1ski")
        assert registry.by_album("100002").mailbox is None
        assert registry.outbox.waiting() == 1
        assert registry.ask_for_mailbox(other, "jan.kowalski.2") == f"jan.kowalski.2@{DOMAIN}"

    def test_look_alikes_are_told_of_others_only(self, registry: Registry) -> None:
        student, other = registry.a_student("100001"), registry.a_student("100002")
        registry.ask_for_mailbox(student, "jan.kowalski")
        asked = [f"jankowalski@{DOMAIN}", f"Jan-Kowa1ski@{DOMAIN}", f"jan.kowalski.2@{DOMAIN}", f"s100001@{DOMAIN}"]
        assert registry.mailboxes.look_alikes(other.key, asked) == set(asked[:2])
        assert registry.mailboxes.look_alikes(student.key, asked) == set()
        assert registry.mailboxes.look_alikes(other.key, []) == set()

    def test_the_student_is_written_to_once_when_the_mailbox_works(self, registry: Registry) -> None:
        student = registry.a_student()
        registry.ask_for_mailbox(student, "lucja.zak")
        seen = [MailboxState.AWAITED, MailboxState.VERIFIED, MailboxState.AWAITED, MailboxState.VERIFIED]
        told = []
        for state in seen:
            registry.clock.turn(minutes=1)
            registry.mailboxes.observe([Sighting(student.key, state, "id-1")])
            told.append([(row["student_id"], row["kind"]) for row in registry.rows(tables.message)])
        assert told == [[], *[[(student.key, "mailbox_ready")]] * 3]

    def test_two_runs_that_see_a_mailbox_work_in_the_same_moment_write_one_letter(self, registry: Registry) -> None:
        student = registry.a_student()
        registry.ask_for_mailbox(student, "lucja.zak")
        at_once(
            registry, 4, lambda mine, _: mine.mailboxes.observe([Sighting(student.key, MailboxState.VERIFIED, "id-1")])
        )
        assert registry.count(tables.message) == 1

    def test_after_a_conflict_another_name_may_be_chosen_and_the_first_is_never_given_again(
        self, registry: Registry
    ) -> None:
        student = registry.a_student()
        registry.ask_for_mailbox(student, "lucja.zak")
        registry.mailboxes.observe([Sighting(student.key, MailboxState.CONFLICT, None, "somebody else's")])
        assert registry.ask_for_mailbox(student, "l.zak") == registry.by_album("100001").mailbox
        registry.mailboxes.observe([Sighting(student.key, MailboxState.CONFLICT, None, "somebody else's")])
        assert registry.ask_for_mailbox(student, "lucjazak") == registry.by_album("100001").mailbox
        assert f"lucja.zak@{DOMAIN}" in registry.mailboxes.taken([f"lucja.zak@{DOMAIN}"])

    def test_a_slow_run_s_conflict_does_not_block_the_name_chosen_meanwhile(self, registry: Registry) -> None:
        student = registry.a_student()
        taken = registry.ask_for_mailbox(student, "lucja.zak")
        conflict = Sighting(student.key, MailboxState.CONFLICT, None, "somebody else's", address=taken)
        registry.mailboxes.observe([conflict])
        registry.ask_for_mailbox(student, "l.zak")
        registry.mailboxes.observe([conflict])
        assert registry.by_album("100001").mailbox_state is MailboxState.REQUESTED

    def test_an_alias_that_was_never_given_is_no_reason_to_try_other_names(self, registry: Registry) -> None:
        student = registry.a_student()
        with pytest.raises(Refused) as raised:
            registry.mailboxes.reserve(student, "lucja.zak@new.example.pl", "s100001@new.example.pl")
        assert not isinstance(raised.value, AlreadyExists)

    def test_a_mailbox_is_unfinished_until_it_was_seen_to_work(self, registry: Registry) -> None:
        student, other = registry.a_student("100001"), registry.a_student("100002")
        registry.ask_for_mailbox(student, "lucja.zak")
        keys = keys_of([student, other])
        assert registry.mailboxes.unfinished(keys) == [student.key]
        registry.mailboxes.observe([Sighting(student.key, MailboxState.AWAITED, "id-1")])
        assert registry.mailboxes.unfinished(keys) == [student.key]
        registry.mailboxes.observe([Sighting(student.key, MailboxState.VERIFIED, None)])
        assert registry.mailboxes.unfinished(keys) == []
        assert registry.by_album("100001").mailbox_id == "id-1"

    def test_the_journal_tells_of_a_new_state_once(self, registry: Registry) -> None:
        student = registry.a_student()
        registry.ask_for_mailbox(student, "lucja.zak")
        for state in (MailboxState.AWAITED, MailboxState.AWAITED, MailboxState.VERIFIED):
            registry.mailboxes.observe([Sighting(student.key, state, "id-1")])
        steps = [line.step for line in registry.journal.of(student.key) if line.system == "mailboxes"]
        assert steps == ["mailbox requested", "mailbox awaited", "mailbox verified"]

    def test_a_mailbox_is_looked_at_again_when_it_is_due(self, registry: Registry) -> None:
        student, other = registry.a_student("100001"), registry.a_student("100002")
        registry.ask_for_mailbox(student, "lucja.zak")
        keys = keys_of([student, other])
        assert registry.mailboxes.due(keys) == keys
        registry.mailboxes.observe([Sighting(student.key, MailboxState.AWAITED, "id-1")])
        assert registry.mailboxes.due(keys) == [other.key]
        assert registry.mailboxes.turns(keys) == {student.key: START + LOOKS[0]}
        registry.clock.turn(seconds=LOOKS[0].total_seconds())
        assert registry.mailboxes.due(keys) == keys
        registry.mailboxes.observe([Sighting(student.key, MailboxState.AWAITED, "id-1")])
        assert registry.mailboxes.turns(keys) == {student.key: registry.clock() + LOOKS[1]}

    def test_what_only_a_person_can_mend_is_stuck_at_once_and_looked_at_daily(self, registry: Registry) -> None:
        student = registry.a_student()
        registry.ask_for_mailbox(student, "lucja.zak")
        registry.mailboxes.observe([Sighting(student.key, MailboxState.OPENED, "id-1", "the alias is taken", True)])
        assert registry.by_album("100001").mailbox_state is MailboxState.STUCK
        assert registry.mailboxes.turns([student.key]) == {student.key: START + DAILY}
        assert registry.trail.of(student.key).opened_at == START

    def test_a_student_whose_address_is_somebody_else_s_is_written_to_and_the_address_is_blocked(
        self, registry: Registry
    ) -> None:
        student = registry.a_student()
        registry.ask_for_mailbox(student, "lucja.zak")
        registry.mailboxes.observe([Sighting(student.key, MailboxState.CONFLICT, None, "somebody else's")])
        assert [(row["student_id"], row["kind"]) for row in registry.rows(tables.message)] == [
            (student.key, "mailbox_name_taken")
        ]
        kinds = {row["address"]: row["kind"] for row in registry.rows(tables.address)}
        assert kinds[f"lucja.zak@{DOMAIN}"] == "blocked"
        with pytest.raises(AlreadyExists):
            registry.ask_for_mailbox(student, "lucja.zak")

    def test_a_problem_as_long_as_a_page_is_cut(self, registry: Registry) -> None:
        student = registry.a_student()
        registry.ask_for_mailbox(student, "lucja.zak")
        registry.mailboxes.observe([Sighting(student.key, MailboxState.CONFLICT, None, "x" * 3000)])
        assert len(registry.rows(tables.mailbox)[0]["problem"]) == 500


class TrailContract:
    def test_of_somebody_new_nothing_was_seen(self, registry: Registry) -> None:
        assert registry.trail.of(registry.a_student().key) == Seen()
        assert registry.trail.of(4711) == Seen()

    def test_every_step_bears_the_time_at_which_it_was_seen(self, registry: Registry) -> None:
        student = registry.a_student(usos_id=55)
        at = [START + timedelta(minutes=5 * each) for each in range(9)]
        registry.journal.note([JournalEntry(student.key, "portal", "account activated", Result.DONE)])
        registry.clock.turn(minutes=5)
        registry.ask_for_mailbox(student, "lucja.zak")
        registry.clock.turn(minutes=5)
        for state in WAY:
            registry.mailboxes.observe([Sighting(student.key, state, "id-1")])
            registry.clock.turn(minutes=5)
        registry.link(student, f"lucja.zak@{DOMAIN}")
        registry.clock.turn(minutes=5)
        for message in registry.messages.claim(9):
            registry.messages.sent(message)
        activated, requested, created, licensed, opened, aliased, verified, linked, told = at
        assert registry.trail.of(student.key) == Seen(
            activated, requested, created, aliased, verified, linked, licensed, opened, told,
            enabled_at=linked, link_since=linked,
        )  # fmt: skip

    def test_a_mailbox_that_lost_its_licence_is_shown_as_it_is(self, registry: Registry) -> None:
        student = registry.a_student()
        registry.ask_for_mailbox(student, "lucja.zak")
        registry.mailboxes.observe([Sighting(student.key, MailboxState.VERIFIED, "id-1")])
        registry.mailboxes.observe([Sighting(student.key, MailboxState.CREATED, "id-1")])
        seen = registry.trail.of(student.key)
        assert (seen.user_made_at, seen.licensed_at, seen.alias_added_at) == (START, None, None)

    def test_another_name_begins_the_way_anew(self, registry: Registry) -> None:
        student = registry.a_student()
        registry.ask_for_mailbox(student, "lucja.zak")
        registry.mailboxes.observe([Sighting(student.key, MailboxState.AWAITED, "id-1")])
        registry.mailboxes.observe([Sighting(student.key, MailboxState.CONFLICT, None, "somebody else's")])
        registry.clock.turn(minutes=5)
        registry.ask_for_mailbox(student, "l.zak")
        assert registry.trail.of(student.key) == Seen(requested_at=START + timedelta(minutes=5))


class UsosRegisterContract:
    def test_what_usos_holds_now_replaces_what_it_held(self, registry: Registry) -> None:
        student = registry.a_student()
        for address in ("old@x.pl", f"lucja.zak@{DOMAIN}"):
            registry.link(student, address)
        seen = registry.by_album("100001")
        assert (seen.usos_email, seen.usos_state) == (f"lucja.zak@{DOMAIN}", LinkState.VERIFIED)

    def test_nothing_seen_is_nothing_stored(self, registry: Registry) -> None:
        registry.usos.observe([])
        assert registry.count(tables.usos_link) == 0

    def test_the_journal_tells_of_new_states_alone(self, registry: Registry) -> None:
        student = registry.a_student()
        for state in (LinkState.AWAITED, LinkState.AWAITED, LinkState.PERSON, LinkState.ACTIVE, LinkState.ACTIVE):
            registry.usos.observe([LinkSight(student.key, state, "usosapi")])
        steps = [line.step for line in registry.journal.of(student.key) if line.system == "usos"]
        assert steps == ["link awaited", "link person", "link active"]

    def test_a_student_is_told_once_when_usosweb_is_open(self, registry: Registry) -> None:
        student = registry.a_student()
        address = registry.ask_for_mailbox(student, "lucja.zak")
        registry.link(student, address)
        registry.usos.observe([LinkSight(student.key, LinkState.ACTIVE, "usosapi")])
        registry.link(student, address)
        assert [row["kind"] for row in registry.rows(tables.message)] == ["usos_ready"]

    def test_an_address_that_was_asked_for_is_remembered(self, registry: Registry) -> None:
        student = registry.a_student()
        address = f"lucja.zak@{DOMAIN}"
        registry.usos.observe([LinkSight(student.key, LinkState.REQUESTED, "oracle", asked_for=address)])
        seen = registry.by_album("100001")
        assert (seen.usos_asked, seen.usos_email, seen.usos_state) == (address, None, LinkState.REQUESTED)
        (row,) = registry.rows(tables.usos_link)
        assert (row["source"], row["observed_at"], row["requested_at"]) == ("oracle", START, START)

    def test_somebody_else_under_the_id_is_told_as_refused(self, registry: Registry) -> None:
        student = registry.a_student()
        registry.usos.observe([LinkSight(student.key, LinkState.CONFLICT, "usosapi", problem="compare", held=True)])
        line = registry.journal.of(student.key)[-1]
        assert (line.step, line.result, line.detail) == ("link conflict", "refused", "compare")

    def test_an_id_is_learned_once_and_is_nobody_else_s(self, registry: Registry) -> None:
        known = registry.a_student("100001", usos_id=55)
        unknown, third = registry.a_student("100002"), registry.a_student("100003")
        assert registry.usos.learn({unknown.key: 56, third.key: 55}) == [third.key]
        found = [registry.by_album(each).usos_id for each in ("100001", "100002", "100003")]
        assert found == [55, 56, None]
        assert registry.journal.of(unknown.key)[-1].step == "id found"
        assert (registry.usos.learn({}), registry.usos.learn({known.key: 57})) == ([], [])
        assert registry.by_album("100001").usos_id == 55
        assert "id found" not in [line.step for line in registry.journal.of(known.key)]

    def test_an_id_of_two_is_nobody_s_and_one_s_own_is_not_taken(self, registry: Registry) -> None:
        own = registry.a_student("100001", usos_id=55)
        first, second = registry.a_student("100002"), registry.a_student("100003")
        assert registry.usos.learn({own.key: 55, first.key: 56, second.key: 56}) == [first.key, second.key]
        assert [registry.by_album(each).usos_id for each in ("100001", "100002", "100003")] == [55, None, None]

    def test_runs_that_see_somebody_first_at_the_same_time_do_not_get_in_each_other_s_way(
        self, registry: Registry
    ) -> None:
        registry.take_in(*(an_application(str(100_000 + at), usos_id=at + 1) for at in range(60)))
        keys = registry.students.keys(Whom())
        sights = [LinkSight(key, LinkState.AWAITED, "usosapi") for key in keys]
        at_once(registry, 3, lambda mine, at: mine.usos.observe(sights[at * 10 :]))
        assert registry.count(tables.usos_link) == len(keys)
        assert [row["step"] for row in registry.rows(tables.journal)].count("link awaited") == len(keys)

    def test_thousands_are_stored_at_once(self, registry: Registry) -> None:
        registry.take_in(*(an_application(str(100_000 + at), usos_id=at + 1) for at in range(1100)))
        keys = registry.students.keys(Whom())
        for _ in range(2):
            registry.usos.observe([LinkSight(key, LinkState.AWAITED, "usosapi") for key in keys])
        assert registry.count(tables.usos_link) == 1100


class OutboxContract:
    @pytest.fixture
    def waiting(self, registry: Registry) -> Registry:
        """Twelve students have asked for a mailbox."""
        registry.take_in(*(an_application(str(100_001 + at)) for at in range(12)))
        for student in registry.students.load(registry.students.keys(Whom())):
            registry.ask_for_mailbox(student, f"name.{student.album}")
        return registry

    def test_the_oldest_requests_are_claimed_first(self, waiting: Registry) -> None:
        claimed = waiting.outbox.claim(5)
        assert [request.key for request in claimed] == [row["id"] for row in waiting.rows(tables.request)][:5]
        assert {(request.kind, request.attempts) for request in claimed} == {("mailbox", 0)}

    def test_consumers_in_the_same_moment_never_get_the_same_request(self, waiting: Registry) -> None:
        def claim_all(mine: Registry, _: int) -> list[int]:
            got: list[int] = []
            while some := mine.outbox.claim(2):
                got += [request.key for request in some]
            return got

        claimed = [key for some in at_once(waiting, 4, claim_all) for key in some]
        assert sorted(claimed) == [row["id"] for row in waiting.rows(tables.request)]

    def test_a_claim_of_a_consumer_that_died_runs_out(self, waiting: Registry) -> None:
        first = waiting.outbox.claim(20)
        waiting.clock.turn(minutes=4, seconds=59)
        assert waiting.outbox.claim(20) == []
        waiting.clock.turn(seconds=1)
        assert waiting.outbox.claim(20) == first

    def test_a_finished_request_is_never_claimed_again(self, waiting: Registry) -> None:
        done = [request.key for request in waiting.outbox.claim(5)]
        waiting.outbox.finish(done)
        waiting.clock.turn(days=1)
        assert waiting.outbox.waiting() == 7
        assert not {request.key for request in waiting.outbox.claim(20)} & set(done)

    def test_nothing_finished_and_nothing_put_back_changes_nothing(self, waiting: Registry) -> None:
        before = waiting.rows(tables.request)
        waiting.outbox.finish([])
        waiting.outbox.put_back([], "")
        assert waiting.rows(tables.request) == before

    def test_a_request_put_back_waits_longer_each_time_and_a_quarter_of_an_hour_at_most(
        self, waiting: Registry
    ) -> None:
        waits = []
        for attempt in range(12):
            (request,) = waiting.outbox.claim(1)
            assert request.attempts == attempt
            waiting.outbox.put_back([request], "not ready")
            row = waiting.rows(tables.request)[0]
            waits.append((row["not_before"] - waiting.clock()).total_seconds())
            waiting.clock.now = row["not_before"]
        assert waits == [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 900.0, 900.0, 900.0]

    def test_requests_put_back_together_wait_each_by_its_own_count(self, waiting: Registry) -> None:
        (first,) = waiting.outbox.claim(1)
        waiting.outbox.put_back([first], "not ready")
        waiting.clock.turn(seconds=2)
        claimed = waiting.outbox.claim(2)
        waiting.outbox.put_back(claimed, "not ready")
        rows = waiting.rows(tables.request)[:2]
        assert [(row["attempts"], row["problem"]) for row in rows] == [(2, "not ready"), (1, "not ready")]
        assert [(row["not_before"] - waiting.clock()).total_seconds() for row in rows] == [4.0, 2.0]

    def test_an_error_as_long_as_a_page_does_not_lose_the_request(self, waiting: Registry) -> None:
        waiting.outbox.put_back(waiting.outbox.claim(1), "x" * 3000)
        assert len(waiting.rows(tables.request)[0]["problem"]) == 500


class JournalContract:
    def test_a_history_tells_its_own_steps_alone(self, registry: Registry) -> None:
        student, other = registry.a_student(), registry.a_student("100002")
        registry.journal.note([JournalEntry(student.key, "portal", "signed in", Result.DONE)])
        asked = [(student.key, "portal", "signed in"), (other.key, "portal", "signed in")]
        asked += [(student.key, "usos", "signed in"), (student.key, "portal", "sign-in")]
        assert [registry.journal.tells(*each) for each in asked] == [True, False, False, False]

    def test_it_tells_what_happened_to_a_student_when_by_whom_and_with_what_outcome(self, registry: Registry) -> None:
        student, other = registry.a_student("100001"), registry.a_student("100002")
        registry.clock.turn(hours=1)
        night = registry.another(actor="nightly", run="run 2")
        night.journal.note(
            [
                JournalEntry(student.key, "directory", "add", Result.REFUSED, "another entry has this address"),
                JournalEntry(other.key, "directory", "add", Result.DONE),
                JournalEntry(student.key, "usos", "change email", Result.FAILED),
            ]
        )
        night.database.close()
        told = [
            (line.at - START, line.actor, line.run, line.system, line.step, line.result, line.detail)
            for line in registry.journal.of(student.key)
        ]
        hour, none = timedelta(hours=1), timedelta()
        assert told == [
            (none, "tests", "run 1", "recruitment", "admitted", "done", "album number 100001"),
            (hour, "nightly", "run 2", "directory", "add", "refused", "another entry has this address"),
            (hour, "nightly", "run 2", "usos", "change email", "failed", ""),
        ]

    def test_nothing_noted_is_nothing_stored(self, registry: Registry) -> None:
        registry.journal.note([])
        assert registry.count(tables.journal) == 0

    def test_a_thousand_things_are_noted_at_once_and_a_long_detail_is_cut(self, registry: Registry) -> None:
        student = registry.a_student()
        registry.journal.note(JournalEntry(student.key, "usos", str(at), Result.DONE, "x" * 900) for at in range(1000))
        lines = registry.journal.of(student.key)[1:]
        assert [line.step for line in lines] == [str(at) for at in range(1000)]
        assert {len(line.detail) for line in lines} == {500}


class OwedContract:
    def test_from_admission_to_having_everything(self, registry: Registry) -> None:
        student = registry.a_student()
        who = ["100001"]
        lacking = {"letter": who, "entry": who, "sign_in": who, "payment_account": who}
        assert registry.owed() == lacking

        for notice in registry.letters.due([student.key]):
            registry.letters.prepare([notice])
            assert registry.owed() == lacking
            registry.letters.sent(notice)
        del lacking["letter"]
        assert registry.owed() == lacking

        registry.students.observe_entries([student.key])
        del lacking["entry"]
        assert registry.owed() == lacking

        with registry.database.writing() as connection:
            connection.execute(update(tables.account).values(state=AccountState.ACTIVE.value))
        del lacking["sign_in"]
        assert registry.owed() == lacking

        address = registry.ask_for_mailbox(student, "lucja.zak")
        assert registry.owed() == lacking | {"mailbox": who}
        registry.mailboxes.observe([Sighting(student.key, MailboxState.VERIFIED, "id-1")])
        assert registry.owed() == lacking | {"usos_link": who}
        registry.usos.observe([LinkSight(student.key, LinkState.ACTIVE, "usosapi")])
        assert registry.owed() == lacking | {"usos_link": who}
        registry.link(student, address)
        assert registry.owed() == lacking

        registry.numbers.give(student.key, PURPOSE, nrb(1), "assigned")
        assert registry.owed() == {}

    @pytest.mark.parametrize(
        ("standing", "owed"),
        [
            (Standing.STUDYING, ["letter", "entry", "sign_in", "payment_account"]),
            (Standing.ON_LEAVE, ["entry", "sign_in", "payment_account"]),
            (Standing.GRADUATED, ["entry"]),
            (Standing.RESIGNED, ["entry"]),
            (Standing.STRUCK_OFF, ["entry"]),
        ],
    )
    def test_who_has_left_is_owed_the_entry_alone(
        self, registry: Registry, standing: Standing, owed: list[str]
    ) -> None:
        registry.a_student(standing=standing)
        assert list(registry.owed()) == owed

    def test_only_those_meant_are_named_in_the_order_of_their_numbers(self, registry: Registry) -> None:
        registry.take_in(
            an_application("100003"), an_application("100001"), an_application("100002", study=MATHEMATICS)
        )
        registry.take_in(an_application(None, of=4), feed=a_feed(digest="d2"))
        assert registry.owed()["entry"] == ["100001", "100002", "100003"]
        assert registry.owed(Whom(programme="MAT-1"))["entry"] == ["100002"]
        assert registry.owed(Whom(albums=(AlbumNumber("100003"),)))["entry"] == ["100003"]

    def test_a_mailbox_in_conflict_is_still_owed(self, registry: Registry) -> None:
        student = registry.a_student()
        registry.ask_for_mailbox(student, "lucja.zak")
        registry.mailboxes.observe([Sighting(student.key, MailboxState.CONFLICT, None)])
        assert registry.owed()["mailbox"] == ["100001"]

    def test_a_letter_of_another_kind_is_not_the_one_with_the_number(self, registry: Registry) -> None:
        student = registry.a_student()
        other = {"kind": "password", "message_id": "<1@x>", "attempts": 1, "prepared_at": START, "sent_at": START}
        registry.insert(tables.letter, student_id=student.key, **other)
        assert registry.owed()["letter"] == ["100001"]
        assert len(registry.letters.due([student.key])) == 1


class LettersContract:
    def test_a_letter_is_due_until_it_was_sent_and_never_after(self, registry: Registry) -> None:
        student = registry.a_student()
        (notice,) = registry.letters.due([student.key])
        assert (notice.student, notice.kind, notice.message_id) == (student, "album_number", message_id(student))
        registry.letters.prepare([notice])
        assert registry.letters.due([student.key]) == [notice]
        registry.letters.sent(notice)
        assert registry.letters.due([student.key]) == []
        assert registry.journal.of(student.key)[-1].step == "sent album_number"

    def test_every_attempt_is_noted_before_it_is_made(self, registry: Registry) -> None:
        student = registry.a_student()
        for attempt in (1, 2, 3):
            registry.clock.turn(hours=1)
            registry.letters.prepare(registry.letters.due([student.key]))
            (row,) = registry.rows(tables.letter)
            assert (row["attempts"], row["sending_since"], row["sent_at"]) == (attempt, registry.clock(), None)
        assert row["prepared_at"] == START + timedelta(hours=1)

    def test_only_the_hash_of_a_links_secret_is_stored(self, registry: Registry) -> None:
        student = registry.a_student()
        registry.letters.prepare(registry.letters.due([student.key]))
        secret = token(message_id(student))
        assert registry.rows(tables.letter)[0]["token_hash"] == stored_form(secret)
        assert secret not in registry.dump()

    def test_a_letter_prepared_twice_is_one_row(self, registry: Registry) -> None:
        registry.take_in(*(an_application(str(100_001 + at)) for at in range(3)))
        keys = registry.students.keys(Whom())
        registry.letters.prepare(registry.letters.due(keys[:1]))
        registry.letters.prepare(registry.letters.due(keys))
        registry.letters.prepare([])
        assert registry.count(tables.letter) == 3

    def test_a_letter_keeps_its_message_id_though_later_ones_are_made_otherwise(self, registry: Registry) -> None:
        student = registry.a_student()
        registry.letters.prepare(first := registry.letters.due([student.key]))
        registry.letters.identify = lambda student: f"<{student.album}@new.example.pl>"
        again = registry.letters.due([student.key])
        assert again == first
        registry.letters.prepare(again)
        registry.letters.sent(again[0])
        assert registry.letters.due([student.key]) == []

    def test_who_is_on_leave_or_has_left_gets_no_letter(self, registry: Registry) -> None:
        student = registry.a_student(standing=Standing.ON_LEAVE)
        assert registry.letters.due([student.key]) == []


class StudentsContract:
    def test_students_are_chosen_by_number_or_by_programme_or_all(self, registry: Registry) -> None:
        registry.take_in(
            an_application("100001"), an_application("100002", study=MATHEMATICS), an_application("100003")
        )
        one, two, three = registry.students.keys(Whom())
        assert one < two < three
        number = AlbumNumber("100003")
        assert registry.students.keys(Whom(albums=(number,))) == [three]
        assert registry.students.keys(Whom(programme="MAT-1")) == [two]
        assert registry.students.keys(Whom(albums=(number,), programme="MAT-1")) == [two, three]
        assert registry.students.keys(Whom(programme="FIZ-1")) == []

    def test_a_student_of_two_programmes_is_one_student(self, registry: Registry) -> None:
        student = registry.a_student()
        registry.take_in(an_application("100001", study=MATHEMATICS), feed=a_feed(digest="d2"))
        assert registry.students.keys(Whom()) == registry.students.keys(Whom(programme="MAT-1")) == [student.key]
        assert len(registry.students.load([student.key])) == 1

    def test_three_thousand_students_are_loaded_in_the_order_of_their_keys(self, registry: Registry) -> None:
        number = registry.admissions.open(a_feed())
        people = [an_application(str(100_000 + at)) for at in range(3000)]
        registry.admissions.begin_to_admit(number, [an_admission(each) for each in people])()
        keys = registry.students.keys(Whom())
        assert keys_of(registry.students.load(keys[::-1])) == keys
        registry.students.observe_entries(keys)
        assert "entry" not in registry.owed()

    def test_nobody_asked_for_is_nobody_loaded(self, registry: Registry) -> None:
        assert registry.students.load([]) == []
        assert registry.students.load([4711]) == []

    def test_a_number_that_nobody_has_is_not_found(self, registry: Registry) -> None:
        with pytest.raises(NotFound, match="999999"):
            registry.students.by_album(AlbumNumber("999999"))

    def test_when_an_entry_was_seen_first_stays(self, registry: Registry) -> None:
        student = registry.a_student()
        registry.students.observe_entries([student.key])
        registry.clock.turn(days=1)
        registry.students.observe_entries([student.key])
        assert registry.rows(tables.account)[0]["entry_seen_at"] == START


CANARY = pesel(9123, date(2007, 5, 29))
CANARY_DOCUMENT = IdentityDocument(DocumentKind.PASSPORT, "ZQ7766554", "UA")


class SecrecyContract:
    def test_no_pesel_and_no_document_number_stands_anywhere(self, registry: Registry) -> None:
        born = CANARY.birth_date
        student = registry.a_student("100001", pesel=CANARY, birth_date=born, document=CANARY_DOCUMENT)
        registry.a_student("100002", pesel=None, document=replace(CANARY_DOCUMENT, country="BY"))
        registry.take_in(an_application("100001", pesel=CANARY, study=MATHEMATICS), feed=a_feed(digest="d2"))
        registry.ask_for_mailbox(student, "lucja.zak")
        registry.letters.prepare(registry.letters.due([student.key]))
        stored = registry.dump()
        assert "Żak" in stored
        assert not [secret for secret in (CANARY.digits, CANARY_DOCUMENT.number) if secret in stored]


class MomentsContract:
    def test_moments_come_back_in_utc(self, registry: Registry) -> None:
        registry.clock.now = datetime(2026, 10, 25, 2, 30, 0, 123456, timezone(timedelta(hours=2)))
        student = registry.a_student()
        at = registry.journal.of(student.key)[0].at
        assert (at, at.tzinfo) == (datetime(2026, 10, 25, 0, 30, 0, 123456, UTC), UTC)

    def test_moments_from_different_zones_are_in_the_order_of_time(self, registry: Registry) -> None:
        registry.ask_for_mailbox(registry.a_student(), "lucja.zak")
        registry.clock.now = (START - timedelta(seconds=1)).astimezone(timezone(timedelta(hours=9)))
        assert registry.outbox.claim(1) == []
        registry.clock.now = START.astimezone(timezone(timedelta(hours=-9)))
        assert len(registry.outbox.claim(1)) == 1

    def test_a_moment_without_a_zone_is_refused(self, registry: Registry) -> None:
        registry.clock.now = START.replace(tzinfo=None)
        with pytest.raises(StatementError, match="a moment needs a time zone") as raised:
            registry.a_student()
        assert "Żak" not in str(raised.value)
        with registry.database.reading() as connection:
            assert connection.scalar(select(tables.feed.c.id)) is None
