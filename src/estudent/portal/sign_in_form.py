"""The forms in which people say who they are."""

from __future__ import annotations

from flask_babel import gettext, lazy_gettext
from wtforms import HiddenField, PasswordField
from wtforms.validators import InputRequired

from estudent.domain.password import prepared
from estudent.portal.forms import Form, TextField
from estudent.portal.password_form import PasswordForm

LONGEST_NAME = 254


class SignInForm(Form):
    """A student's user name, address or album number, the password, and where to go afterwards."""

    name = TextField(lazy_gettext("User name"), longest=LONGEST_NAME)
    password = PasswordField(lazy_gettext("Password"), [InputRequired(lazy_gettext("Please fill this in."))])
    next = HiddenField()

    @property
    def typed(self) -> str:
        """The password in the form in which it is compared."""
        return prepared(self.password.data or "")


class DeskForm(SignInForm):
    """The same for the student office's staff."""


class ChangeForm(PasswordForm):
    """The password that somebody has, and the one that takes its place."""

    current = PasswordField(
        lazy_gettext("Your current password"), [InputRequired(lazy_gettext("Please fill this in."))]
    )

    @property
    def typed(self) -> str:
        """The current password in the form in which it is compared."""
        return prepared(self.current.data or "")

    def differs(self) -> bool:
        """Tell whether the new password is another one; else the field says so."""
        if self.typed == self.chosen:
            self.password.errors = [gettext("Choose another password than the current one.")]
        return not self.password.errors

    def refuse(self) -> None:
        """Say at the field that the current password is wrong."""
        self.current.errors = [gettext("This is not your current password.")]
