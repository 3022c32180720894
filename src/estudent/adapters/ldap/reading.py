"""Searches in the directory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from ldap3 import BASE, DEREF_NEVER, LEVEL, Connection
from ldap3.core.results import RESULT_NO_SUCH_OBJECT

from estudent.adapters.ldap import requests, wire
from estudent.adapters.ldap.answers import FINISHED, FOUND, result_of
from estudent.adapters.ldap.attributes import ALBUM, READ, Found, texts
from estudent.adapters.ldap.errors import Operation, meaning, speaking

OF_ONE_SEARCH = 50
"""How many album numbers one search asks for: slapd compares each entry with all of them."""

ANYTHING = "(objectClass=*)"
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
    condition = "".join(f"({name}={_literal(each)})" for each in addresses for name in ("mail", "mailLocalAddress"))
    found = _search(connection, people, f"(|{condition})", LEVEL, ["uid"])
    return [uid.decode(errors="replace") for entry in found for uid in entry.get("uid", ())]


def with_names(connection: Connection, base: str, names: Sequence[str], attributes: Sequence[str]) -> list[Found]:
    """Return the entries that one of these user names, principal names or addresses is of."""
    condition = "".join(f"({attribute}={_literal(name)})" for name in names for attribute in NAMES)
    return _search(connection, base, f"(|{condition})", LEVEL, attributes)


def with_user(connection: Connection, staff: str, user: str, attributes: Sequence[str]) -> list[Found]:
    """Return the entries of this user name."""
    return _search(connection, staff, f"(uid={_literal(user)})", LEVEL, attributes)


def groups_with(connection: Connection, groups: str, member: str) -> list[str]:
    """Return the names of the groups to which an entry belongs."""
    found = _search(connection, groups, f"(&(objectClass=groupOfNames)(member={_literal(member)}))", LEVEL, ["cn"])
    return [name for group in found for name in texts(group, "cn")]


def one(connection: Connection, name: str, attributes: Sequence[str]) -> Found | None:
    """Return these attributes of one entry, None when it is not there or not to be seen."""
    found = _search(connection, name, ANYTHING, BASE, attributes)
    return found[0] if found else None


def _literal(value: str) -> str:
    """Escape a value in a search filter (RFC 4515, section 3), more of it than is needed."""
    return "".join(f"\\{byte:02x}" for byte in value.encode())


def _stream(connection: Connection, searches: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what these searches find, in the order in which the directory answers."""
    with speaking(Operation.FIND):
        for operation in wire.searched(connection, searches):
            if operation[0] == FOUND:
                yield operation
            elif operation[0] == FINISHED:
                _see_result(result_of(operation))


def _see_result(result: int) -> None:
    if result:
        raise meaning(result, Operation.FIND)


def _search(
    connection: Connection,
    base: str,
    condition: str,
    scope: Literal["BASE", "LEVEL"],
    attributes: Sequence[str],
) -> list[Found]:
    """Return what was found."""
    with speaking(Operation.FIND):
        _, result, response, _ = connection.search(
            base, condition, scope, dereference_aliases=DEREF_NEVER, attributes=list(attributes)
        )
    if not (scope == BASE and result["result"] == RESULT_NO_SUCH_OBJECT):
        _see_result(result["result"])
    return [each["raw_attributes"] for each in response or () if each["type"] == "searchResEntry"]
