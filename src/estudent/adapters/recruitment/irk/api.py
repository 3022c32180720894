"""The port `Recruitment` for IRK's API."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from estudent.adapters.recruitment.irk.applications import Listed, Question, first_page, listed_on, read_list
from estudent.adapters.recruitment.irk.client import Client, Later
from estudent.adapters.recruitment.irk.record import Meaning
from estudent.adapters.recruitment.irk.registrations import refuse_unknown
from estudent.adapters.recruitment.irk.shelf import Shelf
from estudent.domain.application import Row
from estudent.domain.fault import Fault, FaultKind
from estudent.ports import Feed, FeedProblem, Misconfigured, NotFound, Refused, Unavailable

log = logging.getLogger(__name__)
NAME, APPLICANT = "IRK", "applicants/{id}"
NOBODY = "IRK lists no admitted application: nothing to do before the first is, else check ESTUDENT_IRK__REGISTRATIONS"
THREADS = 4
PORTION = 200
"""How many applicants are asked for before the first of them are put on the shelf."""

MOST_SPARED = 5
"""How many applicants, and one in a hundred at most, may stay disturbed without stopping the others."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is read: these registrations, with the first day of the studies that each leads to.

    `changed_since` names IRK's filter by time, where it has one; changes are read from a little before the last
    reading, and everything anew after a while, since no filter is trusted to see all.
    """

    registrations: Mapping[str, str]
    page_length: int = 100
    changed_since: str = ""
    overlap: timedelta = timedelta(minutes=10)
    everything_after: timedelta = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading that is due: what is asked, and the digest under which the registry remembers it."""

    question: Question
    digest: str
    changes_only: bool


