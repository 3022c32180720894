"""Telling by its bytes that an entry is exactly as wanted: to decode all that is unchanged would take longer."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from operator import attrgetter

from estudent.adapters.ldap.answers import attributes_found
from estudent.adapters.ldap.attributes import ALBUM, FIELDS, lock_values
from estudent.adapters.ldap.requests import attribute
from estudent.domain.directory_entry import Entry
from estudent.domain.plan import Lock

SEVERAL = ("mail", "local_addresses", "affiliations", "scoped_affiliations")
ONE = tuple((field, name) for field, names in FIELDS.items() if field not in SEVERAL for name in names)
NAMES_OF_ONE = tuple(name for _, name in ONE)
NAMES_OF_SEVERAL = tuple(name for field in SEVERAL for name in FIELDS[field])

one_of = attrgetter(*(field for field, _ in ONE))
several_of = attrgetter(*SEVERAL)


class Likeness:
    """The entries that are wanted of some students, to be held beside what is found."""

    def __init__(self, wanted: Iterable[Entry]) -> None:
        self._wanted = {_one(ALBUM, entry.album.digits): entry for entry in wanted}

    def of(self, operation: bytes) -> Entry | None:
        """Return the wanted entry that a found one equals in all that is read, None where it may differ from it."""
        if not self._wanted:
            return None
        found = attributes_found(operation)
        wanted = next(filter(None, map(self._wanted.get, found)), None)
        # What UTF-8 cannot hold is never found.
        with suppress(UnicodeEncodeError):
            return wanted if wanted and set(found) == encoded(wanted) else None
        return None


def encoded(entry: Entry) -> set[bytes]:
    """Return the attributes that are read of an entry, as the directory sends them when it is as wanted."""
    found = {_one(name, value) for name, value in zip(NAMES_OF_ONE, one_of(entry), strict=True) if value}
    found.update([_several(name, values) for name, values in zip(NAMES_OF_SEVERAL, several_of(entry), strict=True)])
    found |= _lock(entry.lock)
    found.add(_one(ALBUM, entry.album.digits))
    found.discard(b"")
    return found


def _one(name: str, value: str) -> bytes:
    content = value.encode()
    return _head(name, len(content)) + content


@lru_cache(4096)
def _head(name: str, size: int) -> bytes:
    """Return what comes before the only value of an attribute, which is so many bytes long."""
    return attribute(name, ["x" * size]).removesuffix(b"x" * size)


def _several(name: str, values: tuple[str, ...]) -> bytes:
    if len(values) == 1:
        return _one(name, values[0])
    return _listed(name, values) if values else b""


# The affiliations are the same of nearly all students.
@lru_cache(64)
def _listed(name: str, values: tuple[str, ...]) -> bytes:
    return attribute(name, values)


@lru_cache
def _lock(lock: Lock) -> frozenset[bytes]:
    return frozenset(attribute(name, values) for name, values in lock_values(lock).items() if values)
