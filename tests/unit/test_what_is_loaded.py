"""What a process loads before it is known what it is for: no library of a far system, since some take a second."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FAR_SYSTEMS = {
    "msgraph",
    "msgraph_core",
    "kiota_http",
    "azure",
    "msal",
    "ldap3",
    "oracledb",
    "ansible",
    "ansible_runner",
}
SELDOM_NEEDED = {"alembic", "mako", "openpyxl", "holidays", "zxcvbn"}
FLOWS = [f"flows.{file.stem}" for file in sorted((ROOT / "flows").glob("*.py")) if file.stem != "__init__"]
PROCESSES = {
    "every flow": FLOWS,
    "the command line": ["estudent.cli"],
    "the portal": ["estudent.portal.app"],
}


def loaded_by(modules: list[str]) -> set[str]:
    """Return the packages that a new process has loaded once it has imported these modules."""
    program = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_starts_without_the_libraries_of_far_systems(process: str) -> None:
    loaded = loaded_by(PROCESSES[process])
    assert "sqlalchemy" in loaded
    assert not loaded & (FAR_SYSTEMS | SELDOM_NEEDED)
