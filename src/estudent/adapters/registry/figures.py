"""What the registry counts for whoever watches it: how many wait, and since when; never who."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, Table, func, select

from estudent.adapters.registry.board import SqlBoard
from estudent.adapters.registry.database import Database
from estudent.adapters.registry.tables import (
    fee_file,
    mailbox,
    request,
    statement,
    statement_line,
    student,
    usos_link,
    watermark,
)
from estudent.adapters.registry.watermarks import SqlWatermarks
from estudent.domain.figure import Figure
from estudent.domain.funnel import Circle
from estudent.domain.lifecycle import Owed, standings_owed
from estudent.domain.student import LinkState, MailboxState
from estudent.ports import Fate

RUN = "run "
"""What the names of the marks begin with that runs leave."""

Queue = tuple[int, datetime | None]


@dataclass(frozen=True, slots=True)
class SqlFigures:
    """The registry's figures; that runs ended well is noted here, as Prefect's history is not kept for good."""

    database: Database
    clock: Callable[[], datetime]
    board: SqlBoard

    def read(self) -> list[Figure]:
        """Return all figures as they are at this moment."""
        stages = {stage.value: many for stage, many in self.board.counts(Circle()).items()}
        with self.database.reading() as connection:
            return [
                Figure("estudent_students", "Students by what they wait for next.", stages, "stage"),
                Figure("estudent_mailboxes", "Mailboxes by state.", _mailboxes(connection), "state"),
                Figure("estudent_usos_links", "Ways into USOS by state.", _links(connection), "state"),
                *_queue("estudent_payment_lines", "Payments that wait for a clerk", _payment_lines(connection)),
                *_queue("estudent_requests", "Students' requests that are open", _requests(connection)),
                Figure("estudent_run_well_timestamp_seconds", RUN_WELL, _runs(connection), "run"),
            ]

    def run_ended_well(self, title: str, run: str) -> None:
        """Note that a run has changed what there was to change, and left nobody for the next one."""
        SqlWatermarks(self.database, self.clock).keep(f"{RUN}{title}", run)


RUN_WELL = "When such a run last ended with everybody served."


def _mailboxes(connection: Connection) -> dict[str, int]:
    return _by_state(connection, mailbox, Owed.MAILBOX, MailboxState)


def _links(connection: Connection) -> dict[str, int]:
    return _by_state(connection, usos_link, Owed.USOS_LINK, LinkState)


def _by_state(connection: Connection, table: Table, what: Owed, states: Iterable[StrEnum]) -> dict[str, int]:
    """Return how many are in each state, of students who are owed what the table holds."""
    owed = student.c.standing.in_([standing.value for standing in standings_owed(what)])
    query = select(table.c.state, func.count()).select_from(table.join(student)).where(owed).group_by(table.c.state)
    found = {row[0]: row[1] for row in connection.execute(query)}
    return {state.value: found.get(state.value, 0) for state in states}


def _payment_lines(connection: Connection) -> Queue:
    """Return how many lines wait for a clerk, and when the file of the first was read."""
    lines = statement_line.join(statement).join(fee_file)
    query = select(func.count(), func.min(fee_file.c.read_at)).select_from(lines)
    row = connection.execute(query.where(statement_line.c.state == Fate.UNMATCHED.value)).one()
    return row[0], row[1]


def _requests(connection: Connection) -> Queue:
    """Return how many requests are open, and since when the first could be served."""
    query = select(func.count(), func.min(request.c.not_before)).where(request.c.finished_at.is_(None))
    row = connection.execute(query).one()
    return row[0], row[1]


def _queue(name: str, what: str, queue: Queue) -> list[Figure]:
    waiting, since = queue
    moments = {"": int(since.timestamp())} if since else {}
    return [
        Figure(f"{name}_waiting", f"{what}.", {"": waiting}),
        Figure(f"{name}_due_since_timestamp_seconds", f"{what}: since when the first is due.", moments),
    ]


def _runs(connection: Connection) -> dict[str, int]:
    query = select(watermark.c.name, watermark.c.at).where(watermark.c.name.startswith(RUN)).order_by(watermark.c.name)
    return {row.name.removeprefix(RUN): int(row.at.timestamp()) for row in connection.execute(query)}
