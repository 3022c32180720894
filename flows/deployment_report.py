"""What a deployment leaves behind: its changes as a diff for people, and a recap for each host."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact

from estudent.domain.deployment import Difference, Happening, HostRecap, Outcome

LONGEST_DIFF = 400
LONGEST = 400_000
"""Of one change in lines, and of a whole report in characters: a page beyond that can't be opened any more."""

COLUMNS = ("ok", "changed", "restarts", "failed", "unreachable", "skipped", "ignored")


async def publish(outcome: Outcome) -> None:
    """Leave the changes and the recap of a play as artifacts."""
    key = "deploy-check" if outcome.check else "deploy-run"
    verb = "would change" if outcome.check else "changed"
    title = f"What {outcome.order} {verb}"
    await acreate_markdown_artifact(as_markdown(title, outcome), key=key, description=title)
    recap = f"{'Check' if outcome.check else 'Run'} of {outcome.order}, host by host"
    await acreate_table_artifact(as_table(outcome.recap), key=f"{key}-recap", description=recap)


def as_table(recap: Iterable[HostRecap]) -> list[dict[str, object]]:
    """Return one row for each host."""
    return [{"Host": each.host} | {name.title(): getattr(each, name) for name in COLUMNS} for each in recap]


def as_markdown(title: str, outcome: Outcome) -> str:
    """Return the report: what went wrong, what restarts, what could not be checked, then every change, task by task.

    Hosts with the same change stand together.
    """
    parts = [f"# {title}", f"{_sentence(outcome.summary())}"]
    if outcome.failures:
        parts += ["## What went wrong", "\n".join(_failure(each) for each in outcome.failures)]
    if outcome.restarts:
        parts += [f"## What {'would restart' if outcome.check else 'was restarted'}", _on_hosts(outcome.restarts)]
    if outcome.left_out:
        parts += ["## What the check left out", f"{outcome.reservation}.", _on_hosts(outcome.left_out)]
    for task, happenings in groupby(outcome.changes, key=lambda each: each.task):
        parts += [f"## {plain(task)}", *_changes(list(happenings))]
    report = "\n\n".join(parts)
    if len(report) <= LONGEST:
        return report
    cut = report[:LONGEST].rpartition("\n\n## ")[0] or report[:LONGEST]
    return f"{cut}\n\n## …\n\nThere is more than fits here. Check fewer hosts or tags to see all of it."


def plain(text: str) -> str:
    """Return a text that markdown shows as it is."""
    return re.sub(r"([\\`*_\[\]<>#|])", r"\\\1", text)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{plain(text[1:])}."


def _on_hosts(things: Mapping[str, list[str]]) -> str:
    return "\n".join(f"- {plain(thing)} on {', '.join(hosts)}" for thing, hosts in things.items())


def _failure(each: Happening) -> str:
    return f"- **{plain(each.task)}** on {each.host}: {each.what.value}: {plain(each.detail)}"


def _changes(happenings: list[Happening]) -> Iterator[str]:
    """Yield each different change of one task once, under the names of its hosts."""
    hosts: dict[tuple[tuple[Difference, ...], str], list[str]] = {}
    for each in happenings:
        hosts.setdefault((each.differences, _in_words(each)), []).append(each.host)
    for (differences, words), names in hosts.items():
        yield f"**{', '.join(sorted(names))}**:{words}"
        for difference in differences:
            yield _diff(difference)


def _in_words(change: Happening) -> str:
    """Return what is said of a change that shows no difference."""
    if change.hidden:
        return " changed; the task handles secrets and shows nothing"
    if change.differences:
        return ""
    return f" {plain(', '.join(change.restarts))}" if change.restarts else " changed; the task shows no difference"


def _diff(difference: Difference) -> str:
    lines = list(difference.lines())
    if len(lines) > LONGEST_DIFF:
        lines = [*lines[:LONGEST_DIFF], f"… and {len(lines) - LONGEST_DIFF} more lines"]
    body = "\n".join(lines)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", body)), default=0))
    heading = f"{plain(difference.thing)}\n\n" if difference.thing else ""
    return f"{heading}{fence}diff\n{body}\n{fence}"
