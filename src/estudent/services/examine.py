"""Examine the systems: is each reachable and rightly configured?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from estudent.ports import FarSideError

WARNING = "WARNING: "
"""How the sentence of a check begins that found something to do soon."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found at one system: well or not, and the sentence that says what to do."""

    system: str
    well: bool
    sentence: str

    @property
    def warns(self) -> bool:
        """Whether it is well and will not stay so by itself."""
        return self.well and self.sentence.startswith(WARNING)


def examine(checks: Mapping[str, Callable[[], str]]) -> list[Finding]:
    """Run every check, each whatever the others found."""
    return [_finding(system, check) for system, check in checks.items()]


def _finding(system: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(system, True, check())
    except FarSideError as error:
        return Finding(system, False, str(error))
