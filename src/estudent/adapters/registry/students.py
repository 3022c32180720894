"""Students as the services see them, gathered from the registry's tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, or_, select, true, update

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.tables import (
    account,
    address,
    mailbox,
    mailbox_parting,
    mailbox_rename,
    payment_account,
    person,
    student,
    study,
    usos_link,
)
from estudent.domain.album_number import AlbumNumber
from estudent.domain.lifecycle import Standing
from estudent.domain.mailbox_life import Leaving, Parting
from estudent.domain.mailbox_rename import Rename, RenameState
from estudent.domain.nrb import Nrb
from estudent.domain.person_name import PersonName
from estudent.domain.student import AccountState, Language, LinkState, MailboxState, Student
from estudent.domain.whom import Whom
from estudent.ports import NotFound

AT_ONCE = 1000
FORMER = "former"
"""The kind of an address that was a student's primary one, or is to be, and is an alias of the mailbox meanwhile."""
Item = TypeVar("Item")

VIEW = (
    select(
        student.c.id,
        student.c.album_number,
        student.c.language,
        student.c.standing,
        person.c.usos_id,
        person.c.given_name,
        person.c.middle_name,
        person.c.family_name,
        person.c.email,
        account.c.state.label("account_state"),
        mailbox.c.address,
        mailbox.c.state.label("mailbox_state"),
        mailbox.c.object_id,
        mailbox.c.looks,
        usos_link.c.email.label("usos_email"),
        usos_link.c.state.label("usos_state"),
        usos_link.c.asked_for,
        payment_account.c.nrb,
        mailbox_parting.c.state.label("parting_state"),
        mailbox_parting.c.since,
        mailbox_parting.c.reached,
        mailbox_parting.c.due,
        mailbox_rename.c.state.label("rename_state"),
        mailbox_rename.c.before,
        mailbox_rename.c.wanted,
        mailbox_rename.c.problem.label("rename_problem"),
    )
    .select_from(
        student.join(person)
        .join(account)
        .outerjoin(mailbox, mailbox.c.student_id == student.c.id)
        .outerjoin(usos_link, usos_link.c.student_id == student.c.id)
        .outerjoin(mailbox_parting, mailbox_parting.c.student_id == student.c.id)
        .outerjoin(mailbox_rename, mailbox_rename.c.student_id == student.c.id)
        .outerjoin(
            payment_account,
            and_(payment_account.c.student_id == student.c.id, payment_account.c.purpose == bindparam("purpose")),
        )
    )
    .order_by(student.c.id)
)


BY_ALBUM = VIEW.where(student.c.album_number == bindparam("album"))


class SqlStudents:
    """Port `Students` on the registry; the account number shown is the one for `purpose`."""

    def __init__(self, database: Database, clock: Callable[[], datetime], purpose: str) -> None:
        self.database, self.clock, self.purpose = database, clock, purpose

    def keys(self, whom: Whom) -> list[int]:
        """Return the registry's keys of the students meant, ascending."""
        query = select(student.c.id).where(meant(whom)).order_by(student.c.id)
        with self.database.reading() as connection:
            return list(connection.scalars(query))

    def load(self, keys: Sequence[int]) -> list[Student]:
        """Return the students of these keys, ascending."""
        with self.database.reading() as connection:
            return [
                each
                for some in in_portions(sorted(keys))
                for each in self._load(connection, VIEW.where(student.c.id.in_(some)))
            ]

    def _load(self, connection: Connection, query: Select[Any], **values: str) -> list[Student]:
        rows = connection.execute(query, {"purpose": self.purpose, **values}).all()
        former = former_addresses(connection, [row.id for row in rows if row.rename_state is not None])
        return [student_of(row, former.get(row.id, ())) for row in rows]

    def by_album(self, album: AlbumNumber) -> Student:
        """Return one student, or raise NotFound."""
        with self.database.reading() as connection:
            found = self._load(connection, BY_ALBUM, album=str(album))
        if not found:
            raise NotFound(f"no student has the album number {album}; look in `estudent rejections`")
        return found[0]

    def observe_activations(self, keys: Sequence[int]) -> None:
        """Note that the directory was seen to let these students in, so they have activated their accounts."""
        command = update(account).values(state=AccountState.ACTIVE.value)
        if keys:
            with self.database.writing() as connection:
                for some in in_portions(keys):
                    connection.execute(command.where(account.c.student_id.in_(some)))

    def observe_entries(self, keys: Sequence[int]) -> None:
        """Note that the directory was seen to hold these students' entries."""
        command = update(account).where(account.c.entry_seen_at.is_(None)).values(entry_seen_at=self.clock())
        with self.database.writing() as connection:
            for some in in_portions(keys):
                connection.execute(command.where(account.c.student_id.in_(some)))


def meant(whom: Whom) -> ColumnElement[bool]:
    """Return the condition on `student` under which somebody is meant; without an album number nobody is."""
    numbered = student.c.album_number.is_not(None)
    if whom.everyone:
        return numbered
    takes_it = select(study.c.id).where(study.c.student_id == student.c.id, study.c.programme == whom.programme)
    chosen: list[ColumnElement[bool]] = [takes_it.exists()] if whom.programme else []
    if whom.albums:
        chosen.append(student.c.album_number.in_([str(album) for album in whom.albums]))
    return and_(numbered, or_(*chosen) if chosen else true())


def in_portions(items: Sequence[Item], size: int = AT_ONCE) -> Iterator[list[Item]]:
    """Yield the items in lists of at most `size`."""
    stream = iter(items)
    while portion := list(islice(stream, size)):
        yield portion


def former_addresses(connection: Connection, keys: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Return the other primary addresses of those who were ever renamed; few are, and only they are asked about."""
    if not keys:
        return {}
    theirs = (address.c.student_id.in_(keys), address.c.kind == FORMER)
    query = select(address.c.student_id, address.c.address).where(*theirs).order_by(address.c.address)
    former: dict[int, tuple[str, ...]] = {}
    for key, each in connection.execute(query):
        former[key] = (*former.get(key, ()), each)
    return former


# A look into a table is five times as fast as a call of the enumeration, and each student needs three.
LANGUAGES = {each.value: each for each in Language}
STANDINGS = {each.value: each for each in Standing}
ACCOUNT_STATES = {each.value: each for each in AccountState}


def student_of(row: Any, former: tuple[str, ...] = ()) -> Student:
    """Return the student of a row of `VIEW`."""
    parting = row.parting_state and Parting(Leaving(row.parting_state), row.since, row.reached, row.due)
    rename = row.rename_state and Rename(RenameState(row.rename_state), row.before, row.wanted, row.rename_problem)
    return Student(
        key=row.id,
        album=AlbumNumber(row.album_number),
        name=PersonName(row.family_name, row.given_name, row.middle_name),
        email=row.email,
        language=LANGUAGES[row.language],
        standing=STANDINGS[row.standing],
        account=ACCOUNT_STATES[row.account_state],
        usos_id=row.usos_id,
        mailbox=row.address,
        mailbox_state=MailboxState(row.mailbox_state) if row.mailbox_state else None,
        mailbox_id=row.object_id,
        mailbox_looks=row.looks or 0,
        usos_email=row.usos_email,
        usos_state=LinkState(row.usos_state) if row.usos_state else None,
        usos_asked=row.asked_for,
        account_number=Nrb(row.nrb) if row.nrb else None,
        former=former,
        parting=parting,
        rename=rename,
    )
