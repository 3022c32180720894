"""Of whom the directory was seen to hold the very entry that is wanted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.students import former_addresses, in_portions, meant
from estudent.adapters.registry.tables import account, mailbox, mailbox_rename, person, student
from estudent.domain.album_number import AlbumNumber
from estudent.domain.directory_entry import basis_of
from estudent.domain.student import Student
from estudent.domain.whom import Whom

ROWS_AT_ONCE = 5000
SIZE = 16

BASES = (
    select(
        account.c.student_id,
        account.c.entry_hash,
        mailbox_rename.c.student_id.label("renamed"),
        student.c.album_number,
        person.c.family_name,
        person.c.given_name,
        person.c.middle_name,
        student.c.language,
        student.c.standing,
        account.c.state,
        mailbox.c.address,
        mailbox.c.state,
    )
    .select_from(
        student.join(person)
        .join(account)
        .outerjoin(mailbox, mailbox.c.student_id == student.c.id)
        .outerjoin(mailbox_rename, mailbox_rename.c.student_id == student.c.id)
    )
    .where(meant(Whom()))
    .order_by(student.c.id)
)
"""What `domain.directory_entry.basis_of` is made of, in its order, but for the domain and former addresses."""


class SqlEntriesSeen:
    """Port `EntriesSeen` on the registry; of an entry that was as wanted the hash of its basis is kept."""

    def __init__(self, database: Database, domain: str) -> None:
        self.database, self.domain = database, domain

    def unsettled(self) -> list[int]:
        """Return the keys, ascending, of those of whom it was not yet, or of whom another entry is wanted since."""
        with self.database.reading() as connection:
            rows = connection.execute(BASES, execution_options={"yield_per": ROWS_AT_ONCE})
            return [key for some in rows.partitions() for key in self._unsettled(connection, some)]

    def settle(self, looked_at: Sequence[Student], otherwise: Collection[AlbumNumber]) -> None:
        """Note that it was, but for those whose entries are otherwise than wanted, or not there."""
        hashes = {
            each.key: None if each.album in otherwise else _hash(basis_of(each, self.domain)) for each in looked_at
        }
        changed = [{"key": key, "seen": hashes[key]} for key in sorted(self._changed(hashes))]
        if changed:
            command = (
                update(account).where(account.c.student_id == bindparam("key")).values(entry_hash=bindparam("seen"))
            )
            with self.database.writing() as connection:
                connection.execute(command, changed)

    def owners(self, albums: Collection[str]) -> list[int]:
        """Return who has these album numbers, ascending; others' numbers are nobody's."""
        query = select(student.c.id)
        with self.database.reading() as connection:
            return sorted(
                key
                for some in in_portions(sorted(albums))
                for key in connection.scalars(query.where(student.c.album_number.in_(some)))
            )

    def _unsettled(self, connection: Connection, rows: Sequence[Any]) -> Iterator[int]:
        former = former_addresses(connection, [row.student_id for row in rows if row.renamed is not None])
        for key, seen, _, *basis in rows:
            if seen != _hash((self.domain, *basis, *former.get(key, ()))):
                yield key

    def _changed(self, hashes: dict[int, bytes | None]) -> Iterator[int]:
        """Yield the keys under which something else is stored: most of a night's hashes are there already."""
        query = select(account.c.student_id, account.c.entry_hash)
        with self.database.reading() as connection:
            for some in in_portions(sorted(hashes)):
                for key, seen in connection.execute(query.where(account.c.student_id.in_(some))):
                    if seen != hashes[key]:
                        yield key


def _hash(basis: tuple[str | None, ...]) -> bytes:
    return blake2b(repr(basis).encode(), digest_size=SIZE).digest()
