"""Bring many students in line with a system, some at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from estudent.domain.outcome import Tally
from estudent.services.keep_accounts import SYSTEM as DIRECTORY
from estudent.services.reconcile import Reconciler


def under_way(system: str) -> int:
    """Return how many portions are under way at once: steps are taken for one, while another is planned or looked at.

    So the directory, which takes its time for each write, is never without work. Other systems keep to a pace anyway.
    """
    return 2 if system == DIRECTORY else 1


def bring_in_line(reconciler: Reconciler, portions: Iterable[Sequence[int]]) -> Iterator[Tally]:
    """Yield the tally of each portion, in their order; with the first that fails, no more are begun."""
    most, begun = under_way(reconciler.system), deque[Future[Tally]]()
    with ThreadPoolExecutor(most) as threads:
        for some in portions:
            begun.append(threads.submit(reconciler.apply, some))
            if len(begun) == most:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
