"""What tests order of a stand-in: so many of the next requests, or of other things, meet what was ordered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, Generic, TypeVar

CUT, UNTOUCHED = 0, 200


@dataclass(slots=True, kw_only=True)
class Order:
    """Something that happens so many times."""

    times: int = 1

    def __post_init__(self) -> None:
        if self.times < 1:
            raise ValueError("times is at least 1")


@dataclass(slots=True, kw_only=True)
class Disturbance(Order):
    """What befalls requests: status 0 cuts the connection, 200 only delays the true answer.

    With `after_effect` the work is done first and its answer is lost.
    """

    path_contains: str = ""
    status: int = 503
    after_effect: bool = False
    delay: float = 0.0

    def __post_init__(self) -> None:
        Order.__post_init__(self)  # super() does not know a class with slots
        if not (self.status in (CUT, UNTOUCHED) or 400 <= self.status <= 599):
            raise ValueError("status is 0 to cut the connection, 200 to delay only, or 400 to 599")
        if self.delay < 0:
            raise ValueError("delay is not negative")


T = TypeVar("T", bound=Order)


class Orders(Generic[T]):
    """What is still to happen, in the order in which it was ordered."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        self._waiting: list[T] = []

    def order(self, wanted: Any) -> None:
        """Add what a request describes; raises ValueError for what is no such thing."""
        known = {each.name: each.default is MISSING for each in fields(self._kind)}
        needed = {name for name, required in known.items() if required}
        if not isinstance(wanted, dict) or not needed <= set(wanted) <= set(known):
            must = f" with {sorted(needed)}" if needed else ""
            raise ValueError(f"{self._kind.__name__} is an object{must}, and perhaps with others of {sorted(known)}")
        try:
            self._waiting.append(self._kind(**wanted))
        except TypeError as error:
            raise ValueError(f"a field of {self._kind.__name__} has the wrong type") from error

    def next(self, befalls: Callable[[T], bool]) -> T | None:
        """Return the first one that befalls whatever is at hand, and count it."""
        found = next((each for each in self._waiting if befalls(each)), None)
        if found is not None:
            found.times -= 1
            self._waiting = [each for each in self._waiting if each.times]
        return found

    def clear(self) -> None:
        """Forget them all."""
        self._waiting = []

    def shown(self) -> list[dict[str, Any]]:
        """Return what is still to happen."""
        return [asdict(each) for each in self._waiting]
