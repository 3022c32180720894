"""A university with Prefect, started once for the tests of whole runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sandbox.demo.story import Story, prepare_feed
from sandbox.orchestration import Orchestration
from sandbox.university import University

STUDENTS = 400


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A university before its first run: the feed is there, nothing was taken in."""
    folder: Path = tmp_path_factory.mktemp("university")
    with ExitStack() as stack:
        university = stack.enter_context(University(folder, durable=False, mailbox_delay=0.5))
        environment = pytest.MonkeyPatch.context()
        patch = stack.enter_context(environment)
        patch.setenv("ESTUDENT_SETTINGS", str(university.settings))
        prefect = stack.enter_context(Orchestration(folder / "prefect", university.environment))
        story = Story(university, prefect, prepare_feed(university, STUDENTS))
        for _ in story.set_up():
            pass
        yield story
