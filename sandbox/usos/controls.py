"""The sandbox's own paths: what a test enters, orders and counts, and a page for people."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox.usos import person
from sandbox.usos.faults import Faults
from sandbox.usos.ledger import Ledger
from sandbox.usos.people import People, Taken
from sandbox.usos.timetable import Timetable

SHOWN = 200
POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
HEADERS = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


class Controls:
    """The answers to requests that the real USOS API does not know."""

    def __init__(self, people: People, faults: Faults, ledger: Ledger, timetable: Timetable) -> None:
        self._people = people
        self._timetable = timetable
        self._faults = faults
        self._ledger = ledger
        loader = FileSystemLoader(Path(__file__).parent / "templates")
        self._templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)

    def routes(self) -> list[Route]:
        """Return the paths."""
        paths: tuple[tuple[str, str, Callable[[Request], Awaitable[Response]]], ...] = (
            ("GET", "/", self.page),
            ("GET", "/sandbox/people", self.people),
            ("POST", "/sandbox/people", self.enter),
            ("POST", "/sandbox/migrate", self.migrate),
            ("POST", "/sandbox/clock", self.forward),
            ("GET", "/sandbox/clock", self.clock),
            ("GET", "/sandbox/changes", self.changes),
            ("GET", "/sandbox/luck", self.luck),
            ("GET", "/sandbox/requests", self.requests),
            ("GET", "/sandbox/faults", self.faults),
            ("POST", "/sandbox/faults", self.order_fault),
            ("DELETE", "/sandbox/faults", self.clear_faults),
        )
        return [Route(path, answer, methods=[verb]) for verb, path, answer in paths]

    async def people(self, _request: Request) -> Response:
        """Answer everybody entered."""
        return JSONResponse(self._people.entered())

    async def enter(self, request: Request) -> Response:
        """Add or correct persons, all or none."""
        try:
            people = [person.read(entry) for entry in _list(await request.body())]
        except ValueError as error:
            return JSONResponse({"message": str(error)}, 400)
        try:
            self._people.enter(people)
        except Taken as error:
            return JSONResponse({"message": str(error)}, 409)
        return JSONResponse({"received": len(people), **self._people.count()})

    async def migrate(self, _request: Request) -> Response:
        """Bring what was entered over to the API."""
        return JSONResponse({"migrated": self._people.migrate(), **self._people.count()})

    async def clock(self, _request: Request) -> Response:
        """Answer what time it is here."""
        return JSONResponse({"now": self._timetable.clock()})

    async def forward(self, request: Request) -> Response:
        """Put the clock forward; migrations whose time comes happen."""
        try:
            self._timetable.forward(float(json.loads(await request.body())["seconds"]))
        except (ValueError, KeyError, TypeError) as error:
            return JSONResponse({"message": f"seconds, not negative, are expected: {error}"}, 400)
        return JSONResponse({"now": self._timetable.clock(), **self._people.count()})

    async def changes(self, _request: Request) -> Response:
        """Answer which e-mails became others, in their order."""
        return JSONResponse(self._people.changes())

    async def luck(self, _request: Request) -> Response:
        """Answer what befell calls by chance."""
        return JSONResponse(self._faults.luck.shown())

    async def requests(self, _request: Request) -> Response:
        """Answer how many calls were made."""
        return JSONResponse(self._ledger.counted())

    async def faults(self, _request: Request) -> Response:
        """Answer what is still to happen."""
        return JSONResponse(self._faults.shown())

    async def order_fault(self, request: Request) -> Response:
        """Order a disturbance."""
        try:
            self._faults.order(json.loads(await request.body()))
        except ValueError as error:
            return JSONResponse({"message": str(error)}, 400)
        return JSONResponse(self._faults.shown(), 201)

    async def clear_faults(self, _request: Request) -> Response:
        """Forget all disturbances."""
        self._faults.clear()
        return Response(status_code=204)

    async def page(self, request: Request) -> Response:
        """Show the persons that contain what was searched for."""
        search = request.query_params.get("search", "").strip()
        template = self._templates.get_template("people.html")
        html = template.render(
            search=search, people=self._people.entered(search, SHOWN), count=self._people.count(), most=SHOWN
        )
        return HTMLResponse(html, headers=HEADERS)


def _list(body: bytes) -> list[Any]:
    entries = json.loads(body)
    if not isinstance(entries, list):
        raise person.NoPerson("a list of persons is expected")
    return entries
