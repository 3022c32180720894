"""One student's card, gathered from the registry's tables."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, Table, select

from estudent.adapters.registry.board import SqlBoard
from estudent.adapters.registry.tables import (
    account,
    letter,
    mailbox,
    message,
    one_time_code,
    payment_account,
    person,
    request,
    student,
    study,
    usos_link,
)
from estudent.domain.desk import Card, CodeLine, MailboxLine, PaymentLine, Sending, StudyLine, UsosLine
from estudent.domain.lifecycle import Standing
from estudent.domain.nrb import Nrb
from estudent.domain.student import MailboxState, Student

MOST_SHOWN = 30


def card_of(connection: Connection, board: SqlBoard, whose: Student) -> Card:
    """Return all that the registry tells the desk of this student."""
    known = connection.execute(_known_of(whose)).one()
    stage = board.stage_of(connection, whose.key)
    waiting = board.explained(connection, stage, [whose.key])[0]
    return Card(
        student=whose,
        stage=stage,
        since=waiting.since,
        hold=waiting.hold,
        detail=waiting.detail,
        until=waiting.until,
        pesel_known=known.pesel_hash is not None,
        document_known=known.document_hash is not None,
        entry_seen_at=known.entry_seen_at,
        studies=tuple(_study(row) for row in _theirs(connection, study, whose)),
        mailbox=_mailbox(connection, whose),
        usos=next(
            (UsosLine(row.email, row.source, row.observed_at) for row in _of(connection, usos_link, whose)), None
        ),
        payments=tuple(_payment(row) for row in _theirs(connection, payment_account, whose)),
        sendings=_sendings(connection, whose),
        codes=tuple(_code(row) for row in _theirs(connection, one_time_code, whose)),
    )


def _known_of(whose: Student) -> Any:
    columns = (person.c.pesel_hash, person.c.document_hash, account.c.entry_seen_at)
    of_them = student.join(person).join(account, account.c.student_id == student.c.id)
    return select(*columns).select_from(of_them).where(student.c.id == whose.key)


def _of(connection: Connection, table: Table, whose: Student) -> list[Row[Any]]:
    return list(connection.execute(select(table).where(table.c.student_id == whose.key)))


def _theirs(connection: Connection, table: Table, whose: Student) -> list[Row[Any]]:
    """Return the newest of a student's rows, newest first."""
    mine = select(table).where(table.c.student_id == whose.key)
    return list(connection.execute(mine.order_by(table.c.id.desc()).limit(MOST_SHOWN)))


def _mailbox(connection: Connection, whose: Student) -> MailboxLine | None:
    found = _of(connection, mailbox, whose)
    if not found:
        return None
    row = found[0]
    waiting = [each for each in _theirs(connection, request, whose) if each.finished_at is None]
    return MailboxLine(
        address=row.address,
        alias=row.alias,
        state=MailboxState(row.state),
        problem=row.problem or (waiting[0].problem if waiting else ""),
        requested_at=row.requested_at,
        observed_at=row.observed_at,
        retried_at=waiting[0].not_before if waiting else None,
        tries=waiting[0].attempts if waiting else 0,
    )


def _study(row: Row[Any]) -> StudyLine:
    return StudyLine(row.candidate_number, row.intake, row.programme, row.programme_name, Standing(row.status))


def _payment(row: Row[Any]) -> PaymentLine:
    return PaymentLine(row.purpose, Nrb(row.nrb), row.origin, row.given_at)


def _sendings(connection: Connection, whose: Student) -> tuple[Sending, ...]:
    letters = [
        Sending(row.kind, row.prepared_at, row.sent_at, row.attempts) for row in _theirs(connection, letter, whose)
    ]
    messages = [
        Sending(row.kind, row.made_at, row.sent_at, row.attempts, row.problem)
        for row in _theirs(connection, message, whose)
    ]
    return tuple(sorted(letters + messages, key=lambda each: each.sent_at or each.made_at, reverse=True))


def _code(row: Row[Any]) -> CodeLine:
    return CodeLine(row.purpose, row.made_at, row.expires_at, row.used_at, row.wrong_tries, row.issued_by)
