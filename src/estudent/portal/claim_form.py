"""The forms of activation and recovery: what people know of themselves, typed as they like."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from functools import cache
from typing import Any

from anyascii import anyascii
from babel import Locale
from flask_babel import gettext, lazy_gettext
from wtforms import Field, RadioField, SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # the stubs are older
from wtforms.validators import StopValidation

from estudent.bootstrap import NOT_COUNTRIES
from estudent.domain.album_number import AlbumNumber
from estudent.domain.claim import Claim, Document
from estudent.domain.identity_document import DocumentKind, IdentityDocument
from estudent.domain.pesel import Pesel
from estudent.portal.forms import Form, TextField
from estudent.portal.language import language

BY_PESEL, BY_DOCUMENT = "pesel", "document"
DATES = ("%Y-%m-%d", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%Y")


class _Needed:
    """Asks for a field only where the form shows it: `evidence` is the choice that needs it."""

    field_flags = {"required": True}  # noqa: RUF012 - WTForms reads it from the class

    def __init__(self, evidence: str) -> None:
        self.evidence = evidence

    def __call__(self, form: Form, field: Field) -> None:
        if form["evidence"].data != self.evidence:
            field.errors = []
            raise StopValidation
        if not field.data:
            raise StopValidation(gettext("Please fill this in."))


class _Readable:
    """Refuses what cannot be read as the value that is asked for."""

    def __init__(self, read: Callable[[str], object], message: Any) -> None:
        self.read, self.message = read, message

    def __call__(self, _form: Form, field: Field) -> None:
        try:
            self.read(field.data or "")
        except ValueError:
            raise StopValidation(str(self.message)) from None


def album_of(typed: str) -> AlbumNumber:
    """Return the album number that was meant; a leading s, as in user names, and spaces are forgiven."""
    return AlbumNumber(re.sub(r"\s", "", typed).lower().removeprefix("s"))


def pesel_of(typed: str) -> Pesel:
    """Return the PESEL that was meant; spaces and hyphens are forgiven."""
    return Pesel(re.sub(r"[\s-]", "", typed))


def day_of(typed: str) -> date:
    """Return the day that was meant, written as a browser, a Pole or a Briton writes it."""
    for form in DATES:
        with suppress(ValueError):
            return datetime.strptime(typed, form).date()  # noqa: DTZ007 - a birth date has no zone
    raise ValueError("this is no date")


def _number_of(typed: str) -> str:
    return IdentityDocument(DocumentKind.OTHER, typed, "PL").number


def _choice_of(typed: str) -> str:
    if typed not in (BY_PESEL, BY_DOCUMENT):
        raise ValueError("this is not offered")
    return typed


def _country_of(typed: str) -> str:
    if typed not in dict(countries(language().value)):
        raise ValueError("there is no such country")
    return typed


def an_album_field(**more: Any) -> TextField:
    """Return the field for an album number."""
    wrong = lazy_gettext("An album number has 3 to 7 digits. The long number of your student card is another one.")
    return TextField(lazy_gettext("Album number"), validators=[_Readable(album_of, wrong)], **more)


class AlbumForm(Form):
    """The album number alone: the letter's link has said the rest."""

    album = an_album_field()


class CodeForm(Form):
    """A one-time code."""

    code = TextField(lazy_gettext("Code"))


class OfficeCodeForm(Form):
    """The code that the student office has handed out."""

    album = an_album_field()
    code = TextField(lazy_gettext("Code from the office"))


class LinkForm(Form):
    """A link from a letter, for browsers that do not read it by themselves."""

    link = TextField(lazy_gettext("The link from the e-mail"), longest=1000)

    @property
    def secret(self) -> str:
        """The part behind the #, or all that was pasted."""
        return (self.link.data or "").rpartition("#")[2].strip()


class ForgottenForm(Form):
    """Under what somebody is known."""

    name = TextField(lazy_gettext("User name, mail address, or album number"), longest=254)


class ClaimForm(Form):
    """Who somebody says they are."""

    album = an_album_field()
    family_name = TextField(lazy_gettext("Family name"), longest=100)
    evidence = RadioField(
        lazy_gettext("How should we recognise you?"),
        choices=[
            SelectChoice(BY_PESEL, lazy_gettext("By my PESEL")),
            SelectChoice(BY_DOCUMENT, lazy_gettext("I have no PESEL")),
        ],
        default=BY_PESEL,
        validate_choice=False,
        validators=[_Readable(_choice_of, lazy_gettext("Choose one of these."))],
    )
    pesel = TextField(
        "PESEL",
        required=False,
        validators=[
            _Needed(BY_PESEL),
            _Readable(pesel_of, lazy_gettext("A PESEL has 11 digits, and one of these is mistyped. Please compare.")),
        ],
    )
    document_kind = SelectField(
        lazy_gettext("Document"),
        choices=[
            SelectChoice(DocumentKind.PASSPORT.value, lazy_gettext("Passport")),
            SelectChoice(DocumentKind.IDENTITY_CARD.value, lazy_gettext("Identity card")),
            SelectChoice(DocumentKind.OTHER.value, lazy_gettext("Another document")),
        ],
        validate_choice=False,
        validators=[_Needed(BY_DOCUMENT), _Readable(DocumentKind, lazy_gettext("Choose one of these."))],
    )
    document_number = TextField(
        lazy_gettext("Number of the document"),
        required=False,
        validators=[
            _Needed(BY_DOCUMENT),
            _Readable(_number_of, lazy_gettext("A document's number has 3 to 20 letters and digits.")),
        ],
    )
    country = SelectField(
        lazy_gettext("Issued by"),
        validate_choice=False,
        validators=[_Needed(BY_DOCUMENT), _Readable(_country_of, lazy_gettext("Choose the country."))],
    )
    birth_date = TextField(
        lazy_gettext("Date of birth"),
        required=False,
        validators=[
            _Needed(BY_DOCUMENT),
            _Readable(day_of, lazy_gettext("Write the date as day.month.year, e.g. 14.03.2007.")),
        ],
    )

    def __init__(self) -> None:
        super().__init__()
        named = [SelectChoice(code, name) for code, name in countries(language().value)]
        self.country.choices = [SelectChoice("", gettext("Choose the country")), *named]

    def claim(self) -> Claim:
        """Return what was typed, once it is valid."""
        return Claim(album_of(self.album.data or ""), self.family_name.data or "", self._evidence())

    def _evidence(self) -> Pesel | Document:
        if self.evidence.data == BY_PESEL:
            return pesel_of(self.pesel.data or "")
        kind, number = DocumentKind(self.document_kind.data), self.document_number.data or ""
        return Document(IdentityDocument(kind, number, self.country.data), day_of(self.birth_date.data or ""))


@cache
def countries(spoken: str) -> list[tuple[str, str]]:
    """Return the countries' codes and names in a language, in the order of its alphabet as far as Latin letters go."""
    named = ((str(code), str(name)) for code, name in Locale(spoken).territories.items())
    known = [(code, name) for code, name in named if re.fullmatch("[A-Z]{2}", code) and code not in NOT_COUNTRIES]
    return sorted(known, key=lambda each: anyascii(each[1]).casefold())
