"""PostgreSQL on its host: who gets in and how, what each role may, and that a backup brings everything back."""

from __future__ import annotations

import json
import shlex
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from testinfra.host import Host

from lab.running import Lab
from tests.hosts.conftest import HostNamed

SERVER = "data1.uczelnia.example"
ATTEMPT = """
import json, sys
import psycopg
asked = json.load(sys.stdin)
try:
    with psycopg.connect(connect_timeout=5, **asked["connection"]) as connection:
        for statement in asked["statements"]:
            found = connection.execute(statement)
        print("OK", found.fetchall() if found.description else "")
except psycopg.Error as error:
    print(type(error).__name__, error)
"""
LOAD = """
import json, time
from estudent.adapters.registry.database import Database
from estudent.ports import FarSideError
database = Database("postgresql+psycopg://{user}:{password}@{host}/{dbname}?sslmode={sslmode}&sslrootcert={sslrootcert}")
begun, done, lost = time.monotonic(), 0, 0
while time.monotonic() - begun < 20:
    try:
        with database.writing() as connection:
            connection.exec_driver_sql("INSERT INTO load VALUES (%s) ON CONFLICT DO NOTHING", (done,))
    except FarSideError:
        lost += 1
        time.sleep(0.05)
    else:
        done, last = done + 1, time.monotonic() - begun
print(json.dumps({{"acknowledged": done, "lost connections": lost, "last at": last}}))
"""
PYTHON = "/opt/estudent/current/.venv/bin/python"
TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
HASHED = "SELECT count(*), md5(string_agg(row::text, chr(10) ORDER BY row::text))"
RIGHTS = "SELECT grantee, table_name, privilege_type FROM information_schema.table_privileges"
OWNERS = "SELECT datname, pg_get_userbyid(datdba), datacl::text FROM pg_database"


class Attempts:
    """Tries to work in a database from a host, as a role."""

    def __init__(self, host: Host, lab: Lab, role: str, database: str) -> None:
        self.host = host
        password = lab.secret(f"vault_database_{role}_password")
        tls = {"sslmode": "verify-full", "sslrootcert": "/etc/ssl/estudent/ca.pem"}
        self.connection = {"host": SERVER, "user": role, "password": password, "dbname": database, **tls}

    def __call__(self, *statements: str, **changes: str) -> str:
        """Return OK and the last statement's rows, or which error there was."""
        asked = json.dumps({"connection": self.connection | changes, "statements": statements})
        done = self.host.run(f"printf %s {shlex.quote(asked)} | {PYTHON} -c {shlex.quote(ATTEMPT)}")
        assert done.succeeded, done.stderr
        return str(done.stdout.strip())


@pytest.fixture
def data1(host: HostNamed) -> Host:
    return host("data1")


@pytest.fixture
def portal(host: HostNamed, lab: Lab) -> Attempts:
    return Attempts(host("web1"), lab, "estudent_portal", "estudent")


@pytest.fixture
def flows(host: HostNamed, lab: Lab) -> Attempts:
    return Attempts(host("ops1"), lab, "estudent_flows", "estudent")


def ask(data1: Host, statement: str, database: str = "postgres") -> list[str]:
    """Return the rows of an answer, as PostgreSQL's superuser sees it."""
    command = f"runuser -u postgres -- psql --no-psqlrc -At -d {database} -c {shlex.quote(statement)}"
    return sorted(str(data1.check_output(f"cd / && {command}")).splitlines())


def test_the_portal_reads_and_writes_rows(portal: Attempts) -> None:
    assert portal("SELECT count(*) FROM student").startswith("OK")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (a int)",
        "DROP TABLE journal",
        "ALTER TABLE student ADD COLUMN mine int",
        "TRUNCATE journal",
        "CREATE SCHEMA mine",
        "COPY student TO PROGRAM 'cat'",
        "SET ROLE estudent_flows",
        "SELECT pg_read_file('/etc/passwd')",
    ],
)
def test_the_portal_can_do_nothing_else(portal: Attempts, statement: str) -> None:
    assert portal(statement).startswith("InsufficientPrivilege")


