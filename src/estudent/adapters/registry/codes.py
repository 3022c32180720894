"""One-time codes and links; only keyed hashes of them are stored, bound to the student and the purpose."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, insert, select, update

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.journal import Author
from estudent.adapters.registry.messages import SqlMessages
from estudent.adapters.registry.tables import message, one_time_code
from estudent.domain.fingerprint import Fingerprints
from estudent.domain.letter import CODES_OF
from estudent.domain.one_time_code import (
    LENGTH,
    LIFETIME,
    MOST_WRONG_TRIES,
    Purpose,
    as_typed,
    letter_code,
    letter_secret,
    stored_code,
    typed_code,
)
from estudent.ports import CodeFault, Proof

OFTEN: Mapping[str, tuple[int, timedelta]] = {"too_many_tries": (1, timedelta(hours=1))}
"""How many letters of a kind somebody may cause, and within which time."""

USUALLY_OFTEN = (5, timedelta(minutes=30))


class SqlCodes:
    """Port `Codes` on the registry."""

    def __init__(self, database: Database, author: Author, messages: SqlMessages, fingerprints: Fingerprints) -> None:
        self.database, self.author, self.messages, self.fingerprints = database, author, messages, fingerprints

    def send(self, student: int, kind: str) -> bool:
        """Make the codes of a letter of this kind and queue it, at once; False when there were many just now."""
        with self.database.writing() as connection:
            if self._too_often(connection, student, kind):
                return False
            identifier = self.messages.write(connection, student, kind)
            rows = [self._row(student, each, self._hash_of(student, each, identifier)) for each in CODES_OF[kind]]
            connection.execute(insert(one_time_code), rows)
        return True

    def issue(self, student: int, by: str) -> str:
        """Return a new code for the student office to hand out; the student's earlier ones end."""
        code = typed_code(Purpose.OFFICE, secrets.randbits(64))
        row = self._row(student, Purpose.OFFICE, stored_code(self.fingerprints, Purpose.OFFICE, student, code))
        with self.database.writing() as connection:
            earlier = and_(_of(student, Purpose.OFFICE), one_time_code.c.used_at.is_(None))
            connection.execute(update(one_time_code).where(earlier).values(expires_at=self.author.clock()))
            connection.execute(insert(one_time_code).values(row | {"issued_by": by[:60]}))
        return code

    def try_code(self, student: int, purpose: Purpose, typed: str) -> Proof | CodeFault:
        """Compare what was typed with the student's codes; a wrong try counts against all of them."""
        code = as_typed(typed)
        shown = stored_code(self.fingerprints, purpose, student, code)
        known = _WITH_FATE.where(_of(student, purpose)).with_for_update(of=one_time_code)
        with self.database.writing() as connection:
            rows = connection.execute(known).all()
            found = next((row for row in rows if secrets.compare_digest(row.code_hash, shown)), None)
            if found is None:
                self._count_wrong_try(connection, student, purpose)
                return CodeFault.WRONG
        return Proof(student, purpose, found.id) if self._is_live(found) else CodeFault.SPENT

    def try_link(self, token: str) -> Proof | CodeFault:
        """Return what the secret of a letter's link opens."""
        query = _WITH_FATE.where(one_time_code.c.code_hash == _stored_link(self.fingerprints, token))
        with self.database.reading() as connection:
            found = connection.execute(query).one_or_none()
        if found is None:
            return CodeFault.WRONG
        return Proof(found.student_id, Purpose.LINK, found.id) if self._is_live(found) else CodeFault.SPENT

    def _hash_of(self, student: int, purpose: Purpose, message_id: str) -> str:
        if purpose not in LENGTH:
            return _stored_link(self.fingerprints, letter_secret(self.fingerprints, message_id))
        code = letter_code(self.fingerprints, message_id, purpose)
        return stored_code(self.fingerprints, purpose, student, code)

    def _row(self, student: int, purpose: Purpose, code_hash: str) -> dict[str, Any]:
        now = self.author.clock()
        return {
            "student_id": student,
            "purpose": purpose.value,
            "code_hash": code_hash,
            "made_at": now,
            "expires_at": now + LIFETIME[purpose],
            "wrong_tries": 0,
            "issued_by": "",
        }

    def _too_often(self, connection: Connection, student: int, kind: str) -> bool:
        most, within = OFTEN.get(kind, USUALLY_OFTEN)
        since = message.c.made_at > self.author.clock() - within
        mine = (message.c.student_id == student, message.c.kind == kind, since)
        return (connection.scalar(select(func.count()).select_from(message).where(*mine)) or 0) >= most

    def _count_wrong_try(self, connection: Connection, student: int, purpose: Purpose) -> None:
        counted = update(one_time_code).where(_of(student, purpose), one_time_code.c.expires_at > self.author.clock())
        connection.execute(counted.values(wrong_tries=one_time_code.c.wrong_tries + 1))

    def _is_live(self, row: Any) -> bool:
        untouched = row.used_at is None and not row.outdone and row.wrong_tries < MOST_WRONG_TRIES[Purpose(row.purpose)]
        return untouched and row.expires_at > self.author.clock()


def outdone() -> ColumnElement[bool]:
    """Return the condition under which the student has used another code since a code was made."""
    other = one_time_code.alias()
    mine = other.c.student_id == one_time_code.c.student_id
    return exists().where(mine, other.c.used_at >= one_time_code.c.made_at).correlate(one_time_code)


_WITH_FATE = select(one_time_code, outdone().label("outdone"))


def _of(student: int, purpose: Purpose) -> ColumnElement[bool]:
    return and_(one_time_code.c.student_id == student, one_time_code.c.purpose == purpose.value)


def _stored_link(fingerprints: Fingerprints, token: str) -> str:
    return fingerprints.of("stored link", token)
