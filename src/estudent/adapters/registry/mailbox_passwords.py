"""Whether Microsoft is known to have the password that the directory has; never a password itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from estudent.adapters.registry.database import Database, insert_if_new
from estudent.adapters.registry.tables import mailbox_password
from estudent.ports import Turnover


@dataclass(frozen=True, slots=True)
class SqlMailboxPasswords:
    """Port `MailboxPasswords` on the registry."""

    database: Database
    clock: Callable[[], datetime]

    def agrees(self, student: int, mailbox: str) -> bool:
        """Tell whether the password was last written to this user of Microsoft's and to the directory alike."""
        row = mailbox_password.c
        wanted = select(row.turn).where(
            row.student_id == student, row.mailbox_id == mailbox, row.agreed_at.is_not(None)
        )
        with self.database.reading() as connection:
            return connection.execute(wanted).first() is not None

    def begin(self, student: int, mailbox: str) -> Turnover:
        """Note that both may differ from now on, and return which change this is."""
        row = mailbox_password.c
        whose = row.student_id == student
        with self.database.writing() as connection:
            fresh = {"student_id": student, "mailbox_id": mailbox, "turn": 0, "agreed_at": None}
            connection.execute(insert_if_new(connection, mailbox_password).values(fresh))
            known = select(row.turn, row.mailbox_id, row.agreed_at).where(whose).with_for_update()
            before = connection.execute(known).one()
            values = {"turn": before.turn + 1, "mailbox_id": mailbox, "agreed_at": None}
            connection.execute(update(mailbox_password).where(whose).values(values))
        agreed = before.agreed_at is not None and before.mailbox_id == mailbox
        return Turnover(student, before.turn + 1, agreed)

    def agree(self, turnover: Turnover) -> bool:
        """Note that both have the same password; when another change came between, nobody knows: return False."""
        with self.database.writing() as connection:
            return self._agree(connection, turnover)

    def undo(self, turnover: Turnover) -> None:
        """Note that the change was refused, so that all is as it was before."""
        if turnover.agreed_before:
            self.agree(turnover)

    def _agree(self, connection: Connection, turnover: Turnover) -> bool:
        row = mailbox_password.c
        whose = row.student_id == turnover.student
        mine = update(mailbox_password).where(whose, row.turn == turnover.turn).values(agreed_at=self.clock())
        if connection.execute(mine).rowcount:
            return True
        # The other change is told too that it does not know which of both came last.
        connection.execute(update(mailbox_password).where(whose).values(turn=row.turn + 1, agreed_at=None))
        return False
