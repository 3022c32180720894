"""Google's challenge in place of ours, where the settings say so."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

from estudent.adapters.recaptcha import Recaptcha
from estudent.portal.challenge import challenge_passed
from estudent.portal.page import text_of
from estudent.settings import PortalSettings
from sandbox.slapd import Slapd
from tests.contract.scripted import Script, scripted
from tests.portal.solving import answers
from tests.portal.world import KEY, a_portal

pytestmark = pytest.mark.enable_socket


@dataclass
class Door:
    """A page whose form needs Google's challenge, and what Google says next."""

    browser: FlaskClient
    google: Script


@pytest.fixture
def door(slapd: Slapd, migrated: Path, tmp_path: Path) -> Iterator[Door]:
    ours = PortalSettings(
        secret_key=SecretStr(KEY),
        captcha="recaptcha",
        recaptcha_site_key="the site's key",
        recaptcha_secret=SecretStr("the secret"),
    )
    portal = a_portal(slapd, Path(shutil.copy(migrated, tmp_path)), portal=ours)
    portal.app.config["WTF_CSRF_ENABLED"] = False
    portal.app.add_url_rule("/door", "page", lambda: text_of("portal/captcha.html"))
    portal.app.add_url_rule("/door", "door", lambda: "open" if challenge_passed() else "closed", methods=["POST"])
    with scripted((200, {"success": True, "hostname": "localhost"})) as google:
        portal.campus.recaptcha = Recaptcha("the secret", "localhost", google.url)
        yield Door(portal.browser(), google)
    portal.campus.close()


def test_the_page_shows_googles_and_the_policy_lets_it_in(door: Door) -> None:
    page = door.browser.get("/door")
    assert 'data-sitekey="the site&#39;s key"' in page.text
    assert "altcha" not in page.text
    assert "https://www.google.com/recaptcha/" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]


def test_what_google_takes_opens(door: Door) -> None:
    assert door.browser.post("/door", data={"g-recaptcha-response": "03AGdBq24"}).text == "open"


def test_what_google_refuses_does_not(door: Door) -> None:
    door.google.answers[:] = [(200, {"success": False, "error-codes": ["timeout-or-duplicate"]})]
    assert door.browser.post("/door", data={"g-recaptcha-response": "03AGdBq24"}).text == "closed"


def test_google_out_of_reach_is_a_page_that_says_so(door: Door) -> None:
    door.google.answers[:] = [(503, {})]
    assert door.browser.post("/door", data={"g-recaptcha-response": "03AGdBq24"}).status_code == 503


def test_the_puzzle_of_ours_does_not_open_this_door(door: Door) -> None:
    assert door.browser.post("/door", data={"altcha": "anything"}).text == "closed"
    assert door.google.requests == []


def test_without_scripts_the_code_opens_here_too(door: Door) -> None:
    typed = answers(door.browser.get("/door").text, KEY)
    assert door.browser.post("/door", data=typed).text == "open"
    assert door.google.requests == []
