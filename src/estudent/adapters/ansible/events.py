"""What ansible-runner tells of a play, in our words. Only results are read: the text that Ansible prints is not."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from estudent.domain.deployment import Difference, Happening, HostRecap, What
from estudent.domain.masking import Mask

STATES = {
    "runner_on_ok": What.OK,
    "runner_on_failed": What.FAILED,
    "runner_on_unreachable": What.UNREACHABLE,
    "runner_on_skipped": What.SKIPPED,
}
SERVICES = frozenset({"systemd", "systemd_service", "service"})
RESTARTS = {"restarted": "", "reloaded": " (reload)"}
"""What a module for services may do to one, and how that is said."""
CHANGED = re.compile(r"^changed: \[", re.MULTILINE)
LINES = 5
LONGEST = 1000
SECRET = "the task handles secrets and does not show what it did"  # noqa: S105 - says that there is one

Event = Mapping[str, Any]


class Listener:
    """Turns events into happenings, with every text masked, and keeps the recap.

    Changes are counted here, not taken from Ansible's recap, as that counts what restarts, and tasks that only tell a
    handler, as changed. What a check would change and what the run then changes are thus the same number.
    """

    def __init__(self, mask: Mask) -> None:
        self.recap: tuple[HostRecap, ...] = ()
        self._mask = mask
        self._begun = False
        self._handlers: set[object] = set()
        self._changes: list[Happening] = []
        self._changed: set[tuple[object, object]] = set()

    def hear(self, event: Event) -> Happening | None:
        """Return what an event means, or None where it means nothing to people."""
        kind, data = event["event"], event.get("event_data") or {}
        if CHANGED.search(str(event.get("stdout", ""))):
            self._changed.add((data.get("task_uuid"), data.get("host")))
        if kind in STATES:
            return self._remembered(self._of_host(STATES[kind], data))
        if kind == "playbook_on_play_start":
            self._begun = True
            return Happening(What.PLAY, self._mask(str(data.get("name", ""))))
        if kind == "playbook_on_task_start":
            if data.get("is_conditional"):  # So ansible-runner says that it is a handler.
                self._handlers.add(data.get("task_uuid"))
            return Happening(What.TASK, self._task(data))
        if kind == "playbook_on_stats":
            self.recap = recap_of(data, self._changes)
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
        if what is What.OK and found.get("changed", shown) and not found.get("only_notifies"):
            what = What.CHANGED
        detail = "" if what in (What.OK, What.CHANGED, What.SKIPPED) else SECRET if hidden else message_in(found)
        differences = self._differences(found) if what is What.CHANGED else ()
        host, handler = str(data.get("host", "")), data.get("task_uuid") in self._handlers
        restarts = self._restarts(data, handler) if what is What.CHANGED else ()
        return Happening(
            what, self._task(data), host, self._mask(detail)[:LONGEST], tuple(differences), hidden, handler, restarts
        )

    def _remembered(self, happening: Happening) -> Happening:
        if happening.what is What.CHANGED:
            self._changes.append(happening)
        return happening

    def _restarts(self, data: Event, handler: bool) -> tuple[str, ...]:
        """Return the services that a task restarts, or what else a handler puts in force, by its name."""
        if str(data.get("task_action")).rpartition(".")[2] in SERVICES:
            results = [each for each in _results(data.get("res") or {}) if each.get("changed")]
            if services := dict.fromkeys(self._mask(said) for each in results if (said := _restarted(each))):
                return tuple(services)
        return (f"“{self._mask(str(data.get('task') or ''))}”",) if handler else ()

    def _task(self, data: Event) -> str:
        name, role = str(data.get("task") or data.get("name") or ""), data.get("role")
        return self._mask(f"{role} : {name}" if role else name)

    def _differences(self, found: Event) -> Iterator[Difference]:
        for result in _results(found):
            shown = result.get("diff")
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


def recap_of(stats: Event, changes: Iterable[Happening]) -> tuple[HostRecap, ...]:
    """Return each host's counts: of what was changed and restarted as it was told, of all else from Ansible's recap."""
    columns = ("ok", "failures", "dark", "skipped", "ignored")
    changed = Counter(each.host for each in changes if not each.restarts)
    restarts = Counter(host for host, _ in {(each.host, name) for each in changes for name in each.restarts})

    def recap(host: str) -> HostRecap:
        ok, *others = ((stats.get(column) or {}).get(host, 0) for column in columns)
        return HostRecap(host, ok, changed[host], restarts[host], *others)

    return tuple(recap(host) for host in sorted(stats.get("processed") or {}))


def _results(found: Event) -> list[Event]:
    """Return what came of each item of a loop, or of the task itself."""
    return [each for each in found.get("results") or [found] if isinstance(each, Mapping)]


def _restarted(result: Event) -> str:
    """Return which service was restarted or reloaded, or nothing."""
    asked = (result.get("invocation") or {}).get("module_args") or {}
    done = RESTARTS.get(str(asked.get("state")))
    return "" if done is None else f"{str(asked.get('name')).removesuffix('.service')}{done}"


def message_in(found: Event) -> str:
    """Return why a task failed: its message, and the last lines that the program said; of a loop, every item's."""
    failed = [each for each in found.get("results") or [] if isinstance(each, Mapping) and each.get("failed")]
    if failed:
        return "; ".join(dict.fromkeys(message_in(each) for each in failed))
    if "censored" in found:
        return SECRET
    said = str(found.get("stderr") or found.get("module_stderr") or "").strip().splitlines()[-LINES:]
    return " ".join(filter(None, [str(found.get("msg") or "").strip(), *(line.strip() for line in said)]))
