"""The architecture holds, and whoever breaks it is named: import-linter on the tree and on a spoilt copy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = [
    "Imports run one way",
    "Domain, ports and services know no outside library",
    "Flows know no outside system's library",
    "Adapters do not know each other",
]
PLANTED = [
    ("src/estudent/domain/pesel.py", "import sqlalchemy", "estudent.domain.pesel -> sqlalchemy"),
    ("src/estudent/ports.py", "import pydantic", "estudent.ports -> pydantic"),
    ("src/estudent/services/admit.py", "import httpx", "estudent.services.admit -> httpx"),
    ("src/estudent/services/examine.py", "import prefect", "estudent.services.examine -> prefect"),
    ("flows/letters.py", "import httpx", "flows.letters -> httpx"),
    ("flows/usos.py", "from ldap3 import Server", "flows.usos -> ldap3"),
    (
        "src/estudent/adapters/ldap/directory.py",
        "from estudent.adapters.usos import UsosApi",
        "estudent.adapters.ldap.directory -> estudent.adapters.usos",
    ),
    (
        "src/estudent/adapters/post.py",
        "from estudent.adapters.registry.database import Database",
        "estudent.adapters.post -> estudent.adapters.registry.database",
    ),
    (
        "src/estudent/domain/plan.py",
        "from estudent.ports import Refused",
        "estudent.domain.plan -> estudent.ports",
    ),
    (
        "src/estudent/services/reconcile.py",
        "from estudent.settings import settings",
        "estudent.services.reconcile -> estudent.settings",
    ),
    (
        "src/estudent/adapters/rendering.py",
        "from estudent.bootstrap import campus",
        "estudent.adapters.rendering -> estudent.bootstrap",
    ),
    ("src/estudent/cli.py", "from flows.forms import Mode", "estudent.cli -> flows.forms"),
]


def linted(tree: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on a tree, with its own pyproject.toml and its own modules before the installed ones."""
    program = Path(sys.executable).with_name("lint-imports")
    environment = os.environ | {"PYTHONPATH": f"{tree / 'src'}{os.pathsep}{tree}", "COLUMNS": "300"}
    command = [str(program), "--no-cache", "--config", str(tree / "pyproject.toml")]
    return subprocess.run(command, check=False, cwd=tree, env=environment, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """What import-linter says of a copy of the tree with every violation in it."""
    tree = tmp_path_factory.mktemp("spoilt")
    shutil.copy(ROOT / "pyproject.toml", tree)
    for part in ("src", "flows"):
        shutil.copytree(ROOT / part, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
    for module, line, _ in PLANTED:
        with (tree / module).open("a", encoding="utf-8") as source:
            source.write(f"\n{line}\n")
    return linted(tree)


def test_the_architecture_holds() -> None:
    answer = linted(ROOT)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert [name for name in CONTRACTS if f"{name} KEPT" not in answer.stdout] == []


def test_a_spoilt_tree_is_refused_in_all_its_contracts(spoilt: subprocess.CompletedProcess[str]) -> None:
    assert spoilt.returncode == 1, spoilt.stderr
    assert [name for name in CONTRACTS if f"{name} BROKEN" not in spoilt.stdout] == []


@pytest.mark.parametrize("named", [planted[2] for planted in PLANTED])
def test_a_wrong_import_is_caught_and_named(spoilt: subprocess.CompletedProcess[str], named: str) -> None:
    assert f"{named} (l." in spoilt.stdout
