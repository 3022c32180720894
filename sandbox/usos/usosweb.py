"""A page like USOSweb's of payments: who is known there, with receivables and accounts, as of the last migration."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sandbox.usos import schemas
from sandbox.usos.controls import HEADERS
from sandbox.usos.people import People

ADDRESS = "/usosweb/platnosci"


def routes(people: People) -> list[Route]:
    """Return the page's path; who is there is told by the identifier that single sign-on would hand over."""
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    template = Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("usosweb.html")

    async def page(request: Request) -> Response:
        identifier = request.query_params.get("identyfikator", "").strip()
        person = people.in_usosweb(identifier) if identifier else None
        accounts = schemas.accounts(person) if person else []
        status = 404 if identifier and not person else 200
        html = template.render(identifier=identifier, person=person, accounts=accounts, address=ADDRESS)
        return HTMLResponse(html, status, headers=HEADERS)

    return [Route(ADDRESS, page)]
