"""The first page, the choice of a language, the university's logo and colour."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, request, send_file, url_for
from werkzeug.wrappers import Response

from estudent.domain.student import Language
from estudent.portal import here
from estudent.portal.language import COOKIE
from estudent.portal.page import show
from estudent.portal.sign_in_form import SignInForm

pages = Blueprint("home", __name__)
ONE_YEAR = 365 * 24 * 3600


@pages.get("/")
def front() -> Response:
    """Welcome a visitor with the login form; whoever is signed in goes to their own first page."""
    if here.student() is not None:
        return redirect(url_for("steps.all_steps"))
    if here.staff() is not None:
        return redirect(url_for("desk.front"))
    return show("portal/home.html", form=SignInForm(next=request.args.get("next", "")), no=None)


@pages.get("/language/<chosen>")
def choose_language(chosen: str) -> Response:
    """Remember the language and return to the page from which it was chosen."""
    if chosen not in {each.value for each in Language}:
        abort(404)
    response = redirect(own_address(request.args.get("next", "")))
    response.set_cookie(COOKIE, chosen, max_age=ONE_YEAR, samesite="Lax", secure=request.is_secure, httponly=True)
    return response


@pages.get("/brand/logo")
def logo() -> Response:
    """Return the university's logo."""
    file = here.campus().settings.brand.logo
    if file is None:
        abort(404)
    return send_file(file.resolve(), max_age=86400)


@pages.get("/brand/colour.css")
def colour() -> Response:
    """Return the university's colour as a style sheet, since a strict policy allows no inline style."""
    ours = here.campus().settings.brand.colour
    return Response(f":root{{--brand:{ours}}}\n", mimetype="text/css", headers={"Cache-Control": "max-age=3600"})


def own_address(path: str) -> str:
    """Return the path if it is one of our own pages, else the first page: nobody is led elsewhere by a link to us."""
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if safe else url_for("home.front")
