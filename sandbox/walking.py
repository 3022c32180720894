"""What a student does in front of a screen: the manual's steps, in a real browser, with or without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Generic, Protocol

from playwright.sync_api import Locator, Page
from typing_extensions import TypeVar

from estudent.adapters.rendering import translations
from sandbox.browser import Visitor
from sandbox.sample import Row
from sandbox.semester import PASSWORD, Semester

CODE = r"(?m)^\s*([0-9A-HJ-NP-Z]{4}-[0-9A-HJ-NP-Z]{4})\s*$"


class Post(Protocol):
    """Where the walk's letters arrive."""

    def activation_link(self, row: Row) -> str:
        """Return the personal link of the album number letter."""

    def letter(self, to: str, pattern: str, *, after: int = 0) -> re.Match[str]:
        """Return what a letter to this address says, as soon as one that matches has come after the number `after`."""

    def newest(self, to: str) -> int:
        """Return the number of the newest letter to an address."""


Where = TypeVar("Where", bound=Post, default=Semester)


@dataclass
class Walk(Generic[Where]):
    """Somebody at the portal; `words` of pages are given in English and looked for in the language of the walk."""

    semester: Where
    visitor: Visitor
    language: str = "en"
    scripts: bool = True
    picture_code: Callable[[str], str] | None = None
    """What a picture says, by its handle: needed where no script solves the challenge."""

    @property
    def page(self) -> Page:
        """The page that is open."""
        return self.visitor.page

    # a page's parts

    def says(self, words: str) -> str:
        """Return the words in the language of the walk."""
        return str(translations(self.language).gettext(words))

    def heading(self) -> str:
        """Return what the page is called."""
        return self.page.locator("h1").inner_text()

    def at(self, words: str) -> bool:
        """Tell whether this is the page so called."""
        return self.heading() == self.says(words)

    def open(self, path: str) -> None:
        """Open a page."""
        self.page.goto(path)

    def follow(self, words: str) -> None:
        """Follow a link of the page itself, not of the menu."""
        with self.page.expect_navigation():
            self.page.locator("main").get_by_role("link", name=self.says(words), exact=True).first.click()

    def choose_from_menu(self, words: str) -> None:
        """Follow a link of the menu."""
        with self.page.expect_navigation():
            self.page.locator("header").get_by_role("link", name=self.says(words), exact=True).click()

    def press(self, words: str) -> None:
        """Send a form by its button, as soon as its challenge is solved."""
        self._copy_the_code()
        with self.page.expect_navigation():
            self.button(words).click()

    def button(self, words: str) -> Locator:
        """Return a button."""
        return self.page.get_by_role("button", name=self.says(words), exact=True).first

    def type(self, **texts: str) -> None:
        """Type into fields by their names."""
        for name, text in texts.items():
            self.page.locator(f"main [name={name}]").first.fill(text)

    def _copy_the_code(self) -> None:
        """Type the picture's code where no script solves the challenge."""
        if not self.picture_code or not self.page.locator("main [name=picture_handle]").count():
            return
        handle = self.page.locator("main [name=picture_handle]").get_attribute("value") or ""
        self.type(picture_code=self.picture_code(handle))

    # step 1: the account

    def open_letter(self, row: Row) -> None:
        """Open the personal link of the album number letter; without scripts it is copied into the page."""
        link = self.semester.activation_link(row)
        self.page.goto(link)
        if not self.scripts:
            self.type(link=link)
            self.press("Go on")
        self.page.locator("[name=album]").wait_for()

    def create_by_letter(self, row: Row, password: str = PASSWORD) -> None:
        """Create the account by the letter's link."""
        self.open_letter(row)
        self.type(album=row.album_number)
        self.press("Go on")
        self.choose_password(password)

    def claim(self, row: Row) -> None:
        """Type one's data and send them."""
        self.open("/create/data")
        self.type(album=row.album_number, family_name=row.family_name)
        if row.pesel:
            self.type(pesel=row.pesel)
        else:
            self._claim_by_document(row)
        self.press("Send me a code")

    def create_by_data(self, row: Row, password: str = PASSWORD) -> None:
        """Create the account by one's data and the code from the mail."""
        seen = self.semester.newest(row.email)
        self.claim(row)
        self.type(code=self.code_for(row, seen))
        self.press("Go on")
        self.choose_password(password)

    def code_for(self, row: Row, seen: int = 0) -> str:
        """Return the code of the letter that comes after the one numbered `seen`."""
        return self.semester.letter(row.email, CODE, after=seen).group(1)

    def choose_password(self, password: str, button: str = "Open my account") -> None:
        """Choose the password twice."""
        self.type(password=password, password_again=password)
        self.press(button)

    def _claim_by_document(self, row: Row) -> None:
        kinds = {"paszport": "passport", "dowód": "identity_card", "inny": "other"}
        self.page.locator("[name=evidence][value=document]").check()
        self.page.locator("[name=document_kind]").select_option(kinds[row.document_kind])
        self.page.locator("[name=country]").select_option(row.document_country)
        self.type(document_number=row.document_number, birth_date=_written(row.birth_date))

    # step 2: signing in

    def sign_in(self, user: str, password: str = PASSWORD, path: str = "/") -> None:
        """Sign in."""
        self.open(path)
        self.type(name=user, password=password)
        self.press("Enter")

    def sign_out(self) -> None:
        """Sign out."""
        self.press("Sign out")

    # step 3: the mailbox

    def open_mailbox(self, name: str = "") -> str:
        """Ask for a mailbox, by the name proposed first unless one is given, and return its address."""
        self.choose_from_menu("Software (Office 365)")
        self.follow("Create the account")
        if name:
            self.type(name=name)
        self.press("Continue")
        self.press("Yes, create this mailbox")
        return self.page.locator(".address").first.inner_text()

    def wait_for_mailbox(self, patience: float = 40_000) -> None:
        """Wait until the page says that the mailbox works; without scripts it is asked again and again."""
        works = self.page.get_by_role("heading", name=self.says("Your mailbox works"))
        for _ in range(1 if self.scripts else int(patience // 1000)):
            if works.count():
                return
            if self.scripts:
                works.wait_for(timeout=patience)
            else:
                self.page.wait_for_timeout(1000)
                self.page.reload()
        works.wait_for(timeout=1000)

    def number_shown(self) -> str:
        """Return the account number that the page of fees shows."""
        return re.sub(r"\s", "", self.page.locator(".number").first.inner_text())


def _written(day: date) -> str:
    return day.strftime("%d.%m.%Y")
