"""Connections kept open between calls; each is used by one thread at a time."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, LifoQueue
from typing import TypeVar

from ldap3 import Connection

from estudent.adapters.ldap.connection import Access, connect, drop, hang_up
from estudent.adapters.ldap.errors import OutOfReach
from estudent.ports import Refused

Answer = TypeVar("Answer")


class Pool:
    """As many connections as threads ask at once; nothing is opened before it is needed."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._idle: LifoQueue[Connection] = LifoQueue()

    def ask(self, question: Callable[[Connection], Answer]) -> Answer:
        """Return the answer; a question lost with its connection is asked once more, so it must bear repeating."""
        connection = self._take()
        try:
            return self._use(connection, question)
        except OutOfReach:
            return self._use(connect(self._access), question)

    def close(self) -> None:
        """Close all connections that nobody uses now."""
        while (connection := self._idle_one()) is not None:
            hang_up(connection)

    def _take(self) -> Connection:
        return self._idle_one() or connect(self._access)

    def _idle_one(self) -> Connection | None:
        try:
            return self._idle.get_nowait()
        except Empty:
            return None

    def _use(self, connection: Connection, question: Callable[[Connection], Answer]) -> Answer:
        try:
            answer = question(connection)
        except Refused:
            self._idle.put(connection)
            raise
        except BaseException:
            drop(connection)
            raise
        self._idle.put(connection)
        return answer
