"""Pictures of every page: `python -m sandbox.screenshots FOLDER`, or `--guide` for those of the student guide."""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Page

from sandbox.atlas import NEWCOMER, PLACES, SETTLED, STATES, VISITOR, Cast, Way
from sandbox.browser import DESKTOP, PHONE, Browsers, Screen, Visitor
from sandbox.semester import Semester
from sandbox.walking import Walk

SCREENS: Mapping[str, Screen] = {"desktop": DESKTOP, "phone": PHONE}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
GUIDE = Path(__file__).resolve().parent.parent / "src" / "estudent" / "portal" / "static" / "guide"
TALLEST, COLOURS = 800, 32
IN_THE_GUIDE: Mapping[str, tuple[str, str]] = {
    "account-link": (VISITOR, "letter, album number asked"),
    "account-data": (VISITOR, "/create/data"),
    "sign-in": (VISITOR, "/"),
    "password": (VISITOR, "password asked"),
    "mailbox": (NEWCOMER, "/mailbox/new"),
    "fees": (SETTLED, "/fees"),
    "eduroam": (SETTLED, "/services/eduroam"),
}
"""The guide's pictures: who sees the page, and its address or its state."""


def main() -> None:
    """Take the pictures of a university made for it."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder, Semester(Path(folder)) as semester, Browsers() as browsers:
        actors = Cast(semester)
        actors.enter_all(browsers)
        for language in options.languages:
            studio = Studio(semester, browsers, actors, language)
            if options.guide:
                studio.illustrate(GUIDE / language)
            else:
                studio.take_all(options.folder, options.only)


class Studio:
    """Takes pictures in one language."""

    def __init__(self, semester: Semester, browsers: Browsers, actors: Cast, language: str) -> None:
        self.semester, self.browsers, self.actors, self.language = semester, browsers, actors, language

    def take_all(self, folder: Path, only: str) -> None:
        """Take every page and state whose name matches, on each screen, light and dark."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, who, way in self._sights():
            if re.search(only, name):
                self._take(folder, name, who, way)

    def illustrate(self, folder: Path) -> None:
        """Take the guide's pictures: the page's content alone, small enough for a bad connection."""
        folder.mkdir(parents=True, exist_ok=True)
        ways = {name.partition(" as ")[0]: way for name, _, way in self._sights()}
        for name, (who, sight) in IN_THE_GUIDE.items():
            with self._visit(who, Screen(640, 700)) as visitor:
                walk = Walk(self.semester, visitor, self.language)
                ways[sight](walk)
                _shrink(walk.page.locator("main").screenshot()).save(folder / f"{name}.webp", lossless=True, method=6)

    def _sights(self) -> Iterator[tuple[str, str, Way]]:
        for place in PLACES:
            yield str(place), place.who, _opening(self.actors.address(place))
        for name, (who, way) in STATES.items():
            yield name, who, way

    def _take(self, folder: Path, name: str, who: str, way: Way) -> None:
        stem = re.sub(r"\W+", "-", name).strip("-")
        with self._visit(who, DESKTOP) as visitor:
            way(Walk(self.semester, visitor, self.language))
            for screen, scheme in ((screen, scheme) for screen in SCREENS for scheme in SCHEMES):
                _pose(visitor.page, SCREENS[screen], scheme)
                visitor.page.screenshot(path=folder / f"{stem}.{self.language}.{screen}.{scheme}.png", full_page=True)

    def _visit(self, who: str, screen: Screen) -> Visitor:
        visitor = self.browsers.visitor(
            self.semester.url, screen, language=self.language, state=self.actors.cookies[who], source="10.8.0.1"
        )
        visitor.context.add_cookies([{"name": "language", "value": self.language, "url": self.semester.url}])
        return visitor


def _shrink(shot: bytes) -> Image.Image:
    """Return the upper part of a page in few colours, which are enough for it and weigh little."""
    picture = Image.open(BytesIO(shot)).convert("RGB")
    upper = picture.crop((0, 0, picture.width, min(picture.height, TALLEST)))
    return upper.quantize(COLOURS, dither=Image.Dither.NONE).convert("RGB")


def _opening(address: str) -> Way:
    return lambda walk: walk.open(address)


def _pose(page: Page, screen: Screen, scheme: Literal["light", "dark"]) -> None:
    page.set_viewport_size({"width": screen.width, "height": screen.height})
    page.emulate_media(color_scheme=scheme)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.screenshots", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("var/screenshots"), help="where they are put")
    parser.add_argument("--languages", nargs="+", choices=("pl", "en", "uk"), default=("pl", "en", "uk"))
    parser.add_argument("--only", default="", help="a pattern of names, e.g. ^/mailbox")
    parser.add_argument("--guide", action="store_true", help="make the pictures of the student guide instead")
    return parser.parse_args()


if __name__ == "__main__":
    main()
