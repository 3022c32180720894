"""What a clerk fills in to help a student; every act has a reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext
from wtforms import BooleanField, Field
from wtforms.validators import InputRequired, StopValidation

from estudent.domain.reason import Reason, ReasonFault, fault_of
from estudent.portal.forms import Form, TextField
from estudent.portal.here import campus
from estudent.services.correct_contact import BadAddress

REASONS: Mapping[ReasonFault, Any] = {
    ReasonFault.LENGTH: lazy_gettext("Please write why in 5 to 200 characters."),
    ReasonFault.INVISIBLE: lazy_gettext("This holds characters that cannot be typed; please type it anew."),
    ReasonFault.LONG_NUMBER: lazy_gettext("Please leave the PESEL and other long numbers out: the journal is kept."),
}
ADDRESSES: Mapping[BadAddress, Any] = {
    BadAddress.NO_ADDRESS: lazy_gettext("This is not an e-mail address; write one, e.g. jan@poczta.example."),
    BadAddress.OF_OURS: lazy_gettext("Please give an address outside the university: it must work without a password."),
}


def _is_a_reason(_form: Form, field: Field) -> None:
    if fault := fault_of(field.data or ""):
        raise StopValidation(str(REASONS[fault]))


def _is_an_address(_form: Form, field: Field) -> None:
    if fault := campus().correct_contact.fault_of(field.data or ""):
        raise StopValidation(str(ADDRESSES[fault]))


class ReasonedForm(Form):
    """An act with its reason."""

    reason = TextField(lazy_gettext("Reason"), validators=[_is_a_reason])

    @property
    def why(self) -> Reason:
        """The reason that was given."""
        return Reason(self.reason.data or "")


class CheckedForm(ReasonedForm):
    """An act before which the clerk has seen who it is."""

    checked = BooleanField(
        lazy_gettext("I have seen a document of the student, or I know for certain who it is."),
        [InputRequired(lazy_gettext("Please make sure who it is first."))],
    )


class ContactForm(CheckedForm):
    """Another contact address."""

    email = TextField(lazy_gettext("New e-mail address"), longest=254, validators=[_is_an_address])


FORMS: Mapping[str, type[ReasonedForm]] = {
    "contact": ContactForm,
    "code": CheckedForm,
    "letter": ReasonedForm,
    "unlock": ReasonedForm,
    "mailbox": ReasonedForm,
    "link": ReasonedForm,
}
"""The acts by the last part of their address."""


def blank() -> dict[str, ReasonedForm]:
    """Return every act's form, not filled in."""
    return {name: form(formdata=None, prefix=f"{name}-") for name, form in FORMS.items()}
