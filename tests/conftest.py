"""How slow tests are shared out between processes: what starts servers once for a whole folder stays together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    import pytest
    from xdist.remote import Producer

TOGETHER = ("tests/browser/", "tests/e2e/", "tests/integration/registry/")


class Sharing(LoadScopeScheduling):  # type: ignore[misc]
    """Gives a process whole files, and of some folders all of them."""

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid.partition("::")[0])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Sharing | None:
    """Share out so where whole files are asked for (`--dist loadfile`)."""
    return Sharing(config, log) if config.getoption("dist") == "loadfile" else None
