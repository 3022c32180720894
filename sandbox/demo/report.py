"""The demo's one table: what the runs said they did, and what was found by looking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from rich.table import Table

from sandbox.demo.looking import numbered
from sandbox.demo.story import Story

COUNTS = ("New", "Changed", "Refused", "Failed")


@dataclass
class Report:
    """One row for each system, and whatever does not agree."""

    rows: dict[str, dict[str, float]]
    students: int
    seconds: float
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, story: Story, found: Mapping[str, int], seconds: float) -> Self:
        """Compare what the runs said with what was found."""
        rows = {system: _counts(system, story.tables) | {"found": found[system]} for system in found}
        students = numbered(story.university)
        report = cls(rows, students, seconds, list(story.failures))
        expected = dict.fromkeys(("directory", "payment_accounts"), students)
        # Everybody gets the album number; whoever asked for a mailbox is told that it works, and that USOSweb is open.
        expected["letters"] = students + (2 * len(story.askers) if story.university.portal else 0)
        expected |= dict.fromkeys(("mailboxes", "mail", "usos"), len(story.askers))
        expected["recruitment"] = len(story.sample.students)
        report.complaints += [
            f"{system}: {found[system]} found, {wanted} expected"
            for system, wanted in expected.items()
            if found[system] != wanted
        ]
        return report

    @property
    def agrees(self) -> bool:
        """Tell whether every run ended well and every system holds what it should."""
        return not self.complaints

    def as_data(self) -> dict[str, Any]:
        """Return the table as data."""
        systems = {system: {name.lower(): count for name, count in row.items()} for system, row in self.rows.items()}
        return {
            "agrees": self.agrees,
            "complaints": self.complaints,
            "students": self.students,
            "seconds": round(self.seconds, 1),
            "systems": systems,
        }


def _counts(system: str, tables: list[dict[str, Any]]) -> dict[str, float]:
    rows = [row for row in tables if row["System"] == system]
    summed: dict[str, float] = {name: sum(int(row[name]) for row in rows) for name in COUNTS}
    seconds = round(sum(float(row["Seconds"]) for row in rows), 1)
    return {"Read": max((int(row["Read"]) for row in rows), default=0)} | summed | {"seconds": seconds}


def as_table(report: Report) -> Table:
    """Return the table for the screen."""
    table = Table("System", "Read", *COUNTS, "Found there", "Seconds")
    for system, row in report.rows.items():
        table.add_row(system, *(str(row[name]) for name in ("Read", *COUNTS, "found", "seconds")))
    return table
