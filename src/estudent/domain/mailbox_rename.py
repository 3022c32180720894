"""Another primary address for a student's mailbox: offered or asked for, then moved in a stated order.

| state | meaning |
|---|---|
| OFFERED | the student's name has changed; the address stays until the student or the desk asks for another one |
| ASKED | the new address is reserved; nothing has been written anywhere else |
| ARRIVING | Exchange has the new address as the primary one and the old one as an alias: mail arrives at both |
| MOVING | registry, directory (what single sign-on hands over) and sign-in name are being moved to the new address |
| MOVED | all were seen at the new address; the old one stays an alias for good |
| DECLINED | the student keeps the address |
| REFUSED | Microsoft will not; everything is at the old address, and the student may choose another one, or keep it |
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class RenameState(StrEnum):
    """How far a rename is."""

    OFFERED = "offered"
    ASKED = "asked"
    ARRIVING = "arriving"
    MOVING = "moving"
    MOVED = "moved"
    DECLINED = "declined"
    REFUSED = "refused"


LETTERS = {RenameState.MOVED: "mailbox_renamed", RenameState.REFUSED: "mailbox_not_renamed"}
"""Where the student is written to, and what."""

AT_NEW = frozenset({RenameState.MOVING, RenameState.MOVED})
"""Where the new address is the mailbox's own one, for the registry, and so for directory and single sign-on."""

ON_OFFER = frozenset({RenameState.OFFERED, RenameState.REFUSED})
"""Where it is the student's turn to choose an address, or to keep the one there is."""

UNDER_WAY = frozenset({RenameState.ASKED, RenameState.ARRIVING, RenameState.MOVING})
"""While a rename is under way, nothing else touches the mailbox's addresses."""


@dataclass(frozen=True, slots=True)
class Rename:
    """What the registry knows of one student's rename; both addresses are theirs for good once it was asked for."""

    state: RenameState
    before: str | None = field(default=None, repr=False)
    wanted: str | None = field(default=None, repr=False)
    problem: str = ""

    @property
    def is_offered(self) -> bool:
        """Whether the student may choose an address, or keep the one there is."""
        return self.state in ON_OFFER

    @property
    def under_way(self) -> bool:
        """Whether a run has something to do about it."""
        return self.state in UNDER_WAY
