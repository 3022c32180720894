"""Storing the people whom recruitment admits: person, student, studies, account, alias and known account number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    Executable,
    LargeBinary,
    Text,
    and_,
    case,
    func,
    insert,
    literal,
    select,
    update,
)

from estudent.adapters.registry.database import insert_if_new, own_insert
from estudent.adapters.registry.journal import Author, EntryForEach
from estudent.adapters.registry.loading import fill, next_keys, passing
from estudent.adapters.registry.mailbox_renames import offer_addresses
from estudent.adapters.registry.tables import (
    Moment,
    account,
    address,
    journal,
    payment_account,
    person,
    rejection,
    student,
    study,
)
from estudent.domain.lifecycle import PREVAILING
from estudent.domain.outcome import Result
from estudent.domain.student import AccountState
from estudent.ports import Admission

incoming = passing(
    "incoming",
    Column("is_new", Boolean),
    Column("person_id", BigInteger),
    Column("student_id", BigInteger),
    Column("usos_id", BigInteger),
    Column("pesel_hash", Text),
    Column("document_hash", Text),
    Column("given_name", Text),
    Column("middle_name", Text),
    Column("family_name", Text),
    Column("birth_date", Date),
    Column("email", Text),
    Column("album_number", Text),
    Column("language", Text),
    Column("candidate_number", Text),
    Column("intake", Text),
    Column("programme", Text),
    Column("programme_name", Text),
    Column("start_date", Date),
    Column("status", Text),
    Column("row_hash", LargeBinary),
    Column("nrb", Text),
)
"""The admissions of one transaction; `person_id` is known of new people alone."""


class People:
    """Turns accepted applications into rows; one student for each person, however many programmes."""

    def __init__(self, author: Author, mail_domain: str, purpose: str) -> None:
        self.author, self.mail_domain, self.purpose = author, mail_domain, purpose

    def begin_to_store(
        self, connection: Connection, feed: int, admissions: Sequence[Admission]
    ) -> Iterable[Executable]:
        """Give admissions to the database; return the commands that store them, and resolve earlier rejections."""
        commands: Iterable[Executable] = ()
        for some in _of_different_students(admissions):
            for command in commands:
                connection.execute(command)
            known = {each.student: each.application.name for each in some if each.student is not None}
            if known:
                offer_addresses(connection, self.author, known)
            fill(connection, incoming, _rows(connection, some, len(some) - len(known)))
            commands = self._commands(connection, feed, new=len(known) < len(some), known=bool(known))
        return commands

    def _commands(self, connection: Connection, feed: int, *, new: bool, known: bool) -> Iterator[Executable]:
        """Yield what takes the rows of `incoming` to where they belong, in this order."""
        now = self.author.clock()
        if new:
            yield from _add_people(now)
        if known:
            yield from _change_people()
        yield _store_studies(own_insert(connection, study), feed)
        if known:
            yield _settle_standings()
        yield from self._give_what_follows(connection, now)
        yield _resolve_rejections(feed, now)
        yield self._write_journal()

    def _give_what_follows(self, connection: Connection, now: datetime) -> Iterator[Executable]:
        """Give whoever has an album number an account and an alias, and an account number to whom it was told of."""
        key, given_at, numbered = incoming.c.student_id, _moment(now), incoming.c.album_number.is_not(None)
        login = literal("s").concat(incoming.c.album_number)
        prepared = {"student_id": key, "login": login, "state": literal(AccountState.PREPARED.value)}
        alias = {"address": login.concat(literal(f"@{self.mail_domain}")), "kind": literal("alias")}
        told = {"purpose": literal(self.purpose), "nrb": incoming.c.nrb, "origin": literal("feed")}
        owner = {"student_id": key, "given_at": given_at}
        yield _filled(insert_if_new(connection, account), prepared, numbered)
        yield _filled(insert_if_new(connection, address), alias | owner, numbered)
        yield _filled(insert_if_new(connection, payment_account), told | owner, incoming.c.nrb.is_not(None))

    def _write_journal(self) -> Executable:
        step = case((incoming.c.is_new, literal("admitted")), else_=literal("data changed"))
        number = literal("album number ").concat(incoming.c.album_number)
        told = case((incoming.c.album_number.is_(None), literal("number awaited")), else_=number)
        entries = self.author.entries(EntryForEach(incoming.c.student_id, "recruitment", step, Result.DONE, told))
        return insert(journal).from_select([each.name for each in entries.selected_columns], entries)


def _of_different_students(admissions: Sequence[Admission]) -> Iterator[list[Admission]]:
    """Yield lists in which no student is twice; a later row of somebody comes in a later list."""
    waiting = list(admissions)
    while waiting:
        seen, some, later = set[int](), list[Admission](), list[Admission]()
        for each in waiting:
            (later if each.student in seen else some).append(each)
            if each.student is not None:
                seen.add(each.student)
        yield some
        waiting = later


def _rows(connection: Connection, admissions: Sequence[Admission], new: int) -> list[tuple[Any, ...]]:
    persons, students = (iter(next_keys(connection, table, new) if new else []) for table in (person, student))
    return [
        (True, next(persons), next(students), *_values(each))
        if each.student is None
        else (False, None, each.student, *_values(each))
        for each in admissions
    ]


def _values(admission: Admission) -> tuple[Any, ...]:
    """Return the columns of `incoming` from `usos_id` on."""
    application, identity = admission.application, admission.identity
    name, study = application.name, application.study
    return (
        identity.usos_id,
        identity.pesel,
        identity.document,
        name.given,
        name.middle,
        name.family,
        _as_iso(application.birth_date),
        application.email,
        identity.album,
        application.language.value,
        application.candidate,
        application.intake,
        study.programme,
        study.name,
        _as_iso(study.start),
        application.standing and application.standing.value,
        admission.row_hash,
        identity.account_number,
    )


# Students are born, and studies begin, on a few thousand days.
@lru_cache(maxsize=8192)
def _as_iso(day: date) -> str:
    return day.isoformat()


def _add_people(now: datetime) -> Iterator[Executable]:
    data = {name: incoming.c[name] for name in (*KEPT_WHEN_EMPTY, *REPLACED)}
    yield _filled(insert(person), {"id": incoming.c.person_id} | data, incoming.c.is_new)
    values = {
        "id": incoming.c.student_id,
        "person_id": incoming.c.person_id,
        "album_number": incoming.c.album_number,
        "number_awaited_since": case((incoming.c.album_number.is_(None), _moment(now))),
        "language": incoming.c.language,
        "standing": incoming.c.status,
    }
    yield _filled(insert(student), values, incoming.c.is_new)


def _change_people() -> Iterator[Executable]:
    theirs = and_(incoming.c.student_id == student.c.id, ~incoming.c.is_new)
    kept = {name: func.coalesce(incoming.c[name], person.c[name]) for name in KEPT_WHEN_EMPTY}
    replaced = {name: incoming.c[name] for name in REPLACED}
    yield update(person).where(theirs, person.c.id == student.c.person_id).values(kept | replaced)
    values = {
        "album_number": func.coalesce(incoming.c.album_number, student.c.album_number),
        "number_awaited_since": case((incoming.c.album_number.is_(None), student.c.number_awaited_since)),
        "language": incoming.c.language,
    }
    yield update(student).where(theirs).values(values)


def _store_studies(command: Any, feed: int) -> Executable:
    values = {name: incoming.c[name] for name in ("student_id", "candidate_number", "programme", *SAID_OF_A_STUDY)}
    changed = {name: command.excluded[name] for name in (*SAID_OF_A_STUDY, "feed_id")}
    command = command.on_conflict_do_update(index_elements=["candidate_number", "programme"], set_=changed)
    # SQLite wants a condition between what is selected and ON CONFLICT.
    return _filled(command, values | {"feed_id": literal(feed, BigInteger)}, incoming.c.student_id.is_not(None))


def _settle_standings() -> Executable:
    """Let those who were students before stand where the best of their studies does."""
    rank = case({standing.value: at for at, standing in enumerate(PREVAILING)}, value=study.c.status)
    best = select(study.c.status).where(study.c.student_id == student.c.id).order_by(rank).limit(1)
    known = select(incoming.c.student_id).where(~incoming.c.is_new)
    return update(student).where(student.c.id.in_(known)).values(standing=best.scalar_subquery())


def _resolve_rejections(feed: int, now: datetime) -> Executable:
    theirs = rejection.c.candidate_number.in_(select(incoming.c.candidate_number))
    still_open = (rejection.c.resolved_at.is_(None), rejection.c.feed_id != feed)
    return update(rejection).where(theirs, *still_open).values(resolved_at=now)


def _filled(command: Any, values: Mapping[str, ColumnElement[Any]], which: ColumnElement[bool]) -> Executable:
    filled: Executable = command.from_select([*values], select(*values.values()).where(which))
    return filled


def _moment(now: datetime) -> ColumnElement[datetime]:
    return literal(now, Moment)


KEPT_WHEN_EMPTY = ("usos_id", "pesel_hash", "document_hash")
"""What a later row without the value does not take away."""

REPLACED = ("given_name", "middle_name", "family_name", "birth_date", "email")
SAID_OF_A_STUDY = ("intake", "programme_name", "start_date", "status", "row_hash")
