"""What the desk puts right in the registry; each change and its line in the journal are one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, select, update

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.journal import ALBUM_NUMBER, Author
from estudent.adapters.registry.letters import CLAIM
from estudent.adapters.registry.mailboxes import MAILBOX
from estudent.adapters.registry.tables import (
    account,
    letter,
    mailbox,
    one_time_code,
    person,
    request,
    student,
    usos_link,
)
from estudent.domain.letter import stored_form
from estudent.domain.masked_address import masked_address
from estudent.domain.one_time_code import Purpose
from estudent.domain.outcome import Result
from estudent.domain.student import AccountState, LinkState, MailboxState, Student
from estudent.ports import JournalEntry
from estudent.services.let_go_on import STUCK_LINKS
from estudent.services.serve_requests import LINK

SYSTEM = "desk"
MOMENTS = timedelta(minutes=2)
"""How long a letter counts as sent a moment ago, so that a second click sends no second one."""

SENT_BY_MAIL = [Purpose.EMAIL.value, Purpose.RECOVERY.value, Purpose.LINK.value]


@dataclass(frozen=True, slots=True)
class SqlCorrections:
    """Port `Corrections` on the registry; `identify` makes a new Message-ID, `token` the secret of its link."""

    database: Database
    author: Author
    identify: Callable[[], str]
    token: Callable[[str], str]

    def correct_email(self, whose: Student, email: str, told: str) -> bool:
        """Store another contact address and make worthless what was sent to the old one; False when it is the same."""
        with self.database.writing() as connection:
            before = connection.scalar(select(person.c.email).where(person.c.id == _person_of(whose))) or ""
            if before == email:
                return False
            connection.execute(update(person).where(person.c.id == _person_of(whose)).values(email=email))
            self._renew_letter(connection, whose)
            self._end_codes(connection, whose)
            change = f"{masked_address(before)} → {masked_address(email)}"
            self._journal(connection, whose, "contact corrected", f"{change}; {told}")
        return True

    def owe_letter_again(self, whose: Student, told: str) -> bool:
        """Let the album number letter be due again; False when it is on its way or was sent moments ago."""
        theirs = _letter_of(whose)
        with self.database.writing() as connection:
            known = connection.execute(select(letter.c.sent_at, letter.c.sending_since).where(*theirs)).one_or_none()
            if known and self._is_in_hand(known.sent_at, known.sending_since):
                return False
            connection.execute(update(letter).where(*theirs).values(sent_at=None, sending_since=None))
            self._journal(connection, whose, "letter asked for", told)
        return True

    def hurry_mailbox(self, whose: Student, told: str) -> bool:
        """Let the request for a mailbox have its turn now, made anew where it is lost; False when it has already.

        A mailbox that is stuck is asked for once more at the far side, and waited for as long as before.
        """
        now = self.author.clock()
        stuck = (mailbox.c.student_id == whose.key, mailbox.c.state == MailboxState.STUCK.value)
        afresh = {"state": MailboxState.RETRIED.value, "waits_since": None, "looks": 0, "next_look_at": now}
        with self.database.writing() as connection:
            retried = connection.execute(update(mailbox).where(*stuck).values(afresh)).rowcount
            turns = list(connection.scalars(select(request.c.not_before).where(*_open_request(whose, MAILBOX))))
            connection.execute(update(mailbox).where(mailbox.c.student_id == whose.key).values(next_look_at=now))
            if any(turn <= now for turn in turns) and not retried:
                return False
            _give_turn(connection, whose, MAILBOX, now)
            self._journal(connection, whose, "mailbox hurried", told)
        return True

    def retry_link(self, whose: Student, told: str) -> bool:
        """Let a stuck way into USOS go on at once; False when it is not stuck any more."""
        now = self.author.clock()
        stuck = (usos_link.c.student_id == whose.key, usos_link.c.state.in_([state.value for state in STUCK_LINKS]))
        afresh = {"state": LinkState.RETRIED.value, "since": now, "problem": ""}
        with self.database.writing() as connection:
            if not connection.execute(update(usos_link).where(*stuck).values(afresh)).rowcount:
                return False
            _give_turn(connection, whose, LINK, now)
            self._journal(connection, whose, "link retried", told)
        return True

    def _is_in_hand(self, sent_at: datetime | None, sending_since: datetime | None) -> bool:
        """Tell whether a letter is on its way; one that was sent keeps the time of its sending in `sending_since`."""
        now = self.author.clock()
        if sent_at:
            return sent_at > now - MOMENTS
        return sending_since is not None and sending_since > now - CLAIM

    def _renew_letter(self, connection: Connection, whose: Student) -> None:
        """Give a letter whose link was not used another link and let it be due: the old one lies in a wrong mailbox."""
        message_id = self.identify()
        prepared = select(account.c.student_id).where(account.c.state == AccountState.PREPARED.value)
        fresh = {"message_id": message_id, "token_hash": stored_form(self.token(message_id)), "attempts": 0}
        connection.execute(
            update(letter)
            .where(*_letter_of(whose), letter.c.student_id.in_(prepared))
            .values(fresh | {"sent_at": None, "sending_since": None})
        )

    def _end_codes(self, connection: Connection, whose: Student) -> None:
        """Let codes be as if they had never been good, so that one typed moments ago opens nothing either."""
        code = one_time_code.c
        unused = (code.student_id == whose.key, code.purpose.in_(SENT_BY_MAIL), code.used_at.is_(None))
        connection.execute(update(one_time_code).where(*unused).values(expires_at=code.made_at))

    def _journal(self, connection: Connection, whose: Student, step: str, detail: str) -> None:
        self.author.write(connection, [JournalEntry(whose.key, SYSTEM, step, Result.DONE, detail)])


def _person_of(whose: Student) -> Any:
    return select(student.c.person_id).where(student.c.id == whose.key).scalar_subquery()


def _open_request(whose: Student, kind: str) -> tuple[ColumnElement[bool], ...]:
    return request.c.student_id == whose.key, request.c.kind == kind, request.c.finished_at.is_(None)


def _give_turn(connection: Connection, whose: Student, kind: str, now: datetime) -> None:
    """Let a request have its turn now, made anew where there is none."""
    if connection.execute(update(request).where(*_open_request(whose, kind)).values(not_before=now)).rowcount:
        return
    made = {"student_id": whose.key, "kind": kind, "made_at": now, "not_before": now}
    connection.execute(insert(request).values(made | {"attempts": 0, "problem": ""}))


def _letter_of(whose: Student) -> tuple[ColumnElement[bool], ...]:
    return letter.c.student_id == whose.key, letter.c.kind == ALBUM_NUMBER
