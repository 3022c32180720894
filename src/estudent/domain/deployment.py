"""A deployment: what is asked for, what happens on the hosts, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from enum import StrEnum
from hashlib import sha256

_WORD = r"[!&]?[A-Za-z0-9_][A-Za-z0-9_.*-]*(\[[0-9]+(:[0-9]*)?\])?"
LIMIT = rf"^({_WORD}([,:]{_WORD})*)?$"
"""Names of hosts and groups as Ansible's patterns join them; no file (@), no expression (~), no option."""
TAGS = r"^([A-Za-z0-9_][A-Za-z0-9_-]*(,[A-Za-z0-9_][A-Za-z0-9_-]*)*)?$"
LONGEST = 200


class Play(StrEnum):
    """The plays in playbooks/ that may be started from Prefect, by their files' names."""

    SITE = "site"
    BASE = "base"
    DATABASE = "database"
    CACHE = "cache"
    DIRECTORY = "directory"
    RELEASE = "release"
    ORCHESTRATION = "orchestration"
    WORKER = "worker"
    DEPLOYER = "deployer"
    SSO = "sso"
    PORTAL = "portal"
    BALANCER = "balancer"
    EDUROAM = "eduroam"
    MONITORING = "monitoring"
    STANDINS = "standins"
    USOSWEB_STANDIN = "usosweb_standin"
    BACKUP = "backup"


FROM_A_SHELL = {
    "restore": "needs to be told what is overwritten by what",
    "rotate-secrets": "begins with new secrets on an engineer's machine",
    "upgrade": "boots hosts anew, the one that deploys among them",
}
"""The plays that may not, and why."""


@dataclass(frozen=True, slots=True)
class Order:
    """What an engineer wants deployed: a play, to which of its hosts, which of its parts; empty means all."""

    play: Play
    limit: str = ""
    tags: str = ""

    def __post_init__(self) -> None:
        if len(self.limit) > LONGEST or not re.fullmatch(LIMIT, self.limit):
            raise ValueError(f"hosts and groups are names, separated by commas or colons, not {self.limit!r}")
        if len(self.tags) > LONGEST or not re.fullmatch(TAGS, self.tags):
            raise ValueError(f"tags are words separated by commas, not {self.tags!r}")

    def __str__(self) -> str:
        where, what = (f" on {self.limit}" if self.limit else ""), (f" with tags {self.tags}" if self.tags else "")
        return f"{self.play.value}{where}{what}"


class What(StrEnum):
    """What may happen in a play."""

    PLAY = "play"
    TASK = "task"
    OK = "ok"
    CHANGED = "changed"
    SKIPPED = "skipped"
    IGNORED = "failed, ignored"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    NOTE = "note"


MOMENT = re.compile(r"\d{4}-\d\d-\d\d|\d\d:\d\d(:\d\d)?(\.\d+)?|\d{9,}(\.\d+)?")
"""Dates, times, and seconds since 1970, as files have them."""

BAD = frozenset({What.FAILED, What.UNREACHABLE})


