"""Forgotten user name or password: one answer for every name, and the way back through one's own mail."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from estudent.portal import handles, here, postman
from estudent.portal.challenge import challenge_passed
from estudent.portal.claim_form import CodeForm, ForgottenForm, LinkForm
from estudent.portal.door_pages import start_again, status_of, turned_away
from estudent.portal.page import show
from estudent.portal.security import limiter
from estudent.services.turned_away import TurnedAway

pages = Blueprint("recovery", __name__)
POSTS = limiter.limit("300 per minute", methods=["POST"])


@pages.route("/forgot", methods=["GET", "POST"])
@POSTS
def forgot() -> Response:
    """Send the letter to whoever is known under the name, and say the same to everybody."""
    form, no = ForgottenForm(), None
    if form.validate_on_submit() and challenge_passed(form):
        try:
            asked = here.campus().recover_password.ask(form.name.data or "", here.source())
        except TurnedAway as refusal:
            no = refusal
        else:
            handles.keep_asked(asked)
            return redirect(url_for("recovery.front"))
        finally:
            postman.nudge()
    return show("portal/recovery/forgot.html", status_of(no), form=form, no=no)


@pages.get("/recover")
def front() -> Response:
    """Show where the code is typed; a script sends on what stands behind the # of a letter's link."""
    return _page()


@pages.post("/recover")
@POSTS
def link() -> Response:
    """Open the link of a letter."""
    form = LinkForm()
    if not form.validate():
        return _page(link=form)
    try:
        proof = here.campus().recover_password.by_link(form.secret, here.source())
    except TurnedAway as no:
        return turned_away(no)
    handles.keep_proof(handles.PROOF, proof)
    return redirect(url_for("choosing.new_password"))


@pages.post("/recover/code")
@POSTS
def code() -> Response:
    """Compare the code from the letter."""
    asked, form = handles.asked(), CodeForm()
    if asked is None:
        return start_again()
    if not form.validate():
        return _page(code=form)
    try:
        proof = here.campus().recover_password.by_code(asked, form.code.data or "", here.source())
    except TurnedAway as no:
        postman.nudge()
        return _page(code=form, no=no)
    handles.keep_proof(handles.PROOF, proof)
    return redirect(url_for("choosing.new_password"))


def _page(link: LinkForm | None = None, code: CodeForm | None = None, no: TurnedAway | None = None) -> Response:
    values = {"link": link or LinkForm(None), "code": code or CodeForm(None), "asked": handles.asked() is not None}
    return show("portal/recovery/recover.html", status_of(no), no=no, **values)
