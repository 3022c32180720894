"""What a run leaves behind: one artifact with a table for people, without personal data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact

from estudent.domain.outcome import Tally

SHOWN = 50
REASONS = 5
COLUMNS = ("System", "Read", "New", "Changed", "Refused", "Failed")


async def publish(title: str, tallies: Sequence[Tally], mode: str) -> None:
    """Leave a run's table, and beside it the reasons, student by student, where there are any."""
    verb = "would do" if mode == "rehearse" else "did"
    await acreate_table_artifact(as_table(tallies), key=title, description=f"What {title} {verb}")
    if any(tally.remarks for tally in tallies):
        await acreate_markdown_artifact(as_markdown(title, tallies, mode), key=f"{title}-why", description="Why")


def as_table(tallies: Iterable[Tally]) -> list[dict[str, object]]:
    """Return one row for each system: its counts, why not all is well, and what to do next."""
    return [
        {
            "System": tally.system,
            "Read": tally.read,
            "New": tally.new,
            "Changed": tally.changed,
            "Refused": tally.refused,
            "Failed": tally.failed,
            "Seconds": round(tally.seconds, 1),
            "Why": "; ".join(dict.fromkeys(remark.why for remark in tally.remarks[:REASONS])),
            "What to do next": "; ".join(dict.fromkeys(remark.then for remark in tally.remarks[:REASONS])),
        }
        for tally in tallies
    ]


def as_markdown(title: str, tallies: Sequence[Tally], mode: str) -> str:
    """Return the report: counts by system, then why, and what to do next."""
    verb = "would do" if mode == "rehearse" else "did"
    counts = [(tally.system, tally.read, tally.new, tally.changed, tally.refused, tally.failed) for tally in tallies]
    lines = [f"# What {title} {verb}", "", *_table(COLUMNS, counts)]
    return "\n".join([*lines, "", *_remarks(tallies)])


def _remarks(tallies: Iterable[Tally]) -> list[str]:
    remarks = [(tally.system, remark) for tally in tallies for remark in tally.remarks]
    if not remarks:
        return ["Nothing else to report."]
    lines = [f"- **{system}**, {each.about}: {each.why}. *Next:* {each.then}." for system, each in remarks[:SHOWN]]
    if len(remarks) > SHOWN:
        lines.append(f"- … and {len(remarks) - SHOWN} more; `estudent student <album number>` shows each.")
    return ["## Why, and what to do next", "", *lines]


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    ruler = "|".join("---" for _ in header)
    return [_row(header), f"|{ruler}|", *(_row(row) for row in rows)]


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
