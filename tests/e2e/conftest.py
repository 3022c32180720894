"""A university with Prefect, started once for the tests of whole runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from estudent.bootstrap import campus
from sandbox.demo.story import Story, prepare_feed
from sandbox.orchestration import Orchestration
from sandbox.university import University
from tests.e2e.killing import (
    MOMENTS,
    STUDENTS,
    do_it_all,
    finish,
    kill_when,
    let_them_ask,
    make_claims_run_out,
    settings_anew,
)
from tests.e2e.whole import Whole, whole


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


@pytest.fixture(scope="session")
def interrupted(story: Story) -> Whole:
    """What the university holds after a run was killed at each moment, and the last one ended."""
    for flow, reached in MOMENTS.values():
        if flow == "requests":
            finish(story, "semester-start")
            let_them_ask(story)
        kill_when(story, flow, reached)
    with campus("test", "claims") as here:
        make_claims_run_out(here.settings.registry.url.get_secret_value())
    finish(story, "requests")
    finish(story, "semester-start")
    return whole(story.university)


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, story: Story, interrupted: Whole) -> Whole:
    """What another university holds after the same work without interruption; its secrets are the same."""
    folder = tmp_path_factory.mktemp("undisturbed")
    secrets = (story.university.folder / "secrets.json").read_text(encoding="utf-8")
    (folder / "secrets.json").write_text(secrets, encoding="utf-8")
    with University(folder, durable=False, mailbox_delay=0.5) as university, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ESTUDENT_SETTINGS", str(university.settings))
        settings_anew()
        try:
            return do_it_all(university, story)
        finally:
            patch.undo()
            settings_anew()
