"""Choose a password: the last page of every way to an account, and what comes after it."""

from __future__ import annotations

from flask import Blueprint, jsonify, redirect, url_for
from werkzeug.wrappers import Response

from estudent.domain.student import AccountState, Student
from estudent.portal import handles, here, mailbox_password, postman
from estudent.portal.door_pages import start_again, turned_away
from estudent.portal.page import show
from estudent.portal.password_form import PasswordForm
from estudent.ports import PasswordRefused
from estudent.services.turned_away import TurnedAway

pages = Blueprint("choosing", __name__)


@pages.route("/create/password", methods=["GET", "POST"])
@pages.route("/recover/password", endpoint="new_password", methods=["GET", "POST"])
def password() -> Response:
    """Take the new password, sign the student in and end all their other sessions."""
    proof, form = handles.proof(), PasswordForm()
    if proof is None:
        return start_again()
    try:
        whose = here.campus().choose_password.may_choose(proof).student
        if not (form.validate_on_submit() and form.check(whose)):
            return _form(form, whose)
        here.campus().choose_password(proof, form.chosen)
    except TurnedAway as no:
        return turned_away(no)
    except PasswordRefused:
        form.refused_by_microsoft()
        return _form(form, whose)
    postman.nudge()
    here.admit_student(whose)
    mailbox_password.warn_of_difference()
    return redirect(url_for("choosing.done" if whose.account is AccountState.PREPARED else "choosing.recovered"))


def _form(form: PasswordForm, whose: Student) -> Response:
    first = whose.account is AccountState.PREPARED
    return show("portal/doors/password.html", form=form, first=first, user_name=whose.album.login)


@pages.get("/create/done")
@here.for_students
def done() -> Response:
    """Show the user name and what comes next."""
    return show("portal/doors/done.html", first=True, domain=here.campus().domain)


@pages.get("/recover/done")
@here.for_students
def recovered() -> Response:
    """Say that the new password works."""
    return show("portal/doors/done.html", first=False, domain=here.campus().domain)


@pages.get("/create/waiting")
def waiting() -> Response:
    """Let a student wait whose entry is being made; a script goes on by itself, a button without one."""
    proof = handles.proof()
    if proof is None:
        return start_again()
    return redirect(url_for("choosing.password")) if _is_ready() else show("portal/doors/waiting.html")


@pages.get("/create/waiting/state")
def state() -> Response:
    """Tell the script whether the entry is there."""
    return jsonify(ready=handles.proof() is None or _is_ready())


def _is_ready() -> bool:
    proof = handles.proof()
    record = here.campus().accounts.by_key(proof.student) if proof else None
    return record is None or record.has_entry
