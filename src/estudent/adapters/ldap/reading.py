"""Searches in the directory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ldap3 import Connection
from ldap3.core.results import RESULT_NO_SUCH_OBJECT, RESULT_SUCCESS

from estudent.adapters.ldap import requests, wire
from estudent.adapters.ldap.answers import FINISHED, FOUND, result_of, values_found
from estudent.adapters.ldap.attributes import ALBUM, READ, Found, texts
from estudent.adapters.ldap.errors import Operation, meaning, speaking

OF_ONE_SEARCH = 50
"""How many album numbers one search asks for: slapd compares each entry with all of them."""

ANYTHING = requests.has("objectClass")
NAMES = ("uid", "mail", "mailLocalAddress", "eduPersonPrincipalName")
"""By each of these a student may sign in; all are indexed and compared without regard to case."""


def with_albums(connection: Connection, people: str, digits: Sequence[str]) -> Iterator[bytes]:
    """Yield the entries of these album numbers as they come, looked up by several searches at once."""
    parts = (digits[at : at + OF_ONE_SEARCH] for at in range(0, len(digits), OF_ONE_SEARCH))
    return _stream(connection, [requests.search(people, requests.is_any_of(ALBUM, part), READ) for part in parts])


def all_with_albums(connection: Connection, people: str) -> Iterator[bytes]:
    """Yield every entry that has an album number as it comes, so that memory stays small."""
    return _stream(connection, [requests.search(people, requests.has(ALBUM), READ)])


def uids_with_addresses(connection: Connection, people: str, addresses: Sequence[str]) -> list[str]:
    """Return the uids of the entries that hold one of these addresses."""
    holds = requests.any_of(requests.equals(name, each) for each in addresses for name in ("mail", "mailLocalAddress"))
    return [uid for entry in _found(connection, people, holds, ["uid"]) for uid in texts(entry, "uid")]


def with_names(connection: Connection, base: str, names: Sequence[str], attributes: Sequence[str]) -> list[Found]:
    """Return the entries that one of these user names, principal names or addresses is of."""
    bears = requests.any_of(requests.equals(attribute, name) for name in names for attribute in NAMES)
    return _found(connection, base, bears, attributes)


def with_user(connection: Connection, staff: str, user: str, attributes: Sequence[str]) -> list[Found]:
    """Return the entries of this user name."""
    return _found(connection, staff, requests.equals("uid", user), attributes)


def groups_with(connection: Connection, groups: str, member: str) -> list[str]:
    """Return the names of the groups to which an entry belongs."""
    theirs = requests.all_of([requests.equals("objectClass", "groupOfNames"), requests.equals("member", member)])
    return [name for group in _found(connection, groups, theirs, ["cn"]) for name in texts(group, "cn")]


def one(connection: Connection, name: str, attributes: Sequence[str]) -> Found | None:
    """Return these attributes of one entry, None when it is not there or not to be seen."""
    itself = requests.search(name, ANYTHING, attributes, requests.BASE)
    return next(iter(_read(connection, itself, attributes, forgiven=RESULT_NO_SUCH_OBJECT)), None)


def _found(connection: Connection, base: str, condition: bytes, attributes: Sequence[str]) -> list[Found]:
    """Return what was found right below `base`."""
    return _read(connection, requests.search(base, condition, attributes), attributes)


def _read(
    connection: Connection, search: bytes, attributes: Sequence[str], forgiven: int = RESULT_SUCCESS
) -> list[Found]:
    """Return what one search finds, each attribute as we spelt it: to the directory, case is all the same."""
    asked = {name.casefold(): name for name in attributes}
    with speaking(Operation.FIND):
        found = [values_found(operation) for operation in _stream(connection, [search], forgiven)]
    return [{asked.get(name.casefold(), name): values for name, values in each.items()} for each in found]


def _stream(connection: Connection, searches: Iterable[bytes], forgiven: int = RESULT_SUCCESS) -> Iterator[bytes]:
    """Yield what these searches find, in the order in which the directory answers; one result is no failure."""
    with speaking(Operation.FIND):
        for operation in wire.searched(connection, searches):
            if operation[0] == FOUND:
                yield operation
            elif operation[0] == FINISHED and (result := result_of(operation)) not in (RESULT_SUCCESS, forgiven):
                raise meaning(result, Operation.FIND)
