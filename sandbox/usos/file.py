"""The tables of the stand-in."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sandbox.sqlite_file import open_sqlite

SCHEMA = """
create table if not exists people (
    os_id text primary key,
    record text not null,   -- what the dean's office entered
    shown text,             -- what the last migration brought over to the API; null before the first
    email text collate nocase unique,
    pesel text generated always as (json_extract(record, '$.pesel')) virtual);
create unique index if not exists people_by_pesel on people (pesel);
create index if not exists shown_by_pesel on people (json_extract(shown, '$.pesel'));
create table if not exists web (os_id text primary key, record text not null, email text);   -- what USOSweb shows
create table if not exists changes (id integer primary key, os_id text, email text);   -- e-mails that became others
create table if not exists notes (kind text, key text, body text not null, primary key (kind, key)) without rowid;
create table if not exists nonces (timestamp integer, nonce text, primary key (timestamp, nonce)) without rowid;
create table if not exists requests (
    method text, status integer, count integer not null, primary key (method, status)) without rowid;
"""


def open_file(folder: Path) -> sqlite3.Connection:
    """Open the file in this folder."""
    return open_sqlite(folder / "usos.sqlite", SCHEMA)
