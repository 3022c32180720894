"""Deploy: carry out a play on the hosts, first in check mode."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from estudent.domain.deployment import Happening, Order, Outcome
from estudent.ports import Playbooks


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class DeployHosts:
    """What engineers start from the Prefect UI or from a shell."""

    playbooks: Playbooks

    def alone(self) -> AbstractContextManager[None]:
        """Keep every other deployment off this host, from the check to the end of the run; raise Refused."""
        return self.playbooks.alone()

    def __call__(
        self, order: Order, *, check: bool, tell: Callable[[Happening], None], stop: Callable[[], bool] = _never
    ) -> Outcome:
        """Carry out a play, or in check mode find out what it would change; tell each thing as it happens."""
        happened: list[Happening] = []

        def remember(happening: Happening) -> None:
            happened.append(happening)
            tell(happening)

        recap = self.playbooks.play(order, check=check, tell=remember, stop=stop)
        return Outcome(order, check, recap, tuple(happened))
