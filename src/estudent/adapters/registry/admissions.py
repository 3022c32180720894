"""The registry's door for recruitment: feeds, rejections, and the students they bring."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    type_coerce,
    union_all,
    update,
)
from sqlalchemy.types import NullType

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.journal import Author
from estudent.adapters.registry.loading import fill, pairs, passing
from estudent.adapters.registry.people import People
from estudent.adapters.registry.students import in_portions
from estudent.adapters.registry.tables import feed, payment_account, person, rejection, student, study
from estudent.domain.application import BETWEEN, application_key
from estudent.domain.fault import Fault, FaultKind
from estudent.ports import Admission, Feed, FeedCounts, Identity, KnownStudent, Rejection

LONGEST_DETAIL = 500


class SqlAdmissions:
    """Port `Admissions` on the registry."""

    def __init__(self, database: Database, author: Author, people: People) -> None:
        self.database, self.author, self.people = database, author, people

    def knows(self, candidate: Feed) -> bool:
        """Tell whether exactly this file was taken in to its end."""
        query = select(feed.c.id).where(*_same(candidate), feed.c.closed_at.is_not(None))
        with self.database.reading() as connection:
            return connection.scalar(query) is not None

    def open(self, opened: Feed) -> int:
        """Note that reading begins; return the feed's number. What an interrupted reading refused is forgotten."""
        with self.database.writing() as connection:
            number: int | None = connection.scalar(select(feed.c.id).where(*_same(opened)))
            if number is None:
                return _open(connection, opened, self.author.clock())
            connection.execute(delete(rejection).where(rejection.c.feed_id == number))
            return number

    def last_read(self, name: str, digest: str) -> datetime | None:
        """Return the latest `modified_at` of the feeds of this name and digest that were taken in to their end."""
        closed = select(func.max(feed.c.modified_at)).where(feed.c.closed_at.is_not(None))
        with self.database.reading() as connection:
            moment: datetime | None = connection.scalar(closed.where(feed.c.name == name, feed.c.digest == digest))
            return moment

    def close(self, number: int, counts: FeedCounts, candidates: Collection[str] | None = None) -> None:
        """Note that the feed was taken in to its end; refusals of earlier files of its name are resolved.

        With `candidates`, only refusals of theirs are.
        """
        closed = asdict(counts) | {"missing": list(counts.missing), "closed_at": self.author.clock()}
        name = select(feed.c.name).where(feed.c.id == number).scalar_subquery()
        earlier = select(feed.c.id).where(feed.c.name == name, feed.c.id != number)
        with self.database.writing() as connection:
            connection.execute(update(feed).where(feed.c.id == number).values(**closed))
            for whose in _of_candidates(candidates):
                self._resolve(connection, rejection.c.feed_id.in_(earlier), *whose)

    def row_hashes(self) -> dict[str, bytes]:
        """Return the hash of every row taken in so far by its application's key."""
        key = study.c.candidate_number.concat(BETWEEN).concat(study.c.programme)
        # Drivers give bytes as they are.
        query: Select[Any] = select(key, type_coerce(study.c.row_hash, NullType()))
        with self.database.reading() as connection:
            return dict(pairs(connection, query))

    def renew_hashes(self, hashes: Mapping[str, bytes]) -> None:
        """Store other hashes for rows that say what they said, by their applications' keys; nothing else changes."""
        names = ("candidate", "taught", "digest")
        rows = [dict(zip(names, (*key.split(BETWEEN), digest), strict=True)) for key, digest in hashes.items()]
        if rows:
            with self.database.writing() as connection:
                connection.execute(RENEW, rows)

    def matches(self, identities: Sequence[Identity]) -> list[list[KnownStudent]]:
        """Return for each identity the students whom any part of it fits."""
        found: dict[int, dict[int, set[str]]] = {}
        with self.database.reading() as connection:
            fill(connection, sought, [*_numbered(identities)])
            for at, part, key in connection.execute(OWNERS):
                found.setdefault(at, {}).setdefault(key, set()).add(part)
            keys = {key for owners in found.values() for key in owners}
            fixed = _fixed_values(connection, sorted(keys), self.people.purpose)
        return [_known(found[at], fixed) if at in found else [] for at in range(len(identities))]

    def begin_to_admit(self, number: int, admissions: Sequence[Admission]) -> Callable[[], None]:
        """Begin to store persons, students and studies in one transaction; return what must be called to end it."""
        with ExitStack() as begun:
            connection = begun.enter_context(self.database.writing())
            commands = self.people.begin_to_store(connection, number, admissions)
            rest = begun.pop_all()

        def end() -> None:
            with rest:
                for command in commands:
                    connection.execute(command)

        return end

    def refuse(self, number: int, rejections: Sequence[Rejection]) -> None:
        """Store refused rows."""
        rows = [
            {
                "feed_id": number,
                "line": each.line,
                "candidate_number": each.candidate.replace("\0", ""),
                "field": each.fault.field,
                "kind": each.fault.kind.value,
                "detail": each.fault.detail[:LONGEST_DETAIL],
                "masked": each.fault.masked,
            }
            for each in rejections
        ]
        if rows:
            with self.database.writing() as connection:
                connection.execute(insert(rejection), rows)

    def rejections(self) -> list[Rejection]:
        """Return the open rejections, newest feed first."""
        query = (
            select(rejection, feed.c.name)
            .join(feed)
            .where(rejection.c.resolved_at.is_(None))
            .order_by(feed.c.id.desc(), rejection.c.line, rejection.c.id)
        )
        with self.database.reading() as connection:
            return [
                Rejection(
                    row.name,
                    row.line,
                    Fault(row.field, FaultKind(row.kind), row.detail, row.masked),
                    row.candidate_number,
                )
                for row in connection.execute(query)
            ]

    def candidates_of(self, applications: Iterable[str], intakes: Iterable[str]) -> list[str]:
        """Return the candidate numbers of those of the `applications` that belong to one of the `intakes`."""
        wanted = set(applications)
        if not wanted:
            return []
        query = select(study.c.candidate_number, study.c.programme).where(study.c.intake.in_(list(intakes)))
        with self.database.reading() as connection:
            rows = connection.execution_options(yield_per=5000).execute(query)
            return sorted({row[0] for row in rows if application_key(row[0], row[1]) in wanted})

    def awaiting_numbers(self) -> list[tuple[str, datetime]]:
        """Return the candidates whose album number has not come yet, and since when it is awaited."""
        query = (
            select(func.min(study.c.candidate_number), student.c.number_awaited_since)
            .join(study)
            .where(student.c.number_awaited_since.is_not(None))
            .group_by(student.c.id, student.c.number_awaited_since)
            .order_by(student.c.number_awaited_since)
        )
        with self.database.reading() as connection:
            return [(row[0], row[1]) for row in connection.execute(query)]

    def _resolve(self, connection: Connection, *which: ColumnElement[bool]) -> None:
        still_open = rejection.c.resolved_at.is_(None)
        connection.execute(update(rejection).where(still_open, *which).values(resolved_at=self.author.clock()))


