"""When a student's steps were seen to be done."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, func, not_, select

from estudent.adapters.registry.accounts import CONFIRMED
from estudent.adapters.registry.database import Database
from estudent.adapters.registry.tables import journal, mailbox, student, usos_link
from estudent.domain.outcome import Result
from estudent.domain.progress import Seen
from estudent.domain.student import MailboxState

MAILBOXES = "mailboxes"
ACTIVATED = CONFIRMED[True][0]
# The alias is added once Exchange has the mailbox; while "ready" is among the fields, only the licence was assigned.
ADDED_ALIAS = and_(journal.c.step.like("change %aliased%"), not_(journal.c.step.like("%ready%")))


class SqlTrail:
    """Port `Trail` on the registry; of the mailbox only what belongs to the latest request."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def of(self, whose: int) -> Seen:
        """Return when each of a student's steps was seen to be done."""
        asked = (journal.c.system == MAILBOXES, journal.c.at >= mailbox.c.requested_at)
        query = (
            select(
                _first(journal.c.step == ACTIVATED).label("activated_at"),
                mailbox.c.requested_at,
                _first(journal.c.step == f"mailbox {MailboxState.AWAITED.value}", *asked).label("user_made_at"),
                _first(ADDED_ALIAS, journal.c.result == Result.DONE.value, *asked).label("alias_added_at"),
                mailbox.c.observed_at.label("mailbox_seen_at"),
                usos_link.c.observed_at.label("linked_at"),
            )
            .select_from(student.outerjoin(mailbox).outerjoin(usos_link, usos_link.c.student_id == student.c.id))
            .where(student.c.id == whose)
        )
        with self.database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return Seen(*row) if row else Seen()


def _first(*conditions: ColumnElement[bool]) -> ColumnElement[object]:
    """Return when something first stood in the student's journal."""
    found = select(func.min(journal.c.at, type_=journal.c.at.type)).where(
        journal.c.student_id == student.c.id, *conditions
    )
    return found.correlate(student, mailbox).scalar_subquery()
