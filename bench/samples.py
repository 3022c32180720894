"""What a benchmark found out of one kind of work: samples of it and of its reference, and what follows from them."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Unit(StrEnum):
    """What samples count."""

    SECONDS = "s"
    WAIT = "s for each"
    RATE = "a second"
    MEGABYTES = "MB"
    SHARE = "of what is permitted"
    COUNT = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """One kind of work on so many students (rows, lines): a sample of each round, and the reference's in that unit.

    `peak` is how many megabytes were resident at most in the process that did it. Without samples, `note` says why.
    """

    what: str
    size: int
    unit: Unit
    samples: Sequence[float]
    reference: str = ""
    references: Sequence[float] = ()
    peak: float | None = None
    note: str = ""

    @property
    def median(self) -> float:
        """The median of the samples."""
        return statistics.median(self.samples)

    @property
    def spread(self) -> tuple[float, float]:
        """The lowest and the highest of them."""
        return min(self.samples), max(self.samples)

    @property
    def ratios(self) -> list[float]:
        """Each sample against the reference's of the same round, or all against its median where rounds differ."""
        if not (self.samples and self.references):
            return []
        if len(self.references) == len(self.samples):
            return [own / other for own, other in zip(self.samples, self.references, strict=True)]
        return [own / statistics.median(self.references) for own in self.samples]

    @property
    def ratio(self) -> float | None:
        """The median of the ratios; None where there is no reference."""
        return statistics.median(ratios) if (ratios := self.ratios) else None

    @property
    def cost(self) -> float | None:
        """Seconds for each student; None of what is no time."""
        if not self.samples or not self.median:
            return None
        costs = {Unit.SECONDS: self.median / self.size, Unit.RATE: 1 / self.median}
        return costs.get(self.unit)

    def as_line(self) -> str:
        """Return the figure as a line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)


def figure_of(line: str) -> Figure:
    """Return the figure that a line of JSON tells of; raise ValueError or TypeError for any other line."""
    told: Any = json.loads(line)
    if not isinstance(told, dict):
        raise ValueError("a figure is an object")
    fields: dict[str, Any] = told | {"unit": Unit(str(told.get("unit")))}
    return Figure(**fields)


def growth(rows: Iterable[Figure]) -> dict[str, dict[int, float]]:
    """Return what each kind of work costs for each student, by size, where it was measured at several sizes."""
    costs: dict[str, dict[int, float]] = {}
    for row in rows:
        if row.cost is not None:
            costs.setdefault(row.what, {})[row.size] = row.cost
    return {what: dict(sorted(by_size.items())) for what, by_size in costs.items() if len(by_size) > 1}


def p95(seconds: Sequence[float]) -> float:
    """Return what 95 of 100 do not exceed."""
    return statistics.quantiles(seconds, n=20)[-1]
