"""The part of `$filter` that the directory is asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from sandbox.microsoft365.refusal import Refusal, unsupported_query
from sandbox.microsoft365.tenant import Tenant
from sandbox.microsoft365.user import User

TEXT = r"'((?:[^']|'')*)'"
EQUAL = re.compile(rf"(\w+) eq {TEXT}")
AMONG = re.compile(rf"(\w+) in \(\s*({TEXT}(?:\s*,\s*{TEXT})*)\s*\)")
STARTS = re.compile(rf"startswith\((\w+),\s*{TEXT}\)", re.IGNORECASE)
ANY = re.compile(rf"proxyAddresses/any\((\w+):\s*\1 eq {TEXT}\)")
ENABLED = re.compile(r"accountEnabled eq (true|false)")
KINDS = {"employeeId": "employee", "userPrincipalName": "upn"}
STRINGS = {*KINDS, "mail", "displayName", "givenName", "surname", "mailNickname", "employeeType"}
MOST_VALUES = 15

Choice = Callable[[Tenant | None, Iterable[User]], Iterable[User]]
"""Picks from the users at hand; given a tenant, through its index, which knows nobody in the bin."""


def parse(text: str, advanced: bool) -> Choice:
    """Return what picks the users that match; `advanced` is ConsistencyLevel: eventual with $count=true."""
    if found := EQUAL.fullmatch(text):
        return _equal(found[1], [_plain(found[2])])
    if found := AMONG.fullmatch(text):
        return _equal(found[1], _values(found[2]))
    if found := STARTS.fullmatch(text):
        return _starting(found[1], _plain(found[2]).lower())
    if found := ENABLED.fullmatch(text):
        return _enabled(found[1] == "true")
    if found := ANY.fullmatch(text):
        return _address(_plain(found[2]), advanced)
    raise Refusal(400, "BadRequest", f"Invalid filter clause: the stand-in does not know {text!r}.")


def _values(text: str) -> list[str]:
    """Return the values of `in`, at most fifteen."""
    values = [_plain(each) for each in re.findall(TEXT, text)]
    if len(values) > MOST_VALUES:
        message = "Too many child clauses specified in search filter expression containing 'OR' operators"
        raise unsupported_query(f"{message}: {len(values)}. Max allowed: {MOST_VALUES}.")
    return values


def _plain(literal: str) -> str:
    """Undo OData's doubling of quotes."""
    return literal.replace("''", "'")


def _equal(name: str, values: list[str]) -> Choice:
    """Pick by equality in any case of letters, through the index where there is one."""
    _check_filterable(name)
    wanted = {value.lower() for value in values}

    def choose(tenant: Tenant | None, users: Iterable[User]) -> Iterable[User]:
        if tenant and name in KINDS:
            return _line(each for value in wanted for each in tenant.holders(KINDS[name], value))
        return (user for user in users if str(user.property(name) or "").lower() in wanted)

    return choose


def _line(users: Iterable[User]) -> list[User]:
    """Return the users oldest first."""
    return sorted(users, key=lambda user: user.number)


def _starting(name: str, prefix: str) -> Choice:
    """Pick by the beginning of a property."""
    _check_filterable(name)
    return lambda _, users: (user for user in users if str(user.property(name) or "").lower().startswith(prefix))


def _enabled(wanted: bool) -> Choice:
    """Pick those who may, or may not, sign in."""
    return lambda _, users: (user for user in users if user.property("accountEnabled") is wanted)


def _address(value: str, advanced: bool) -> Choice:
    """Pick the holder of an address, which only an advanced query may ask."""
    if not advanced:
        raise unsupported_query()
    prefix, _, address = value.rpartition(":")
    if prefix.lower() != "smtp":
        return lambda _, __: ()

    def choose(tenant: Tenant | None, users: Iterable[User]) -> Iterable[User]:
        return [each for each in (tenant.holders("address", address) if tenant else users) if _has(each, address)]

    return choose


def _has(user: User, address: str) -> bool:
    """Say whether the address is among proxyAddresses, and not only the name."""
    return address.lower() in (each[5:].lower() for each in user.addresses)


def _check_filterable(name: str) -> None:
    """Refuse to filter by what the directory has no index for."""
    if name not in STRINGS:
        raise Refusal(400, "BadRequest", f"Unsupported or invalid query filter clause specified for property '{name}'.")
