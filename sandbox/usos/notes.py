"""What the stand-in remembers of itself: its clock, and when it migrated."""

from __future__ import annotations

import json
import sqlite3
from typing import Any


class Notes:
    """Small documents by kind and key."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def get(self, kind: str, key: str) -> dict[str, Any] | None:
        """Return a document, or None."""
        row = self._db.execute("select body from notes where kind = ? and key = ?", (kind, key)).fetchone()
        return None if row is None else json.loads(row["body"])

    def put(self, kind: str, key: str, document: dict[str, Any]) -> None:
        """Keep a document in place of what the key held."""
        self._db.execute("insert or replace into notes values (?, ?, ?)", (kind, key, json.dumps(document)))
