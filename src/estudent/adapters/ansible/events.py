"""What ansible-runner tells of a play, in our words. Only results are read: the text that Ansible prints is not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from estudent.domain.deployment import Difference, Happening, HostRecap, What
from estudent.domain.masking import Mask

STATES = {
    "runner_on_ok": What.OK,
    "runner_on_failed": What.FAILED,
    "runner_on_unreachable": What.UNREACHABLE,
    "runner_on_skipped": What.SKIPPED,
}
CHANGED = re.compile(r"^changed: \[", re.MULTILINE)
LINES = 5
LONGEST = 1000
SECRET = "the task handles secrets and does not show what it did"  # noqa: S105 - says that there is one

Event = Mapping[str, Any]


class Listener:
    """Turns events into happenings, with every text masked, and keeps the recap."""

    def __init__(self, mask: Mask) -> None:
        self.recap: tuple[HostRecap, ...] = ()
        self._mask = mask
        self._begun = False
        self._changed: set[tuple[object, object]] = set()

    def hear(self, event: Event) -> Happening | None:
        """Return what an event means, or None where it means nothing to people."""
        kind, data = event["event"], event.get("event_data") or {}
        if CHANGED.search(str(event.get("stdout", ""))):
            self._changed.add((data.get("task_uuid"), data.get("host")))
        if kind in STATES:
            return self._of_host(STATES[kind], data)
        if kind == "playbook_on_play_start":
            self._begun = True
            return Happening(What.PLAY, self._mask(str(data.get("name", ""))))
        if kind == "playbook_on_task_start":
            return Happening(What.TASK, self._task(data))
        if kind == "playbook_on_stats":
            self.recap = recap_of(data)
        return None if self._begun else self._note(event)

    def _note(self, event: Event) -> Happening | None:
        """Return a complaint that comes before any play, of a file or a pattern; later ones may quote secrets."""
        text = str(event.get("stdout", ""))
        if not text.startswith(("[ERROR]", "[WARNING]", "ERROR!")):
            return None
        return Happening(What.NOTE, detail=self._mask(text)[:LONGEST])

    def _of_host(self, what: What, data: Event) -> Happening:
        found = data.get("res") or {}
        hidden = "censored" in found
        if what is What.FAILED and data.get("ignore_errors"):
            what = What.IGNORED
        # Of a silent task only the word that Ansible prints, of it or of its items, says whether it changed something.
        shown = (data.get("task_uuid"), data.get("host")) in self._changed
        if what is What.OK and found.get("changed", shown):
            what = What.CHANGED
        detail = "" if what in (What.OK, What.CHANGED, What.SKIPPED) else SECRET if hidden else message_in(found)
        differences = self._differences(found) if what is What.CHANGED else ()
        host = str(data.get("host", ""))
        return Happening(what, self._task(data), host, self._mask(detail)[:LONGEST], tuple(differences), hidden)

    def _task(self, data: Event) -> str:
        name, role = str(data.get("task") or data.get("name") or ""), data.get("role")
        return self._mask(f"{role} : {name}" if role else name)

    def _differences(self, found: Event) -> Iterator[Difference]:
        for result in found.get("results") or [found]:
            shown = result.get("diff") if isinstance(result, Mapping) else None
            for diff in shown if isinstance(shown, list) else [shown]:
                if isinstance(diff, Mapping):
                    yield from self._difference(diff)

    def _difference(self, diff: Event) -> Iterator[Difference]:
        before, after = self._text(diff.get("before")), self._text(diff.get("after"))
        if "prepared" in diff:
            before, after = "", self._text(diff["prepared"])
        thing = self._mask(str(diff.get("after_header") or diff.get("before_header") or ""))
        if before != after:
            yield Difference(thing, before, after)

    def _text(self, value: object) -> str:
        """Return one side of a difference; modules give a text or, for attributes, a table."""
        text = value if isinstance(value, str) else json.dumps(value or {}, indent=2, sort_keys=True, default=str)
        return self._mask(text if value else "")


def recap_of(stats: Event) -> tuple[HostRecap, ...]:
    """Return a host's counts from the statistics at the end of a run."""
    hosts = sorted({host for counts in stats.values() if isinstance(counts, Mapping) for host in counts})
    columns = ("ok", "changed", "failures", "dark", "skipped", "ignored")
    return tuple(
        HostRecap(host, *((stats.get(column) or {}).get(host, 0) for column in columns))
        for host in hosts
        if host in (stats.get("processed") or {})
    )


def message_in(found: Event) -> str:
    """Return why a task failed: its message, and the last lines that the program said; of a loop, every item's."""
    failed = [each for each in found.get("results") or [] if isinstance(each, Mapping) and each.get("failed")]
    if failed:
        return "; ".join(dict.fromkeys(message_in(each) for each in failed))
    if "censored" in found:
        return SECRET
    said = str(found.get("stderr") or found.get("module_stderr") or "").strip().splitlines()[-LINES:]
    return " ".join(filter(None, [str(found.get("msg") or "").strip(), *(line.strip() for line in said)]))
