"""The staff's way in through the university's single sign-on, and out of it again.

The session keeps one random word while a browser is away; what proves that it is the same browser that comes back
is derived from it with the portal's key, so that whoever reads the registry can finish nobody's sign-in.
"""

from __future__ import annotations

import hmac
import logging
import secrets
from datetime import datetime, timedelta
from functools import cache

from flask import Blueprint, Flask, abort, flash, redirect, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from estudent.bootstrap import Campus
from estudent.domain.fingerprint import Fingerprints
from estudent.portal import here
from estudent.portal.errors import noted
from estudent.portal.home import own_address
from estudent.portal.language import language
from estudent.portal.page import show
from estudent.portal.security import csrf, limiter
from estudent.portal.sign_in_form import DeskForm
from estudent.ports import FarSideError, Misconfigured, NotProven, SingleSignOn, Trip
from estudent.services.enter_desk import NotEntered
from estudent.services.enter_desk_from_sso import Outsider

pages = Blueprint("single_sign_on", __name__, url_prefix="/desk/oidc")
log = logging.getLogger(__name__)
TRIP, VISIT = "trip", "visit"
"""What the session remembers: that its browser is away to sign in, and by which visit there it has come in."""

GOOD_FOR = timedelta(minutes=15)
ANSWERS = ("code", "iss", "error")


def set_up(app: Flask, campus: Campus) -> None:
    """Refuse settings with which nobody could sign in at the desk."""
    if campus.single_sign_on is None and not campus.settings.desk_sso.password_form:
        raise Misconfigured("ESTUDENT_DESK_SSO__PASSWORD_FORM is off, and there is no issuer: nobody could sign in")
    csrf.exempt(farewell)
    app.register_blueprint(pages)


@pages.post("/start")
@limiter.limit("60 per minute")
def start() -> Response:
    """Send the browser to the single sign-on."""
    there = _offered()
    word = secrets.token_urlsafe(32)
    try:
        address = there.way_in(_trip(word), language().value)
    except FarSideError as error:
        return _in_vain("away", 503, error)
    begun = here.campus().author.clock().isoformat()
    session[TRIP] = {"word": word, "at": begun, "next": own_address(request.form.get("next") or url_for("desk.front"))}
    return redirect(address, 303)


@pages.get("/callback")
@limiter.limit("60 per minute")
def arrive() -> Response:
    """Let in who comes back from the single sign-on, under a new session id; what the browser brings is used once."""
    _offered()
    kept = session.get(TRIP)
    if kept is None or not hmac.compare_digest(_trip(kept["word"]).state.encode(), _given("state").encode()):
        return _in_vain("stale", 400)
    session.pop(TRIP)
    if here.campus().author.clock() > datetime.fromisoformat(kept["at"]) + GOOD_FOR:
        return _in_vain("stale", 400)
    answer = {name: _given(name) for name in ANSWERS if name in request.args}
    try:
        outcome = here.campus().enter_desk_from_sso(_trip(kept["word"]), answer)
    except NotProven as error:
        return _in_vain("refused", 403, error)
    except FarSideError as error:
        return _in_vain("away", 503, error)
    if isinstance(outcome, Outsider):
        session[VISIT] = ""
        return show("portal/desk_outsider.html", 403, user=outcome.user)
    here.admit_staff(outcome.member, visit=here.campus().end_visits.mark(outcome.visit))
    return redirect(kept["next"])


@pages.post("/logout")
@limiter.limit("300 per minute")
def farewell() -> Response:
    """End the desk's sessions of a visit that has ended at the single sign-on, which says so itself."""
    _offered()
    try:
        here.campus().end_visits(request.form.get("logout_token", ""))
    except NotProven as error:
        noted(error)
        return Response(status=400)
    return Response(status=200)


def way_on() -> Response:
    """Lead a browser that is signed out here to where the single sign-on ends its session, too."""
    try:
        return redirect(_offered().way_out(), 303)
    except FarSideError as error:
        noted(error)
        flash(
            gettext("You are signed out here. The university's single sign-on does not answer; close the browser."),
            "warn",
        )
        return redirect(url_for("sign_in.desk_login"), 303)


def login_page(
    form: DeskForm, status: int = 200, *, no: NotEntered | None = None, trouble: str = "", number: str = ""
) -> Response:
    """Return the desk's login page: the ways in that there are, and why the last try was in vain."""
    ours = here.campus().settings.desk_sso
    ways = {"sso": bool(ours.issuer), "password_form": ours.password_form}
    return show("portal/desk_login.html", status, form=form, no=no, trouble=trouble, number=number, desk=ways)


def _in_vain(trouble: str, status: int, error: FarSideError | None = None) -> Response:
    """Return the desk's login page, which says what went wrong and what can be done."""
    number = noted(error) if error else ""
    answer = login_page(DeskForm(next=request.form.get("next", "")), status, trouble=trouble, number=number)
    if status == 503:
        answer.headers["Retry-After"] = "30"
    return answer


def _offered() -> SingleSignOn:
    there = here.campus().single_sign_on
    if there is None:
        abort(404)
    return there


def _given(name: str) -> str:
    """Return a part of the address that is there once; whoever repeats one wants us to read another than others do."""
    found = request.args.getlist(name)
    return found[0] if len(found) == 1 else ""


def _trip(word: str) -> Trip:
    keyed = _keyed(here.campus().settings.portal.secret_key.get_secret_value())
    return Trip(*(keyed.of(part, word) for part in ("state", "nonce", "verifier")))


@cache
def _keyed(secret: str) -> Fingerprints:
    return Fingerprints(Fingerprints(secret.encode()).of("single sign-on").encode())
