"""The student guide: a page for each thing to do, and one for what goes wrong at the start of a semester."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from flask import Blueprint, abort
from flask_babel import lazy_gettext
from PIL import Image
from werkzeug.wrappers import Response

from estudent.portal.language import language
from estudent.portal.page import STATIC, show

pages = Blueprint("help", __name__, url_prefix="/help")

TOPICS = {
    "account": lazy_gettext("How to create an account on the eStudent portal"),
    "sign-in": lazy_gettext("How to sign in"),
    "password": lazy_gettext("Forgotten user name or password"),
    "mailbox": lazy_gettext("How to get a mailbox"),
    "usosweb": lazy_gettext("How to use USOSweb"),
    "fees": lazy_gettext("How to pay fees"),
    "eduroam": lazy_gettext("How to use eduroam"),
    "troubles": lazy_gettext("Something does not work"),
}
"""Each topic has a template of its name under `templates/portal/help/`."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the guide, with its size, so that the page does not move when it comes."""

    file: str
    width: int
    height: int


@pages.get("")
def front() -> Response:
    """List the topics."""
    return show("portal/help/front.html", topics=TOPICS)


@pages.get("/<name>")
def topic(name: str) -> Response:
    """Show one topic."""
    if name not in TOPICS:
        abort(404)
    return show(f"portal/help/{name}.html", topics=TOPICS, name=name, picture_of=picture_of)


def picture_of(name: str) -> Picture | None:
    """Return the picture of this name in the visitor's language, None where there is none."""
    return _picture(f"guide/{language().value}/{name}")


@cache
def _picture(stem: str) -> Picture | None:
    found = [file for file in (f"{stem}.webp", f"{stem}.png") if (STATIC / file).is_file()]
    if not found:
        return None
    with Image.open(STATIC / found[0]) as image:
        return Picture(found[0], image.width, image.height)
