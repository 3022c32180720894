"""Signing in and out, for students and for the student office's staff."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, abort, flash, g, redirect, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from estudent.domain.lifecycle import Owed
from estudent.portal import here, single_sign_on
from estudent.portal.challenge import challenge_passed
from estudent.portal.home import own_address
from estudent.portal.page import show
from estudent.portal.sign_in_form import DeskForm, SignInForm
from estudent.services.enter_desk import NotEntered
from estudent.services.sign_in import NotSignedIn, SignedIn

pages = Blueprint("sign_in", __name__)
WITHOUT_STUDENT = ("static", "home.colour", "home.logo", "home.choose_language")
BEFORE_A_CHANGE = (*WITHOUT_STUDENT, "account.password", "password.strength", "sign_in.sign_out")
"""What somebody may ask for who must choose another password first."""

MUST_CHANGE = "must_change"


@pages.before_app_request
def hold_up() -> Response | None:
    """Sign out whoever has left meanwhile, student or staff, and lead whoever must change the password to that page."""
    if g.get("registry_lost") or request.endpoint is None or request.endpoint in WITHOUT_STUDENT:
        return None
    student = here.student()
    if student is not None and not student.is_owed(Owed.SIGN_IN):
        here.leave()
        flash(
            gettext("Your studies here have ended, so the account is closed. If that is wrong, write to the office."),
            "warn",
        )
        return redirect(url_for("home.front"))
    if not here.still_staff():
        here.leave()
        return redirect(url_for("sign_in.desk_login"))
    if session.get(MUST_CHANGE) and request.endpoint not in BEFORE_A_CHANGE:
        return redirect(url_for("account.password"))
    return None


@pages.post("/sign-in")
def enter() -> Response:
    """Sign a student in; whoever is refused sees the first page again, and the same text for every cause."""
    form = SignInForm()
    if not (form.validate() and challenge_passed(form)):
        return show("portal/home.html", 400, form=form, no=None)
    outcome = here.campus().sign_in(form.name.data or "", form.typed, here.source())
    if isinstance(outcome, NotSignedIn):
        return _waiting(show("portal/home.html", _status(outcome), form=form, no=outcome), outcome)
    return _admitted(outcome, form.next.data or "")


@pages.route("/desk/login", methods=["GET", "POST"])
def desk_login() -> Response:
    """Sign the staff in by a password, where that is allowed; the page also leads to the single sign-on."""
    form = DeskForm(next=request.args.get("next", ""))
    if request.method == "GET":
        return single_sign_on.login_page(form)
    if not here.campus().settings.desk_sso.password_form:
        abort(404)
    if not (form.validate() and challenge_passed(form)):
        return single_sign_on.login_page(form, 400)
    outcome = here.campus().enter_desk(form.name.data or "", form.typed, here.source())
    if isinstance(outcome, NotEntered):
        return _waiting(single_sign_on.login_page(form, _status(outcome), no=outcome), outcome)
    here.admit_staff(outcome.member)
    return redirect(_afterwards(form.next.data or "", "desk.front"))


@pages.post("/sign-out")
def sign_out() -> Response:
    """End this session, and the one at the single sign-on, if that is whence it came."""
    from_afar = single_sign_on.VISIT in session
    here.leave()
    flash(gettext("You are signed out."), "good")
    if from_afar:
        return single_sign_on.way_on()
    return redirect(url_for("home.front"))


def _admitted(outcome: SignedIn, wanted: str) -> Response:
    here.admit_student(outcome.student)
    if outcome.must_change:
        session[MUST_CHANGE] = True
        return redirect(url_for("account.password"))
    return redirect(_afterwards(wanted, "steps.all_steps"))


def _afterwards(wanted: str, usual: str) -> str:
    """Return where to go: one of our own pages in any case."""
    return own_address(wanted) if wanted else url_for(usual)


def _status(no: NotSignedIn | NotEntered) -> int:
    return 429 if no.until else 403


def _waiting(answer: Response, no: NotSignedIn | NotEntered) -> Response:
    """Return the answer, with the time to wait for programs."""
    if no.until:
        answer.headers["Retry-After"] = str(_seconds_to(no.until))
    return answer


def _seconds_to(moment: datetime) -> int:
    return max(1, round((moment - here.campus().author.clock()).total_seconds()))
