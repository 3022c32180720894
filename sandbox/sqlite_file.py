"""The SQLite file of a stand-in: what it answered for outlives the process, though not a power cut."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def open_sqlite(file: Path, schema: str) -> sqlite3.Connection:
    """Open the file, with the tables of `schema`; every statement is committed by itself."""
    file.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(file, isolation_level=None)
    db.row_factory = sqlite3.Row
    db.execute("pragma journal_mode = wal")
    db.execute("pragma synchronous = off")
    db.executescript(schema)
    return db
