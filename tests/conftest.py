"""What all tests share: how Hypothesis tries examples, and a registry to be copied."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import settings

from estudent.adapters.registry.database import Database

# How long one example may take says nothing on a busy machine.
settings.register_profile("estudent", deadline=None)
settings.load_profile("estudent")
# For the quick loop (make check); make test tries all examples.
settings.register_profile("quick", deadline=None, max_examples=20)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry on SQLite with all tables and nothing in them, to be copied: to make one takes a tenth of a second."""
    path = tmp_path_factory.mktemp("registry") / "registry.db"
    with closing(Database(f"sqlite:///{path}")) as database:
        database.upgrade()
    return path
