"""The budgets: what the design promises of one kind of work, mostly at one size, and whether it was kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bench.samples import Figure


class Work(StrEnum):
    """The kinds of work that have a budget, as the table names them."""

    ADDS = "directory: adds by the adapter, durable"
    COMPARE = "directory: everything compared, nothing changed"
    FLOW = "accounts: all new, through the flow, journal included"
    AGAINST_TASKS = "accounts: the same, against one task for each student"
    AGAINST_ANSIBLE = "accounts: the same, against Ansible's loop"
    ORCHESTRATED = "feed and accounts: the flows, against the services alone"
    FEED_TO_DIRECTORY = "feed to directory: both flows"
    SHARDS = "semester-start: directory, in shards by two workers"
    SHARDS_GAIN = "semester-start: the same where cores are free, nothing changed"
    HOURLY_FLOW = "hourly: the flow, nothing changed"
    HOURLY = "hourly: services, nothing changed"
    HOURLY_CHANGED = "hourly: services, 1 % changed, against everybody"
    FEED_NEW = "feed: all new"
    FEED_AGAIN = "feed: unchanged"
    FEED_CHANGED = "feed: 1 % changed"
    SIGN_INS = "portal: sign-ins for each core"
    ACTIVATIONS = "portal: pages of 50 activations at once, p95"
    STATIC = "portal: static files"
    MAILBOXES = "mailboxes: writes, against the quota"
    MAILBOXES_REFUSED = "mailboxes: requests beyond the quota"
    MAILBOXES_LOST = "mailboxes: lost"
    MAILBOXES_TWICE = "mailboxes: double"
    MAILBOX_WAIT = "mailboxes: a student's own meanwhile, our part, p95"
    USOS = "usos: enablements, against the calls permitted"
    USOS_REFUSED = "usos: calls beyond the limit"
    USOS_LOST = "usos: not enabled"
    USOS_TWICE = "usos: addresses handed over twice"
    FEES = "fees: lines booked"


class Of(StrEnum):
    """Which figure of a row a budget is about."""

    RATIO = "ratio"
    MEDIAN = "figure"
    PEAK = "peak"


@dataclass(frozen=True, slots=True)
class Budget:
    """`least` or `most` is the limit of one figure of a kind of work, at this size (None: at any)."""

    work: Work
    size: int | None
    of: Of
    least: float | None = None
    most: float | None = None

    def is_about(self, row: Figure) -> bool:
        """Tell whether a row is to keep it."""
        return row.what == self.work and self.size in (None, row.size)

    def is_kept_by(self, row: Figure) -> bool | None:
        """Tell whether the row keeps it; None where the figure is not there."""
        figure = _figure(row, self.of)
        if figure is None:
            return None
        return (self.least is None or figure >= self.least) and (self.most is None or figure <= self.most)

    @property
    def limit(self) -> str:
        """The limit as the table shows it."""
        sign, limit = ("≤", self.most) if self.least is None else ("≥", self.least)
        unit = {Of.RATIO: " times", Of.MEDIAN: "", Of.PEAK: " MB"}[self.of]
        return f"{sign} {limit:g}{unit}"


def _figure(row: Figure, of: Of) -> float | None:
    if not row.samples:
        return None
    # A process that nobody saw had no peak of 0 MB.
    return {Of.RATIO: row.ratio, Of.MEDIAN: row.median, Of.PEAK: row.peak or None}[of]


MANY, ALL = 10_000, 100_000
MEGABYTES = 400
BUDGETS = (
    Budget(Work.ADDS, MANY, Of.RATIO, least=1.0),
    Budget(Work.FLOW, MANY, Of.RATIO, least=0.8),
    Budget(Work.AGAINST_TASKS, MANY, Of.RATIO, least=20),
    Budget(Work.AGAINST_ANSIBLE, MANY, Of.RATIO, least=100),
    Budget(Work.ORCHESTRATED, MANY, Of.RATIO, most=1.10),
    # Rates: half of ldapsearch's is twice its time.
    Budget(Work.COMPARE, ALL, Of.RATIO, least=0.5),
    Budget(Work.COMPARE, ALL, Of.PEAK, most=MEGABYTES),
    Budget(Work.FEED_TO_DIRECTORY, ALL, Of.MEDIAN, most=600),
    Budget(Work.FEED_TO_DIRECTORY, ALL, Of.PEAK, most=MEGABYTES),
    Budget(Work.SHARDS, MANY, Of.RATIO, most=1.0),
    Budget(Work.SHARDS_GAIN, ALL, Of.RATIO, most=1.0),
    Budget(Work.HOURLY_FLOW, ALL, Of.MEDIAN, most=3),
    Budget(Work.HOURLY_FLOW, ALL, Of.PEAK, most=MEGABYTES),
    Budget(Work.HOURLY, ALL, Of.MEDIAN, most=3),
    Budget(Work.HOURLY, ALL, Of.PEAK, most=MEGABYTES),
    Budget(Work.HOURLY_CHANGED, ALL, Of.RATIO, most=0.2),
    Budget(Work.FEED_NEW, ALL, Of.RATIO, most=20),
    Budget(Work.FEED_NEW, ALL, Of.PEAK, most=MEGABYTES),
    Budget(Work.FEED_AGAIN, ALL, Of.RATIO, most=3),
    Budget(Work.FEED_AGAIN, ALL, Of.PEAK, most=MEGABYTES),
    Budget(Work.FEED_CHANGED, ALL, Of.PEAK, most=MEGABYTES),
    Budget(Work.SIGN_INS, None, Of.RATIO, least=0.8),
    Budget(Work.ACTIVATIONS, None, Of.MEDIAN, most=1),
    Budget(Work.STATIC, None, Of.MEDIAN, least=500),
    Budget(Work.MAILBOXES, None, Of.MEDIAN, least=0.95),
    Budget(Work.MAILBOXES_REFUSED, None, Of.MEDIAN, most=0),
    Budget(Work.MAILBOXES_LOST, None, Of.MEDIAN, most=0),
    Budget(Work.MAILBOXES_TWICE, None, Of.MEDIAN, most=0),
    Budget(Work.MAILBOX_WAIT, None, Of.MEDIAN, most=10),
    Budget(Work.USOS, 3_000, Of.MEDIAN, least=0.95),
    Budget(Work.USOS_REFUSED, None, Of.MEDIAN, most=0),
    Budget(Work.USOS_LOST, None, Of.MEDIAN, most=0),
    Budget(Work.USOS_TWICE, None, Of.MEDIAN, most=0),
    Budget(Work.FEES, ALL, Of.MEDIAN, most=20),
    Budget(Work.FEES, ALL, Of.PEAK, most=300),
)


def verdict(row: Figure, budgets: Sequence[Budget] = BUDGETS) -> tuple[str, str]:
    """Return the limits of a row, and whether they were held; nothing twice where it has none."""
    ours = [each for each in budgets if each.is_about(row)]
    kept = [each.is_kept_by(row) for each in ours]
    missed = [each.of.value for each, held in zip(ours, kept, strict=True) if held is False]
    limits = "; ".join(each.limit for each in ours)
    if missed:
        return limits, f"MISSED: {', '.join(missed)}"
    if None in kept:
        return limits, "not measured"
    return limits, "held" if ours else ""


def unmeasured(rows: Iterable[Figure], budgets: Sequence[Budget] = BUDGETS) -> list[Budget]:
    """Return the budgets of which these rows tell nothing."""
    measured = list(rows)
    return [
        each for each in budgets if not any(each.is_about(row) and each.is_kept_by(row) is not None for row in measured)
    ]
