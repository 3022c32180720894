"""Admit students: take recruitment's feeds into the registry, each row judged alone."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from estudent.domain.application import Vocabulary
from estudent.domain.fingerprint import Fingerprints
from estudent.domain.outcome import Remark, Tally
from estudent.ports import Admissions, Feed, FeedProblem, Recruitment, Refused, Unavailable
from estudent.services.read_feed import Reading

SYSTEM = "recruitment"
Progress = Callable[[int], None]
TURN = 0.001
"""Seconds; Python's own are five times as many, and a feed of new people would take a twentieth longer."""

REMEDIES = {
    FeedProblem.STILL_WRITTEN: "nothing; the next sync reads it",
    FeedProblem.EMPTY: "wait for the first applications, or export the file again from recruitment",
    FeedProblem.UNREADABLE: "export the file again from recruitment",
    FeedProblem.HEADERS_MISSING: "correct the export's headers or ESTUDENT_RECRUITMENT__HEADERS",
}


@dataclass(frozen=True, slots=True)
class Admit:
    """The use case with its collaborators; `full_feed` says that whom a file leaves out is worth a remark."""

    recruitment: Recruitment
    admissions: Admissions
    fingerprints: Fingerprints
    words: Vocabulary
    today: Callable[[], date]
    full_feed: bool = True

    def run(self, progress: Progress = lambda _rows: None) -> Tally:
        """Take in every feed that is new or changed since the last time, and say what became of its rows."""
        tally = Tally(SYSTEM)
        for feed in self.recruitment.feeds():
            tally = tally.merge(self._take_in(feed, progress))
        tally.remarks += self._waiting()
        return tally

    def rehearse(self) -> Tally:
        """Say which feeds wait to be taken in, and change nothing."""
        waiting = [feed for feed in self.recruitment.feeds() if not feed.problem and not self.admissions.knows(feed)]
        remarks = [Remark(feed.name, "waits to be taken in", "run the sync") for feed in waiting]
        return Tally(SYSTEM, remarks=remarks + self._waiting())

    def _take_in(self, feed: Feed, progress: Progress) -> Tally:
        if feed.problem:
            why = f"{feed.problem.value}: {feed.detail}" if feed.detail else feed.problem.value
            return Tally(SYSTEM, remarks=[Remark(feed.name, why, REMEDIES[feed.problem])])
        if self.admissions.knows(feed):
            return Tally(SYSTEM)
        reading = Reading(
            feed, self.admissions, self.fingerprints, self.words, today=self.today(), full_feed=self.full_feed
        )
        try:
            with _undisturbed():
                return reading.to_its_end(progress)
        except (Unavailable, Refused) as error:
            return Tally(SYSTEM, failed=1, remarks=[Remark(feed.name, str(error), "the next sync reads it again")])

    def _waiting(self) -> list[Remark]:
        waiting = self.admissions.awaiting_numbers()
        if not waiting:
            return []
        why = f"{len(waiting)} candidates await their album number, the first since {waiting[0][1]:%Y-%m-%d}"
        return [Remark(SYSTEM, why, "nothing; they move on by themselves when a feed brings the number")]


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep the garbage collector off rows, which hold no circles: looking for some takes a third of the time.

    The thread that has the registry at work takes short turns between long waits, and does not wait long for them.
    """
    was_at_work, interval = gc.isenabled(), sys.getswitchinterval()
    gc.disable()
    sys.setswitchinterval(TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        if was_at_work:
            gc.enable()
