"""Whose entries have changed since we last asked: content synchronization, refresh only (RFC 4533)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from ldap3 import Connection
from ldap3.core.results import RESULT_UNAVAILABLE_CRITICAL_EXTENSION, RESULT_UNWILLING_TO_PERFORM

from estudent.adapters.ldap import requests, wire
from estudent.adapters.ldap.answers import FINISHED, FOUND, controls_of, result_of, texts_found
from estudent.adapters.ldap.attributes import ALBUM
from estudent.adapters.ldap.ber import BOOLEAN, ENUMERATED, OCTETS, SEQUENCE, element, elements_in, number
from estudent.adapters.ldap.errors import Operation, meaning, speaking
from estudent.ports import EntryChanges

REQUEST, STATE, DONE = (f"1.3.6.1.4.1.4203.1.9.1.{at}" for at in (1, 2, 3))
REFRESH_ONLY = number(1, ENUMERATED)
NEW = (b"\x01", b"\x02")
"""The states of an entry that was added or modified."""

NOTHING = element(SEQUENCE, b"")
REFRESH_REQUIRED = 4096
STALE = (REFRESH_REQUIRED, RESULT_UNWILLING_TO_PERFORM)
"""The directory no longer knows what has changed since this cookie, or, restored from a backup, is older than it."""

CSN = "entryCSN"
"""When and where an entry was changed last; no two changes have the same."""


class Newest(NamedTuple):
    """The newest change of which the directory has told: its number and the id of the entry."""

    csn: str
    entry: str


def changes_since(connection: Connection, people: str, token: str) -> EntryChanges:
    """Return what has changed since a token was given; without one, everybody has.

    A token is the directory's cookie with the newest change known then. Where the directory has lost that, it was
    restored from an older backup; once somebody has written to it since, it does not see so by the cookie itself. A
    directory that keeps no account of changes gives no token.
    """
    cookie, _, rest = token.partition(" ")
    before = Newest(*rest.split()) if rest else None
    albums: set[str] = set()
    told: dict[str, Newest] = {}
    complete, last = True, b""
    with speaking(Operation.FIND):
        for last in wire.searched(connection, [_request(people, bytes.fromhex(cookie))]):
            if last[0] == FOUND:
                texts, (state, entry) = texts_found(last), _state(last)
                albums.update(texts.get(ALBUM, ()))
                told.update((entry, Newest(csn, entry)) for csn in texts.get(CSN, ()))
                complete = complete and state in NEW
            elif last[0] != FINISHED:
                # Ids alone: of those that are gone, or of all that are still there.
                complete = False
        if before and not (before.entry in told or _is_there(connection, people, before)):
            before, complete = None, False
        changes = _changes(last, bytes.fromhex(cookie), albums, complete)
    return _with_newest(changes, told.values(), before)


def _request(people: str, cookie: bytes) -> bytes:
    asked = requests.search(people, requests.has(ALBUM), [ALBUM, CSN])
    since = element(OCTETS, cookie) if cookie else b""
    return asked + requests.control(REQUEST, element(SEQUENCE, REFRESH_ONLY + since))


def _state(operation: bytes) -> tuple[bytes, str]:
    """Return why an entry was sent, and its id; a cookie may come after it."""
    (_, state), (_, entry), *_ = elements_in(controls_of(operation)[STATE])
    return state, entry.hex()


def _is_there(connection: Connection, people: str, change: Newest) -> bool:
    """Tell whether an entry is as this change left it."""
    search = requests.search(people, requests.is_any_of(CSN, [change.csn]), [ALBUM])
    return FOUND in {operation[0] for operation in wire.searched(connection, [search])}


def _changes(finished: bytes, before: bytes, albums: set[str], complete: bool) -> EntryChanges:
    result = result_of(finished)
    if result == RESULT_UNAVAILABLE_CRITICAL_EXTENSION or (before and result in STALE):
        return EntryChanges(frozenset(), "", complete=False)
    if result:
        raise meaning(result, Operation.FIND)
    told = dict(elements_in(controls_of(finished).get(DONE, NOTHING)))
    # Without this flag (refreshDeletes) all of whom nothing was said are gone, even if nothing was said of anybody.
    named_the_gone = any(told.get(BOOLEAN, b""))
    token = told.get(OCTETS, before).hex()
    return EntryChanges(frozenset(albums), token, complete and (named_the_gone or not before))


def _with_newest(changes: EntryChanges, told: Iterable[Newest], before: Newest | None) -> EntryChanges:
    newest = max([*told, *([before] if before else [])], default=None)
    return replace(changes, token=" ".join((changes.token, *newest))) if changes.token and newest else changes
