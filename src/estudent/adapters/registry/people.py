"""Storing the people whom recruitment admits: person, student, studies, account, alias and known account number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, Table, bindparam, case, func, insert, select, update

from estudent.adapters.registry.database import insert_if_new
from estudent.adapters.registry.journal import Author
from estudent.adapters.registry.mailbox_renames import offer_addresses
from estudent.adapters.registry.tables import account, address, payment_account, person, student, study
from estudent.domain.album_number import AlbumNumber
from estudent.domain.application import Application
from estudent.domain.lifecycle import Standing, prevailing
from estudent.domain.outcome import Result
from estudent.domain.student import AccountState
from estudent.ports import Admission, JournalEntry

Row = dict[str, Any]


class People:
    """Turns accepted applications into rows; one student for each person, however many programmes."""

    def __init__(self, author: Author, mail_domain: str, purpose: str) -> None:
        self.author, self.mail_domain, self.purpose = author, mail_domain, purpose

    def store(self, connection: Connection, feed: int, admissions: Sequence[Admission]) -> None:
        """Store admissions, each of a different person."""
        new = [each for each in admissions if each.student is None]
        known = [(each.student, each) for each in admissions if each.student is not None]
        whose = list(zip(self._add(connection, new), new, strict=True))
        self._update(connection, known)
        self._store_studies(connection, feed, whose + known)
        self._give_what_follows(connection, whose + known)
        self._write_journal(connection, whose, known)

    def _add(self, connection: Connection, new: Sequence[Admission]) -> list[int]:
        if not new:
            return []
        persons = _insert(connection, person, [_person(each) for each in new])
        students = [
            _student(each) | {"person_id": key, "number_awaited_since": self._awaited(each.application)}
            for key, each in zip(persons, new, strict=True)
        ]
        return _insert(connection, student, students)

    def _awaited(self, application: Application) -> Any:
        return None if application.album else self.author.clock()

    def _update(self, connection: Connection, known: Sequence[tuple[int, Admission]]) -> None:
        if known:
            offer_addresses(connection, self.author, {key: each.application.name for key, each in known})
            connection.execute(UPDATE_PERSON, [_bound(key, _person(each)) for key, each in known])
            connection.execute(UPDATE_STUDENT, [_bound(key, _student(each)) for key, each in known])

    def _store_studies(self, connection: Connection, feed: int, whose: Sequence[tuple[int, Admission]]) -> None:
        rows = [_study(key, each, feed) for key, each in whose]
        if rows:
            connection.execute(insert_if_new(connection, study), rows)
            connection.execute(UPDATE_STUDY, [_bound(row["student_id"], row) for row in rows])
            _settle_standings(connection, [key for key, _ in whose])

    def _give_what_follows(self, connection: Connection, whose: Sequence[tuple[int, Admission]]) -> None:
        now = self.author.clock()
        numbered = [(key, each.application.album) for key, each in whose if each.application.album]
        accounts = [_account(key, album) for key, album in numbered]
        aliases = [
            {"address": f"{album.login}@{self.mail_domain}", "student_id": key, "kind": "alias", "given_at": now}
            for key, album in numbered
        ]
        numbers = [
            {"student_id": key, "purpose": self.purpose, "nrb": str(nrb), "origin": "feed", "given_at": now}
            for key, each in whose
            if (nrb := each.application.account_number)
        ]
        for table, rows in ((account, accounts), (address, aliases), (payment_account, numbers)):
            if rows:
                connection.execute(insert_if_new(connection, table), rows)

    def _write_journal(
        self,
        connection: Connection,
        new: Iterable[tuple[int, Admission]],
        known: Iterable[tuple[int, Admission]],
    ) -> None:
        entries = [_entry(key, "admitted", each) for key, each in new]
        entries += [_entry(key, "data changed", each) for key, each in known]
        self.author.write(connection, entries)


def _insert(connection: Connection, table: Table, rows: Sequence[Row]) -> list[int]:
    command = insert(table).returning(table.c.id, sort_by_parameter_order=True)
    return list(connection.scalars(command, rows))


def _new(name: str) -> BindParameter[Any]:
    return bindparam(f"new_{name}")


def _bound(key: int, row: Row) -> Row:
    return {"key": key} | {f"new_{name}": value for name, value in row.items()}


def _settle_standings(connection: Connection, keys: Sequence[int]) -> None:
    query = select(study.c.student_id, study.c.status).where(study.c.student_id.in_(keys))
    standings: dict[int, list[Standing]] = {}
    for key, status in connection.execute(query):
        standings.setdefault(key, []).append(Standing(status))
    command = update(student).where(student.c.id == bindparam("key")).values(standing=_new("standing"))
    connection.execute(command, [_bound(key, {"standing": prevailing(all_)}) for key, all_ in standings.items()])


KEPT_WHEN_EMPTY = ("usos_id", "pesel_hash", "document_hash")
"""What a later row without the value does not take away."""

UPDATE_PERSON = (
    update(person)
    .where(person.c.id == select(student.c.person_id).where(student.c.id == bindparam("key")).scalar_subquery())
    .values({name: func.coalesce(_new(name), person.c[name]) for name in KEPT_WHEN_EMPTY})
    .values({name: _new(name) for name in ("given_name", "middle_name", "family_name", "birth_date", "email")})
)
UPDATE_STUDENT = (
    update(student)
    .where(student.c.id == bindparam("key"))
    .values(
        album_number=func.coalesce(_new("album_number"), student.c.album_number),
        number_awaited_since=case((_new("album_number").is_(None), student.c.number_awaited_since), else_=None),
        language=_new("language"),
    )
)
UPDATE_STUDY = (
    update(study)
    .where(study.c.candidate_number == _new("candidate_number"), study.c.programme == _new("programme"))
    .values({name: _new(name) for name in ("intake", "programme_name", "start_date", "status", "row_hash", "feed_id")})
)


def _person(admission: Admission) -> Row:
    application, identity = admission.application, admission.identity
    return {
        "usos_id": application.usos_id,
        "pesel_hash": identity.pesel,
        "document_hash": identity.document,
        "given_name": application.name.given,
        "middle_name": application.name.middle,
        "family_name": application.name.family,
        "birth_date": application.birth_date,
        "email": application.email,
    }


def _student(admission: Admission) -> Row:
    application = admission.application
    return {
        "album_number": application.album and str(application.album),
        "language": application.language.value,
        "standing": application.standing and application.standing.value,
    }


def _study(key: int, admission: Admission, feed: int) -> Row:
    application = admission.application
    return {
        "student_id": key,
        "candidate_number": application.candidate,
        "intake": application.intake,
        "programme": application.study.programme,
        "programme_name": application.study.name,
        "start_date": application.study.start,
        "status": application.standing and application.standing.value,
        "row_hash": admission.row_hash,
        "feed_id": feed,
    }


def _account(key: int, album: AlbumNumber) -> Row:
    return {"student_id": key, "login": album.login, "state": AccountState.PREPARED.value}


def _entry(key: int, step: str, admission: Admission) -> JournalEntry:
    number = admission.application.album
    return JournalEntry(key, "recruitment", step, Result.DONE, f"album number {number}" if number else "number awaited")
