"""Which letters were prepared and sent; the registry keeps a token's hash, never the token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, or_, select, update

from estudent.adapters.registry.database import Database, insert_if_new
from estudent.adapters.registry.journal import ALBUM_NUMBER, Author
from estudent.adapters.registry.students import SqlStudents, in_portions
from estudent.adapters.registry.tables import letter
from estudent.domain.letter import Notice, stored_form
from estudent.domain.lifecycle import Owed
from estudent.domain.outcome import Result
from estudent.domain.student import Student
from estudent.ports import JournalEntry

CLAIM = timedelta(minutes=10)
"""How long letters stay in the hands of a run; one that was killed cannot give them back."""

Noted: TypeAlias = "dict[int, tuple[str, datetime | None]]"
"""By student key: under which Message-ID the letter was noted, and when it was sent."""


class SqlLetters:
    """Port `Letters` on the registry. `identify` gives a student's letter its Message-ID, `token` its link's secret."""

    def __init__(
        self,
        database: Database,
        author: Author,
        students: SqlStudents,
        identify: Callable[[Student], str],
        token: Callable[[str], str],
    ) -> None:
        self.database, self.author, self.students = database, author, students
        self.identify, self.token = identify, token

    def due(self, keys: Sequence[int]) -> list[Notice]:
        """Return the album number letters owed to these students and not known as sent."""
        owed = [student for student in self.students.load(keys) if student.is_owed(Owed.LETTER)]
        noted = self._noted(keys)
        sent = {key for key, (_, at) in noted.items() if at}
        return [self._notice(student, noted) for student in owed if student.key not in sent]

    def prepare(self, notices: Sequence[Notice]) -> list[Notice]:
        """Claim letters before the attempt and return those that no other run has in hand."""
        now, rows = self.author.clock(), [self._row(notice) for notice in notices]
        free = or_(letter.c.sending_since.is_(None), letter.c.sending_since < now - CLAIM)
        claim = (
            update(letter)
            .where(letter.c.message_id.in_([notice.message_id for notice in notices]), letter.c.sent_at.is_(None), free)
            .values(sending_since=now, attempts=letter.c.attempts + 1)
            .returning(letter.c.message_id)
        )
        if not rows:
            return []
        with self.database.writing() as connection:
            connection.execute(insert_if_new(connection, letter), rows)
            claimed = set(connection.scalars(claim))
        return [notice for notice in notices if notice.message_id in claimed]

    def release(self, notices: Sequence[Notice]) -> None:
        """Give claimed letters back that were not sent."""
        unsent = (letter.c.message_id.in_([notice.message_id for notice in notices]), letter.c.sent_at.is_(None))
        with self.database.writing() as connection:
            connection.execute(update(letter).where(*unsent).values(sending_since=None))

    def sent(self, notice: Notice) -> None:
        """Note that the post took it, in the letter and in the journal at once."""
        with self.database.writing() as connection:
            connection.execute(update(letter).where(_is(notice)).values(sent_at=self.author.clock()))
            self._journal(connection, notice)

    def _noted(self, keys: Sequence[int]) -> Noted:
        query = select(letter.c.student_id, letter.c.message_id, letter.c.sent_at).where(letter.c.kind == ALBUM_NUMBER)
        with self.database.reading() as connection:
            return {
                row.student_id: (row.message_id, row.sent_at)
                for some in in_portions(keys)
                for row in connection.execute(query.where(letter.c.student_id.in_(some)))
            }

    def _notice(self, student: Student, noted: Noted) -> Notice:
        # A letter once noted keeps its Message-ID, and with it its link, though later ones may be made otherwise.
        first, _ = noted.get(student.key, (None, None))
        return Notice(student, ALBUM_NUMBER, first or self.identify(student))

    def _row(self, notice: Notice) -> dict[str, Any]:
        return {
            "student_id": notice.student.key,
            "kind": notice.kind,
            "message_id": notice.message_id,
            "token_hash": stored_form(self.token(notice.message_id)),
            "attempts": 0,
            "prepared_at": self.author.clock(),
        }

    def _journal(self, connection: Connection, notice: Notice) -> None:
        entry = JournalEntry(notice.student.key, "letters", f"sent {notice.kind}", Result.DONE, notice.message_id)
        self.author.write(connection, [entry])


def _is(notice: Notice) -> ColumnElement[bool]:
    return letter.c.message_id == notice.message_id
