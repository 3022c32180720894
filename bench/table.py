"""The figures as tables, for the terminal and as Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

from bench.budgets import Budget, unmeasured, verdict
from bench.samples import Figure, Unit, growth

HEADER = ("what", "size", "rounds", "median", "spread", "ratio", "its spread", "against", "limit", "", "peak MB")
WHOLE = (Unit.RATE, Unit.MEGABYTES)


@dataclass(frozen=True, slots=True)
class Failure:
    """A part that ended before its time, and the end of what it said."""

    part: str
    said: str


def table_of(rows: Sequence[Figure]) -> Table:
    """Return the rows as a table for the terminal."""
    return _shown(HEADER, cells(rows))


def growth_table(rows: Sequence[Figure]) -> Table:
    """Return how cost grows as a table for the terminal."""
    return _shown(*growing(rows))


def cells(rows: Sequence[Figure]) -> list[list[str]]:
    """Return each row's cells as the header names them."""
    return [[row.what, f"{row.size:,}", *_figures(row)] for row in rows]


def growing(rows: Sequence[Figure]) -> tuple[list[str], list[list[str]]]:
    """Return header and cells of what each student costs by size, and how many times that grows from least to most."""
    costs = growth(rows)
    sizes = sorted({size for by_size in costs.values() for size in by_size})
    header = ["what, ms for each student", *(f"{size:,}" for size in sizes), "grows by"]
    return header, [[what, *_grown(by_size, sizes)] for what, by_size in costs.items()]


def as_markdown(rows: Sequence[Figure], failures: Sequence[Failure], machine: Sequence[tuple[str, str]]) -> str:
    """Return all of it as a page."""
    parts = [
        "# Results of `make bench`",
        "Ratios count: work and reference ran in one run on this machine, each round beside the other; Ansible's loop"
        " and one task for each student ran once, with fewer entries. After each way of provisioning or adding, and"
        " after all reading and all hourly runs of a size, the directory was compared with what was wanted, entry by"
        " entry; where it differs, the part fails.",
        _lines(("machine", ""), [list(each) for each in machine]),
        "## Figures",
        _lines(HEADER, cells(rows)),
        "## How cost grows",
        _lines(*growing(rows)),
        *sentences(rows, failures),
    ]
    return "\n\n".join(parts) + "\n"


def sentences(rows: Sequence[Figure], failures: Sequence[Failure]) -> list[str]:
    """Return what a reader must not overlook: limits that were missed or not measured, and parts that failed."""
    missed = [f"{row.what}, {row.size:,} ({verdict(row)[0]})" for row in rows if verdict(row)[1].startswith("MISSED")]
    held = sum(verdict(row)[1] == "held" for row in rows)
    said = [f"{held} rows hold their limits; {len(missed)} miss one{': ' if missed else ''}{'; '.join(missed)}."]
    if without := unmeasured(rows):
        said.append(f"Not measured: {'; '.join(map(_named, without))}.")
    said += [f"FAILED: {each.part}. It ended with:\n\n```\n{each.said}\n```" for each in failures]
    return said


def _named(budget: Budget) -> str:
    size = f", {budget.size:,}" if budget.size else ""
    return f"{budget.work}{size} ({budget.limit})"


def _figures(row: Figure) -> list[str]:
    limit, held = verdict(row)
    if not row.samples:
        return ["0", f"not measured: {row.note}", *[""] * 4, limit, held, ""]
    ratios = row.ratios
    return [
        str(len(row.samples)),
        f"{_number(row.median, row.unit)} {row.unit}".strip(),
        " to ".join(_number(each, row.unit) for each in row.spread),
        f"{statistics.median(ratios):.2f}" if ratios else "",
        f"{min(ratios):.2f} to {max(ratios):.2f}" if ratios else "",
        _against(row),
        limit,
        held,
        f"{row.peak:.0f}" if row.peak is not None else "",
    ]


def _against(row: Figure) -> str:
    return f"{row.reference}, not measured: {row.note}" if row.note and not row.references else row.reference


def _number(figure: float, unit: Unit) -> str:
    """Return a figure with two decimals, a small one with two figures that count, and rates and megabytes in whole."""
    if unit is Unit.COUNT:
        return f"{figure:,g}"
    if unit in WHOLE and figure >= 10:
        return f"{figure:,.0f}"
    return f"{figure:,.2f}" if figure >= 0.1 or not figure else f"{figure:.2g}"


def _grown(by_size: dict[int, float], sizes: Sequence[int]) -> list[str]:
    costs = [f"{1000 * by_size[size]:.3f}" if size in by_size else "" for size in sizes]
    return [*costs, f"{by_size[max(by_size)] / by_size[min(by_size)]:.2f} times"]


def _shown(header: Sequence[str], lines: Sequence[Sequence[str]]) -> Table:
    table = Table(*header)
    for line in lines:
        table.add_row(*line, style="bold" if any(cell.startswith("MISSED") for cell in line) else None)
    return table


def _lines(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    ruler = "|".join("---" for _ in header)
    return "\n".join([_line(header), f"|{ruler}|", *map(_line, lines)])


def _line(cells_: Sequence[str]) -> str:
    return "| " + " | ".join(each.replace("|", "\\|").replace("\n", " ") for each in cells_) + " |"
