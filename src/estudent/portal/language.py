"""The visitor's language: chosen by hand, else what the browser asks for."""

from __future__ import annotations

from babel.support import NullTranslations
from flask import Flask, request
from flask_babel import Babel, Domain, get_locale

from estudent.adapters.rendering import translations
from estudent.domain.student import Language

COOKIE = "language"
NAMES = {Language.POLISH: "Polski", Language.ENGLISH: "English", Language.UKRAINIAN: "Українська"}
SHORT = {Language.POLISH: "PL", Language.ENGLISH: "EN", Language.UKRAINIAN: "UK"}


class Catalogues(Domain):
    """The same catalogues as those of the letters, compiled when they are first needed."""

    def get_translations(self) -> NullTranslations:
        """Return the catalogue of the visitor's language."""
        return translations(language().value)


class Speech(Babel):
    """Flask-Babel with our catalogues."""

    @property
    def domain_instance(self) -> Domain:
        """The catalogues."""
        return CATALOGUES


CATALOGUES = Catalogues()


def language() -> Language:
    """Return the visitor's language."""
    return Language(str(get_locale() or Language.POLISH))


def set_up(app: Flask, time_zone: str) -> None:
    """Let Flask-Babel speak the visitor's language, in the university's time zone."""
    Speech(
        app,
        configure_jinja=False,
        default_locale=Language.POLISH.value,
        default_timezone=time_zone,
        locale_selector=_preferred,
    )


def _preferred() -> str:
    known = [each.value for each in Language]
    if (wish := request.cookies.get(COOKIE)) in known:
        return str(wish)
    return request.accept_languages.best_match(known, Language.POLISH.value)
