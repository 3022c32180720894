"""Keep a pace together with other processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from estudent.domain.allowance import Budget
from estudent.ports import Allowance


class KeepPace:
    """Gives each call of this process its turn among all that share the budget."""

    def __init__(self, allowance: Allowance, budget: Budget, sleep: Callable[[float], None] = time.sleep) -> None:
        self._allowance, self._budget, self._sleep = allowance, budget, sleep
        self._tokens = 0
        self._one_at_a_time = Lock()

    def wait(self) -> None:
        """Return when it is this call's turn."""
        with self._one_at_a_time:
            while not self._tokens:
                portion = self._allowance.take(self._budget, self._budget.portion, urgent=False)
                self._tokens = portion.tokens
                self._sleep(portion.wait)
            self._tokens -= 1
