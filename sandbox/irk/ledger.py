"""How requests ended, and why the last of them were refused."""

from __future__ import annotations

import re
import sqlite3
import time
from datetime import UTC, datetime
from typing import Any

KEPT = 200


class Ledger:
    """The tables of requests and refusals."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def count(self, path: str, status: int, why: str) -> None:
        """Count a request by its path, without numbers, and how it ended; a refusal is kept with its reason."""
        path = re.sub(r"\d+", "{id}", path)
        self._db.execute(
            "insert into requests values (?, ?, 1) on conflict do update set count = count + 1", (path, status)
        )
        if status != 200 or why:
            self._db.execute(
                "insert into refusals (at, path, status, why) values (?, ?, ?, ?)", (time.time(), path, status, why)
            )
            self._db.execute("delete from refusals where id <= (select max(id) from refusals) - ?", (KEPT,))

    def counted(self) -> dict[str, Any]:
        """Return the counts: in all, by path, by status."""
        by_path: dict[str, int] = {}
        by_status: dict[str, int] = {}
        for path, status, count in self._db.execute("select * from requests"):
            by_path[path] = by_path.get(path, 0) + count
            by_status[str(status)] = by_status.get(str(status), 0) + count
        return {"total": sum(by_path.values()), "by_path": by_path, "by_status": by_status}

    def refused(self) -> list[dict[str, Any]]:
        """Return the last refusals, newest first."""
        rows = self._db.execute("select at, path, status, why from refusals order by id desc")
        return [{**dict(row), "at": f"{datetime.fromtimestamp(row['at'], UTC):%H:%M:%S}"} for row in rows]
