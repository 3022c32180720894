"""Whose entries have changed since we last asked: content synchronization, refresh only (RFC 4533)."""

from __future__ import annotations

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
NEW = ((ENUMERATED, b"\x01"), (ENUMERATED, b"\x02"))
"""The states of an entry that was added or modified."""

NOTHING = element(SEQUENCE, b"")
REFRESH_REQUIRED = 4096
STALE = (REFRESH_REQUIRED, RESULT_UNWILLING_TO_PERFORM)
"""The directory no longer knows what has changed since this cookie, or, restored from a backup, is older than it."""


def changes_since(connection: Connection, people: str, token: str) -> EntryChanges:
    """Return what has changed since a token was given, the directory's cookie; without one, everybody has.

    A directory that does not keep account of changes gives no token, and whoever is asked about may have changed.
    """
    cookie = bytes.fromhex(token)
    albums: set[str] = set()
    complete, last = True, b""
    with speaking(Operation.FIND):
        for last in wire.searched(connection, [_request(people, cookie)]):
            if last[0] == FOUND:
                albums.update(texts_found(last).get(ALBUM, ()))
                complete = complete and _state(last) in NEW
            elif last[0] != FINISHED:
                # Ids alone: of those that are gone, or of all that are still there.
                complete = False
        return _changes(last, cookie, albums, complete)


def _request(people: str, cookie: bytes) -> bytes:
    asked = requests.search(people, requests.has(ALBUM), [ALBUM])
    since = element(OCTETS, cookie) if cookie else b""
    return asked + requests.control(REQUEST, element(SEQUENCE, REFRESH_ONLY + since))


def _state(operation: bytes) -> tuple[int, bytes]:
    """Return why an entry was sent; its id and a cookie come after it."""
    return next(elements_in(controls_of(operation)[STATE]))


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
