"""The pages of single sign-on, as people see them in a real browser."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from sandbox.browser import LOCALES
from tests.hosts.conftest import HostNamed
from tests.hosts.signing_on import LIBRARY, MAIL, SSO, USOSWEB, Person, enrolled

ADA = Person("s7720001", mail=f"ada.ogladana@{MAIL}", surname="Oglądana")
PHONE = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
SHOTS = os.environ.get("LAB_SHOTS", "")
"""A folder for pictures of all pages, for people to look at."""


@pytest.fixture(scope="module", autouse=True)
def people(host: HostNamed) -> Iterator[None]:
    with enrolled(host("directory1"), ADA):
        yield


@pytest.fixture
def page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page in Polish, or as the test's parameter wishes; nothing may fail in its console."""
    wishes = {"locale": LOCALES["pl"], **getattr(request, "param", {})}
    context: BrowserContext = chromium.new_context(**wishes)
    context.set_default_timeout(30_000)
    complaints: list[str] = []
    opened = context.new_page()
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    context.close()
    assert [each for each in complaints if "status of" not in each] == []


def keep(page: Page, name: str) -> None:
    """Take a picture, if pictures are wanted."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"sso-{name}.png", full_page=True)


def login(service: str = f"{USOSWEB}/naleznosci") -> str:
    return f"{SSO}/cas/login?service={quote(service, safe='')}"


def sign_in(page: Page, password: str = ADA.password, *, warn: bool = False) -> None:
    page.get_by_label("Identyfikator").fill(ADA.mail)
    page.get_by_label("Hasło").fill(password)
    page.get_by_label("Ostrzegaj mnie").set_checked(warn)
    page.get_by_role("button", name="Zaloguj się").click()


def test_the_page_says_what_the_manual_says(page: Page) -> None:
    page.goto(login())
    assert page.get_attribute("html", "lang") == "pl"
    assert page.get_by_role("heading").inner_text() == "Wprowadź swój identyfikator sieciowy i hasło"
    assert page.get_by_label("Identyfikator").is_visible()
    assert page.get_by_label("Hasło").get_attribute("type") == "password"
    assert page.get_by_label("Ostrzegaj mnie przed zalogowaniem na innych serwerach").is_visible()
    forgotten = page.get_by_role("link", name="Nie pamiętam identyfikatora lub hasła")
    assert forgotten.get_attribute("href") == "https://estudent.uczelnia.example/forgot"
    assert page.get_by_label("Identyfikator").evaluate("each => each === document.activeElement")
    keep(page, "pl")


@pytest.mark.parametrize("page", [{"locale": LOCALES["en"]}], indirect=True)
def test_an_english_browser_reads_english(page: Page) -> None:
    page.goto(login())
    assert page.get_attribute("html", "lang") == "en"
    assert page.get_by_role("heading").inner_text() == "Enter your network ID and password"
    assert not re.search("[ąćęłńóśźż]", page.locator("main").inner_text(), re.IGNORECASE)
    keep(page, "en")


def test_a_language_is_chosen_and_kept(page: Page) -> None:
    page.goto(login())
    page.get_by_role("link", name="en", exact=True).click()
    assert page.get_attribute("html", "lang") == "en"
    assert "service=" in page.url, "the way to the service is not lost"
    page.goto(SSO)
    assert page.get_attribute("html", "lang") == "en"


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_it_fits_a_phone(page: Page) -> None:
    page.goto(login())
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    keep(page, "phone")
    sign_in(page, "nie to hasło")
    assert page.get_by_role("alert").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    keep(page, "phone-error")


@pytest.mark.parametrize("page", [{"color_scheme": "dark"}], indirect=True)
def test_it_is_dark_where_that_is_liked(page: Page) -> None:
    page.goto(login())
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(17, 22, 29)"
    keep(page, "dark")


@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True)
def test_it_works_without_scripts(page: Page) -> None:
    page.goto(login())
    sign_in(page, warn=True)
    page.wait_for_url(f"{USOSWEB}/**")
    page.goto(f"{LIBRARY}/")
    page.get_by_role("button", name="Tak").click()
    page.wait_for_url(f"{LIBRARY}/**")


def test_a_wrong_password_is_told_kindly(page: Page) -> None:
    page.goto(login())
    sign_in(page, "nie to hasło")
    assert page.get_by_role("alert").inner_text() == "Niepoprawny identyfikator lub hasło."
    assert page.get_by_label("Identyfikator").input_value() == ADA.mail
    assert page.get_by_label("Hasło").input_value() == ""
    keep(page, "error")


def test_the_manuals_way_with_a_warning_at_the_second_service(page: Page) -> None:
    page.goto(f"{USOSWEB}/")
    page.get_by_role("link", name="Zaloguj się").click()
    sign_in(page, warn=True)
    page.wait_for_url(f"{USOSWEB}/naleznosci")
    assert page.locator("#user").inner_text() == ADA.mail
    assert page.locator("#receivables").is_visible()
    keep(page, "usosweb")

    page.goto(f"{LIBRARY}/")
    assert page.get_by_role("heading").inner_text() == "Czy zalogować do serwisu Biblioteka?"
    keep(page, "warn")
    page.get_by_role("button", name="Nie").click()
    assert "Nie zalogowano do serwisu Biblioteka" in page.get_by_role("heading").inner_text()
    keep(page, "warn-refused")
    page.goto(f"{LIBRARY}/")
    page.get_by_role("button", name="Tak").click()
    page.wait_for_url(f"{LIBRARY}/**")
    assert page.locator("#user").inner_text() == ADA.uid

    page.goto(f"{SSO}/")
    assert "Zalogowano" in page.get_by_role("heading").inner_text()
    keep(page, "signed-in")
    page.get_by_role("link", name="Wyloguj się ze wszystkich").click()
    assert page.get_by_role("heading").inner_text() == "Wylogowano"
    keep(page, "logout")
    page.goto(f"{USOSWEB}/")
    assert page.get_by_role("link", name="Zaloguj się").is_visible()


def test_errors_have_pages_too(page: Page) -> None:
    page.goto(login("https://evil.example/"))
    sign_in(page)
    assert "Ten serwis nie jest zarejestrowany" in page.get_by_role("alert").inner_text()
    keep(page, "undeclared")
    page.goto(f"{SSO}/there/is/no/such/page")
    assert page.get_attribute("html", "lang") == "pl"
    keep(page, "missing")


def test_too_many_tries_have_a_page(page: Page) -> None:
    for _ in range(6):
        page.goto(login())
        page.get_by_label("Identyfikator").fill(f"nikogo.takiego@{MAIL}")
        page.get_by_label("Hasło").fill("zgadywane")
        page.get_by_role("button", name="Zaloguj się").click()
        if "Za dużo prób" in page.locator("h1").inner_text():
            break
    assert page.locator("h1").inner_text() == "Za dużo prób"
    keep(page, "too-many")
