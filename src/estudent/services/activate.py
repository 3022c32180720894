"""Activate an account: by the link in the album number letter, by one's data, or by a code from the office."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from estudent.domain.album_number import AlbumNumber
from estudent.domain.claim import Claim, Mismatch, Record, mismatch
from estudent.domain.fingerprint import Fingerprints
from estudent.domain.letter import INVITED_FOR
from estudent.domain.lifecycle import Owed
from estudent.domain.one_time_code import Purpose
from estudent.domain.person_name import Transliterate
from estudent.domain.student import AccountState, Student
from estudent.ports import Accounts, Attempts, CodeFault, Codes, Outbox, Proof
from estudent.services.doorkeeper import Doorkeeper, Visit
from estudent.services.serve_requests import ACCOUNT
from estudent.services.turned_away import TurnedAway, Why

ACTIVATE, CODE, OFFICE_CODE = "activate", "code", "office-code"
BY_LETTER = "letter"
CONFIRMED_WRONGLY, CLOSED_FOR = 3, timedelta(minutes=15)
NOBODY = 0


@dataclass(frozen=True, slots=True)
class Activate:
    """The doors to a first password; each returns a `Proof` for `ChoosePassword`, or raises TurnedAway."""

    accounts: Accounts
    codes: Codes
    outbox: Outbox
    attempts: Attempts
    doorkeeper: Doorkeeper
    fingerprints: Fingerprints = field(repr=False)
    transliterate: Transliterate
    clock: Callable[[], datetime]

    def by_link(self, token: str, source: str) -> Proof:
        """Return what a letter's link opens; the one in the album number letter needs the number confirmed too."""
        invitation = self.accounts.invitation(token)
        if invitation is None:
            return self.doorkeeper.open_link(ACTIVATE, token, source)
        if self.clock() >= invitation.sent_at + INVITED_FOR:
            self.attempts.note(ACTIVATE, token, source, CodeFault.SPENT, invitation.student)
            raise TurnedAway(Why.LINK)
        self._invited(invitation.student)
        return Proof(invitation.student, BY_LETTER)

    def confirm(self, proof: Proof, album: AlbumNumber | None, source: str) -> None:
        """Compare the album number with the letter's; after three wrong ones the door is closed for a while."""
        subject = f"letter of {proof.student}"
        tried = self.attempts.recent(ACTIVATE, subject, source)
        closed_until = tried.last + CLOSED_FOR if tried.last and tried.by_subject >= CONFIRMED_WRONGLY else None
        if closed_until and closed_until > self.clock():
            raise TurnedAway(Why.WAIT, closed_until)
        record = self._invited(proof.student)
        if album != record.student.album:
            self.attempts.note(ACTIVATE, subject, source, "wrong_album", proof.student)
            raise TurnedAway(Why.MISMATCH)
        self.attempts.forget(ACTIVATE, subject)
        self._prepare_entry(record)

    def by_data(self, claim: Claim, source: str) -> Student:
        """Send a code to the student whom these data fit, and return the student."""
        with self.doorkeeper.even_time():
            record = self.accounts.by_album(claim.album)
            turn = self.doorkeeper.judge(Visit(ACTIVATE, str(claim.album), source), record, Why.MISMATCH)
            wrong = mismatch(claim, record, self.fingerprints, self.transliterate)
            if record is None or wrong:
                raise self.doorkeeper.refuse(turn, record, wrong or Mismatch.UNKNOWN, Why.MISMATCH)
            if barred := _barred(record):
                self.attempts.settle(turn, barred.value)
                raise TurnedAway(barred)
            self._prepare_entry(record)
            self.codes.send(record.student.key, "email_code")
            self.doorkeeper.let_in(turn)
        return record.student

    def send_code_again(self, student: int) -> bool:
        """Send another code to somebody whose data fitted; False when there were many just now."""
        return self.codes.send(student, "email_code")

    def by_email_code(self, student: int, typed: str, source: str) -> Proof:
        """Return what the code from the e-mail opens."""
        record = self.accounts.by_key(student)
        return self._by_code(record, Visit(CODE, f"student {student}", source), Purpose.EMAIL, typed)

    def by_office_code(self, album: AlbumNumber, typed: str, source: str) -> Proof:
        """Return what the code from the office opens, for an account that is active as well."""
        with self.doorkeeper.even_time():
            record = self.accounts.by_album(album)
            return self._by_code(record, Visit(OFFICE_CODE, str(album), source), Purpose.OFFICE, typed)

    def _by_code(self, record: Record | None, visit: Visit, purpose: Purpose, typed: str) -> Proof:
        turn = self.doorkeeper.judge(visit, record, Why.WRONG_CODE)
        found = self.codes.try_code(record.student.key if record else NOBODY, purpose, typed)
        if isinstance(found, CodeFault):
            raise self.doorkeeper.refuse(turn, record, found, Why.WRONG_CODE)
        self.doorkeeper.let_in(turn)
        return found

    def _invited(self, student: int) -> Record:
        """Return whom a letter invited, while the account waits for its first password."""
        record = self.accounts.by_key(student)
        if record is None or (barred := _barred(record)) is Why.ACTIVE:
            raise TurnedAway(Why.LINK)
        if barred:
            raise TurnedAway(barred)
        return record

    def _prepare_entry(self, record: Record) -> None:
        """Let the entry be made at once, while the student goes on, where no run has made it yet."""
        if not record.has_entry:
            self.outbox.ask(record.student.key, ACCOUNT)


def _barred(record: Record) -> Why | None:
    """Return why somebody gets no first password: they have left, or they have an account already."""
    if not record.student.is_owed(Owed.SIGN_IN):
        return Why.LEFT
    return Why.ACTIVE if record.student.account is AccountState.ACTIVE else None
