"""Documents that outlive the process: one SQLite table of JSON."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]


class Shelf:
    """Keeps documents by kind and key; what `put` returned from survives kill -9, though not a power cut."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(folder / "microsoft365.sqlite", timeout=1.0, isolation_level=None)
        # One process at a time: the tenant is held in memory, so a second one would not see this one's changes.
        self._database.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=OFF")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS document (kind TEXT, key TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, key))"
        )

    def put(self, kind: str, key: str, document: Json) -> None:
        """Keep the document in place of what the key held."""
        body = json.dumps(document, ensure_ascii=False)
        self._database.execute("INSERT OR REPLACE INTO document VALUES (?, ?, ?)", (kind, key, body))

    def get(self, kind: str, key: str) -> Json | None:
        """Return the document, or None."""
        query = "SELECT body FROM document WHERE kind = ? AND key = ?"
        row = self._database.execute(query, (kind, key)).fetchone()
        return None if row is None else json.loads(row[0])

    def all(self, kind: str) -> Iterator[Json]:
        """Yield every document of the kind, in no order."""
        for (body,) in self._database.execute("SELECT body FROM document WHERE kind = ?", (kind,)):
            yield json.loads(body)

    def close(self) -> None:
        """Write what is in the log into the file."""
        self._database.close()
