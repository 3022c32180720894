"""Which nonces were used, and how many calls ended how."""

from __future__ import annotations

import sqlite3
from typing import Any

REMEMBERED = 900  # seconds; a nonce older than the allowed age of a timestamp can be forgotten


class Ledger:
    """The tables of nonces and of calls."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def use(self, nonce: str, timestamp: int) -> bool:
        """Remember a nonce; False if it was used with this timestamp before (RFC 5849, 3.3)."""
        self._db.execute("delete from nonces where timestamp < ?", (timestamp - REMEMBERED,))
        return self._db.execute("insert or ignore into nonces values (?, ?)", (timestamp, nonce)).rowcount == 1

    def count(self, method: str, status: int) -> None:
        """Count a call by how it ended."""
        self._db.execute(
            "insert into requests values (?, ?, 1) on conflict do update set count = count + 1", (method, status)
        )

    def counted(self) -> dict[str, Any]:
        """Return the counts: in all, by method, by status."""
        by_method: dict[str, int] = {}
        by_status: dict[str, int] = {}
        for method, status, count in self._db.execute("select * from requests"):
            by_method[method] = by_method.get(method, 0) + count
            by_status[str(status)] = by_status.get(str(status), 0) + count
        return {"total": sum(by_method.values()), "by_method": by_method, "by_status": by_status}
