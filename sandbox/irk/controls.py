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

from sandbox.irk.faults import Faults, Profile
from sandbox.irk.holdings import Holdings, Record
from sandbox.irk.ledger import Ledger

SHOWN, REFUSALS = 200, 50
POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
HEADERS = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


class Controls:
    """The answers to requests that the real IRK does not know."""

    def __init__(self, holdings: Holdings, faults: Faults, ledger: Ledger) -> None:
        self._holdings, self._faults, self._ledger = holdings, faults, ledger
        loader = FileSystemLoader(Path(__file__).parent / "templates")
        self._templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)

    def routes(self) -> list[Route]:
        """Return the paths."""
        paths: tuple[tuple[str, str, Callable[[Request], Awaitable[Response]]], ...] = (
            ("GET", "/", self.page),
            ("GET", "/sandbox/applications", self.applications),
            ("POST", "/sandbox/applications", self.enter),
            ("DELETE", "/sandbox/applications/{id:int}", self.withdraw),
            ("GET", "/sandbox/requests", self.requests),
            ("GET", "/sandbox/faults", self.faults),
            ("POST", "/sandbox/faults", self.order_fault),
            ("DELETE", "/sandbox/faults", self.clear_faults),
            ("PUT", "/sandbox/profile", self.set_profile),
            ("GET", "/sandbox/profile", self.profile),
        )
        return [Route(path, answer, methods=[verb]) for verb, path, answer in paths]

    async def applications(self, _request: Request) -> Response:
        """Answer everything entered."""
        return JSONResponse(self._holdings.held())

    async def enter(self, request: Request) -> Response:
        """Add or correct applications with their applicants, all or none."""
        try:
            entries = [_entry(each) for each in json.loads(await request.body())]
        except (ValueError, TypeError) as error:
            return JSONResponse({"message": str(error)}, 400)
        return JSONResponse({"received": len(entries), "applications": self._holdings.enter(entries)})

    async def withdraw(self, request: Request) -> Response:
        """Remove an application."""
        return Response(status_code=204 if self._holdings.withdraw(request.path_params["id"]) else 404)

    async def requests(self, _request: Request) -> Response:
        """Answer how requests ended, and why the last of them were refused."""
        return JSONResponse({**self._ledger.counted(), "refused": self._ledger.refused()})

    async def faults(self, _request: Request) -> Response:
        """Answer what is still to happen."""
        return JSONResponse(self._faults.shown())

    async def order_fault(self, request: Request) -> Response:
        """Order a fault."""
        try:
            self._faults.order(json.loads(await request.body()))
        except ValueError as error:
            return JSONResponse({"message": str(error)}, 400)
        return JSONResponse(self._faults.shown(), 201)

    async def clear_faults(self, _request: Request) -> Response:
        """Forget all that was ordered."""
        self._faults.clear()
        return Response(status_code=204)

    async def set_profile(self, request: Request) -> Response:
        """Set what happens by chance from now on."""
        try:
            self._faults.profile = Profile(**json.loads(await request.body()))
        except (ValueError, TypeError) as error:
            return JSONResponse({"message": str(error)}, 400)
        return await self.profile(request)

    async def profile(self, _request: Request) -> Response:
        """Answer what happens by chance, and how often it did."""
        return JSONResponse(self._faults.profile.shown())

    async def page(self, request: Request) -> Response:
        """Show the applications that contain what was searched for, and what was refused."""
        search = request.query_params.get("search", "").strip()
        html = self._templates.get_template("applications.html").render(
            search=search,
            held=self._holdings.held(search, SHOWN),
            count=self._holdings.count(),
            requests=self._ledger.counted(),
            refused=self._ledger.refused()[:REFUSALS],
            most=SHOWN,
        )
        return HTMLResponse(html, headers=HEADERS)


def _entry(given: Any) -> tuple[Record, Record]:
    """Return an application and its applicant; raise ValueError if they do not belong together."""
    if not isinstance(given, dict) or not all(
        isinstance(given.get(name), dict) for name in ("application", "applicant")
    ):
        raise ValueError("each entry is an object with an application and an applicant")
    application, applicant = given["application"], given["applicant"]
    if not (isinstance(application.get("id"), int) and isinstance(applicant.get("id"), int)):
        raise ValueError("the ids of an application and an applicant are numbers")
    if application.get("user") != applicant["id"]:
        raise ValueError("an application's user is its applicant")
    if not {"registration", "programme"} <= set(application.get("turn") or ()) or "admitted" not in application:
        raise ValueError("an application says whether it is admitted, and the registration and programme of its turn")
    return application, applicant
