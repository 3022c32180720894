"""The first day of a semester: a university with its portal, students with their letters, a desk with its staff."""

from __future__ import annotations

import re
import secrets
import sqlite3
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import httpx

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.journal import Author
from estudent.bootstrap import Campus, now
from estudent.domain.album_number import AlbumNumber
from estudent.domain.whom import Whom
from estudent.portal.challenge import keyed
from estudent.portal.picture_code import PictureCodes
from estudent.settings import Settings
from sandbox.daemon import Daemon
from sandbox.portal import ServedPortal
from sandbox.processes import start
from sandbox.sample import Row, Sample, generate, write_csv
from sandbox.sample.numbers import with_check_digit
from sandbox.sample.receivables import STORIES, put_receivables
from sandbox.serving_requests import BEGUN
from sandbox.university import University

STAFF = {
    "rczytelnik": ("Roma Czytelnik", "desk-readers"),
    "jkowalska": ("Julia Kowalska", "desk-clerks"),
    "aadmin": ("Adam Administrator", "desk-administrators"),
}
PASSWORD = "cztery konie na rowerze w deszczu"
PATIENCE = 20.0
Letter = dict[str, Any]
T = TypeVar("T")


class Semester:
    """A university in `folder` with `count` students who were admitted and have not been here yet."""

    def __init__(self, folder: Path, count: int = 150) -> None:
        self.folder, self.count = folder.resolve(), count
        more: dict[str, dict[str, object]] = {
            "portal": {"proxies": 1},
            "eduroam": {"ca_file": str(self.folder / "certificates" / "ca.pem")},
            "brand": {"office_hours": "8:00–15:00"},
        }
        self.university = University(self.folder, portal=True, durable=False, mailbox_delay=0.5, more=more)
        self.passwords = {user: secrets.token_urlsafe(12) for user in STAFF}
        self._requests = Daemon(self.folder, "requests")
        self._running = ExitStack()
        self._waiting: list[Row] = []
        self._feeds = 0

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        with closing(Database(self.university.registry)) as database:
            database.upgrade()
        with ExitStack() as undo:
            undo.enter_context(self.university)
            self._begin()
            undo.callback(self._requests.stop)
            self.serve_requests()
            self._running = undo.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._running.close()

    @property
    def url(self) -> str:
        """Where the portal is."""
        return self.university.portal.url if self.university.portal else ""

    @cached_property
    def managed_url(self) -> str:
        """Where the same portal is where Microsoft keeps a password too; it is served from now on."""
        managed = self.university.environment | {"ESTUDENT_MAILBOXES__SIGN_IN": "managed"}
        portal = ServedPortal(self.folder / "managed", managed, workers=1)
        portal.start(lambda _: None)
        self._running.callback(portal.stop)
        return portal.url

    @cached_property
    def settings(self) -> Settings:
        """The settings that everything here runs with."""
        return Settings(**tomllib.loads(self.university.settings.read_text(encoding="utf-8")))

    def picture_code(self, handle: str) -> str:
        """Return what a challenge's picture says, as the portal's key tells."""
        return PictureCodes(keyed(self.settings.portal.secret_key.get_secret_value())).code(handle)

    @contextmanager
    def campus(self) -> Iterator[Campus]:
        """Open the services as one of the flows would."""
        with closing(Campus(self.settings, Author("flow semester", "sandbox", now))) as here:
            yield here

    # students

    def somebody(self, fits: Callable[[Row], bool] = lambda row: bool(row.pesel and row.usos_id)) -> Row:
        """Return a student nobody has been yet; by default one with a PESEL whom USOS knows."""
        found = next(row for row in self._waiting if fits(row))
        self._waiting.remove(found)
        return found

    def somebodies(self, count: int) -> list[Row]:
        """Return so many students at once, the last ones, who fit nothing in particular."""
        found, self._waiting = self._waiting[-count:], self._waiting[:-count]
        return found

    def somebody_of_story(self, story: int) -> Row:
        """Return a student to whose fees one of the stories of `receivables` happens."""
        stories = len(STORIES)
        return self.somebody(lambda row: bool(row.pesel and self.key_of(row.album_number) % stories == story))

    def latecomer(self) -> Row:
        """Return a student with a PESEL whom recruitment sent just now, and whom no other system knows yet."""
        row = next(self._later)
        write_csv(Sample([row], {}), self._next_feed())
        with self.campus() as here:
            here.admit.run()
        return row

    def take_in(self, *rows: Row) -> None:
        """Export these rows once more, as recruitment does, and take them in as the nightly run would."""
        write_csv(Sample(list(rows), {}), self._next_feed())
        self.do_everything()

    def do_everything(self) -> None:
        """Take in what recruitment exported, and bring every system in line, as the nightly run does."""
        with self.campus() as here:
            here.admit.run()
            keys = here.students.keys(Whom())
            for system in here.systems.values():
                system.apply(keys)

    def activate(self, *rows: Row, password: str = PASSWORD) -> None:
        """Give students an account with a password, as if they had walked through the portal."""
        with self.campus() as here:
            for row in rows:
                here.passwords.set(AlbumNumber(row.album_number), password)
            here.students.observe_activations([self.key_of(row.album_number) for row in rows])

    def key_of(self, album: str) -> int:
        """Return the registry's key of a student."""
        return int(self.rows("SELECT id FROM student WHERE album_number = ?", album)[0][0])

    # the far systems, looked at by their own means

    def letters(self, to: str) -> list[Letter]:
        """Return the letters to an address, the newest first."""
        found: list[Letter] = httpx.get(f"{self.university.post.url}/sandbox/messages", params={"to": to}).json()
        return found

    def letter(self, to: str, pattern: str, *, after: int = 0) -> re.Match[str]:
        """Return what a letter to this address says, as soon as one that matches has come after the number `after`."""

        def come() -> re.Match[str] | None:
            texts = (letter["text"] for letter in self.letters(to) if letter["id"] > after)
            return next(filter(None, (re.search(pattern, text) for text in texts)), None)

        return until(come, f"no letter to {to} matches {pattern}")

    def newest(self, to: str) -> int:
        """Return the number of the newest letter to an address."""
        return max((int(letter["id"]) for letter in self.letters(to)), default=0)

    def activation_link(self, row: Row) -> str:
        """Return the personal link of the album number letter."""
        return self.letter(row.email, r"http\S+/activate#\S+").group(0)

    def at_microsoft(self, album: str) -> dict[str, Any] | None:
        """Return the student's user at Microsoft."""
        users = httpx.get(f"{self.university.microsoft365.url}/sandbox/users").json()
        return next((user for user in users if user.get("employeeId") == album), None)

    # what goes wrong

    @contextmanager
    def without_directory(self) -> Iterator[None]:
        """Stop slapd for a while."""
        self.university.slapd.stop()
        try:
            yield
        finally:
            self.university.slapd.start()

    @contextmanager
    def without_post(self) -> Iterator[None]:
        """Stop the mail sink for a while; it comes back at the same ports."""
        smtp, http = self.settings.letters.port, urlsplit(self.university.post.url).port
        self.university.post.stop()
        try:
            yield
        finally:
            folder = self.folder / "mail"
            ports = ("--folder", str(folder), "--smtp-port", str(smtp), "--port", str(http))
            options = self.university.post_options()
            self.university.post = start("sandbox.mail", *ports, *options, log=folder / "log.txt")
            self._running.callback(self.university.post.stop)

    @contextmanager
    def without_table(self, name: str) -> Iterator[None]:
        """Take a table away from the registry for a while."""
        self._rename(name, f"{name}_taken_away")
        try:
            yield
        finally:
            self._rename(f"{name}_taken_away", name)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Look into the registry by its file."""
        with closing(sqlite3.connect(self.folder / "registry.sqlite", timeout=30)) as registry:
            return registry.execute(query, values).fetchall()

    def _rename(self, name: str, other: str) -> None:
        with closing(sqlite3.connect(self.folder / "registry.sqlite", timeout=30)) as registry:
            registry.execute(f"ALTER TABLE {name} RENAME TO {other}")
            registry.commit()

    # the beginning

    def serve_requests(self) -> None:
        """Serve the students' requests in a process of its own."""
        command = [sys.executable, "-m", "sandbox.serving_requests"]
        root = {"PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
        self._requests.start(command, self._is_serving, env=self.university.environment | root)

    def hold_requests(self) -> None:
        """Let requests wait until `serve_requests` is called again."""
        self._requests.stop()

    def _is_serving(self) -> bool:
        return BEGUN in self._requests.log.read_text(encoding="utf-8")

    def _begin(self) -> None:
        self.sample: Sample = generate(self.count)
        self._later = _latecomers(self.count)
        self._waiting = [row for row in self.sample.students if row.album_number]
        people = [dict(person) for person in self.sample.people_for_usos()]
        httpx.post(f"{self.university.usos.url}/sandbox/people", json=people).raise_for_status()
        for user, (name, group) in STAFF.items():
            self.university.slapd.add_staff(user, self.passwords[user], name, group)
        write_csv(self.sample, self._next_feed())
        self.do_everything()
        with self.campus() as here:
            put_receivables(here.database, here.students.keys(Whom()), here.today())

    def _next_feed(self) -> Path:
        self._feeds += 1
        return self.university.feeds / f"rekrutacja-{self._feeds:03d}.csv"


def another_pesel(row: Row) -> Row:
    """Return the row as a clerk mistyped it: the PESEL of somebody else born on the same day."""
    serial = (int(row.pesel[6:10]) + 2) % 10_000
    return row._replace(pesel=with_check_digit(f"{row.pesel[:6]}{serial:04d}"))


def _latecomers(after: int) -> Iterator[Row]:
    """Yield students of another recruitment, with numbers of their own."""
    rows = [row for row in generate(after, seed=2027, broken=False).students if row.pesel and row.album_number]
    for row in rows:
        number = int(row.album_number) + 500_000
        yield row._replace(
            candidate=f"P-2026-{number}",
            email=f"{number}@poczta.example",
            album_number=str(number),
            usos_id="",
            account_number="",
        )


def until(look: Callable[[], T | None], otherwise: str, patience: float = PATIENCE) -> T:
    """Return what `look` finds, as soon as it finds something; AssertionError saying `otherwise` if it never does."""
    deadline = time.monotonic() + patience
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(otherwise)
        time.sleep(0.1)
    return found