def test_the_portal_works_with_tables_that_the_flows_make_later(portal: Attempts, flows: Attempts) -> None:
    assert flows("CREATE TABLE later (id serial PRIMARY KEY, word text)").startswith("OK")
    try:
        assert portal("INSERT INTO later (word) VALUES ('a')", "UPDATE later SET word = 'b'").startswith("OK")
        assert portal("SELECT word FROM later") == "OK [('b',)]"
        assert portal("DROP TABLE later").startswith("InsufficientPrivilege")
    finally:
        assert flows("DROP TABLE later").startswith("OK")


def test_a_wrong_password_does_not_get_in(portal: Attempts) -> None:
    assert "password authentication failed" in portal("SELECT 1", password="guessed")


def test_nobody_gets_in_without_tls(portal: Attempts) -> None:
    assert "no encryption" in portal("SELECT 1", sslmode="disable")


def test_another_service_s_database_is_closed(portal: Attempts) -> None:
    for other in ("sso", "prefect", "postgres"):
        assert "no pg_hba.conf entry" in portal("SELECT 1", dbname=other)


def test_the_password_is_of_no_use_on_a_host_of_another_group(host: HostNamed, lab: Lab) -> None:
    assert "no pg_hba.conf entry" in Attempts(host("web1"), lab, "estudent_flows", "estudent")("SELECT 1")


def test_passwords_are_stored_as_scram_and_pages_with_checksums(data1: Host) -> None:
    kinds = ask(data1, "SELECT DISTINCT left(rolpassword, 14) FROM pg_authid WHERE rolpassword IS NOT NULL")
    assert kinds == ["SCRAM-SHA-256$"]
    assert ask(data1, "SHOW data_checksums") == ["on"]
    assert ask(data1, "SELECT rolname FROM pg_roles WHERE rolsuper") == ["postgres"]


def test_rows_and_values_of_people_are_not_logged(data1: Host, portal: Attempts) -> None:
    assert portal("INSERT INTO nowhere VALUES ('Zażółć Gęślą')").startswith("UndefinedTable")
    assert portal("SELECT 'Zażółć'::int").startswith("InvalidTextRepresentation")
    assert data1.run("grep -r 'Gęślą' /var/log/postgresql").rc == 1


def counted(data1: Host) -> dict[str, list[str]]:
    """Return every table's rows and a hash over them, rights, owners and default privileges of all databases."""
    found = {"owners": ask(data1, OWNERS)}
    for database in ("estudent", "prefect", "sso"):
        for table in ask(data1, TABLES, database):
            found[f"{database}.{table}"] = ask(data1, f'{HASHED} FROM "{table}" AS row', database)
        found[f"{database}'s rights"] = ask(data1, RIGHTS, database)
        found[f"{database}'s defaults"] = ask(data1, "SELECT defaclacl::text FROM pg_default_acl", database)
    return found


def test_a_restore_brings_back_rows_and_rights_as_they_were(data1: Host, flows: Attempts) -> None:
    assert flows("DROP TABLE IF EXISTS kept").startswith("OK")
    assert flows("CREATE TABLE kept AS SELECT n, md5(n::text) FROM generate_series(1, 5000) AS n").startswith("OK")
    try:
        with quiet(data1):
            folder = str(data1.check_output("estudent-backup-database")).strip()
            before = counted(data1)
            assert before["estudent.kept"][0].startswith("5000|")
            ask(data1, "DROP TABLE kept; CREATE TABLE stray (a int); DELETE FROM alembic_version", "estudent")
            ask(data1, "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM estudent_portal", "estudent")
            assert counted(data1) != before
            restored = data1.run(f"estudent-restore-database --from {folder}")
            assert restored.succeeded, restored.stderr
            assert counted(data1) == before
    finally:
        assert flows("DROP TABLE IF EXISTS kept").startswith("OK")


