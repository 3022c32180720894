"""Recover a forgotten user name or password through the recruitment e-mail."""

from __future__ import annotations

from dataclasses import dataclass, field

from estudent.domain.claim import Record
from estudent.domain.fingerprint import Fingerprints
from estudent.domain.lifecycle import Owed
from estudent.domain.one_time_code import Purpose
from estudent.domain.student import AccountState
from estudent.ports import Accounts, Attempts, CodeFault, Codes, Outbox, Proof
from estudent.services.doorkeeper import Doorkeeper, Visit
from estudent.services.serve_requests import ACCOUNT
from estudent.services.turned_away import TurnedAway, Why

RECOVER, CODE = "recover", "code"
ASKED = "asked"
"""The cause of every request for a letter, for names that exist and for others: each counts as a try."""

LONGEST_NAME = 254
NOBODY = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose letter was asked for; `mark` is the keyed hash of the name, under which tries of codes are counted."""

    students: tuple[int, ...]
    mark: str


@dataclass(frozen=True, slots=True)
class RecoverPassword:
    """The doors to a new password; each returns a `Proof` for `ChoosePassword`, or raises TurnedAway."""

    accounts: Accounts
    codes: Codes
    outbox: Outbox
    attempts: Attempts
    doorkeeper: Doorkeeper
    fingerprints: Fingerprints = field(repr=False)

    def ask(self, name: str, source: str) -> Asked:
        """Send the letter to whoever has this name or address, and return the same for a name that nobody has.

        Raises TurnedAway for whoever must wait, and takes the same time for every name.
        """
        wanted = name.strip().lower()[:LONGEST_NAME]
        with self.doorkeeper.even_time():
            records = self.accounts.by_name(wanted)
            self._answer(records, Visit(RECOVER, wanted, source))
        whose = tuple(record.student.key for record in records) or (NOBODY,)
        return Asked(whose, self.fingerprints.of("asked", wanted))

    def by_code(self, asked: Asked, typed: str, source: str) -> Proof:
        """Return what the code from the letter opens, tried for each student whom the name meant."""
        with self.doorkeeper.even_time():
            record = self.accounts.by_key(asked.students[0])
            turn = self.doorkeeper.judge(Visit(CODE, asked.mark, source), record, Why.WRONG_CODE)
            tried = [self.codes.try_code(key, Purpose.RECOVERY, typed) for key in asked.students]
            proof = next((each for each in tried if isinstance(each, Proof)), None)
            if proof is None:
                fault = CodeFault.SPENT if CodeFault.SPENT in tried else CodeFault.WRONG
                raise self.doorkeeper.refuse(turn, record, fault, Why.WRONG_CODE)
            self.doorkeeper.let_in(turn)
        return proof

    def by_link(self, token: str, source: str) -> Proof:
        """Return what the letter's link opens."""
        return self.doorkeeper.open_link(RECOVER, token, source)

    def _answer(self, records: list[Record], visit: Visit) -> None:
        try:
            turn = self.doorkeeper.judge(visit, records[0] if records else None, Why.MISMATCH)
        except TurnedAway as no:
            if no.why is Why.WAIT:
                raise
            return
        causes = [self._send(record) for record in records]
        self.attempts.settle(turn, next(iter(causes), ASKED))

    def _send(self, record: Record) -> str:
        """Send the letter that fits the account, and return how the try is noted."""
        student = record.student
        if not student.is_owed(Owed.SIGN_IN):
            return "barred"
        if not record.has_entry:
            self.outbox.ask(student.key, ACCOUNT)
        self.codes.send(student.key, "recovery" if student.account is AccountState.ACTIVE else "activation")
        return ASKED
