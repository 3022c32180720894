"""The contract of the registry's accounts, one-time codes and messages: one for SQLite and for PostgreSQL."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import timedelta

import pytest

from estudent.adapters.registry import tables
from estudent.adapters.registry.accounts import SqlAccounts
from estudent.adapters.registry.codes import SqlCodes
from estudent.adapters.registry.journal import Author
from estudent.adapters.registry.messages import SqlMessages
from estudent.domain.album_number import AlbumNumber
from estudent.domain.letter import CODES_OF, stored_form
from estudent.domain.one_time_code import MOST_WRONG_TRIES, Purpose, as_read_aloud, letter_code, letter_secret
from estudent.domain.student import AccountState
from estudent.ports import CodeFault, Proof
from tests.contract.registry_world import DOMAIN, FINGERPRINTS, Registry, an_application, at_once, token


@dataclass
class Doors:
    """The three adapters on one registry, and the letters that a student would read."""

    registry: Registry

    def __post_init__(self) -> None:
        author = Author("tests", "run 1", self.registry.clock)
        self.messages = SqlMessages(self.registry.database, author, DOMAIN)
        self.codes = SqlCodes(self.registry.database, author, self.messages, FINGERPRINTS)
        self.accounts = SqlAccounts(self.registry.database, author, self.messages, DOMAIN)

    def letters(self) -> list[str]:
        """Return the Message-IDs of all letters queued, oldest first."""
        return [row["message_id"] for row in self.registry.rows(tables.message)]

    def typed(self, purpose: Purpose, at: int = -1) -> str:
        """Return the code that stands in a letter."""
        return letter_code(FINGERPRINTS, self.letters()[at], purpose)

    def token(self, at: int = -1) -> str:
        """Return the secret of a letter's link."""
        return letter_secret(FINGERPRINTS, self.letters()[at])

    def proof(self, student: int, purpose: Purpose = Purpose.RECOVERY) -> Proof:
        """Return what the latest letter's code opens."""
        found = self.codes.try_code(student, purpose, self.typed(purpose))
        assert isinstance(found, Proof)
        return found


@pytest.fixture
def doors(registry: Registry) -> Doors:
    return Doors(registry)


@pytest.fixture
def key(registry: Registry) -> int:
    """A student who has not activated the account."""
    return registry.a_student().key


