"""The manual's steps 1, 2, 3 and 5, walked as a student does, until the mailbox and its alias are seen to work."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator
from stdnum import iban

from estudent.adapters.rendering import translations
from sandbox.browser import DESKTOP, PHONE
from sandbox.sample import Row
from sandbox.semester import PASSWORD, Semester
from sandbox.university import MAIL_DOMAIN
from sandbox.walking import Walk
from tests.browser.conftest import Visit

pytestmark = pytest.mark.enable_socket

THE_MANUAL_S_WORDS = {
    "eSTUDENT PLATFORM": "PLATFORMA eSTUDENT",
    "Home": "Strona główna",
    "Services": "Usługi",
    "Help": "Pomoc",
    "Sign in": "Logowanie",
    "User name": "Użytkownik",
    "Password": "Hasło",
    "Enter": "Wejść",
    "If you have no account, click here": "Jeżeli nie posiadasz konta, kliknij tutaj",
    "Create an account": "Załóż konto",
    "Create the account": "Załóż konto",
    "How to create an account on the eStudent portal": "Jak założyć konto na portalu eStudent",
    "Software (Office 365)": "Oprogramowanie (Office 365)",
}


@pytest.mark.parametrize("english", THE_MANUAL_S_WORDS)
def test_polish_pages_carry_the_words_of_the_manual(english: str) -> None:
    assert translations("pl").gettext(english) == THE_MANUAL_S_WORDS[english]


def test_a_student_comes_from_the_letter_to_a_working_mailbox_in_polish(semester: Semester, visit: Visit) -> None:
    row = semester.somebody()
    walk = Walk(semester, visit(DESKTOP, language="pl"), "pl")
    walk.open("/")
    assert walk.page.locator("html").get_attribute("lang") == "pl"
    walk.follow("If you have no account, click here")
    assert walk.at("Create an account")
    walk.create_by_letter(row)
    assert walk.page.get_by_text(f"s{row.album_number}", exact=True).is_visible()
    walk.sign_out()
    walk.sign_in(f"s{row.album_number}")
    assert walk.page.url.endswith("/steps")
    address = walk.open_mailbox()
    walk.wait_for_mailbox()
    assert mailbox_works(semester, row, address)
    pays_into_an_account_of_their_own(walk)


def test_a_student_with_a_phone_and_no_javascript_gets_there_by_data_in_english(
    semester: Semester, visit: Visit
) -> None:
    row = semester.somebody()
    walk = Walk(
        semester, visit(PHONE, language="en", scripts=False), "en", scripts=False, picture_code=semester.picture_code
    )
    walk.open("/")
    walk.follow("If you have no account, click here")
    walk.create_by_data(row)
    walk.sign_out()
    walk.sign_in(f"s{row.album_number}")
    address = walk.open_mailbox()
    walk.wait_for_mailbox()
    assert mailbox_works(semester, row, address)
    pays_into_an_account_of_their_own(walk)


def test_a_foreigner_without_a_pesel_gets_there_by_a_document(semester: Semester, visit: Visit) -> None:
    row = semester.somebody(lambda row: bool(row.document_number))
    walk = Walk(semester, visit(PHONE, language="uk"), "uk")
    walk.create_by_data(row)
    assert walk.page.get_by_text(f"s{row.album_number}", exact=True).is_visible()


def test_the_keyboard_alone_signs_in_and_opens_a_mailbox(semester: Semester, visit: Visit) -> None:
    row = semester.somebody()
    semester.activate(row)
    walk = Walk(semester, visit())
    walk.open("/")
    go_and_type(walk, walk.page.locator("[name=name]"), f"s{row.album_number}")
    go_and_type(walk, walk.page.locator("[name=password]"), PASSWORD)
    go_and_press(walk, walk.button("Enter"))
    go_and_press(walk, walk.page.locator("header").get_by_role("link", name="Software (Office 365)"))
    go_and_press(walk, walk.page.locator("main").get_by_role("link", name="Create the account"))
    go_and_type(walk, walk.page.locator("[name=name]"), f"klawiatura.{row.album_number}")
    go_and_press(walk, walk.button("Continue"))
    go_and_press(walk, walk.button("Yes, create this mailbox"))
    walk.wait_for_mailbox()
    assert mailbox_works(semester, row, f"klawiatura.{row.album_number}@{MAIL_DOMAIN}")


def mailbox_works(semester: Semester, row: Row, address: str) -> bool:
    """Tell whether the mailbox at Microsoft has a licence, the chosen address and the alias of the album number."""
    user = semester.at_microsoft(row.album_number)
    wanted = {f"SMTP:{address}", f"smtp:s{row.album_number}@{MAIL_DOMAIN}"}
    return bool(user and user["assignedLicenses"] and wanted <= set(user["proxyAddresses"]))


def pays_into_an_account_of_their_own(walk: Walk) -> None:
    walk.choose_from_menu("Fees")
    number = walk.number_shown()
    assert iban.is_valid(f"PL{number}", check_country=False)


def go_to(walk: Walk, place: Locator) -> None:
    """Press Tab until the focus is there, and see that it is visible."""
    place.wait_for()
    for _ in range(60):
        if place.evaluate("place => place === document.activeElement"):
            break
        walk.page.keyboard.press("Tab")
    outline = place.evaluate("place => getComputedStyle(place).outlineStyle")
    assert outline != "none", "the focus cannot be seen"


def go_and_type(walk: Walk, place: Locator, text: str) -> None:
    go_to(walk, place)
    walk.page.keyboard.type(text)


def go_and_press(walk: Walk, place: Locator) -> None:
    go_to(walk, place)
    with walk.page.expect_navigation():
        walk.page.keyboard.press("Enter")
