"""Disturbances: the next requests that match are slow, refused, or lose their answer; or any request, by chance."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.types import Scope

from sandbox.luck import Luck
from sandbox.orders import CUT, Disturbance, Orders

UNNAMED = "unnamed"
KINDS = ("throttled", "failing", "lost")
SERVICES = ("/v1.0/", "/adminapi/")


@dataclass(slots=True, kw_only=True)
class Fault(Disturbance):
    """What happens to so many requests.

    `exception`, the name of a .NET exception, and `words` shape the refusal as a cmdlet's; `conflict` names the
    property of a conflict that Graph reports, or is `unnamed` for the form that names none.
    """

    method: str = ""
    status: int = CUT
    retry_after: int | None = None
    exception: str = ""
    conflict: str = ""
    words: str = "A fault that was ordered."

    def matches(self, scope: Scope) -> bool:
        """Say whether the request is meant."""
        target = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
        return self.path_contains in target and self.method.upper() in ("", scope["method"])


class Profile(Luck):
    """How large a share of all requests to Graph and Exchange is throttled, fails, or loses its answer."""

    def __init__(self, seed: int = 1, **shares: float) -> None:
        """Draw by the seed; raises ValueError for shares that cannot be."""
        super().__init__(KINDS, seed, **shares)

    def fault(self) -> Fault | None:
        """Return what befalls the next request, mostly nothing."""
        kind = self.draw()
        return self._fault(kind) if kind else None

    def _fault(self, kind: str) -> Fault:
        if kind == "throttled":
            return Fault(status=429, retry_after=self.random.choice((None, 1)))
        if kind == "failing":
            return Fault(status=self.random.choice((500, 502, 503, 504)))
        return Fault(status=self.random.choice((CUT, 500, 502, 503, 504)), after_effect=True)


class Faults(Orders[Fault]):
    """The faults that are still to happen, and what befalls the other requests by chance."""

    def __init__(self, profile: Profile) -> None:
        super().__init__(Fault)
        self.profile = profile

    def take(self, scope: Scope) -> Fault | None:
        """Return the fault that befalls the request, and count it; the sandbox's own pages are spared."""
        if scope["path"] == "/" or scope["path"].startswith("/sandbox"):
            return None
        if fault := self.next(lambda each: each.matches(scope)):
            return fault
        return self.profile.fault() if scope["path"].startswith(SERVICES) else None
