"""Disturbances on order: the next requests that match are slow, refused, or lose their answer."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from starlette.types import Scope

from sandbox.microsoft365.shelf import Json

CUT, UNTOUCHED = 0, 200


@dataclass(slots=True)
class Fault:
    """What happens to so many requests: status 0 cuts the connection, 200 only delays the true answer.

    With `after_effect` the work is done first and its answer is lost.
    """

    path_contains: str = ""
    method: str = ""
    status: int = CUT
    times: int = 1
    after_effect: bool = False
    delay: float = 0.0
    retry_after: int | None = None

    def __post_init__(self) -> None:
        if not (self.status in (CUT, UNTOUCHED) or 400 <= self.status <= 599):
            raise ValueError("status is 0 to cut the connection, 200 to delay only, or 400 to 599")
        if self.times < 1 or self.delay < 0:
            raise ValueError("times is at least 1 and delay is not negative")

    def matches(self, scope: Scope) -> bool:
        """Say whether the request is meant."""
        target = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
        return self.path_contains in target and self.method.upper() in ("", scope["method"])


class Faults:
    """The faults that are still to happen, in the order in which they were ordered."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def order(self, wanted: Any) -> None:
        """Add a fault; raises ValueError for what is none."""
        known = {field.name for field in fields(Fault)}
        if not isinstance(wanted, dict) or not set(wanted) <= known:
            raise ValueError(f"a fault is an object with some of {sorted(known)}")
        try:
            self._waiting.append(Fault(**wanted))
        except TypeError as error:
            raise ValueError("a field of the fault has the wrong type") from error

    def take(self, scope: Scope) -> Fault | None:
        """Return the fault that befalls the request, and count it; the sandbox's own pages are spared."""
        if scope["path"] == "/" or scope["path"].startswith("/sandbox"):
            return None
        fault = next((each for each in self._waiting if each.matches(scope)), None)
        if fault is not None:
            fault.times -= 1
            self._waiting = [each for each in self._waiting if each.times]
        return fault

    def clear(self) -> None:
        """Forget them all."""
        self._waiting = []

    def shown(self) -> list[Json]:
        """Return what is still to happen."""
        return [asdict(each) for each in self._waiting]
