"""Forms: every field is tidied and bounded before anybody looks at it."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any

from babel.support import NullTranslations, Translations
from flask import request
from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import Field, StringField
from wtforms.form import BaseForm
from wtforms.i18n import messages_path
from wtforms.validators import InputRequired, Length, StopValidation

from estudent.portal.language import language

LONGEST = 200


class Form(FlaskForm):
    """A form whose errors speak the visitor's language."""

    class Meta(FlaskForm.Meta):
        """Flask-Babel translates our own texts; WTForms' catalogues know no Ukrainian."""

        locales = False

        def get_translations(self, form: BaseForm) -> NullTranslations:  # noqa: ARG002
            """Return WTForms' own texts, which Flask-WTF would read from the disk for every form."""
            return _own_texts(language().value)

        def wrap_formdata(self, form: BaseForm, formdata: Any) -> Any:  # noqa: ARG002
            """Read what a form of HTML sends and nothing else: JSON and files would bring values that are no text."""
            if formdata is None or hasattr(formdata, "getlist"):
                return formdata
            return request.form if request.method == "POST" and request.form else None


@cache
def _own_texts(language: str) -> NullTranslations:
    return Translations.load(messages_path(), [language], domain="wtforms")


def tidied(text: str | None) -> str:
    """Return text as NFC without spaces at its ends and without invisible marks of direction."""
    normal = unicodedata.normalize("NFC", text or "").strip()
    return "".join(letter for letter in normal if unicodedata.category(letter) != "Cf")


class TextField(StringField):
    """A line of text, tidied, of at most `longest` characters and without control characters."""

    def __init__(
        self, label: Any, *, longest: int = LONGEST, required: bool = True, validators: Any = (), **more: Any
    ) -> None:
        first = [InputRequired(lazy_gettext("Please fill this in."))] if required else []
        bounded = Length(max=longest, message=lazy_gettext("This is too long."))
        super().__init__(label, [*first, bounded, _plain, *validators], filters=[tidied], **more)


def _plain(_form: FlaskForm, field: Field) -> None:
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in field.data or ""):
        raise StopValidation(gettext("This holds characters that cannot be typed; please type it anew."))
