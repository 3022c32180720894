"""A figure for whoever watches: numbers alone, and what they count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, or one for each value of a label; names, meanings and labels are our own words."""

    name: str
    meaning: str
    values: Mapping[str, int]
    label: str = ""

    def lines(self) -> Iterator[str]:
        """Yield it in Prometheus' text format (version 0.0.4); nothing where there is no value."""
        if self.values:
            yield f"# HELP {self.name} {self.meaning}"
            yield f"# TYPE {self.name} gauge"
        for which, value in self.values.items():
            yield f"{self.name}{self._labels(which)} {value}"

    def _labels(self, which: str) -> str:
        return f'{{{self.label}="{which}"}}' if self.label else ""
