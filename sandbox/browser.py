"""A real browser without a screen, as a student on a telephone or a clerk at a desk would use it."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Route, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
OWN = r"(https?|wss?)://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/|$)"
FOREIGN = re.compile(rf"^(https?|wss?)://(?!{OWN.partition('://')[2]})")
LOCALES = {"pl": "pl-PL", "en": "en-GB", "uk": "uk-UA"}
PATIENCE = 15_000


class NoBrowser(RuntimeError):
    """There is no Chromium on this machine."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What the page is looked at on."""

    width: int
    height: int
    touch: bool = False
    scale: float = 1


DESKTOP = Screen(1280, 800)
PHONE = Screen(360, 740, touch=True, scale=2)
NARROW = Screen(320, 640)


@dataclass
class Visitor:
    """One visitor: a browser of their own, and whatever it complained of."""

    context: BrowserContext
    page: Page
    foreign: list[str] = field(default_factory=list)
    """Addresses at other hosts that a page asked for; none of these requests leaves the machine."""
    complaints: list[str] = field(default_factory=list)
    """What the console said: scripts that failed, files that are missing, breaches of the policy."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.context.close()

    def note(self, message: ConsoleMessage) -> None:
        """Keep an error; that the page itself was answered with an error is no fault of the page."""
        address = message.location.get("url")
        of_the_page = address == self.page.url and "status of" in message.text
        if message.type == "error" and not of_the_page:
            self.complaints.append(f"{message.text} ({address})")

    def refuse(self, route: Route) -> None:
        """Stop a request to another host, and remember it."""
        self.foreign.append(route.request.url)
        route.abort()


class Browsers:
    """Chromium, started once; every visitor has a profile of their own."""

    def __enter__(self) -> Self:
        program = find()
        self._playwright: Playwright = sync_playwright().start()
        try:
            self._chromium: Browser = self._playwright.chromium.launch(
                executable_path=program, args=list(ARGUMENTS), chromium_sandbox=False
            )
        except BaseException:
            self._playwright.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._chromium.close()
        self._playwright.stop()

    def visitor(
        self,
        base_url: str,
        screen: Screen = DESKTOP,
        *,
        language: str = "en",
        scheme: Literal["light", "dark"] = "light",
        scripts: bool = True,
        source: str = "",
        state: Any = None,
    ) -> Visitor:
        """Return a visitor; `source` is the address that the front server saw, `state` the cookies they bring."""
        context = self._chromium.new_context(
            base_url=base_url,
            viewport={"width": screen.width, "height": screen.height},
            has_touch=screen.touch,
            is_mobile=screen.touch,
            device_scale_factor=screen.scale,
            locale=LOCALES[language],
            timezone_id="Europe/Warsaw",
            color_scheme=scheme,
            java_script_enabled=scripts,
            reduced_motion="reduce",
            extra_http_headers={"X-Forwarded-For": source} if source else {},
            storage_state=state,
        )
        context.set_default_timeout(PATIENCE)
        visitor = Visitor(context, context.new_page())
        context.route(FOREIGN, visitor.refuse)
        visitor.page.on("console", visitor.note)
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        return visitor


def find() -> Path:
    """Return where Chromium is; raise NoBrowser naming the package that brings it."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        raise NoBrowser("there is no Chromium on PATH; Debian's package is `chromium`: apt-get install chromium")
    return Path(found)