class CodesContract:
    def test_the_code_of_a_letter_opens_until_it_runs_out(self, doors: Doors, key: int) -> None:
        assert doors.codes.send(key, "email_code")
        code = doors.typed(Purpose.EMAIL)
        doors.registry.clock.turn(minutes=29, seconds=59)
        assert isinstance(doors.codes.try_code(key, Purpose.EMAIL, code), Proof)
        doors.registry.clock.turn(seconds=1)
        assert doors.codes.try_code(key, Purpose.EMAIL, code) is CodeFault.SPENT

    def test_people_may_type_a_code_as_they_like(self, doors: Doors, key: int) -> None:
        code = doors.codes.issue(key, "jkowalska")
        spoilt = f" {as_read_aloud(code).lower().replace('0', 'o').replace('1', 'l')} \n"
        assert isinstance(doors.codes.try_code(key, Purpose.OFFICE, spoilt), Proof)

    def test_only_keyed_hashes_are_stored(self, doors: Doors, key: int) -> None:
        doors.codes.send(key, "recovery")
        office = doors.codes.issue(key, "jkowalska")
        stored = doors.registry.dump()
        for secret in (doors.typed(Purpose.RECOVERY), doors.token(), office, stored_form(doors.token())):
            assert secret not in stored

    def test_a_code_is_one_student_s_and_for_one_purpose(self, doors: Doors, key: int) -> None:
        other = doors.registry.a_student("100002").key
        doors.codes.send(key, "email_code")
        code = doors.typed(Purpose.EMAIL)
        assert doors.codes.try_code(other, Purpose.EMAIL, code) is CodeFault.WRONG
        assert doors.codes.try_code(key, Purpose.RECOVERY, code) is CodeFault.WRONG
        assert doors.codes.try_code(key, Purpose.OFFICE, code) is CodeFault.WRONG

    def test_five_wrong_tries_end_a_code(self, doors: Doors, key: int) -> None:
        doors.codes.send(key, "recovery")
        assert MOST_WRONG_TRIES[Purpose.RECOVERY] == 5
        tries = [doors.codes.try_code(key, Purpose.RECOVERY, f"AAAAA{at}") for at in range(5)]
        assert set(tries) == {CodeFault.WRONG}
        assert doors.codes.try_code(key, Purpose.RECOVERY, doors.typed(Purpose.RECOVERY)) is CodeFault.SPENT

    def test_strangers_cannot_spoil_the_office_s_code_with_a_few_tries(self, doors: Doors, key: int) -> None:
        code = doors.codes.issue(key, "jkowalska")
        for at in range(20):
            doors.codes.try_code(key, Purpose.OFFICE, f"AAAAA{at}")
        assert isinstance(doors.codes.try_code(key, Purpose.OFFICE, code), Proof)

    def test_wrong_tries_in_the_same_moment_are_all_counted(self, doors: Doors, key: int) -> None:
        doors.codes.send(key, "email_code")
        at_once(doors.registry, 8, lambda mine, at: Doors(mine).codes.try_code(key, Purpose.EMAIL, f"WRONG{at}"))
        assert doors.codes.try_code(key, Purpose.EMAIL, doors.typed(Purpose.EMAIL)) is CodeFault.SPENT
        (row,) = doors.registry.rows(tables.one_time_code)
        assert row["wrong_tries"] == 8

    def test_a_new_office_code_ends_the_earlier_one_and_names_who_gave_it(self, doors: Doors, key: int) -> None:
        first, second = doors.codes.issue(key, "jkowalska"), doors.codes.issue(key, "anowak")
        assert doors.codes.try_code(key, Purpose.OFFICE, first) is CodeFault.SPENT
        assert isinstance(doors.codes.try_code(key, Purpose.OFFICE, second), Proof)
        assert [row["issued_by"] for row in doors.registry.rows(tables.one_time_code)] == ["jkowalska", "anowak"]

    def test_an_office_code_works_for_a_week(self, doors: Doors, key: int) -> None:
        code = doors.codes.issue(key, "jkowalska")
        doors.registry.clock.turn(days=6, hours=23)
        assert isinstance(doors.codes.try_code(key, Purpose.OFFICE, code), Proof)
        doors.registry.clock.turn(hours=1)
        assert doors.codes.try_code(key, Purpose.OFFICE, code) is CodeFault.SPENT

    def test_a_link_opens_without_saying_whose_it_is(self, doors: Doors, key: int) -> None:
        doors.codes.send(key, "recovery")
        found = doors.codes.try_link(doors.token())
        assert isinstance(found, Proof) and found.student == key
        assert doors.codes.try_link("0" * 64) is CodeFault.WRONG
        doors.registry.clock.turn(minutes=30)
        assert doors.codes.try_link(doors.token()) is CodeFault.SPENT

    @pytest.mark.parametrize("typed", ["", "\x00", "x" * 10_000, "١٢٣٤٥٦٧٨", "\ud800", "' OR 1=1 --", "{{7*7}}"])
    def test_nonsense_opens_nothing(self, doors: Doors, key: int, typed: str) -> None:
        doors.codes.send(key, "recovery")
        assert doors.codes.try_code(key, Purpose.RECOVERY, typed) is CodeFault.WRONG
        assert doors.codes.try_link(typed) is CodeFault.WRONG
        assert doors.accounts.invitation(typed) is None

    def test_a_code_for_nobody_is_simply_wrong(self, doors: Doors) -> None:
        assert doors.codes.try_code(0, Purpose.RECOVERY, "ABCD-EFGH") is CodeFault.WRONG

    def test_nobody_is_flooded_with_letters(self, doors: Doors, key: int) -> None:
        assert [doors.codes.send(key, "recovery") for _ in range(7)] == [True] * 5 + [False] * 2
        assert [doors.codes.send(key, "too_many_tries") for _ in range(2)] == [True, False]
        doors.registry.clock.turn(minutes=31)
        assert doors.codes.send(key, "recovery") and not doors.codes.send(key, "too_many_tries")
        doors.registry.clock.turn(minutes=30)
        assert doors.codes.send(key, "too_many_tries")

    @pytest.mark.parametrize("kind", CODES_OF)
    def test_every_code_of_a_letter_works(self, doors: Doors, key: int, kind: str) -> None:
        doors.codes.send(key, kind)
        for purpose in CODES_OF[kind]:
            link = purpose is Purpose.LINK
            found = doors.codes.try_link(doors.token()) if link else doors.proof(key, purpose)
            assert isinstance(found, Proof) and found.by == purpose


