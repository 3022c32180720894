"""What the desk looks up: people by whatever the clerk was told, one student's card, and what the staff did."""

from __future__ import annotations

import heapq
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select

from estudent.adapters.registry.board import ALL_THAT_LEADS_THERE, STAGE, SqlBoard
from estudent.adapters.registry.card import card_of
from estudent.adapters.registry.database import Database
from estudent.adapters.registry.students import SqlStudents
from estudent.adapters.registry.tables import (
    STAFF_WROTE_IT,
    address,
    attempt,
    feed,
    journal,
    letter,
    message,
    person,
    rejection,
    request,
    student,
    study,
)
from estudent.domain.album_number import AlbumNumber
from estudent.domain.desk import Card, Found, Hit, StaffLine, Today
from estudent.domain.fault import Fault, FaultKind
from estudent.domain.funnel import Stage
from estudent.domain.lifecycle import Standing
from estudent.domain.name_search import distance, words_of
from estudent.domain.person_name import PersonName, Transliterate
from estudent.ports import Rejection
from estudent.services.recover_password import ASKED

MOST_HITS = 50


@dataclass(frozen=True, slots=True)
class SqlDesk:
    """Port `Desk` on the registry.

    Names are compared here and not in the database, since SQLite and PostgreSQL fold letters differently and
    neither knows that Шевченко is Shevchenko: all names are read (100,000 in well under a second).
    """

    database: Database
    students: SqlStudents
    board: SqlBoard
    transliterate: Transliterate

    def search(self, text: str) -> Found:
        """Find people by album number, candidate number, e-mail address, or the words of their name."""
        text = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
        if not text:
            return Found(())
        with self.database.reading() as connection:
            keys = self._keys(connection, text)
            hits = self._hits(connection, keys[:MOST_HITS])
        return Found(tuple(hits[key] for key in keys[:MOST_HITS]), more=len(keys) > MOST_HITS)

    def card(self, album: AlbumNumber) -> Card:
        """Return all that is known of one student, or raise NotFound."""
        found = self.students.by_album(album)
        with self.database.reading() as connection:
            return card_of(connection, self.board, found)

    def refused_rows(self, candidates: Sequence[str]) -> list[Rejection]:
        """Return the open rejections of these candidate numbers."""
        query = (
            select(rejection, feed.c.name)
            .join(feed)
            .where(rejection.c.candidate_number.in_(list(candidates)), rejection.c.resolved_at.is_(None))
            .order_by(feed.c.id.desc(), rejection.c.line, rejection.c.id)
        )
        with self.database.reading() as connection:
            return [_rejection(row) for row in connection.execute(query)]

    def today(self, midnight: datetime) -> Today:
        """Return what happened since `midnight`, and what is open."""
        tries = (
            select(attempt.c.cause, func.count())
            .where(attempt.c.at >= midnight, attempt.c.cause.not_in(["", ASKED]))
            .group_by(attempt.c.cause)
            .order_by(func.count().desc(), attempt.c.cause)
        )
        with self.database.reading() as connection:
            return Today(
                activated=_count(connection, message.c.kind == "activated", message.c.made_at >= midnight),
                letters=_count(connection, letter.c.sent_at >= midnight),
                refused_tries=tuple((row[0], row[1]) for row in connection.execute(tries)),
                open_requests=_count(connection, request.c.finished_at.is_(None)),
                open_rejections=_count(connection, rejection.c.resolved_at.is_(None)),
            )

    def staff_log(self, most: int, skip: int = 0) -> list[StaffLine]:
        """Return what the staff did, newest first."""
        columns = [journal.c[name] for name in ("at", "actor", "system", "step", "result", "detail")]
        query = (
            select(*columns, student.c.album_number)
            .join(student, student.c.id == journal.c.student_id)
            .where(STAFF_WROTE_IT)
            .order_by(journal.c.at.desc(), journal.c.id.desc())
            .limit(most)
            .offset(skip)
        )
        with self.database.reading() as connection:
            return [_staff_line(row) for row in connection.execute(query)]

    def _keys(self, connection: Connection, text: str) -> list[int]:
        """Return whom the text means, best first, one more than is shown where there are others."""
        if "@" in text:
            return list(connection.scalars(_by_address(text).limit(MOST_HITS + 1)))
        numbered = list(connection.scalars(_by_number(text).limit(MOST_HITS + 1)))
        return numbered or self._by_name(connection, words_of(text, self.transliterate))

    def _by_name(self, connection: Connection, wanted: Sequence[str]) -> list[int]:
        if not wanted:
            return []
        query = select(student.c.id, person.c.family_name, person.c.given_name, person.c.middle_name).join(person)
        rows = connection.execution_options(yield_per=5000).execute(query)
        fitting = (
            (far, family, given, key)
            for key, family, given, middle in rows
            if (far := distance(wanted, words_of(f"{family} {given} {middle}", self.transliterate))) is not None
        )
        return [key for *_, key in heapq.nsmallest(MOST_HITS + 1, fitting)]

    def _hits(self, connection: Connection, keys: Sequence[int]) -> dict[int, Hit]:
        columns = (student.c.id, student.c.album_number, student.c.standing, person.c.family_name, person.c.given_name)
        query = select(*columns, STAGE.label("stage")).select_from(ALL_THAT_LEADS_THERE).where(student.c.id.in_(keys))
        told = {"purpose": self.board.purpose}
        studies = _studies(connection, keys)
        return {row.id: _hit(row, studies.get(row.id, [])) for row in connection.execute(query, told)}


def _by_address(text: str) -> Select[Any]:
    """An address of the university, or the one given to recruitment; case is forgiven."""
    of_ours = select(address.c.student_id).where(address.c.address == text.lower())
    same = func.lower(person.c.email) == func.lower(text)
    return select(student.c.id).join(person).where(or_(same, student.c.id.in_(of_ours))).order_by(student.c.id)


def _by_number(text: str) -> Select[Any]:
    """An album number, also with the s of the user name, or a candidate number as recruitment writes it."""
    album = re.sub(r"^s(?=\d+$)", "", text.lower())
    of_candidate = select(study.c.student_id).where(study.c.candidate_number.in_({text, text.upper()}))
    fits = or_(student.c.album_number == album, student.c.id.in_(of_candidate))
    return select(student.c.id).where(fits).order_by(student.c.id)


def _studies(connection: Connection, keys: Sequence[int]) -> dict[int, list[Any]]:
    query = select(study.c.student_id, study.c.candidate_number, study.c.programme)
    found: dict[int, list[Any]] = {}
    for row in connection.execute(query.where(study.c.student_id.in_(keys)).order_by(study.c.id)):
        found.setdefault(row.student_id, []).append(row)
    return found


def _hit(row: Any, studies: Sequence[Any]) -> Hit:
    return Hit(
        album=AlbumNumber(row.album_number) if row.album_number else None,
        name=PersonName(row.family_name, row.given_name).display,
        candidates=tuple(dict.fromkeys(each.candidate_number for each in studies)),
        programmes=tuple(dict.fromkeys(each.programme for each in studies)),
        standing=Standing(row.standing),
        stage=Stage(row.stage),
    )


def _rejection(row: Any) -> Rejection:
    fault = Fault(row.field, FaultKind(row.kind), row.detail, row.masked)
    return Rejection(row.name, row.line, fault, row.candidate_number)


def _count(connection: Connection, *which: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).where(*which)) or 0


def _staff_line(row: Any) -> StaffLine:
    album = AlbumNumber(row.album_number) if row.album_number else None
    user = row.actor.removeprefix("staff ")
    return StaffLine(row.at, user, album, row.system, row.step, row.result, row.detail)
