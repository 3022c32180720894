"""When a student's steps were seen to be done."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, select

from estudent.adapters.registry.accounts import CONFIRMED
from estudent.adapters.registry.database import Database
from estudent.adapters.registry.mailboxes import READY
from estudent.adapters.registry.tables import journal, mailbox, message, student, usos_link
from estudent.domain.progress import Seen

ACTIVATED = CONFIRMED[True][0]
TOLD = (
    select(func.min(message.c.sent_at, type_=message.c.sent_at.type))
    .where(message.c.student_id == student.c.id, message.c.kind == READY, message.c.made_at >= mailbox.c.requested_at)
    .correlate(student, mailbox)
    .scalar_subquery()
)


class SqlTrail:
    """Port `Trail` on the registry; of the mailbox only what belongs to the latest request."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def of(self, whose: int) -> Seen:
        """Return when each of a student's steps was seen to be done."""
        query = (
            select(
                _first(journal.c.step == ACTIVATED).label("activated_at"),
                mailbox.c.requested_at,
                mailbox.c.created_at.label("user_made_at"),
                mailbox.c.aliased_at.label("alias_added_at"),
                func.coalesce(mailbox.c.verified_at, mailbox.c.observed_at).label("mailbox_seen_at"),
                usos_link.c.linked_at,
                mailbox.c.licensed_at,
                mailbox.c.opened_at,
                TOLD.label("told_at"),
                usos_link.c.verified_at.label("enabled_at"),
                usos_link.c.expected_at,
                usos_link.c.since,
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
