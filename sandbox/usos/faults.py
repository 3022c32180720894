"""Disturbances on order: the next calls that match are slow, refused, or lose their answer."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

CUT, UNTOUCHED = 0, 200


@dataclass(slots=True)
class Fault:
    """What happens to so many calls: status 0 cuts the connection, 200 only delays the true answer.

    With `after_effect` the work is done first and its answer is lost.
    """

    path_contains: str = ""
    status: int = 503
    times: int = 1
    after_effect: bool = False
    delay: float = 0.0

    def __post_init__(self) -> None:
        if not (self.status in (CUT, UNTOUCHED) or 400 <= self.status <= 599):
            raise ValueError("status is 0 to cut the connection, 200 to delay only, or 400 to 599")
        if self.times < 1 or self.delay < 0:
            raise ValueError("times is at least 1 and delay is not negative")


class Faults:
    """The faults that are still to happen, in the order of ordering."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def order(self, wanted: Any) -> None:
        """Add a fault; raises ValueError for what is none."""
        known = sorted(field.name for field in fields(Fault))
        if not isinstance(wanted, dict) or not set(wanted) <= set(known):
            raise ValueError(f"a fault is an object with some of {known}")
        try:
            self._waiting.append(Fault(**wanted))
        except TypeError as error:
            raise ValueError("a field of the fault has the wrong type") from error

    def take(self, path: str) -> Fault | None:
        """Return the fault that befalls the call, and count it."""
        fault = next((each for each in self._waiting if each.path_contains in path), None)
        if fault is not None:
            fault.times -= 1
            self._waiting = [each for each in self._waiting if each.times]
        return fault

    def clear(self) -> None:
        """Forget them all."""
        self._waiting = []

    def shown(self) -> list[dict[str, Any]]:
        """Return what is still to happen."""
        return [asdict(each) for each in self._waiting]