class TakingContract:
    def test_a_proof_activates_once(self, doors: Doors, key: int) -> None:
        taken = doors.accounts.take(Proof(key, "letter"))
        assert taken and taken.activated
        assert doors.registry.by_album("100001").account is AccountState.ACTIVE
        assert doors.accounts.take(Proof(key, "letter")) is None

    def test_a_code_is_used_once(self, doors: Doors, key: int) -> None:
        doors.codes.send(key, "recovery")
        proof = doors.proof(key)
        assert doors.accounts.take(proof)
        assert doors.accounts.take(proof) is None
        assert doors.codes.try_code(key, Purpose.RECOVERY, doors.typed(Purpose.RECOVERY)) is CodeFault.SPENT

    def test_the_code_s_use_ends_the_link_of_the_same_letter_and_all_earlier_ones(self, doors: Doors, key: int) -> None:
        doors.codes.send(key, "recovery")
        doors.codes.send(key, "email_code")
        link = doors.codes.try_link(doors.token(0))
        assert isinstance(link, Proof)
        doors.registry.clock.turn(seconds=20)
        assert doors.accounts.take(doors.proof(key, Purpose.EMAIL))
        assert doors.codes.try_link(doors.token(0)) is CodeFault.SPENT
        assert doors.accounts.take(link) is None, "a page that was open already does not help either"

    def test_a_letter_asked_for_after_a_recovery_works(self, doors: Doors, key: int) -> None:
        doors.codes.send(key, "recovery")
        doors.accounts.take(doors.proof(key))
        doors.registry.clock.turn(seconds=20)
        doors.codes.send(key, "recovery")
        assert doors.accounts.take(doors.proof(key))

    @pytest.mark.parametrize("by_code", [True, False])
    def test_what_was_given_back_is_as_it_was(self, doors: Doors, key: int, by_code: bool) -> None:
        doors.codes.send(key, "recovery")
        before = [doors.registry.rows(table) for table in (tables.account, tables.one_time_code)]
        proof = doors.proof(key) if by_code else Proof(key, "letter")
        taken = doors.accounts.take(proof)
        assert taken
        doors.accounts.give_back(taken)
        assert [doors.registry.rows(table) for table in (tables.account, tables.one_time_code)] == before
        assert doors.accounts.take(proof)

    def test_recovery_given_back_leaves_an_active_account_active(self, doors: Doors, key: int) -> None:
        doors.accounts.take(Proof(key, "letter"))
        doors.codes.send(key, "recovery")
        taken = doors.accounts.take(doors.proof(key))
        assert taken and not taken.activated
        doors.accounts.give_back(taken)
        assert doors.registry.by_album("100001").account is AccountState.ACTIVE

    def test_of_many_in_the_same_moment_one_takes_it(self, doors: Doors, key: int) -> None:
        doors.codes.send(key, "recovery")
        for proof in (doors.proof(key), Proof(key, "letter")):
            taken = at_once(doors.registry, 6, lambda mine, _, proof=proof: Doors(mine).accounts.take(proof))  # type: ignore[misc]
            assert sum(each is not None for each in taken) <= 1
        assert doors.registry.by_album("100001").account is AccountState.ACTIVE

    def test_somebody_else_s_code_takes_nothing(self, doors: Doors, key: int) -> None:
        other = doors.registry.a_student("100002").key
        doors.codes.send(key, "recovery")
        proof = doors.proof(key)
        assert doors.accounts.take(Proof(other, proof.by, proof.code)) is None

    @pytest.mark.parametrize(
        ("first", "step", "kind"),
        [(True, "account activated", "activated"), (False, "password recovered", "password_changed")],
    )
    def test_the_journal_and_the_student_are_told(
        self, doors: Doors, key: int, first: bool, step: str, kind: str
    ) -> None:
        if not first:
            doors.accounts.take(Proof(key, "letter"))
        doors.codes.send(key, "recovery")
        taken = doors.accounts.take(doors.proof(key))
        assert taken
        doors.accounts.confirm(taken)
        assert (doors.registry.journal.of(key)[-1].step, doors.registry.rows(tables.message)[-1]["kind"]) == (
            step,
            kind,
        )


