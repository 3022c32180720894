"""A real PostgreSQL server for tests and the demo."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql

from sandbox import debian
from sandbox.daemon import SOCKET_PATH_LIMIT, Daemon, on_ports

OWNER = "estudent"
FALLBACK = "estudent-socket-"


@dataclass(frozen=True, slots=True)
class _Runner:
    """The account that the server runs as; PostgreSQL refuses root."""

    user: int | None
    group: int | None

    def run(self, command: Sequence[str | Path], **env: str) -> subprocess.CompletedProcess[bytes]:
        """Run a command as this account."""
        return subprocess.run(
            command,
            cwd="/",
            env={**os.environ, **env},
            capture_output=True,
            check=False,
            user=self.user,
            group=self.group,
            extra_groups=None if self.user is None else [],
        )


class PostgreSQL:
    """A server that lives in `folder`: made on the first start, found again, with its port and password, later.

    With `durable=False` (tests) nothing is flushed to the disk: faster, and lost in a power cut.
    """

    def __init__(self, folder: Path, *, durable: bool = True, unpack: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder.resolve()
        self._durable, self._unpack = durable, unpack
        self._daemon = Daemon(self.folder, "postgresql", ending=signal.SIGINT)
        self._runner = _unprivileged()
        self._port = 0
        self._sockets = self.folder

    @property
    def url(self) -> str:
        """The address, for SQLAlchemy, of a database that is there from the start."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """Return the address of a database for SQLAlchemy."""
        return f"postgresql+psycopg://{OWNER}:{self._password()}@127.0.0.1:{self._port}/{database}"

    @property
    def socket_folder(self) -> Path:
        """Where the unix socket is."""
        return self._sockets

    @property
    def log(self) -> Path:
        """What the server writes."""
        return self._daemon.log

    @property
    def pid(self) -> int | None:
        """The process id while the server runs."""
        return self._daemon.pid

    def start(self) -> Self:
        """Run the server and return once it answers; nothing happens if it runs already."""
        if self.pid is None:
            self._daemon.claim()
            try:
                self._initialise(self._home() / "data")
                on_ports(self.folder / "postgresql.ports", 1, self._listen)
            except BaseException:
                self.stop()
                raise
        return self

    def stop(self) -> None:
        """Break off what is under way, end the server and wait until it is gone; the data stay."""
        self._daemon.stop()
        if self._sockets.name.startswith(FALLBACK):
            shutil.rmtree(self._sockets, ignore_errors=True)

    def discard(self) -> None:
        """Stop, and remove the data, wherever they had to be put."""
        self.stop()
        home = self.folder / "server"
        shutil.rmtree(home.resolve(), ignore_errors=True)
        home.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def create_database(self, name: str) -> str:
        """Make an empty database and return its address; raises psycopg.errors.DuplicateDatabase if there is one."""
        with psycopg.connect(self._dsn(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url_of(name)

    def _dsn(self) -> str:
        return self.url.replace("+psycopg", "")

    def _find(self, name: str) -> debian.Program:
        return debian.find(name, _packages(), unpack=self._unpack)

    def _home(self) -> Path:
        """Return a folder of the server's account: in ours where it can get in, else elsewhere and linked from ours."""
        home = self.folder / "server"
        if not home.exists():
            home.unlink(missing_ok=True)
            home.mkdir(mode=0o700)
            self._give(home)
            if not self._reachable(home):
                home.rmdir()
                elsewhere = Path(tempfile.mkdtemp(prefix="estudent-postgresql-"))
                self._give(elsewhere)
                home.symlink_to(elsewhere)
        return home.resolve()

    def _give(self, path: Path) -> None:
        if self._runner.user is not None:
            os.chown(path, self._runner.user, self._runner.group or -1)

    def _reachable(self, folder: Path) -> bool:
        return self._runner.run(["test", "-w", folder]).returncode == 0

    def _initialise(self, data: Path) -> None:
        """Make the data folder whole or not at all; every login needs the password, over the unix socket too."""
        if data.exists():
            return
        new = data.with_name("data.new")
        if new.exists():
            shutil.rmtree(new)
        password = data.with_name("password")
        _keep_secret(password, self._password())
        self._give(password)
        program = self._find("initdb")
        done = self._runner.run(
            [program.path, "-D", new, "-U", OWNER, f"--pwfile={password}", *_INITDB], **program.environment
        )
        password.unlink()
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stderr.decode(errors='replace')[-1500:]}")
        new.rename(data)

    def _listen(self, port: int) -> None:
        home, program = self._home(), self._find("postgres")
        self._port, self._sockets = port, self._place_of_socket(home, port)
        self._daemon.start(
            self._command(program, home / "data"),
            self._answers,
            env=program.environment,
            user=self._runner.user,
            group=self._runner.group,
        )

    def _command(self, program: debian.Program, data: Path) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": str(self._sockets),
            **({} if self._durable else {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}),
        }
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(program.path), "-D", str(data), *flags]

    def _place_of_socket(self, home: Path, port: int) -> Path:
        if len(os.fsencode(home / f".s.PGSQL.{port}.lock")) <= SOCKET_PATH_LIMIT:
            return home
        elsewhere = Path(tempfile.mkdtemp(prefix=FALLBACK))
        self._give(elsewhere)
        return elsewhere

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self._dsn(), connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def _password(self) -> str:
        file = self.folder / "postgresql.password"
        if not file.exists():
            _keep_secret(file, secrets.token_urlsafe(24))
        return file.read_text()


_INITDB = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")


def _packages() -> tuple[str, ...]:
    """Name the package of the installed version, for apt to fetch again, else the one that brings what apt offers."""
    versions = [int(folder.name) for folder in Path("/usr/lib/postgresql").glob("[0-9]*") if folder.name.isdecimal()]
    return (f"postgresql-{max(versions)}",) if versions else ("postgresql",)


def _unprivileged() -> _Runner:
    """Return the account to run as: our own, or for root `postgres`, or `nobody` where there is none."""
    if os.geteuid() != 0:
        return _Runner(None, None)
    names = {account.pw_name: account for account in pwd.getpwall()}
    account = names.get("postgres") or names["nobody"]
    return _Runner(account.pw_uid, account.pw_gid)


def _keep_secret(file: Path, secret: str) -> None:
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(secret)
