"""What became of a challenge, and how the visitor is told."""

from __future__ import annotations

from enum import Enum, auto

from flask_babel import gettext


class Verdict(Enum):
    """PASSED opens the door; every other one asks for another try and says why."""

    PASSED = auto()
    MISSING = auto()
    EXPIRED = auto()
    WRONG = auto()


def told(verdict: Verdict) -> str:
    """Return what the visitor reads, in their language."""
    texts: dict[Verdict, str] = {
        Verdict.PASSED: "",
        Verdict.MISSING: gettext("Please confirm that you are not a robot, then send the form again."),
        Verdict.EXPIRED: gettext("The check against robots had grown old. Here is a new one; please try again."),
        Verdict.WRONG: gettext("The code was not the right one. Here is a new one; please try again."),
    }
    return texts[verdict]
