"""A student's own account: the password, and where else they are signed in."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from flask import Blueprint, flash, redirect, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from estudent.domain.device import device_of
from estudent.portal import here, mailbox_password, postman
from estudent.portal.page import show
from estudent.portal.sign_in import MUST_CHANGE
from estudent.portal.sign_in_form import ChangeForm
from estudent.ports import PasswordRefused

pages = Blueprint("account", __name__)


class Visit(NamedTuple):
    """A session as its owner reads of it."""

    mark: str
    device: str
    opened_at: datetime
    seen_at: datetime
    here: bool


@pages.get("/account")
@here.for_students
def front() -> Response:
    """Show the names under which the student is known."""
    return show("portal/account.html", alias=f"{here.this_student().album.login}@{here.campus().domain}")


@pages.route("/password", methods=["GET", "POST"])
@here.for_students
def password() -> Response:
    """Change the password: all sessions end but this one, which goes on under a new id."""
    student, form, until = here.this_student(), ChangeForm(), None
    if form.validate_on_submit() and form.check(student) and form.differs():
        try:
            no = here.campus().change_password(student, form.typed, form.chosen, here.source())
        except PasswordRefused:
            # All sessions have ended before the new password was tried; the student stays in this one.
            forced = session.get(MUST_CHANGE)
            here.admit_student(student)
            session[MUST_CHANGE] = forced
            form.refused_by_microsoft()
        else:
            if no is None:
                return _changed()
            form.refuse()
            until = no.until
    values = {"user_name": student.album.login, "forced": bool(session.get(MUST_CHANGE)), "until": until}
    return show("portal/password.html", _status(form, until), form=form, **values)


@pages.get("/sessions")
@here.for_students
def sessions() -> Response:
    """List where the student is signed in."""
    mine = here.mark()
    visits = [
        Visit(each.mark, device_in_words(each.agent), each.opened_at, each.seen_at, each.mark == mine)
        for each in here.campus().sessions.of(here.this_student().key)
    ]
    return show("portal/sessions.html", visits=visits)


@pages.post("/sessions/end")
@here.for_students
def end_session() -> Response:
    """End one of the student's sessions."""
    mark = request.form.get("mark", "")
    here.campus().sessions.end_one(here.this_student().key, mark)
    if mark == here.mark():
        here.leave()
        return redirect(url_for("home.front"))
    flash(gettext("That device is signed out."), "good")
    return redirect(url_for("account.sessions"))


@pages.post("/sessions/end-others")
@here.for_students
def end_other_sessions() -> Response:
    """End all of the student's sessions but this one."""
    here.end_other_sessions()
    flash(gettext("You are signed out everywhere else."), "good")
    return redirect(url_for("account.sessions"))


def device_in_words(agent: str) -> str:
    """Return a device as its owner would call it."""
    device = device_of(agent)
    if device.browser and device.system:
        return str(gettext("%(browser)s on %(system)s", browser=device.browser, system=device.system))
    return device.browser or device.system or str(gettext("Unknown device"))


def _changed() -> Response:
    postman.nudge()
    here.admit_student(here.this_student())
    flash(gettext("Your password is changed. You are signed out everywhere else."), "good")
    mailbox_password.warn_of_difference()
    return redirect(url_for("account.front"))


def _status(form: ChangeForm, until: datetime | None) -> int:
    if until:
        return 429
    return 400 if form.errors else 200
