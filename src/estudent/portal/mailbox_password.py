"""Confirm the password, where Microsoft keeps it too and may not have it: typed once more, it opens the mailbox."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response
from wtforms import PasswordField
from wtforms.validators import InputRequired

from estudent.domain.password import prepared
from estudent.domain.student import Student
from estudent.portal import here
from estudent.portal.errors import noted
from estudent.portal.forms import Form
from estudent.portal.page import show
from estudent.ports import Misconfigured, PasswordRefused, Unavailable

pages = Blueprint("mailbox_password", __name__, url_prefix="/mailbox/password")


class ConfirmForm(Form):
    """The password that the student has."""

    current = PasswordField(
        lazy_gettext("Your current password"), [InputRequired(lazy_gettext("Please fill this in."))]
    )

    @property
    def typed(self) -> str:
        """The password in the form in which it is compared."""
        return prepared(self.current.data or "")


@pages.route("", methods=["GET", "POST"])
@here.for_students
def confirm() -> Response:
    """Ask for the password, and write it to Microsoft in this very request; it is kept nowhere on the way."""
    student, form = here.this_student(), ConfirmForm()
    one_password = here.campus().one_password
    if one_password is None or not one_password.must_confirm(student):
        return redirect(url_for("mailbox.front"))
    if not form.validate_on_submit():
        return _form(form)
    try:
        no = one_password.confirm(student, form.typed, here.source())
    except PasswordRefused:
        flash(told_refusal(), "warn")
        return redirect(url_for("account.password"))
    except (Unavailable, Misconfigured) as error:
        return _form(form, 503, number=noted(error))
    if no is not None:
        form.current.errors = [gettext("This is not your current password.")]
        return _form(form, 429 if no.until else 400, until=no.until)
    flash(gettext("Your mailbox opens with this password now."), "good")
    return redirect(url_for("mailbox.front"))


def asked_of(student: Student) -> bool:
    """Tell whether a student must confirm the password before it opens the mailbox."""
    one_password = here.campus().one_password
    return one_password is not None and one_password.must_confirm(student)


def warn_of_difference() -> None:
    """Say after a change that Microsoft did not take part in it, where that is so."""
    if asked_of(here.this_student()):
        flash(
            gettext(
                "Microsoft 365 could not be reached: your mailbox may still want the old password. Everything else has "
                "the new one. Confirm it on the page of your mailbox in a few minutes."
            ),
            "warn",
        )


def told_refusal() -> str:
    """Return what to do about a password that works here and that Microsoft does not take."""
    return str(
        gettext(
            "Microsoft 365, where your mailbox is, does not take your password. Please choose another one here; "
            "it will then open your mailbox too."
        )
    )


def _form(form: ConfirmForm, status: int = 0, until: datetime | None = None, number: str = "") -> Response:
    code = status or (400 if form.errors else 200)
    login = here.this_student().album.login
    return show("portal/mailbox_password.html", code, form=form, until=until, number=number, user_name=login)
