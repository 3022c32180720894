"""How slow tests are shared out between processes: what starts servers once for a whole folder stays together."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
TOGETHER = ("browser", "e2e", "integration/registry")


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a process of `--dist loadgroup` have whole files, and of some folders all of them."""
    for item in items:
        file = item.path.relative_to(HERE)
        group = next((folder for folder in TOGETHER if file.is_relative_to(folder)), str(file))
        item.add_marker(pytest.mark.xdist_group(group))
