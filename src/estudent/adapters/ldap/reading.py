"""Searches in the directory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from ldap3 import BASE, DEREF_NEVER, LEVEL, Connection
from ldap3.core.results import RESULT_NO_SUCH_OBJECT

from estudent.adapters.ldap.attributes import ALBUM, READ, Found, texts
from estudent.adapters.ldap.errors import Operation, meaning, speaking

PAGE = 1000
PAGED_RESULTS = "1.2.840.113556.1.4.319"
ANYTHING = "(objectClass=*)"
NAMES = ("uid", "mail", "mailLocalAddress", "eduPersonPrincipalName")
"""By each of these a student may sign in; all are indexed and compared without regard to case."""


def with_albums(connection: Connection, people: str, digits: Sequence[str]) -> list[Found]:
    """Return the entries of these album numbers, looked up in one search."""
    condition = "".join(f"({ALBUM}={each})" for each in digits)
    return _search(connection, people, f"(|{condition})", LEVEL, READ)[0]


def all_with_albums(connection: Connection, people: str) -> Iterator[Found]:
    """Yield every entry that has an album number, page by page (RFC 2696), so that memory stays small."""
    cookie: bytes | None = None
    while cookie != b"":
        page, cookie = _search(connection, people, f"({ALBUM}=*)", LEVEL, READ, paged_size=PAGE, paged_cookie=cookie)
        yield from page


def uids_with_addresses(connection: Connection, people: str, addresses: Sequence[str]) -> list[str]:
    """Return the uids of the entries that hold one of these addresses."""
    condition = "".join(f"({name}={_literal(each)})" for each in addresses for name in ("mail", "mailLocalAddress"))
    found = _search(connection, people, f"(|{condition})", LEVEL, ["uid"])[0]
    return [uid.decode(errors="replace") for entry in found for uid in entry.get("uid", ())]


def with_names(connection: Connection, base: str, names: Sequence[str], attributes: Sequence[str]) -> list[Found]:
    """Return the entries that one of these user names, principal names or addresses is of."""
    condition = "".join(f"({attribute}={_literal(name)})" for name in names for attribute in NAMES)
    return _search(connection, base, f"(|{condition})", LEVEL, attributes)[0]


def with_user(connection: Connection, staff: str, user: str, attributes: Sequence[str]) -> list[Found]:
    """Return the entries of this user name."""
    return _search(connection, staff, f"(uid={_literal(user)})", LEVEL, attributes)[0]


def groups_with(connection: Connection, groups: str, member: str) -> list[str]:
    """Return the names of the groups to which an entry belongs."""
    found = _search(connection, groups, f"(&(objectClass=groupOfNames)(member={_literal(member)}))", LEVEL, ["cn"])[0]
    return [name for group in found for name in texts(group, "cn")]


def one(connection: Connection, name: str, attributes: Sequence[str]) -> Found | None:
    """Return these attributes of one entry, None when it is not there or not to be seen."""
    found = _search(connection, name, ANYTHING, BASE, attributes)[0]
    return found[0] if found else None


def _literal(value: str) -> str:
    """Escape a value in a search filter (RFC 4515, section 3), more of it than is needed."""
    return "".join(f"\\{byte:02x}" for byte in value.encode())


def _search(
    connection: Connection,
    base: str,
    condition: str,
    scope: Literal["BASE", "LEVEL"],
    attributes: Sequence[str],
    **paging: Any,
) -> tuple[list[Found], bytes]:
    """Return what was found and the cookie of the next page, empty on the last."""
    with speaking(Operation.FIND):
        _, result, response, _ = connection.search(
            base, condition, scope, dereference_aliases=DEREF_NEVER, attributes=list(attributes), **paging
        )
    if result["result"] and not (scope == BASE and result["result"] == RESULT_NO_SUCH_OBJECT):
        raise meaning(result["result"], Operation.FIND)
    page = result.get("controls", {}).get(PAGED_RESULTS, {}).get("value", {})
    found = [each["raw_attributes"] for each in response or () if each["type"] == "searchResEntry"]
    return found, page.get("cookie", b"")
