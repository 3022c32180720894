"""Telling by its bytes that an entry is exactly as wanted: to decode all that is unchanged would take longer."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from operator import attrgetter

from estudent.adapters.ldap.answers import entry_found, parted
from estudent.adapters.ldap.attributes import ADDRESSES, ALBUM, FIELDS, lock_values
from estudent.adapters.ldap.requests import attribute
from estudent.domain.directory_entry import Entry
from estudent.domain.plan import Lock

SEVERAL = ("affiliations", "scoped_affiliations", *ADDRESSES)
ONE = {"album.digits": (ALBUM,), **{field: names for field, names in FIELDS.items() if field not in SEVERAL}}

ones_of = attrgetter(*(field for field, names in ONE.items() for _ in names))


class Heads(dict[int, bytes]):
    """What comes before an attribute's only value, by the value's length in bytes; where that is 0, nothing is sent."""

    def __init__(self, name: str) -> None:
        super().__init__({0: b""})
        self.name = name

    def __missing__(self, size: int) -> bytes:
        value = "x" * size
        self[size] = head = attribute(self.name, [value]).removesuffix(value.encode())
        return head


HEADS = [Heads(name) for names in ONE.values() for name in names]
OF_AFFILIATION, OF_SCOPED_AFFILIATION, OF_MAIL, OF_LOCAL_ADDRESS = (Heads(*FIELDS[field]) for field in SEVERAL)


class Likeness:
    """The entries that are wanted of some students, to be held beside what is found."""

    def __init__(self, wanted: Iterable[Entry]) -> None:
        self._wanted = {f"uid={entry.album.login}".encode(): entry for entry in wanted}

    def of(self, operation: bytes) -> Entry | None:
        """Return the wanted entry that a found one equals in all that is read, None where it may differ from it."""
        if not self._wanted:
            return None
        name, found = entry_found(operation)
        wanted = self._wanted.get(name.partition(b",")[0])
        return wanted if wanted and _is_as_wanted(found, wanted) else None


def _is_as_wanted(found: bytes, wanted: Entry) -> bool:
    """Tell whether these are the attributes of a wanted entry; in the order in which most have them it is quick."""
    try:
        attributes = encoded(wanted)
    except UnicodeEncodeError:
        # What UTF-8 cannot hold is never found.
        return False
    return found == b"".join(attributes) or set(parted(found)) == set(filter(None, attributes))


def encoded(entry: Entry) -> list[bytes]:
    """Return the attributes that are read of an entry as the directory sends those of a new one; some are empty."""
    return [
        *[heads[len(value)] + value for heads, value in zip(HEADS, map(str.encode, ones_of(entry)), strict=True)],
        _alike(OF_AFFILIATION.name, entry.affiliations),
        _alike(OF_SCOPED_AFFILIATION.name, entry.scoped_affiliations),
        *_lock(entry.lock),
        _several(OF_MAIL, entry.mail),
        _several(OF_LOCAL_ADDRESS, entry.local_addresses),
    ]


def _several(heads: Heads, values: tuple[str, ...]) -> bytes:
    if len(values) == 1:
        value = values[0].encode()
        return heads[len(value)] + value
    return attribute(heads.name, values) if values else b""


# The affiliations are the same of nearly all students.
@lru_cache(64)
def _alike(name: str, values: tuple[str, ...]) -> bytes:
    return attribute(name, values) if values else b""


@lru_cache
def _lock(lock: Lock) -> tuple[bytes, ...]:
    return tuple(attribute(name, values) for name, values in lock_values(lock).items() if values)
