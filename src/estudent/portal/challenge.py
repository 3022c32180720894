"""Keeping robots out: every visitor passes one challenge before a form that a robot would try a thousand times.

By default the browser solves a puzzle by itself (ALTCHA) and nobody outside is asked; where there is no JavaScript,
a code is copied from a picture or from a recording. With `portal.captcha=recaptcha` Google's takes the puzzle's place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from flask import Blueprint, Response, abort, jsonify, request

from estudent.domain.fingerprint import Fingerprints
from estudent.portal import here
from estudent.portal.forms import Form
from estudent.portal.language import language
from estudent.portal.picture_code import PictureCodes, picture, recording
from estudent.portal.puzzle import Puzzles
from estudent.portal.security import limiter
from estudent.portal.verdict import Verdict, told

pages = Blueprint("challenge", __name__)


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a page needs to show a challenge; `kind` is altcha or recaptcha, `handle` names the picture's code."""

    kind: str
    site_key: str
    handle: str


def challenge() -> Challenge:
    """Return a new challenge for the page that is being made."""
    ours = here.campus().settings.portal
    return Challenge(ours.captcha, ours.recaptcha_site_key, _codes().handle(here.campus().author.clock()))


def challenge_passed(form: Form | None = None) -> bool:
    """Tell whether the form that was sent passes; if not, its summary says what to do. Ask once, after validation."""
    verdict = _verdict()
    if verdict is not Verdict.PASSED and form is not None:
        form.form_errors = [*form.form_errors, told(verdict)]
    return verdict is Verdict.PASSED


@pages.get("/challenge/puzzle")
def puzzle() -> Response:
    """Return a new puzzle for the widget."""
    return jsonify(_puzzles().pose(here.campus().author.clock()))


@pages.get("/challenge/<handle>.png")
@limiter.limit("300 per minute")
def code_picture(handle: str) -> Response:
    """Return the picture of a code."""
    return Response(picture(_code_of(handle)), mimetype="image/png")


@pages.get("/challenge/<handle>.wav")
@limiter.limit("60 per minute")
def code_recording(handle: str) -> Response:
    """Return the recording of a code."""
    return Response(recording(_code_of(handle), language().value), mimetype="audio/wav")


def _code_of(handle: str) -> str:
    if not _codes().is_ours(handle) or _codes().is_over(handle, here.campus().author.clock()):
        abort(404)
    return _codes().code(handle)


def _verdict() -> Verdict:
    """Judge whichever answer the form holds; the picture's code is a way in under every setting."""
    answers: dict[str, Callable[[str], Verdict]] = {
        "picture_code": _code_verdict,
        _foremost(): _recaptcha_verdict if _foremost() == RECAPTCHA_FIELD else _puzzle_verdict,
    }
    given = ((judge, request.form[name].strip()) for name, judge in answers.items() if request.form.get(name))
    judge, answer = next(given, (None, ""))
    return Verdict.MISSING if judge is None or not answer else judge(answer)


RECAPTCHA_FIELD = "g-recaptcha-response"


def _foremost() -> str:
    return RECAPTCHA_FIELD if here.campus().settings.portal.captcha == "recaptcha" else "altcha"


def _puzzle_verdict(solution: str) -> Verdict:
    verdict, name = _puzzles().judge(solution, here.campus().author.clock())
    return _used_once(name) if verdict is Verdict.PASSED else verdict


def _code_verdict(typed: str) -> Verdict:
    """A handle is used up by its first try, right or wrong, so that nobody can guess on."""
    handle, codes = request.form.get("picture_handle", ""), _codes()
    if not codes.is_ours(handle) or codes.is_over(handle, here.campus().author.clock()):
        return Verdict.EXPIRED
    verdict = _used_once(handle)
    return Verdict.WRONG if verdict is Verdict.PASSED and not codes.fits(handle, typed) else verdict


def _recaptcha_verdict(answer: str) -> Verdict:
    return Verdict.PASSED if here.campus().recaptcha.passed(answer) else Verdict.EXPIRED


def _used_once(name: str) -> Verdict:
    return Verdict.PASSED if here.campus().single_use.spend(name) else Verdict.EXPIRED


def _puzzles() -> Puzzles:
    return Puzzles(_keyed())


def _codes() -> PictureCodes:
    return PictureCodes(_keyed())


def _keyed() -> Fingerprints:
    return keyed(here.campus().settings.portal.secret_key.get_secret_value())


@cache
def keyed(secret: str) -> Fingerprints:
    """Return hashes keyed by a key of the challenges' own, derived from the portal's."""
    return Fingerprints(Fingerprints(secret.encode()).of("challenge").encode())
