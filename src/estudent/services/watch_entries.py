"""Watch the directory: whom a run must look at so that everybody's entry stays as wanted, and whom it need not.

Nothing is to be done for a student whose entry was seen to be just as wanted, while neither what is wanted has changed
since, which the registry tells, nor the entry, which the directory tells (RFC 4533). Where the directory cannot tell,
and once a day in any case, everybody is looked at: what either of them might have missed lasts a day at most.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from estudent.ports import Directory, EntriesSeen, Watermarks

CHANGES = "directory entries"
EVERYBODY = "directory, everybody"


@dataclass(frozen=True, slots=True)
class Noticed:
    """Whom to look at, how many are as they should be, and what is to be kept once those were looked at."""

    keys: list[int]
    unchanged: int = 0
    marks: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class WatchEntries:
    """Notices whose entries may be otherwise than wanted."""

    directory: Directory
    seen: EntriesSeen
    marks: Watermarks
    today: Callable[[], date]

    def notice(self, everybody: Sequence[int]) -> Noticed:
        """Return whom of all students to look at.

        The directory is asked before anything is compared: what changes meanwhile shows at the next run.
        """
        token, today = self.marks.of(CHANGES) or "", self.today().isoformat()
        changes = self.directory.changes(token)
        marks = {CHANGES: changes.token}
        if not (token and changes.complete) or self.marks.of(EVERYBODY) != today:
            return Noticed(list(everybody), marks={**marks, EVERYBODY: today})
        meant = {*self.seen.unsettled(), *self.seen.owners(changes.albums)}
        keys = [key for key in everybody if key in meant]
        return Noticed(keys, len(everybody) - len(keys), marks)

    def keep(self, noticed: Noticed) -> None:
        """Let the next run begin where this one did, which has looked at those noticed.

        Whoever could not be brought in line is not among those whose entry was seen to be as wanted, and comes again.
        """
        for name, token in noticed.marks.items():
            self.marks.keep(name, token)
