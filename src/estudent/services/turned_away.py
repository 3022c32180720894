"""Why somebody may not pass one of the portal's doors."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum


class Why(StrEnum):
    """What the visitor is told; a mismatch is the same for every cause."""

    MISMATCH = "mismatch"
    WAIT = "wait"
    WRONG_CODE = "wrong_code"
    LINK = "link"
    ACTIVE = "active"
    LEFT = "left"
    USED = "used"
    NO_ENTRY = "no_entry"


class TurnedAway(Exception):
    """Somebody may not pass; `until` says when to try again, for those who must wait."""

    def __init__(self, why: Why, until: datetime | None = None) -> None:
        super().__init__(why.value)
        self.why, self.until = why, until
