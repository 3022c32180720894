"""The portal's doors: who tries, how often, and who must wait; alike for those who exist and those who do not."""

from __future__ import annotations

from dataclasses import dataclass

from estudent.domain.claim import Record
from estudent.domain.lifecycle import Owed
from estudent.domain.outcome import Result
from estudent.domain.throttle import FREE_BY_SUBJECT, Turn
from estudent.ports import THROTTLED, Attempts, CodeFault, Codes, Journal, JournalEntry, Proof
from estudent.services.even_time import EvenTime
from estudent.services.turned_away import TurnedAway, Why

UNFINISHED = "unfinished"
"""The cause of a try that nothing is known of yet, and of one during which the portal was killed."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One try at one door; `source` is the keyed hash of where it comes from."""

    door: str
    subject: str
    source: str


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Counts tries, lets whoever failed often wait, and tells the student by mail when it was their account."""

    attempts: Attempts
    codes: Codes
    journal: Journal
    even_time: EvenTime

    def judge(self, visit: Visit, record: Record | None, otherwise: Why) -> Turn:
        """Count a try; raise TurnedAway for whoever must wait, and `otherwise` where too many others were made."""
        key = record.student.key if record else None
        turn = self.attempts.take_turn(visit.door, visit.subject, visit.source, UNFINISHED, key)
        if turn.until:
            self.attempts.note(visit.door, visit.subject, visit.source, THROTTLED, key)
            self._warn(visit, record)
            raise TurnedAway(Why.WAIT, turn.until)
        if turn.spared:
            raise TurnedAway(otherwise)
        return turn

    def refuse(self, turn: Turn, record: Record | None, cause: str, why: Why) -> TurnedAway:
        """Note why somebody may not pass, for the student office, and return what the visitor is told."""
        self.attempts.settle(turn, cause)
        if record is not None:
            entry = JournalEntry(record.student.key, "portal", f"turned away: {why.value}", Result.REFUSED, cause)
            self.journal.note([entry])
        return TurnedAway(why)

    def let_in(self, turn: Turn) -> None:
        """Note that a try succeeded; those that failed before count no more."""
        self.attempts.settle(turn, "")

    def open_link(self, door: str, token: str, source: str) -> Proof:
        """Return what the secret of a one-time link opens; one that opens nothing is noted at the door."""
        found = self.codes.try_link(token)
        if isinstance(found, CodeFault):
            self.attempts.note(door, token, source, found)
            raise TurnedAway(Why.LINK)
        return found

    def _warn(self, visit: Visit, record: Record | None) -> None:
        """Send the student a way in, once an hour, when it is their account that somebody tries, not a busy network."""
        if record is None or not record.student.is_owed(Owed.SIGN_IN):
            return
        tried = self.attempts.recent(visit.door, visit.subject, visit.source)
        if tried.by_subject >= FREE_BY_SUBJECT:
            self.codes.send(record.student.key, "too_many_tries")
