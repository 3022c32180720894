"""Create an account: by the link in the album number letter, by one's data, or by a code from the office."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from estudent.domain.masked_address import masked_address
from estudent.portal import handles, here, postman
from estudent.portal.challenge import challenge_passed
from estudent.portal.claim_form import AlbumForm, ClaimForm, CodeForm, LinkForm, OfficeCodeForm, album_of
from estudent.portal.door_pages import start_again, status_of, turned_away
from estudent.portal.page import show
from estudent.portal.security import limiter
from estudent.services.activate import BY_LETTER
from estudent.services.turned_away import TurnedAway, Why

pages = Blueprint("activation", __name__)
POSTS = limiter.limit("300 per minute", methods=["POST"])


@pages.get("/create")
def front() -> Response:
    """Explain the ways to an account."""
    return show("portal/activation/front.html")


@pages.route("/activate", methods=["GET", "POST"])
@POSTS
def link() -> Response:
    """Open the link of a letter; a script sends the part behind the #, which no server ever sees in an address."""
    form = LinkForm()
    if not form.validate_on_submit():
        return show("portal/activation/link.html", form=form)
    try:
        proof = here.campus().activate.by_link(form.secret, here.source())
    except TurnedAway as no:
        return turned_away(no)
    invited = proof.by == BY_LETTER
    handles.keep_proof(handles.INVITED if invited else handles.PROOF, proof)
    return redirect(url_for("activation.confirm" if invited else "choosing.password"))


@pages.route("/activate/confirm", methods=["GET", "POST"])
@POSTS
def confirm() -> Response:
    """Ask whoever opened a letter's link for the album number."""
    proof, form = handles.proof(handles.INVITED), AlbumForm()
    if proof is None:
        return start_again()
    if not form.validate_on_submit():
        return show("portal/activation/confirm.html", form=form, wrong=False)
    try:
        here.campus().activate.confirm(proof, album_of(form.album.data or ""), here.source())
    except TurnedAway as no:
        if no.why is Why.MISMATCH:
            return show("portal/activation/confirm.html", form=form, wrong=True)
        postman.nudge()
        return turned_away(no)
    handles.keep_proof(handles.PROOF, proof)
    return redirect(url_for("choosing.password"))


@pages.route("/create/data", methods=["GET", "POST"])
@POSTS
def by_data() -> Response:
    """Recognise a student by data; every refusal is the same page, whatever the cause."""
    form, no = ClaimForm(), None
    if form.validate_on_submit() and challenge_passed(form):
        try:
            student = here.campus().activate.by_data(form.claim(), here.source())
        except TurnedAway as refusal:
            no = refusal
        else:
            handles.keep_claimed(student.key)
            return redirect(url_for("activation.code"))
        finally:
            postman.nudge()
    if no is not None and no.why not in (Why.MISMATCH, Why.WAIT):
        return turned_away(no)
    return show("portal/activation/data.html", status_of(no), form=form, no=no)


@pages.route("/create/code", methods=["GET", "POST"])
@POSTS
def code() -> Response:
    """Ask for the code that was sent by e-mail."""
    student, form, no = handles.claimed(), CodeForm(), None
    if student is None:
        return start_again()
    if form.validate_on_submit():
        try:
            proof = here.campus().activate.by_email_code(student, form.code.data or "", here.source())
        except TurnedAway as refusal:
            no = refusal
            postman.nudge()
        else:
            handles.keep_proof(handles.PROOF, proof)
            return redirect(url_for("choosing.password"))
    record = here.campus().accounts.by_key(student)
    if record is None:
        return start_again()
    address = masked_address(record.student.email)
    return show("portal/activation/code.html", status_of(no), form=form, no=no, address=address)


@pages.post("/create/another-code")
@POSTS
def code_again() -> Response:
    """Send another code; earlier ones stay good, since mails overtake each other."""
    student = handles.claimed()
    if student is None:
        return start_again()
    if here.campus().activate.send_code_again(student):
        postman.nudge()
        flash(gettext("Another code is on its way. Earlier ones work as well."), "info")
    else:
        flash(
            gettext("Several codes were sent just now. Please look into the spam folder, and wait a little."),
            "warn",
        )
    return redirect(url_for("activation.code"))


@pages.route("/create/office-code", methods=["GET", "POST"])
@POSTS
def office_code() -> Response:
    """Ask for the code that the student office has handed out."""
    form, no = OfficeCodeForm(), None
    if form.validate_on_submit() and challenge_passed(form):
        album = album_of(form.album.data or "")
        try:
            proof = here.campus().activate.by_office_code(album, form.code.data or "", here.source())
        except TurnedAway as refusal:
            no = refusal
            postman.nudge()
        else:
            handles.keep_proof(handles.PROOF, proof)
            return redirect(url_for("choosing.password"))
    return show("portal/activation/office_code.html", status_of(no), form=form, no=no)
