"""Which server to talk to: the first of those in order of preference, unless it is away."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from ldap3 import Connection

from estudent.adapters.ldap.connection import Access, connect_to
from estudent.adapters.ldap.errors import OutOfReach
from estudent.ports import Misconfigured

AWAY = 15.0
"""For how many seconds a server that did not answer is passed over."""

SHORT = 1
"""For how many seconds a server is waited for that was away, or whose connection broke, while there is another."""


@dataclass(frozen=True, slots=True)
class Line:
    """A connection, and to which server."""

    uri: str
    connection: Connection


class Servers:
    """Opens connections to the most preferred server that answers, and knows when to return to a better one.

    Changes belong on one server, the first, since each compares names that must be unique with its own entries only.
    """

    def __init__(self, access: Access, clock: Callable[[], float] = time.monotonic) -> None:
        self._access, self._clock = access, clock
        # Servers that were found away, and until when they are passed over.
        self._away: dict[str, float] = {}

    def connect(self) -> Line:
        """Return a bound connection to the first server that answers; those found away lately are tried last."""
        if not self._access.uris:
            raise Misconfigured("ESTUDENT_DIRECTORY__URIS names no server")
        *others, last = sorted(self._access.uris, key=self._is_passed_over)
        for uri in others:
            with suppress(OutOfReach):
                return self._connect_to(uri)
        return self._connect_to(last)

    def doubt(self, line: Line) -> None:
        """Note that a connection broke: its server is tried again, but not waited for long."""
        self._away.setdefault(line.uri, self._clock())

    def is_best(self, line: Line) -> bool:
        """Tell whether no server that comes before this one is worth a try."""
        uris = self._access.uris
        return all(self._is_passed_over(uri) for uri in uris[: uris.index(line.uri)])

    def _is_passed_over(self, uri: str) -> bool:
        return self._away.get(uri, self._clock()) > self._clock()

    def _connect_to(self, uri: str) -> Line:
        access = self._access
        if uri in self._away and len(access.uris) > 1:
            access = replace(access, connect_seconds=min(SHORT, access.connect_seconds))
            # One thread tries; the others pass the server over meanwhile.
            self._away[uri] = self._clock() + AWAY
        try:
            line = Line(uri, connect_to(uri, access))
        except OutOfReach:
            self._away[uri] = self._clock() + AWAY
            raise
        self._away.pop(uri, None)
        return line
