"""A visitor without a screen: real requests to the portal as it is served, for whatever is done hundreds of times."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field
from time import perf_counter
from types import TracebackType
from typing import Self

import httpx

from sandbox.semester import PASSWORD, Semester
from tests.browser.conftest import SOURCES
from tests.portal.solving import answers
from tests.portal.world import form_in

TLS = ssl.create_default_context()
"""One for all guests: making it takes longer than most answers, and the sandbox speaks plain HTTP anyway."""

CHANGING = re.compile(r'(name="(?:csrf_token|picture_handle)"[^>]*?value="|/challenge/)[^"]*')


@dataclass
class Said:
    """An answer to a form: its status, where it leads to, and how long it took."""

    response: httpx.Response
    seconds: float

    @property
    def status(self) -> int:
        """The status."""
        return self.response.status_code

    @property
    def leads_to(self) -> str:
        """Where a redirect leads to."""
        return str(self.response.headers.get("Location", ""))

    def text(self, *typed: str) -> str:
        """Return the page without what differs every time, and without what was typed."""
        text = CHANGING.sub(r"\1", self.response.text)
        for each in typed:
            text = text.replace(each, "…")
        return text


@dataclass
class Guest:
    """A browser without JavaScript, at an address of its own."""

    semester: Semester
    language: str = "en"
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        headers = {"X-Forwarded-For": next(SOURCES)}
        cookies = {"language": self.language}
        self.client = httpx.Client(base_url=self.semester.url, headers=headers, cookies=cookies, timeout=30, verify=TLS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.client.close()

    def read(self, path: str) -> Said:
        """Open a page."""
        begun = perf_counter()
        return Said(self.client.get(path), perf_counter() - begun)

    def fill_in(self, page: str, to: str = "", /, **typed: str) -> tuple[str, dict[str, str]]:
        """Open a page and fill in its form that posts `to`; return where it goes and what it holds."""
        html = self.client.get(page, follow_redirects=True).text
        action, hidden = form_in(html, to)
        key = self.semester.settings.portal.secret_key.get_secret_value()
        return action or page, hidden | answers(html, key) | typed

    def send(self, form: tuple[str, dict[str, str]]) -> Said:
        """Send a form as it was filled in."""
        action, data = form
        begun = perf_counter()
        response = self.client.post(action, data=data)
        return Said(response, perf_counter() - begun)

    def submit(self, page: str, to: str = "", /, **typed: str) -> Said:
        """Open a page, fill in its form and send it."""
        return self.send(self.fill_in(page, to, **typed))

    def sign_in(self, user: str, password: str = PASSWORD, page: str = "/") -> Said:
        """Sign in."""
        return self.submit(page, "/sign-in" if page == "/" else page, name=user, password=password)