class IrkApi:
    """One IRK. Each reading is a feed: of everything, or of what has changed since the last one came to its end."""

    def __init__(
        self,
        client: Client,
        scope: Scope,
        meaning: Meaning,
        *,
        last_read: Callable[[str, str], datetime | None],
        clock: Callable[[], datetime],
    ) -> None:
        self._client, self._scope, self._meaning = client, scope, meaning
        self._last_read, self._clock = last_read, clock
        self._shelves: list[Shelf] = []

    def feeds(self) -> Iterator[Feed]:
        """Yield the feed that is due, if there is one; its applicants are read once, when its rows are asked for."""
        reading = self._due()
        if reading is None:
            return
        first = first_page(self._client, reading.question)
        if not first.count:
            if not reading.changes_only:
                yield Feed(NAME, reading.digest, self._clock(), _nothing, FeedProblem.EMPTY, NOBODY)
            return
        rows = _Once(partial(self._rows, reading.question), self._shelf())
        yield Feed(NAME, reading.digest, self._moment(first.at), rows, changes_only=reading.changes_only)

    def check(self) -> str:
        """Say how much IRK shows us and how it is read; raise Misconfigured for whatever is missing."""
        codes = self._codes()
        refuse_unknown(self._client, codes)
        first = first_page(self._client, Question(codes, page_length=1))
        for listed in islice(listed_on(first), 1):
            self._client.get(f"applicants/{listed.applicant}", APPLICANT)
        return f"IRK answers: {first.count} admitted applications in {', '.join(codes)}; reads {self._how()}"

    def close(self) -> None:
        """Close the connections and forget what was read."""
        for shelf in self._shelves:
            shelf.close()
        self._client.close()

    def _how(self) -> str:
        """Say how changes are read; raise Misconfigured for a filter that IRK does not heed."""
        name = self._scope.changed_since
        if not name:
            return "everything each time"
        tomorrow = Question(self._codes(), 1, name, self._clock() + timedelta(days=1))
        if first_page(self._client, tomorrow).count:
            raise Misconfigured(
                f"IRK does not heed the filter {name}: correct ESTUDENT_IRK__CHANGED_SINCE, or empty it"
            )
        return f"changes by {name}"

    def _due(self) -> Reading | None:
        """Return the reading that is due: everything, changes, or nothing yet where IRK cannot tell changes."""
        ours, codes = self._scope, self._codes()
        everything, changes = self._digest("everything"), self._digest("changes")
        last = self._last_read(NAME, everything)
        if last is None or self._clock() - last >= ours.everything_after:
            return Reading(Question(codes, ours.page_length), everything, changes_only=False)
        if not ours.changed_since:
            return None
        since = max(last, self._last_read(NAME, changes) or last) - ours.overlap
        return Reading(Question(codes, ours.page_length, ours.changed_since, since), changes, changes_only=True)

    def _moment(self, theirs: datetime | None) -> datetime:
        """Return when a reading began by IRK's clock, by which its filter goes, but in no future of ours.

        A clock of IRK's that is once ahead by a year would let nothing be due for that year.
        """
        ours = self._clock()
        # Within one of IRK's seconds, ours tells readings apart.
        return min((theirs or ours).replace(microsecond=ours.microsecond), ours)

    def _codes(self) -> tuple[str, ...]:
        if not self._scope.registrations:
            raise Misconfigured("ESTUDENT_IRK__REGISTRATIONS names no registration: say which ones are read")
        return tuple(self._scope.registrations)

    def _digest(self, kind: str) -> str:
        """Return what a reading is remembered by: other settings read everything anew."""
        meaning = self._meaning
        spelled = [sorted(part.items()) for part in (self._scope.registrations, meaning.fields)]
        words = sorted((column, sorted(words.items())) for column, words in meaning.words.items())
        return hashlib.sha256(repr((kind, self._client.url, spelled, words)).encode()).hexdigest()

    def _shelf(self) -> Shelf:
        self._shelves.append(Shelf())
        return self._shelves[-1]

    def _rows(self, question: Question) -> Iterator[Row]:
        listed = read_list(self._client, question)
        spared, waiting = _Spared(min(MOST_SPARED, len(listed) // 100)), iter(listed)
        with ThreadPoolExecutor(THREADS, thread_name_prefix="irk") as pool:
            while portion := list(islice(waiting, PORTION)):
                yield from (row for row in pool.map(partial(self._row_unless_spared, spared), portion) if row)
        yield from map(self._row_at_last, spared.listed)

    def _row_unless_spared(self, spared: _Spared, listed: Listed) -> Row | None:
        try:
            return self._row(listed)
        except Later:
            raise
        except Unavailable as error:
            spared.add(listed, error)
            return None

    def _row_at_last(self, listed: Listed) -> Row:
        try:
            return self._row(listed)
        except Later:
            raise
        except Unavailable as error:
            log.warning("application %d of IRK, whose applicant alone is disturbed: %s", listed.key, error)
            return self._meaning.broken(
                listed, Fault("row", FaultKind.UNREADABLE_RECORD, "brak odpowiedzi / no answer")
            )

    def _row(self, listed: Listed) -> Row:
        try:
            applicant = self._client.get(f"applicants/{listed.applicant}", APPLICANT).said
        except NotFound:
            return self._meaning.broken(listed, Fault("row", FaultKind.UNREADABLE_RECORD, "404"))
        except Refused as error:
            log.warning("application %d of IRK: %s", listed.key, error)
            return self._meaning.broken(listed, Fault("row", FaultKind.UNREADABLE_RECORD, "400"))
        row = self._meaning.row(listed, applicant)
        if row.fault and row.fault.kind is FaultKind.ANOTHER_PERSON:
            log.error("application %d of IRK: another person than asked for was answered; nothing was used", listed.key)
        return row


def _nothing() -> Iterator[Row]:
    raise Refused(f"{NAME} is not read: {NOBODY}")


@dataclass
class _Spared:
    """Applicants who are asked for once more at the end: among many who are shown, the fault is theirs, not IRK's."""

    most: int
    listed: list[Listed] = field(default_factory=list)

    def add(self, listed: Listed, error: Unavailable) -> None:
        """Put one off, or raise the error if too many are disturbed."""
        self.listed.append(listed)
        if len(self.listed) > self.most:
            raise error


@dataclass
class _Once:
    """Rows that are fetched the first time and taken from the shelf each time."""

    fetch: Callable[[], Iterator[Row]]
    shelf: Shelf = field(repr=False)
    is_filled: bool = False

    def __call__(self) -> Iterator[Row]:
        if not self.is_filled:
            self.shelf.fill(self.fetch())
            self.is_filled = True
        return self.shelf.rows()
