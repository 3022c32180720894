"""Services and help: what everybody reads, and what is a student's own."""

from __future__ import annotations

import plistlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from estudent.portal.help import TOPICS
from estudent.settings import EduroamSettings
from sandbox.certificates import issue
from sandbox.slapd import Slapd
from tests.portal.world import Portal, a_portal

pytestmark = pytest.mark.enable_socket

PAGES = ["/services", "/services/eduroam", "/services/software", "/help", *(f"/help/{name}" for name in TOPICS)]
PROFILES = ["/services/eduroam/eduroam.eap-config", "/services/eduroam/eduroam.mobileconfig"]


@pytest.fixture
def ready(slapd: Slapd, migrated: Path, tmp_path: Path) -> Iterator[Portal]:
    """A portal that knows the authority of the university's RADIUS servers."""
    eduroam = EduroamSettings(realm="example.pl", servers=["radius.example.pl"], ca_file=issue(tmp_path).ca)
    portal = a_portal(slapd, Path(shutil.copy(migrated, tmp_path)), eduroam=eduroam)
    yield portal
    portal.campus.close()


@pytest.mark.parametrize("language", ["pl", "en", "uk"])
@pytest.mark.parametrize("page", PAGES)
def test_everybody_can_read_it(portal: Portal, page: str, language: str) -> None:
    answer = portal.browser(language).get(page)
    assert answer.status_code == 200
    assert answer.text.count("<h1") == 1


@pytest.mark.parametrize("page", PAGES)
def test_it_is_the_same_for_students(ready: Portal, page: str) -> None:
    assert ready.signed_in(ready.a_student(in_directory=False)).get(page).status_code == 200


def test_links_between_the_pages_lead_somewhere(ready: Portal) -> None:
    browser = ready.browser()
    found = {link for page in PAGES for link in re.findall(r'href="(/(?:help|services)[^"#]*)', browser.get(page).text)}
    assert {link: browser.get(link).status_code for link in found} == dict.fromkeys(found, 200)


def test_links_into_the_page_of_troubles_find_their_place(portal: Portal) -> None:
    troubles = portal.browser().get("/help/troubles").text
    for name in TOPICS:
        for mark in re.findall(r'/help/troubles#([\w-]+)"', portal.browser().get(f"/help/{name}").text):
            assert f'id="{mark}"' in troubles
    assert troubles.count("<section id=") >= 12


def test_a_topic_that_does_not_exist_is_not_found(portal: Portal) -> None:
    for name in ("nothing", "layout", "../fees", "picture"):
        assert portal.browser().get(f"/help/{name}").status_code == 404


def test_a_student_gets_profiles_with_the_own_identity(ready: Portal) -> None:
    student = ready.a_student(in_directory=False)
    browser = ready.signed_in(student, "uk")
    geteduroam, apple = (browser.get(page) for page in PROFILES)
    identity = f"s{student.album}@example.pl"
    root = ElementTree.fromstring(geteduroam.text)  # noqa: S314 - our own
    assert root.findtext(".//UserName") == identity
    assert root[0].attrib["lang"] == "uk"
    wifi = plistlib.loads(apple.data)["PayloadContent"][-1]
    assert wifi["EAPClientConfiguration"]["UserName"] == identity
    assert geteduroam.mimetype == "application/eap-config"
    assert apple.mimetype == "application/x-apple-aspen-config"
    assert identity.partition("@")[0] in browser.get("/services/eduroam").text


@pytest.mark.parametrize("page", PROFILES)
def test_a_visitor_signs_in_first(ready: Portal, page: str) -> None:
    answer = ready.browser().get(page)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/?next=")


def test_without_an_authority_nothing_unsafe_is_given_out(portal: Portal) -> None:
    browser = portal.signed_in(portal.a_student(in_directory=False))
    for page in (*PROFILES, "/services/eduroam/eduroam-ca.pem"):
        assert browser.get(page).status_code == 404
        assert page not in browser.get("/services/eduroam").text


def test_whoever_sets_up_by_hand_can_check_the_certificate(ready: Portal) -> None:
    page, certificate = (
        ready.browser().get("/services/eduroam"),
        ready.browser().get("/services/eduroam/eduroam-ca.pem"),
    )
    assert ready.campus.eduroam.authorities[0].fingerprint in page.text
    assert certificate.text.startswith("-----BEGIN CERTIFICATE-----")
    assert "PRIVATE" not in certificate.text
