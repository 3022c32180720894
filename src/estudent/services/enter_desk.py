"""Sign the student office's staff in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from estudent.ports import UNJUDGED, Attempts, FarSideError, Staff, StaffMember

DOOR = "staff"
REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Entered:
    """Who is in."""

    member: StaffMember


@dataclass(frozen=True, slots=True)
class NotEntered:
    """One refusal for all causes; `until` is when whoever tried too often may try again."""

    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class EnterDesk:
    """What the desk's login page calls."""

    staff: Staff
    attempts: Attempts

    def __call__(self, user: str, password: str, source: str) -> Entered | NotEntered:
        """Try a user name and a password."""
        turn = self.attempts.take_turn(DOOR, user.strip().casefold(), source, REFUSED)
        if turn.until:
            return NotEntered(turn.until)
        try:
            member = self.staff.enter(user, password)
        except FarSideError:
            self.attempts.settle(turn, UNJUDGED)
            raise
        if member is None:
            return NotEntered()
        self.attempts.settle(turn, "")
        return Entered(member)
