"""The PostgreSQL launcher, with a real server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text

from sandbox import daemon
from sandbox.postgresql import PostgreSQL

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSQL]:
    with PostgreSQL(tmp_path_factory.mktemp("postgresql"), durable=False) as server:
        yield server
    server.discard()


def ask(url: str, question: str) -> object:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return connection.execute(text(question)).scalar()
    finally:
        engine.dispose()


def test_it_answers_sqlalchemy(server: PostgreSQL) -> None:
    assert ask(server.url, "SELECT 1") == 1


def test_it_makes_databases_of_any_name_in_utf8(server: PostgreSQL) -> None:
    url = server.create_database('rejestr "ż"'.replace(" ", "_"))
    assert ask(url, "SELECT current_database()") == 'rejestr_"ż"'
    assert ask(url, "SHOW server_encoding") == "UTF8"


def test_a_database_is_made_once(server: PostgreSQL) -> None:
    server.create_database("once")
    with pytest.raises(psycopg.errors.DuplicateDatabase):
        server.create_database("once")


def test_it_does_not_run_as_root(server: PostgreSQL) -> None:
    assert Path(f"/proc/{server.pid}").stat().st_uid != 0


def test_a_wrong_password_is_refused(server: PostgreSQL) -> None:
    url = server.url.replace("+psycopg", "").replace("estudent:", "estudent:wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url)


def test_the_password_is_the_owners_alone(server: PostgreSQL) -> None:
    assert (server.folder / "postgresql.password").stat().st_mode & 0o777 == 0o600


def test_it_also_listens_on_a_unix_socket(server: PostgreSQL) -> None:
    assert any(path.is_socket() for path in server.socket_folder.iterdir())


def test_nothing_is_flushed_only_when_asked(server: PostgreSQL) -> None:
    assert ask(server.url, "SHOW fsync") == "off"


def test_it_starts_again_on_the_same_data_and_address(tmp_path: Path) -> None:
    with PostgreSQL(tmp_path) as first:
        url = first.create_database("kept")
        assert ask(url, "SHOW fsync") == "on"
        with pytest.raises(daemon.InUse):
            PostgreSQL(tmp_path).start()
    pid = first.pid
    again = PostgreSQL(tmp_path)
    try:
        with again:
            assert ask(url, "SELECT current_database()") == "kept"
            assert again.start().pid == again.pid != pid
    finally:
        again.discard()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can hide a folder from the server's account")
def test_a_folder_that_only_root_can_enter_is_no_obstacle(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    server = PostgreSQL(hidden / ("x" * 90), durable=False)
    try:
        with server:
            assert ask(server.url, "SELECT 1") == 1
    finally:
        server.discard()


def test_an_unpacked_package_runs_too(tmp_path: Path) -> None:
    server = PostgreSQL(tmp_path, durable=False, unpack=True)
    try:
        with server:
            assert ask(server.url, "SELECT 1") == 1
    finally:
        server.discard()
