"""The paths: USOS API's methods, and the sandbox's own."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.luck import Luck
from sandbox.usos import usosweb
from sandbox.usos.controls import Controls
from sandbox.usos.door import Door
from sandbox.usos.faults import Faults
from sandbox.usos.ledger import Ledger
from sandbox.usos.method import Call, Installation
from sandbox.usos.rate import Rate
from sandbox.usos.refusal import Refusal, method_unknown
from sandbox.usos.signature import Consumer, Signed
from sandbox.usos.timetable import Timetable

FORM = "application/x-www-form-urlencoded"


def application(
    installation: Installation, consumer: Consumer, ledger: Ledger, timetable: Timetable, *, luck: Luck, rate: Rate
) -> ASGIApp:
    """Return everything behind one door."""
    faults = Faults(luck)
    services, controls = Services(installation, consumer), Controls(installation.people, faults, ledger, timetable)
    routes = [Route("/services/{name:path}", services.answer, methods=["GET", "POST"]), *controls.routes()]
    return Door(Starlette(routes=[*routes, *usosweb.routes(installation.people)]), faults, ledger, timetable, rate)


class Services:
    """The methods of USOS API over HTTP."""

    def __init__(self, installation: Installation, consumer: Consumer) -> None:
        self._installation = installation
        self._consumer = consumer

    async def answer(self, request: Request) -> Response:
        """Answer a call, or refuse it in USOS API's shape."""
        body = (await request.body()).decode("utf-8", "replace")
        try:
            return JSONResponse(self._call(request, body).answer())
        except Refusal as refusal:
            headers = {"WWW-Authenticate": 'OAuth realm="USOS API"'} if refusal.status == 401 else None
            return JSONResponse(refusal.body, refusal.status, headers)

    def _call(self, request: Request, body: str) -> Call:
        """Return the call that a request makes; its signature is good unless the method needs none."""
        name = f"services/{request.path_params['name']}"
        method = self._installation.methods.get(name)
        if method is None:
            raise method_unknown(name)
        if method.consumer == "required":
            self._consumer.verify(Signed(str(request.url), request.method, body, request.headers))
        return Call(method, request.method, _arguments(request, body), str(request.base_url), self._installation)


def _arguments(request: Request, body: str) -> dict[str, str]:
    """Return the arguments of query and form."""
    is_form = request.headers.get("content-type", "").startswith(FORM)
    return {**request.query_params, **dict(parse_qsl(body if is_form else ""))}