def test_services_work_on_after_a_restore(data1: Host, portal: Attempts) -> None:
    assert data1.run("estudent-restore-database estudent").succeeded
    assert portal("SELECT count(*) FROM student").startswith("OK")


def test_a_damaged_backup_is_refused_and_nothing_is_touched(data1: Host) -> None:
    folder = str(data1.check_output("estudent-backup-database")).strip()
    data1.check_output(f"printf x >> {folder}/sso.dump")
    refused = data1.run(f"estudent-restore-database --from {folder}")
    assert (refused.rc, "is damaged" in refused.stderr) == (2, True)
    assert ask(data1, "SELECT 1 FROM pg_database WHERE datname ~ 'before_restore'") == []
    data1.check_output(f"rm -r {folder}")


def test_a_restore_that_fails_leaves_what_was_there(data1: Host, portal: Attempts) -> None:
    ask(data1, "CREATE ROLE gone; CREATE TABLE of_gone (a int); ALTER TABLE of_gone OWNER TO gone", "estudent")
    try:
        folder = str(data1.check_output("estudent-backup-database")).strip()
    finally:
        ask(data1, "DROP TABLE of_gone; DROP ROLE gone", "estudent")
    try:
        failed = data1.run(f"estudent-restore-database --from {folder} estudent")
        assert (failed.rc, "what was there before is there again" in failed.stderr) == (1, True)
        assert portal("SELECT count(*) FROM student").startswith("OK")
    finally:
        data1.check_output(f"rm -r {folder}")


def test_backups_are_root_s_alone_made_every_night_and_counted(data1: Host) -> None:
    assert data1.run("systemctl start estudent-backup-database.service").succeeded
    folder = data1.file("/var/backups/estudent/database")
    assert (folder.user, folder.mode) == ("root", 0o700)
    assert data1.service("estudent-backup-database.timer").is_enabled
    metric = data1.file("/var/lib/prometheus/node-exporter/estudent-backup-database.prom")
    assert 'estudent_backup_timestamp_seconds{what="database"}' in metric.content_string


def test_a_restart_under_load_loses_nothing_that_was_acknowledged(data1: Host, lab: Lab, flows: Attempts) -> None:
    work = Attempts(data1, lab, "estudent_portal", "estudent").connection
    assert flows("CREATE TABLE load (n int PRIMARY KEY)").startswith("OK")
    try:
        with ThreadPoolExecutor() as pool:
            written = pool.submit(lab.host("web1").ssh, f"{PYTHON} -c {shlex.quote(LOAD.format(**work))}")
            time.sleep(8)
            data1.check_output("systemctl restart postgresql@17-main.service")
        done = json.loads(written.result().stdout)
        kept = ask(data1, "SELECT count(*), max(n) FROM load", "estudent")
        assert done["lost connections"] > 0, "the restart fell into no transaction"
        assert kept == [f"{done['acknowledged']}|{done['acknowledged'] - 1}"]
        assert done["last at"] > 15, "work did not go on after the restart"
    finally:
        assert flows("DROP TABLE load").startswith("OK")


class quiet:  # noqa: N801 (reads as a sentence)
    """Keeps the services out of the databases, so that what is compared stands still."""

    def __init__(self, data1: Host) -> None:
        self.data1 = data1
        self.hba = "/etc/postgresql/17/main/pg_hba.conf"

    def __enter__(self) -> None:
        self._reload(f"cp -p {self.hba} {self.hba}.open && sed -i '/^hostssl/d' {self.hba}")
        ask(self.data1, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> 'postgres'")

    def __exit__(self, *_failure: object) -> None:
        self._reload(f"mv {self.hba}.open {self.hba}")

    def _reload(self, change: str) -> None:
        self.data1.check_output(f"{change} && systemctl reload postgresql@17-main.service && sleep 1")
