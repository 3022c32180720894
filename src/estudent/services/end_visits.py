"""End the desk's sessions that have ended at the university's single sign-on."""

from __future__ import annotations

from dataclasses import dataclass

from estudent.domain.fingerprint import Fingerprints
from estudent.ports import DeskSessions, SingleSignOn, SingleUse


@dataclass(frozen=True, slots=True)
class EndVisits:
    """What the single sign-on calls when somebody has signed out there."""

    there: SingleSignOn
    sessions: DeskSessions
    single_use: SingleUse
    fingerprints: Fingerprints

    def __call__(self, notice: str) -> int:
        """End what the notice names, once; raise NotProven for what the single sign-on did not say."""
        said = self.there.farewell(notice)
        if not self.single_use.spend(f"farewell {said.notice}"):
            return 0
        return self.sessions.end_visits(said.user, self.mark(said.visit))

    def mark(self, visit: str) -> str:
        """Return the form in which a session keeps by which visit it began: a keyed hash."""
        return self.fingerprints.of("visit", visit) if visit else ""
