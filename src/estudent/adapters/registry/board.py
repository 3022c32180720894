"""How far everybody has got, worked out in the database from what each step leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, case, func, or_, select

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.journal import ALBUM_NUMBER
from estudent.adapters.registry.tables import (
    account,
    attempt,
    journal,
    letter,
    mailbox,
    payment_account,
    person,
    request,
    student,
    study,
    usos_link,
)
from estudent.domain.album_number import AlbumNumber
from estudent.domain.funnel import WAY, Circle, Stage, Traces, Waiting, hold_at
from estudent.domain.lifecycle import Owed, standings_owed
from estudent.domain.outcome import Result
from estudent.domain.person_name import PersonName
from estudent.domain.student import AccountState, LinkState, MailboxState
from estudent.ports import SPARED, THROTTLED, UNJUDGED
from estudent.services.activate import ACTIVATE, CODE, OFFICE_CODE
from estudent.services.doorkeeper import UNFINISHED
from estudent.services.recover_password import ASKED
from estudent.services.serve_requests import NOT_READY

ACTIVATING = (ACTIVATE, CODE, OFFICE_CODE)
"""The doors at which tries to activate are counted."""

TELLS_NOTHING = ("", SPARED, THROTTLED, UNFINISHED, UNJUDGED, ASKED)
"""Causes of tries behind which another one stands."""

ALL_THAT_LEADS_THERE = (
    student.join(person)
    .outerjoin(account, account.c.student_id == student.c.id)
    .outerjoin(letter, and_(letter.c.student_id == student.c.id, letter.c.kind == ALBUM_NUMBER))
    .outerjoin(mailbox, mailbox.c.student_id == student.c.id)
    .outerjoin(usos_link, usos_link.c.student_id == student.c.id)
    .outerjoin(
        payment_account,
        and_(payment_account.c.student_id == student.c.id, payment_account.c.purpose == bindparam("purpose")),
    )
)


def _standing_is_owed(what: Owed) -> ColumnElement[bool]:
    return student.c.standing.in_([standing.value for standing in standings_owed(what)])


STAGE = case(
    (~_standing_is_owed(Owed.SIGN_IN), Stage.LEFT.value),
    (student.c.album_number.is_(None), Stage.NUMBER.value),
    # Somebody whom a code let in needs no letter any more.
    (
        and_(account.c.state != AccountState.ACTIVE.value, letter.c.sent_at.is_(None), _standing_is_owed(Owed.LETTER)),
        Stage.LETTER.value,
    ),
    (account.c.state != AccountState.ACTIVE.value, Stage.ACCOUNT.value),
    (mailbox.c.student_id.is_(None), Stage.NAME.value),
    (mailbox.c.state != MailboxState.VERIFIED.value, Stage.MAILBOX.value),
    (
        or_(usos_link.c.email.is_distinct_from(mailbox.c.address), usos_link.c.state != LinkState.VERIFIED.value),
        Stage.USOS.value,
    ),
    (payment_account.c.id.is_(None), Stage.PAYMENT_ACCOUNT.value),
    else_=Stage.DONE.value,
)
"""The first thing that a student lacks."""


def _line_of_theirs(moment: Any, *which: ColumnElement[bool]) -> Any:
    return select(moment).where(journal.c.student_id == student.c.id, *which).correlate(student).scalar_subquery()


ARRIVED = _line_of_theirs(func.min(journal.c.at))
ACTIVATED = _line_of_theirs(func.max(journal.c.at), journal.c.step == "account activated")
SINCE: dict[Stage, Any] = {
    Stage.NUMBER: student.c.number_awaited_since,
    Stage.LETTER: func.coalesce(letter.c.prepared_at, ARRIVED),
    Stage.ACCOUNT: func.coalesce(letter.c.sent_at, ARRIVED),
    Stage.NAME: func.coalesce(ACTIVATED, letter.c.sent_at, ARRIVED),
    Stage.MAILBOX: mailbox.c.requested_at,
    Stage.USOS: func.coalesce(mailbox.c.verified_at, mailbox.c.requested_at),
    Stage.PAYMENT_ACCOUNT: func.coalesce(usos_link.c.verified_at, ARRIVED),
}
"""When the step before was taken."""

SYSTEM = {
    Stage.LETTER: "letters",
    Stage.ACCOUNT: "directory",
    Stage.MAILBOX: "mailboxes",
    Stage.USOS: "usos",
    Stage.PAYMENT_ACCOUNT: "payment_accounts",
}
"""Whose refusals tell why somebody waits."""

LAST_CAUSE = (
    select(attempt.c.cause)
    .where(attempt.c.student_id == student.c.id, attempt.c.door.in_(ACTIVATING), attempt.c.cause.not_in(TELLS_NOTHING))
    .order_by(attempt.c.id.desc())
    .limit(1)
    .correlate(student)
    .scalar_subquery()
)
OPEN_PROBLEM = (
    select(request.c.problem)
    .where(request.c.student_id == student.c.id, request.c.finished_at.is_(None), request.c.problem != NOT_READY)
    .order_by(request.c.id.desc())
    .limit(1)
    .correlate(student)
    .scalar_subquery()
)
REFUSAL = (
    select(case((journal.c.result != Result.DONE.value, journal.c.detail), else_=""))
    .where(journal.c.student_id == student.c.id, journal.c.system == bindparam("system"))
    .order_by(journal.c.id.desc())
    .limit(1)
    .correlate(student)
    .scalar_subquery()
)
CANDIDATE = (
    select(func.min(study.c.candidate_number))
    .where(study.c.student_id == student.c.id)
    .correlate(student)
    .scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class SqlBoard:
    """Port `Board` on the registry; the account number that counts is the one for `purpose`."""

    database: Database
    purpose: str

    def circles(self) -> list[Circle]:
        """Return the programmes of all intakes, newest intake first."""
        query = (
            select(study.c.intake, study.c.programme, func.max(study.c.programme_name))
            .group_by(study.c.intake, study.c.programme)
            .order_by(study.c.intake.desc(), study.c.programme)
        )
        with self.database.reading() as connection:
            return [Circle(*row) for row in connection.execute(query)]

    def counts(self, circle: Circle) -> dict[Stage, int]:
        """Return how many of a circle wait at each stage."""
        staged = select(STAGE.label("stage")).select_from(ALL_THAT_LEADS_THERE).where(*_within(circle)).subquery()
        query = select(staged.c.stage, func.count()).group_by(staged.c.stage)
        with self.database.reading() as connection:
            found = {row[0]: row[1] for row in connection.execute(query, {"purpose": self.purpose})}
        return {stage: found.get(stage.value, 0) for stage in WAY}

    def waiting(self, circle: Circle, stage: Stage, most: int) -> list[Waiting]:
        """Return who waits at a stage, the longest waiting first."""
        if stage not in SINCE:
            return []
        first = (
            select(student.c.id)
            .select_from(ALL_THAT_LEADS_THERE)
            .where(STAGE.in_([stage.value]), *_within(circle))
            .order_by(SINCE[stage], student.c.id)
            .limit(most)
        )
        with self.database.reading() as connection:
            keys = list(connection.scalars(first, {"purpose": self.purpose}))
            return self.explained(connection, stage, keys)

    def stage_of(self, connection: Connection, key: int) -> Stage:
        """Return the stage at which one student waits."""
        query = select(STAGE).select_from(ALL_THAT_LEADS_THERE).where(student.c.id == key)
        return Stage(connection.execute(query, {"purpose": self.purpose}).scalar_one())

    def explained(self, connection: Connection, stage: Stage, keys: Sequence[int]) -> list[Waiting]:
        """Return why these students wait at a stage, the longest waiting first."""
        query = _evidence(stage).where(student.c.id.in_(keys))
        told = {"purpose": self.purpose, "system": SYSTEM.get(stage, "")}
        return [_waiting(stage, row) for row in connection.execute(query, told)]


def _within(circle: Circle) -> list[ColumnElement[bool]]:
    if not circle.intake and not circle.programme:
        return []
    chosen = [study.c.intake == circle.intake] if circle.intake else []
    chosen += [study.c.programme == circle.programme] if circle.programme else []
    return [select(study.c.id).where(study.c.student_id == student.c.id, *chosen).exists()]


def _evidence(stage: Stage) -> Select[Any]:
    since = SINCE.get(stage, student.c.number_awaited_since).label("since")
    names = (person.c.family_name, person.c.given_name, person.c.usos_id)
    traces = (
        account.c.entry_seen_at,
        mailbox.c.state.label("mailbox_state"),
        func.coalesce(func.nullif(mailbox.c.problem, ""), OPEN_PROBLEM, "").label("problem"),
        func.coalesce(LAST_CAUSE, "").label("last_cause"),
        func.coalesce(REFUSAL, "").label("refusal"),
        usos_link.c.state.label("link_state"),
        func.coalesce(usos_link.c.problem, "").label("link_problem"),
        usos_link.c.expected_at,
    )
    return (
        select(student.c.album_number, CANDIDATE.label("candidate"), since, *names, *traces)
        .select_from(ALL_THAT_LEADS_THERE)
        .order_by("since", student.c.id)
    )


def _waiting(stage: Stage, row: Any) -> Waiting:
    traces = Traces(
        entry_seen=row.entry_seen_at is not None,
        last_cause=row.last_cause,
        mailbox_state=MailboxState(row.mailbox_state) if row.mailbox_state else None,
        problem=row.problem,
        usos_id_known=row.usos_id is not None,
        refusal=row.refusal,
        link_state=LinkState(row.link_state) if row.link_state else None,
        link_problem=row.link_problem,
    )
    hold, detail = hold_at(stage, traces)
    album = AlbumNumber(row.album_number) if row.album_number else None
    name = PersonName(row.family_name, row.given_name).display
    since: datetime | None = row.since
    until: datetime | None = row.expected_at if stage is Stage.USOS else None
    return Waiting(album, row.candidate or "", name, stage, since, hold, detail, until)
