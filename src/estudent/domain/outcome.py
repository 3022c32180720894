"""What became of steps, for the journal and for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from estudent.domain.plan import Step, StepKind, T


class Result(StrEnum):
    """DONE: the far side said so. REFUSED: it will not, a person must act. FAILED: try again later."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one step; `detail` says why, `tries` what was tried again on the way, without personal data."""

    step: Step[T]  # type: ignore[valid-type]
    result: Result
    detail: str = ""
    tries: str = ""

    @property
    def told(self) -> str:
        """Everything that the journal says of it."""
        return "; ".join(filter(None, (self.detail, self.tries)))


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing a person should know: whom or where it concerns, why, and what to do next."""

    about: str
    why: str
    then: str


@dataclass(slots=True)
class Tally:
    """The counts of one system in one run; `read` is how many students or rows were looked at, in `seconds`."""

    system: str
    read: int = 0
    new: int = 0
    changed: int = 0
    refused: int = 0
    failed: int = 0
    seconds: float = 0.0
    remarks: list[Remark] = field(default_factory=list)

    def count(self, kind: StepKind, result: Result) -> None:
        """Add one outcome."""
        if result is Result.REFUSED:
            self.refused += 1
        elif result is Result.FAILED:
            self.failed += 1
        elif kind is StepKind.ADD:
            self.new += 1
        else:
            self.changed += 1

    def merge(self, other: Tally) -> Tally:
        """Return the sum of two tallies of one system."""
        return Tally(
            self.system,
            self.read + other.read,
            self.new + other.new,
            self.changed + other.changed,
            self.refused + other.refused,
            self.failed + other.failed,
            self.seconds + other.seconds,
            self.remarks + other.remarks,
        )


def total(system: str, tallies: Iterable[Tally]) -> Tally:
    """Return the sum of one system's tallies."""
    summed = Tally(system)
    for tally in tallies:
        summed = summed.merge(tally)
    return summed
