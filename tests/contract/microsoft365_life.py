"""A university with mailboxes for the tests of their lives: real registry, stand-in, a clock for both."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from estudent.adapters.microsoft365 import Microsoft365
from estudent.adapters.registry.mailbox_life import SqlPartings
from estudent.adapters.registry.mailbox_renames import SqlRenames
from estudent.adapters.registry.tables import message
from estudent.adapters.registry.watermarks import SqlWatermarks
from estudent.domain.lifecycle import Standing
from estudent.domain.mailbox import Mailbox
from estudent.domain.mailbox_life import Calendar
from estudent.domain.outcome import Tally
from estudent.domain.student import MailboxState, Student
from estudent.domain.whom import Whom
from estudent.services.close_mailboxes import DAILY, ERASING, ERASURE, LIFE, CloseMailboxes
from estudent.services.keep_accounts import keep_accounts
from estudent.services.open_mailboxes import open_mailboxes
from estudent.services.reconcile import Reconcile
from estudent.services.rename_mailboxes import AskForNewAddress, RenameMailboxes
from estudent.services.watch_mailboxes import WatchMailboxes
from tests.contract.registry_world import DOMAIN, Clock, Registry, a_feed, an_application
from tests.contract.test_mailboxes import StandIn, started
from tests.fakes import FakeDirectory

DAY = 86_400
CALENDAR = Calendar(block_after=0, licence_after=60, delete_after=30, warn_before=14)
READING = ("GET", "/sandbox")


@dataclass
class University:
    """Everything that takes part in the lives of mailboxes."""

    registry: Registry
    stand_in: StandIn
    microsoft: Microsoft365
    calendar: Calendar = CALENDAR
    feeds: int = field(default=0)

    def __post_init__(self) -> None:
        author = self.registry.journal.author
        ours = self.registry
        self.partings = SqlPartings(ours.database, author, ours.messages)
        self.renames = SqlRenames(ours.database, author, ours.students, ours.messages)
        self.directory = FakeDirectory()
        self.accounts = keep_accounts(self.directory, ours.students, ours.entries_seen, ours.journal, DOMAIN)
        self.ask_for_address = AskForNewAddress(ours.students, self.renames, DOMAIN)

    @property
    def opening(self) -> Reconcile[Mailbox]:
        ours = self.registry
        return open_mailboxes(self.microsoft, ours.students, ours.mailboxes, ours.journal, DOMAIN)

    @property
    def daily(self) -> CloseMailboxes:
        return self._closing(LIFE, DAILY)

    @property
    def erasure(self) -> CloseMailboxes:
        return self._closing(ERASURE, ERASING)

    @property
    def renaming(self) -> RenameMailboxes:
        ours = self.registry
        return RenameMailboxes(
            ours.students, self.renames, self.partings, self.microsoft, self.accounts, [], ours.journal
        )

    @property
    def watching(self) -> WatchMailboxes:
        ours = self.registry
        marks = SqlWatermarks(ours.database, ours.clock)
        return WatchMailboxes(ours.students, self.microsoft, marks, self.opening, ours.journal, DOMAIN)

    def watch(self) -> Tally:
        """Look at whoever changed, repair, and go on from there the next time, as the flow does."""
        noticed = self.watching.notice(self.registry.students.keys(Whom()))
        tally = self.watching.apply(noticed.keys)
        if not tally.failed:
            self.watching.keep(noticed)
        return tally

    def today(self) -> date:
        return self.registry.clock.now.date()

    def later(self, days: int) -> None:
        """Let days pass, here and at Microsoft."""
        self.registry.clock.turn(days=days)
        self.stand_in.later(days * DAY)

    def with_mailbox(self, album: str, **changes: Any) -> Student:
        """Admit somebody and open their mailbox."""
        student = self.registry.a_student(album, standing=Standing.STUDYING, **changes)
        self.registry.ask_for_mailbox(student, f"lucja.zak.{album}")
        for _ in range(4):
            self.opening.apply([student.key])
            self.accounts.apply([student.key])
            self.registry.clock.turn(hours=1)
        found = self.student(album)
        assert found.mailbox_state is MailboxState.VERIFIED
        return found

    def becomes(self, album: str, standing: Standing, **changes: Any) -> None:
        """Let recruitment say that a student's standing, or anything else, has changed."""
        self.feeds += 1
        feed = a_feed(digest=f"{album} {self.feeds}")
        self.registry.take_in(an_application(album, standing=standing, **changes), feed=feed)

    def student(self, album: str) -> Student:
        return self.registry.by_album(album)

    def user(self, album: str) -> dict[str, Any] | None:
        """Return the student's user at Microsoft, None when it is in the bin or nowhere."""
        users = self.stand_in.users_of(album)
        assert len(users) <= 1
        return users[0] if users else None

    def enabled(self, album: str) -> bool:
        user = self.user(album)
        assert user is not None
        return bool(self.stand_in.property_of(user["id"], "accountEnabled"))

    def letters(self) -> list[str]:
        return [str(row["kind"]) for row in self.registry.rows(message)]

    def writes(self) -> int:
        """Return how many requests that may change something Microsoft has had, sign-ins aside."""
        counts = self.stand_in.http.get(f"{self.stand_in.url}/sandbox/requests").json()["counts"]
        return sum(
            each["count"] for each in counts if each["method"] != "GET" and "/v1.0/" in each["path"] + "/v1.0/"
            and "oauth2" not in each["path"] and "sandbox" not in each["path"]
        )  # fmt: skip

    def _closing(self, system: str, deeds: Any) -> CloseMailboxes:
        ours = self.registry
        return CloseMailboxes(
            system, deeds, ours.students, self.partings, self.microsoft, ours.journal, self.calendar, self.today
        )


def refused(tally: Tally) -> list[str]:
    """Return why a run was not all well."""
    return [remark.why for remark in tally.remarks]


@contextmanager
def a_university(folder: Path, url: str, *options: str) -> Iterator[University]:
    """Run the stand-in of a federated tenant over a registry whose tables are there."""
    life = ("--federated", "--mailbox-delay", "0", "--token-lifetime", str(400 * DAY))
    registry = Registry(url, Clock(datetime.now(UTC)))
    with (
        closing(registry.database),
        started(folder, *life, *options) as stand_in,
        stand_in.adapter(federated=True) as microsoft,
    ):
        yield University(registry, stand_in, microsoft)


@contextmanager
def on_sqlite(migrated: Path, folder: Path, *options: str) -> Iterator[University]:
    """The same with a registry of its own, a copy of one with all tables."""
    url = f"sqlite:///{shutil.copy(migrated, folder)}"
    with a_university(folder / "microsoft365", url, *options) as university:
        yield university
