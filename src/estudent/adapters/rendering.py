"""Templates into text: the only place that holds a jinja2 environment."""

from __future__ import annotations

import os
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined

CATALOGUES = Path(__file__).resolve().parents[1] / "locale"
SOURCE_LANGUAGE = "en"


def render(template: str, language: str = SOURCE_LANGUAGE, /, **values: object) -> str:
    """Return the template at this path under `templates/`, filled in; a name it asks for but is not given raises."""
    return _environment(_folder(), language).get_template(template).render(language=language, **values)


@cache
def _environment(folder: Path, language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=_is_markup,  # noqa: S701 - letters and configuration files are no markup
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    return environment


@cache
def translations(language: str) -> NullTranslations:
    """Return a language's catalogue; the templates themselves are in English."""
    if language == SOURCE_LANGUAGE:
        return NullTranslations()
    with (CATALOGUES / language / "messages.po").open("rb") as source:
        catalogue = read_po(source, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def _is_markup(name: str | None) -> bool:
    """Escape what a browser or a mail reader shows as HTML, and nothing else."""
    return name is not None and name.removesuffix(".j2").endswith(".html")


def _folder() -> Path:
    """Return the folder that ESTUDENT_TEMPLATES names, else `templates/` in the project this file belongs to."""
    if named := os.environ.get("ESTUDENT_TEMPLATES"):
        return Path(named)
    return Path(__file__).resolve().parents[3] / "templates"
