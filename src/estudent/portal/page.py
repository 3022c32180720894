"""Pages: the templates under `templates/portal/`, filled with what every page needs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal
from flask import current_app, g, get_flashed_messages, make_response, request, url_for
from flask_babel import get_timezone
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response

from estudent.adapters.rendering import render
from estudent.domain.student import Language
from estudent.portal import here
from estudent.portal.challenge import challenge
from estudent.portal.language import NAMES, SHORT, language
from estudent.settings import Settings

STATIC = Path(__file__).parent / "static"


def show(template: str, /, status: int = 200, **values: object) -> Response:
    """Return a page in the visitor's language; a name that the template asks for but is not given raises."""
    response = make_response(text_of(template, **values), status)
    response.headers["Content-Language"] = language().value
    response.vary.update(("Cookie", "Accept-Language"))
    return response


def text_of(template: str, /, **values: object) -> str:
    """Return a template's text in the visitor's language, e.g. a part of a page that a script puts in."""
    return render(template, language().value, **_always(), **values)


def asset(name: str) -> str:
    """Return the address of a file in `static/`, which changes when the file does, so that browsers may keep it."""
    return url_for("static", filename=name, v=_mark(name, current_app.debug))


def brand(settings: Settings) -> dict[str, Any]:
    """Return what the templates may say of the university."""
    university, ours = settings.university, settings.brand
    named = {name: getattr(university, name) for name in ("office", "contact", "mail_domain")}
    shown = {name: getattr(ours, name) for name in SHOWN}
    return {"university": university.name, "has_logo": ours.logo is not None, **named, **shown}


SHOWN = ("usosweb", "mail", "office_url", "office_hours", "privacy_url", "accessibility_url", "links", "colour")


def _always() -> dict[str, Any]:
    broken = g.get("registry_lost") is not None
    return {
        "brand": brand(here.campus().settings),
        "student": None if broken else here.student(),
        "staff": None if broken else here.staff(),
        "languages": [(each.value, SHORT[each], NAMES[each]) for each in NAMES],
        "page_url": request.path,
        "messages": [] if broken else get_flashed_messages(with_categories=True),
        **TOOLS,
    }


def _money(amount: Decimal, currency: str = "PLN") -> str:
    # Unicode's English pattern has no space between a code of letters and the digits.
    pattern = "¤¤\N{NO-BREAK SPACE}#,##0.00" if language() is Language.ENGLISH else None
    return format_currency(amount, currency, pattern, locale=REGIONS[language()])


def _grouped(number: int) -> str:
    return format_decimal(number, locale=REGIONS[language()])


def _date(day: date, style: str = "long") -> str:
    return format_date(day, style, locale=REGIONS[language()])


def _moment(at: datetime, style: str = "d MMMM y, HH:mm") -> str:
    return format_datetime(at, style, tzinfo=get_timezone(), locale=REGIONS[language()])


REGIONS = {Language.POLISH: "pl_PL", Language.ENGLISH: "en_GB", Language.UKRAINIAN: "uk_UA"}
"""By whose customs dates and amounts are written: English in Europe is not that of America."""

TOOLS: dict[str, Callable[..., Any]] = {
    "url_for": url_for,
    "asset": asset,
    "csrf_token": generate_csrf,
    "challenge": challenge,
    "money": _money,
    "grouped": _grouped,
    "date": _date,
    "moment": _moment,
}


def _mark(name: str, changing: bool) -> str:
    return _digest(name) if changing else _kept_digest(name)


def _digest(name: str) -> str:
    file = STATIC / name
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12] if file.is_file() else "none"


_kept_digest = cache(_digest)
