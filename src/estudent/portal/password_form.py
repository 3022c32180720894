"""Choosing a password: what is asked of it, how strong it is, and a passphrase for whoever wants none of that."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request
from flask_babel import gettext, lazy_gettext
from wtforms import PasswordField
from wtforms.validators import InputRequired

from estudent.bootstrap import Campus
from estudent.domain.password import LONGEST, SHORTEST, PasswordFault, faults_of, prepared
from estudent.domain.student import Student
from estudent.portal import handles, here
from estudent.portal.forms import Form
from estudent.portal.security import limiter

pages = Blueprint("password", __name__)


class PasswordForm(Form):
    """The two fields of a new password, for the form of a page that includes `portal/password_fields.html`."""

    password = PasswordField(lazy_gettext("New password"), [InputRequired(lazy_gettext("Choose a password."))])
    password_again = PasswordField(
        lazy_gettext("The same password again"), [InputRequired(lazy_gettext("Type the password once more."))]
    )

    def check(self, whose: Student | None) -> bool:
        """Tell whether the password may be taken, asked after the form's own validation; else the fields say why."""
        faults = faults_of(self.chosen, here.campus().words_in_passwords(whose), here.campus().password_strength)
        self.password.errors = [told(fault) for fault in faults]
        if not faults and prepared(self.password_again.data or "") != self.chosen:
            self.password_again.errors = [gettext("Type the same password in both fields; they differ now.")]
        return not self.password.errors and not self.password_again.errors

    def refused_by_microsoft(self) -> None:
        """Say at the field that Microsoft's rules refuse the password."""
        self.password.errors = [
            gettext(
                "Microsoft 365, where your mailbox is, does not take this password. Use other words; letters without "
                "accents (a-z, A-Z), digits and signs, and nothing that is often used."
            )
        ]

    @property
    def chosen(self) -> str:
        """The password in the form in which it is hashed."""
        return prepared(self.password.data or "")

    def offered(self) -> str:
        """Return a passphrase that would be taken."""
        return offer(here.campus(), whose())


def offer(campus: Campus, whose: Student | None) -> str:
    """Return a new passphrase that keeps the rules for this student; one that does not by chance is made anew."""
    forbidden = campus.words_in_passwords(whose)
    while faults_of(made := campus.passphrase(), forbidden, campus.password_strength):
        pass
    return made


def whose() -> Student | None:
    """Return who chooses a password: the student who is signed in, or who has just proved to be one."""
    if (proof := handles.proof()) is None:
        return here.student()
    return next(iter(here.campus().students.load([proof.student])), None)


@pages.post("/password/strength")
@limiter.limit("120 per minute")
def strength() -> Response:
    """Judge what is being typed, for the meter; nothing of it is kept."""
    typed = prepared(request.form.get("password", ""))[: LONGEST + 1]
    words = here.campus().words_in_passwords(whose())
    faults = faults_of(typed, words, here.campus().password_strength)
    score = here.campus().password_strength(typed, words)
    return jsonify(score=min(score, 2) if faults else score, text=told(faults[0]) if faults else praise(score))


def told(fault: PasswordFault) -> str:
    """Return what would be right instead, in the visitor's language."""
    texts: dict[PasswordFault, str] = {
        PasswordFault.UNTYPABLE: gettext("Use characters that you can type: letters, digits, signs, spaces."),
        PasswordFault.TOO_SHORT: gettext("Use at least %(number)s characters.", number=SHORTEST),
        PasswordFault.TOO_LONG: gettext("Use at most %(number)s characters.", number=LONGEST),
        PasswordFault.PERSONAL: gettext(
            "Leave out your name, your numbers, your user name and the university's name: others try them first."
        ),
        PasswordFault.COMMON: gettext(
            "This is too easy to guess. Use several words that have nothing to do with each other."
        ),
    }
    return texts[fault]


def praise(score: int) -> str:
    """Return what is said of a password that keeps the rules."""
    very_good: str = gettext("Very strong: nobody will guess this one.")
    good: str = gettext("Strong enough. You can use it.")
    return very_good if score > 3 else good
