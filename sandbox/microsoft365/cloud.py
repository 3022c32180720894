"""All parts of the stand-in in one hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sandbox.clock import Clock
from sandbox.microsoft365.faults import Faults, Profile
from sandbox.microsoft365.ledger import Ledger
from sandbox.microsoft365.obstacles import Obstacles
from sandbox.microsoft365.options import Options
from sandbox.microsoft365.quota import Quota
from sandbox.microsoft365.refusal import Refusal
from sandbox.microsoft365.seal import Seal
from sandbox.microsoft365.shelf import Shelf
from sandbox.microsoft365.tenant import Tenant
from sandbox.microsoft365.tokens import Tokens

AT_ONCE = 4
BUSY = "You have reached the maximum number of concurrent requests per tenant. Please wait and try again"


class Places:
    """How many cmdlets may run at once in the tenant (facts: the text is known, the number is not)."""

    def __init__(self, places: int = AT_ONCE) -> None:
        self._free = places

    @contextmanager
    def one(self) -> Iterator[None]:
        """Take a place for a while, or refuse."""
        if not self._free:
            raise Refusal(429, "TooManyRequests", BUSY)
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


@dataclass(frozen=True)
class Cloud:
    """What every handler gets."""

    options: Options
    tenant: Tenant
    tokens: Tokens
    quota: Quota
    seal: Seal
    clock: Clock
    shelf: Shelf
    faults: Faults
    places: Places = field(default_factory=Places)
    ledger: Ledger = field(default_factory=Ledger)
    obstacles: Obstacles = field(default_factory=Obstacles)

    def close(self) -> None:
        """Let go of the folder."""
        self.shelf.close()


def opened(options: Options) -> Cloud:
    """Return the cloud as its folder keeps it."""
    shelf = Shelf(options.folder)
    seal = Seal(shelf)
    profile = Profile(options.seed, throttled=options.throttled, failing=options.failing, lost=options.lost)
    tenant, tokens, clock = Tenant(options, shelf), Tokens(options, seal), Clock(shelf)
    return Cloud(options, tenant, tokens, Quota(options), seal, clock, shelf, Faults(profile))