class FindingContract:
    @pytest.mark.parametrize(
        "name",
        [
            "100001",
            "s100001",
            "S100001 ",
            f"s100001@{DOMAIN}",
            "lucja.zak",
            f"Lucja.Zak@{DOMAIN}",
            "K100001@EXAMPLE.org",
        ],
    )
    def test_a_student_is_found_by_every_name(self, doors: Doors, key: int, name: str) -> None:
        doors.registry.ask_for_mailbox(doors.registry.by_album("100001"), "lucja.zak")
        doors.registry.a_student("100002")
        assert [record.student.key for record in doors.accounts.by_name(name)] == [key]

    @pytest.mark.parametrize(
        "name", ["", "100009", "%", "zak", "\x00", "\ud800", "k100001", "k100001@example", "s100001@"]
    )
    def test_a_name_that_nobody_has_finds_nobody(self, doors: Doors, key: int, name: str) -> None:
        assert doors.accounts.by_name(name) == []

    def test_a_family_shares_one_address(self, doors: Doors) -> None:
        for album in ("100001", "100002"):
            doors.registry.a_student(album, email="rodzina@example.org")
        found = doors.accounts.by_name("rodzina@example.org")
        assert sorted(str(record.student.album) for record in found) == ["100001", "100002"]

    def test_a_record_holds_what_a_claim_is_held_against(self, doors: Doors, key: int) -> None:
        application = an_application("100001")
        record = doors.accounts.by_album(AlbumNumber("100001"))
        assert record and application.pesel
        assert (record.pesel, record.birth_date) == (FINGERPRINTS.of_pesel(application.pesel), application.birth_date)
        assert (record.document, record.has_entry) == (None, False)
        doors.registry.students.observe_entries([key])
        seen = doors.accounts.by_key(key)
        assert seen and seen.has_entry
        assert doors.accounts.by_album(AlbumNumber("100009")) is None

    def test_somebody_without_an_album_number_is_nobody_yet(self, doors: Doors) -> None:
        doors.registry.take_in(an_application(None, of=7))
        assert doors.accounts.by_name("k7@example.org") == []
        assert doors.accounts.by_key(1) is None

    def test_the_album_number_letter_is_found_by_its_link(self, doors: Doors, key: int) -> None:
        letters = doors.registry.letters
        (notice,) = letters.prepare(letters.due([key]))
        prepared = doors.accounts.invitation(token(notice.message_id))
        assert prepared and (prepared.student, prepared.sent_at) == (key, doors.registry.clock())
        doors.registry.clock.turn(hours=5)
        letters.sent(notice)
        sent = doors.accounts.invitation(token(notice.message_id))
        assert sent and sent.sent_at == doors.registry.clock()