@dataclass(frozen=True, slots=True)
class Difference:
    """What a task changes in one thing, e.g. a file, before and after."""

    thing: str
    before: str
    after: str

    def lines(self) -> Iterator[str]:
        """Yield the lines that change, with three around them, as `diff -u` shows them."""
        before, after = self.before.splitlines(), self.after.splitlines()
        for number, line in enumerate(unified_diff(before, after, lineterm="", n=3)):
            if number > 1:  # The two lines with file names say nothing here.
                yield line


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened, without secrets; `hidden` says that the task does not show what it did.

    A handler does something because another task changed something. What it, or any task, puts in force, are its
    `restarts`: services, or else the handler's own words.
    """

    what: What
    task: str = ""
    host: str = ""
    detail: str = ""
    differences: tuple[Difference, ...] = ()
    hidden: bool = False
    handler: bool = False
    restarts: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.what in (What.PLAY, What.TASK):
            return f"{self.what.value.upper()} {self.task}"
        if self.what is What.NOTE:
            return self.detail
        return f"  {self.host}: {self.what.value}" + (f": {self.detail}" if self.detail else "")


@dataclass(frozen=True, slots=True)
class HostRecap:
    """How many tasks ended how on one host; what restarts is counted by itself, not as changed."""

    host: str
    ok: int = 0
    changed: int = 0
    restarts: int = 0
    failed: int = 0
    unreachable: int = 0
    skipped: int = 0
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a play: a recap for each host, what was changed, and what went wrong."""

    order: Order
    check: bool
    recap: tuple[HostRecap, ...]
    happenings: tuple[Happening, ...]

    @property
    def changes(self) -> list[Happening]:
        """What was changed, or in check mode would be."""
        return [each for each in self.happenings if each.what is What.CHANGED]

    @property
    def restarts(self) -> dict[str, list[str]]:
        """What is restarted, reloaded or otherwise put in force, each with its hosts; in check mode would be."""
        hosts: dict[str, set[str]] = {}
        for change in self.changes:
            for restart in change.restarts:
                hosts.setdefault(restart, set()).add(change.host)
        return {restart: sorted(hosts[restart]) for restart in sorted(hosts)}

    @property
    def left_out(self) -> dict[str, list[str]]:
        """The tasks that a check did not look at, each with its hosts: it can't, or their condition did not hold.

        Handlers are not among them: their conditions hold in a check as in the run, so one that is left out here is
        left out there.
        """
        hosts: dict[str, set[str]] = {}
        for each in self.happenings if self.check else ():
            if each.what is What.SKIPPED and not each.handler:
                hosts.setdefault(each.task, set()).add(each.host)
        return {task: sorted(names) for task, names in hosts.items()}

    @property
    def reservation(self) -> str:
        """Return in one sentence what a check does not know; nothing where it knows all."""
        if not self.left_out:
            return ""
        count = _number(len(self.left_out), "task")
        return f"{count} could not be checked, or had nothing to do; what they change and restart shows only in the run"

    @property
    def failures(self) -> list[Happening]:
        """What went wrong and was not ignored."""
        return [each for each in self.happenings if each.what in BAD]

    @property
    def well(self) -> bool:
        """Whether the play reached its end on every host; one that touched no host did not."""
        return bool(self.recap) and not any(each.failed or each.unreachable for each in self.recap)

    @property
    def worth_asking(self) -> bool:
        """Whether a check leaves a choice: hosts answered. A task may fail in it for want of an earlier task's work."""
        return self.check and bool(self.recap) and not any(each.unreachable for each in self.recap)

    @property
    def fingerprint(self) -> str:
        """Return what tells these changes and failures from others; moments do not count, nor who came first."""
        happened = sorted(repr((each.what.value, each.task, each.host, each.differences)) for each in self._counted)
        return sha256(MOMENT.sub("", "".join(happened)).encode()).hexdigest()[:16]

    @property
    def _counted(self) -> list[Happening]:
        return [*self.changes, *self.failures]

    def summary(self) -> str:
        """Return in one sentence how much was changed, what restarts where, and what went wrong."""
        if not self.recap:
            return "no host was touched: " + ("; ".join(self._notes()) or "Ansible ended early")
        said = [self._said_of_changes(), *self._said_of_restarts()]
        return "; ".join(said if self.well else [*said, self.complaint()])

    def _said_of_changes(self) -> str:
        hosts = [each.host for each in self.recap if each.changed]
        all_hosts = _number(len(self.recap), "host")
        if not hosts:
            return f"nothing {'would change' if self.check else 'was changed'} on {all_hosts}"
        changes = _number(sum(each.changed for each in self.recap), "change")
        return f"{changes} {'would be made' if self.check else 'made'} on {len(hosts)} of {all_hosts}"

    def _said_of_restarts(self) -> Iterator[str]:
        if self.restarts:
            yield _number(sum(each.restarts for each in self.recap), "restart") + ": " + listed(self.restarts)

    def complaint(self) -> str:
        """Return the failed tasks by name, with host and message."""
        failed = [f"“{each.task}” on {each.host}: {each.what.value}: {each.detail}" for each in self.failures]
        return "; ".join(failed) or "; ".join(self._notes()) or "Ansible ended early"

    def _notes(self) -> list[str]:
        return [each.detail for each in self.happenings if each.what is What.NOTE]


def listed(on_hosts: Mapping[str, Iterable[str]]) -> str:
    """Return things with the hosts that they are on, as one text."""
    return "; ".join(f"{thing} on {', '.join(hosts)}" for thing, hosts in on_hosts.items())


def _number(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
