"""Connections kept open between calls; each is used by one thread at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, LifoQueue
from typing import TypeVar

from ldap3 import Connection

from estudent.adapters.ldap.connection import Access, drop, hang_up
from estudent.adapters.ldap.errors import OutOfReach
from estudent.adapters.ldap.servers import Line, Servers
from estudent.ports import Refused

Answer = TypeVar("Answer")


class Pool:
    """As many connections as threads ask at once; nothing is opened before it is needed."""

    def __init__(self, access: Access) -> None:
        self._servers = Servers(access)
        self._idle: LifoQueue[Line] = LifoQueue()

    def ask(self, question: Callable[[Connection], Answer]) -> Answer:
        """Return the answer; a question lost with its connection is asked once more, so it must bear repeating."""
        line = self._take()
        try:
            return self._use(line, question)
        except OutOfReach:
            self._servers.doubt(line)
            return self._use(self._servers.connect(), question)

    @contextmanager
    def lend(self) -> Iterator[Connection]:
        """Lend a connection; what became of a question lost with it is for the borrower to find out."""
        line = self._take()
        try:
            with self._kept(line):
                yield line.connection
        except OutOfReach:
            self._servers.doubt(line)
            raise

    def close(self) -> None:
        """Close all connections that nobody uses now."""
        while (line := self._idle_one()) is not None:
            hang_up(line.connection)

    def _take(self) -> Line:
        """Return a connection to the best server; those that were opened while it was away are given up."""
        while (line := self._idle_one()) is not None:
            if self._servers.is_best(line):
                return line
            hang_up(line.connection)
        return self._servers.connect()

    def _idle_one(self) -> Line | None:
        try:
            return self._idle.get_nowait()
        except Empty:
            return None

    def _use(self, line: Line, question: Callable[[Connection], Answer]) -> Answer:
        with self._kept(line):
            return question(line.connection)

    @contextmanager
    def _kept(self, line: Line) -> Iterator[None]:
        """Keep a connection for the next question, unless this one ends in a way that leaves it in doubt."""
        try:
            yield
        except Refused:
            self._idle.put(line)
            raise
        except BaseException:
            drop(line.connection)
            raise
        self._idle.put(line)
