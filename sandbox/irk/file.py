"""The tables of the stand-in."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sandbox.sqlite_file import open_sqlite

SCHEMA = """
create table if not exists applicants (
    id integer primary key,
    record text not null,    -- what was entered last
    shown text,              -- what the API knows of it; null before the first
    modified real not null,  -- when it was entered, in seconds of Unix
    visible real not null);  -- from when on the API knows it
create table if not exists applications (
    id integer primary key, record text not null, shown text, modified real not null, visible real not null);
create index if not exists applicants_to_come on applicants (visible) where shown is not record;
create index if not exists applications_to_come on applications (visible) where shown is not record;
create table if not exists requests (
    path text, status integer, count integer not null, primary key (path, status)) without rowid;
create table if not exists refusals (id integer primary key, at real, path text, status integer, why text);
"""


def open_file(folder: Path) -> sqlite3.Connection:
    """Open the file in this folder."""
    return open_sqlite(folder / "irk.sqlite", SCHEMA)