class MessagesContract:
    def test_the_oldest_letters_are_claimed_first_and_by_one_sender(self, doors: Doors, key: int) -> None:
        identifiers = [doors.messages.queue(key, "activated") for _ in range(5)]
        assert [each.message_id for each in doors.messages.claim(3)] == identifiers[:3]
        assert [each.message_id for each in doors.messages.claim(3)] == identifiers[3:]
        assert doors.messages.claim(3) == []

    def test_senders_in_the_same_moment_never_get_the_same_letter(self, doors: Doors, key: int) -> None:
        identifiers = [doors.messages.queue(key, "activated") for _ in range(12)]

        def claim_all(mine: Registry, _: int) -> list[str]:
            claims = iter(lambda: Doors(mine).messages.claim(2), [])
            return [each.message_id for each in itertools.chain.from_iterable(claims)]

        claimed = [each for some in at_once(doors.registry, 4, claim_all) for each in some]
        assert sorted(claimed) == sorted(identifiers)

    def test_a_claim_of_a_sender_that_died_runs_out(self, doors: Doors, key: int) -> None:
        doors.messages.queue(key, "activated")
        first = doors.messages.claim(1)
        doors.registry.clock.turn(minutes=5)
        assert doors.messages.claim(1) == first

    def test_a_sent_letter_is_never_sent_again_and_stands_in_the_journal(self, doors: Doors, key: int) -> None:
        doors.messages.queue(key, "activated")
        doors.messages.sent(doors.messages.claim(1)[0])
        doors.registry.clock.turn(hours=1)
        assert (doors.messages.claim(1), doors.messages.waiting()) == ([], 0)
        line = doors.registry.journal.of(key)[-1]
        assert (line.system, line.step, line.result) == ("letters", "sent activated", "done")

    def test_a_letter_waits_longer_each_time_and_its_problem_is_kept(self, doors: Doors, key: int) -> None:
        doors.messages.queue(key, "activated")
        waits = []
        for _ in range(3):
            doors.messages.put_back(doors.messages.claim(1), "the mail server does not answer " * 50)
            (row,) = doors.registry.rows(tables.message)
            waits.append((row["not_before"] - doors.registry.clock()).total_seconds())
            doors.registry.clock.now = row["not_before"]
        assert waits == [2.0, 4.0, 8.0] and len(row["problem"]) == 500
        doors.messages.put_back(doors.messages.claim(1), "refused", timedelta(hours=6))
        doors.registry.clock.turn(hours=5)
        assert doors.messages.claim(1) == []

    def test_a_letter_is_given_up_after_two_days_with_its_problem(self, doors: Doors, key: int) -> None:
        doors.messages.queue(key, "activated")
        doors.messages.put_back(doors.messages.claim(1), "no such mailbox")
        doors.registry.clock.turn(days=1, hours=23)
        assert doors.messages.waiting() == 1
        doors.registry.clock.turn(hours=1)
        assert (doors.messages.claim(1), doors.messages.waiting()) == ([], 0)
        assert doors.registry.rows(tables.message)[0]["problem"] == "no such mailbox"

    def test_a_code_that_has_run_out_is_not_sent(self, doors: Doors, key: int) -> None:
        doors.codes.send(key, "email_code")
        doors.registry.clock.turn(minutes=30)
        assert (doors.messages.claim(1), doors.messages.waiting()) == ([], 0)

    def test_every_letter_has_a_message_id_of_its_own_in_the_mail_domain(self, doors: Doors, key: int) -> None:
        identifiers = {doors.messages.queue(key, "activated") for _ in range(20)}
        assert len(identifiers) == 20
        assert all(each.startswith("<") and each.endswith(f"@{DOMAIN}>") for each in identifiers)


class AskingContract:
    def test_the_same_request_is_made_once_while_it_waits(self, registry: Registry, key: int) -> None:
        assert [registry.outbox.ask(key, "account") for _ in range(3)] == [True, False, False]
        assert [(each.kind, each.student) for each in registry.outbox.claim(5)] == [("account", key)]

    def test_a_request_that_changed_nothing_may_be_made_again_after_a_while(self, registry: Registry, key: int) -> None:
        registry.outbox.ask(key, "account")
        registry.outbox.finish([each.key for each in registry.outbox.claim(5)])
        assert not registry.outbox.ask(key, "account")
        registry.clock.turn(minutes=10)
        assert registry.outbox.ask(key, "account")