def _same(other: Feed) -> list[ColumnElement[bool]]:
    return [feed.c.name == other.name, feed.c.digest == other.digest, feed.c.modified_at == other.modified_at]


def _of_candidates(candidates: Collection[str] | None) -> list[list[ColumnElement[bool]]]:
    """Return what to ask of refused rows so that they are these candidates', portion by portion; of all: nothing."""
    if candidates is None:
        return [[]]
    return [[rejection.c.candidate_number.in_(some)] for some in in_portions(sorted(candidates))]


def _open(connection: Connection, opened: Feed, now: datetime) -> int:
    values = {"name": opened.name, "digest": opened.digest, "modified_at": opened.modified_at, "opened_at": now}
    counts = {"read": 0, "new": 0, "changed": 0, "refused": 0, "missing": []}
    key: int = connection.execute(insert(feed).values(**values, **counts).returning(feed.c.id)).scalar_one()
    return key


RENEW = (
    update(study)
    .where(study.c.candidate_number == bindparam("candidate"), study.c.programme == bindparam("taught"))
    .values(row_hash=bindparam("digest"))
)

sought = passing(
    "sought",
    Column("position", Integer),
    Column("candidate", Text),
    Column("pesel", Text),
    Column("document", Text),
    Column("usos_id", BigInteger),
    Column("album", Text),
    Column("account_number", Text),
)
"""The identities that are looked for, by their place among those asked about."""

parts_of = attrgetter(*(column.name for column in sought.c if column.name != "position"))


def _numbered(identities: Iterable[Identity]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of `sought`."""
    return ((at, *parts) for at, parts in enumerate(map(parts_of, identities)))


def _owner(part: str, column: ColumnElement[Any], source: FromClause, key: ColumnElement[int]) -> Select[Any]:
    return select(sought.c.position, literal(part), key).select_from(source).join(sought, sought.c[part] == column)


OWNERS = union_all(
    _owner("pesel", person.c.pesel_hash, person.join(student), student.c.id),
    _owner("document", person.c.document_hash, person.join(student), student.c.id),
    _owner("usos_id", person.c.usos_id, person.join(student), student.c.id),
    _owner("album", student.c.album_number, student, student.c.id),
    _owner("candidate", study.c.candidate_number, study, study.c.student_id),
    _owner("account_number", payment_account.c.nrb, payment_account, payment_account.c.student_id),
)
"""Whose the parts of the identities are that are looked for: their place, the part and the student."""


Fixed = tuple[str | None, int | None, str | None, str | None]
"""A student's album number, USOS id, account number and PESEL's hash."""


def _fixed_values(connection: Connection, keys: Sequence[int], purpose: str) -> dict[int, Fixed]:
    number = and_(payment_account.c.student_id == student.c.id, payment_account.c.purpose == purpose)
    query = (
        select(student.c.id, student.c.album_number, person.c.usos_id, payment_account.c.nrb, person.c.pesel_hash)
        .select_from(student)
        .join(person)
        .outerjoin(payment_account, number)
    )
    return {
        row[0]: (row[1], row[2], row[3], row[4])
        for some in in_portions(keys)
        for row in connection.execute(query.where(student.c.id.in_(some)))
    }


def _known(owners: dict[int, set[str]], fixed: dict[int, Fixed]) -> list[KnownStudent]:
    return [KnownStudent(key, *fixed[key], frozenset(parts)) for key, parts in sorted(owners.items())]
