"""An engineer deploys from Prefect's pages: form, check, what it would change, approval, run, recap; on real hosts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from testinfra.host import Host

from lab.running import Lab
from tests.hosts.conftest import HostNamed
from tests.hosts.orchestrating import Prefect, await_that
from tests.hosts.test_orchestration import PAGES

SHOTS = os.environ.get("LAB_SHOTS", "")
WHERE = "edge1"
SPOILT = "/etc/issue"
"""A file of the play `base`, which somebody has changed by hand."""
PATIENCE = 240


@pytest.fixture(scope="module")
def prefect(lab: Lab) -> Prefect:
    return Prefect(lab)


@pytest.fixture(scope="module")
def edge(host: HostNamed) -> Host:
    return host(WHERE)


@pytest.fixture(scope="module")
def spoilt(edge: Host) -> Iterator[str]:
    """What the file held before somebody added a line to it; it holds it again in the end, whatever happens."""
    right: str = edge.file(SPOILT).content_string
    edge.run_test("printf 'changed by hand\\n' >> %s", SPOILT)
    yield right
    edge.run_test("sed -i '/^changed by hand$/d' %s", SPOILT)


@pytest.fixture(scope="module")
def page(lab: Lab, chromium: Browser) -> Iterator[Page]:
    """Prefect's pages, where the operator has signed in through single sign-on."""
    context = chromium.new_context(locale="pl-PL", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    opened = context.new_page()
    opened.goto(PAGES)
    opened.get_by_label("Identyfikator").fill("operator1")
    opened.get_by_label("Hasło").fill(lab.secret("vault_staff_operator1_password"))
    opened.get_by_role("button", name="Zaloguj się").click()
    opened.wait_for_url(re.compile("^" + re.escape(PAGES)))
    yield opened
    context.close()


def keep(page: Page, name: str) -> None:
    """Take a picture, if pictures are wanted."""
    if SHOTS:
        page.wait_for_timeout(1500)
        page.screenshot(path=Path(SHOTS) / f"prefect-{name}.png", full_page=True)


@pytest.fixture(scope="module")
def asking(prefect: Prefect, page: Page, spoilt: str) -> str:
    """A run that was started by the form and asks."""
    deployment = prefect.ask("GET", "/deployments/name/deploy/deploy")["id"]
    page.goto(f"{PAGES}/deployments/deployment/{deployment}/run")
    keep(page, "form")
    # A click opens Prefect's list and closes it again; the keyboard opens it.
    field(page, "play").get_by_role("button", name="site").press("ArrowDown")
    page.get_by_text("base", exact=True).click()
    field(page, "limit").get_by_role("textbox").fill(WHERE)
    field(page, "check_only").get_by_role("switch").click()
    keep(page, "form-filled")
    before = newest(prefect)
    page.get_by_role("button", name="Submit").click()
    await_that(lambda: newest(prefect) != before)
    run = newest(prefect)
    await_that(lambda: prefect.state(run)["type"] == "PAUSED", PATIENCE)
    return run


def test_the_check_shows_what_would_change_and_changes_nothing(
    prefect: Prefect, page: Page, edge: Host, asking: str
) -> None:
    page.goto(f"{PAGES}/runs/flow-run/{asking}")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    keep(page, "asking")
    checked = artifacts(prefect, asking)["deploy-check"]
    assert "-changed by hand" in checked
    assert checked.startswith(f"# What base on {WHERE} would change\n\n1 change would be made on 1 of 1 host.\n"), (
        checked
    )
    assert "changed by hand" in edge.file(SPOILT).content_string
    page.goto(f"{PAGES}/artifacts/artifact/{artifact_id(prefect, asking, 'deploy-check')}")
    expect(page.get_by_text("-changed by hand")).to_be_visible()
    keep(page, "check")


def test_what_was_agreed_to_is_done(prefect: Prefect, page: Page, edge: Host, asking: str, spoilt: str) -> None:
    page.goto(f"{PAGES}/runs/flow-run/{asking}")
    page.get_by_role("button", name="Resume").click()
    asked = page.get_by_role("dialog")
    expect(asked).to_contain_text("Read the artifact deploy-check before you agree")
    keep(page, "approval")
    field(asked, "Deploy").get_by_role("switch").click()
    field(asked, "Your name").get_by_role("textbox").fill("Anna Nowak")
    keep(page, "approval-filled")
    asked.get_by_role("button", name="Submit").click()
    assert prefect.ended(asking, PATIENCE)["type"] == "COMPLETED"
    page.reload()
    keep(page, "done")
    assert edge.file(SPOILT).content_string == spoilt
    left = artifacts(prefect, asking)
    assert f'"Host": "{WHERE}"' in left["deploy-run-recap"]
    assert "Anna Nowak agreed" in said(prefect, asking)
    page.goto(f"{PAGES}/artifacts/artifact/{artifact_id(prefect, asking, 'deploy-run-recap')}")
    keep(page, "recap")


def field(form: Page | Locator, label: str) -> Locator:
    """Return a field of Prefect's forms, whose labels lead nowhere."""
    return form.locator(f'.schema-form-property:has(.schema-form-property__label:text-matches("^{label}"))')


def newest(prefect: Prefect) -> str:
    """Return the id of the run that was started last; nothing where none ever was."""
    return next((str(each["id"]) for each in prefect.runs("deploy")), "")


def found_artifacts(prefect: Prefect, run: str) -> list[dict[str, str]]:
    wanted = {"artifacts": {"flow_run_id": {"any_": [run]}}, "limit": 50}
    found: list[dict[str, str]] = prefect.ask("POST", "/artifacts/filter", wanted)
    return found


def artifacts(prefect: Prefect, run: str) -> dict[str, str]:
    """Return what a run has left, by key."""
    return {each["key"]: each["data"] for each in found_artifacts(prefect, run)}


def artifact_id(prefect: Prefect, run: str, key: str) -> str:
    return next(each["id"] for each in found_artifacts(prefect, run) if each["key"] == key)


def said(prefect: Prefect, run: str) -> str:
    """Return a run's log."""
    wanted = {"logs": {"flow_run_id": {"any_": [run]}}, "limit": 200, "sort": "TIMESTAMP_ASC"}
    return "\n".join(each["message"] for each in prefect.ask("POST", "/logs/filter", wanted))
