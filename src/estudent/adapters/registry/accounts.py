"""Accounts before they have a password: whose data fit, whose link it is, and the claim that lets one be chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Select, func, not_, select, union, update

from estudent.adapters.registry.codes import outdone
from estudent.adapters.registry.database import Database
from estudent.adapters.registry.journal import ALBUM_NUMBER, Author
from estudent.adapters.registry.messages import SqlMessages
from estudent.adapters.registry.students import VIEW, student_of
from estudent.adapters.registry.tables import account, address, letter, one_time_code, person, student
from estudent.domain.album_number import AlbumNumber
from estudent.domain.claim import Record
from estudent.domain.letter import stored_form
from estudent.domain.outcome import Result
from estudent.domain.student import AccountState
from estudent.ports import Invitation, JournalEntry, Proof, Taken

RECORD = VIEW.add_columns(person.c.birth_date, person.c.pesel_hash, person.c.document_hash, account.c.entry_seen_at)
SHARED_BY_AT_MOST = 5
"""How many students with one recruitment e-mail are written to; more than a family is a mistake of the feed."""


class SqlAccounts:
    """Port `Accounts` on the registry; names without a domain are completed with the mail domain."""

    def __init__(self, database: Database, author: Author, messages: SqlMessages, mail_domain: str) -> None:
        self.database, self.author, self.messages, self.mail_domain = database, author, messages, mail_domain

    def by_album(self, album: AlbumNumber) -> Record | None:
        """Return what is known of the student with this album number."""
        return self._record(RECORD.where(student.c.album_number == str(album)))

    def by_key(self, key: int) -> Record | None:
        """Return what is known of the student with this key."""
        return self._record(RECORD.where(student.c.id == key, student.c.album_number.is_not(None)))

    def by_name(self, name: str) -> list[Record]:
        """Return whose user name, address, album number or recruitment e-mail this is; families may share the last."""
        wanted = name.strip().lower()
        if not wanted.isprintable():
            return []
        full = wanted if "@" in wanted else f"{wanted}@{self.mail_domain}"
        keys = union(
            select(student.c.id).where(student.c.album_number == wanted),
            select(account.c.student_id).where(account.c.login == wanted),
            select(address.c.student_id).where(address.c.address == full),
            select(student.c.id).join(person).where(func.lower(person.c.email) == wanted),
        )
        query = RECORD.where(student.c.id.in_(keys), student.c.album_number.is_not(None)).limit(SHARED_BY_AT_MOST)
        with self.database.reading() as connection:
            return [_record(row) for row in connection.execute(query, self._purpose)]

    def invitation(self, token: str) -> Invitation | None:
        """Return the letter whose link holds this secret."""
        sent_at = func.coalesce(letter.c.sent_at, letter.c.prepared_at, type_=letter.c.prepared_at.type)
        query = select(letter.c.student_id, sent_at.label("at"))
        query = query.where(letter.c.kind == ALBUM_NUMBER, letter.c.token_hash == stored_form(token))
        with self.database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return Invitation(row.student_id, row.at) if row else None

    def take(self, proof: Proof) -> Taken | None:
        """Use a proof up and note the account as active, at once; None when it was used before."""
        with self.database.writing() as connection:
            if proof.code is not None and not self._use(connection, proof):
                return None
            activated = _change_state(connection, proof.student, AccountState.PREPARED, AccountState.ACTIVE)
        return Taken(proof, activated) if activated or proof.code is not None else None

    def give_back(self, taken: Taken) -> None:
        """Let a proof be used again, since the password could not be stored."""
        proof = taken.proof
        with self.database.writing() as connection:
            if proof.code is not None:
                again = update(one_time_code).where(one_time_code.c.id == proof.code).values(used_at=None)
                connection.execute(again)
            if taken.activated:
                _change_state(connection, proof.student, AccountState.ACTIVE, AccountState.PREPARED)

    def confirm(self, taken: Taken) -> None:
        """Write into the journal that the password was stored, and tell the student, at once."""
        whose, by = taken.proof.student, f"by {taken.proof.by}"
        step, kind = CONFIRMED[taken.activated]
        with self.database.writing() as connection:
            self.author.write(connection, [JournalEntry(whose, "portal", step, Result.DONE, by)])
            self.messages.write(connection, whose, kind)

    def _use(self, connection: Connection, proof: Proof) -> bool:
        # The account's row is the gate: two codes of one student are not used in the same moment.
        connection.execute(select(account.c.state).where(account.c.student_id == proof.student).with_for_update())
        mine = (one_time_code.c.id == proof.code, one_time_code.c.student_id == proof.student)
        was_good = one_time_code.c.expires_at > one_time_code.c.made_at
        unused = update(one_time_code).where(*mine, was_good, one_time_code.c.used_at.is_(None), not_(outdone()))
        return connection.execute(unused.values(used_at=self.author.clock())).rowcount == 1

    def _record(self, query: Select[Any]) -> Record | None:
        with self.database.reading() as connection:
            row = connection.execute(query, self._purpose).one_or_none()
        return _record(row) if row else None

    @property
    def _purpose(self) -> Mapping[str, str]:
        return {"purpose": ""}


CONFIRMED = {True: ("account activated", "activated"), False: ("password recovered", "password_changed")}
"""By whether an account was activated: the journal's step and the letter's kind."""


def _change_state(connection: Connection, key: int, before: AccountState, after: AccountState) -> bool:
    mine = update(account).where(account.c.student_id == key, account.c.state == before.value)
    return connection.execute(mine.values(state=after.value)).rowcount == 1


def _record(row: Any) -> Record:
    return Record(
        student=student_of(row),
        birth_date=row.birth_date,
        pesel=row.pesel_hash,
        document=row.document_hash,
        has_entry=row.entry_seen_at is not None,
    )
