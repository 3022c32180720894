"""The paths: IRK's API, and the sandbox's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.irk.controls import Controls
from sandbox.irk.faults import Faults
from sandbox.irk.holdings import Holdings, Record
from sandbox.irk.ledger import Ledger
from sandbox.irk.rules import Refusal, Rules, bad_request, not_allowed, not_found

USUAL_LENGTH = 20
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
TRUTH = {"true": True, "True": True, "1": True, "false": False, "False": False, "0": False}


def application(holdings: Holdings, rules: Rules, faults: Faults, ledger: Ledger) -> ASGIApp:
    """Return everything that is behind the door."""
    return Starlette(routes=[*Api(holdings, rules).routes(), *Controls(holdings, faults, ledger).routes()])


class Api:
    """What IRK answers. Filters that it does not know are ignored, as Django REST framework does."""

    def __init__(self, holdings: Holdings, rules: Rules) -> None:
        self._holdings, self._rules = holdings, rules

    def routes(self) -> list[Route]:
        """Return the paths; they are only read."""
        answers: dict[str, tuple[str, Callable[[Request], Any]]] = {
            "/api/applications/": ("applications", self._applications),
            "/api/applications/{id:int}": ("applications", self._application),
            "/api/applicants/{id:int}": ("applicants", self._applicant),
            "/api/registrations/": ("registrations", self._registrations),
            "/api/{rest:path}": ("", self._nothing),
        }
        return [Route(path, self._answering(*what), methods=METHODS) for path, what in answers.items()]

    def _answering(self, resource: str, answer: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def answering(request: Request) -> Response:
            try:
                self._rules.admit(request, resource)
                if request.method not in ("GET", "HEAD"):
                    raise not_allowed(request.method)
                return JSONResponse(answer(request))
            except Refusal as refusal:
                return JSONResponse(refusal.body, refusal.status)

        return answering

    def _applications(self, request: Request) -> Record:
        asked = request.query_params
        found = [record for record, modified in self._holdings.applications() if self._fits(record, modified, asked)]
        return self._page(found, request)

    def _application(self, request: Request) -> Record:
        return _there(self._holdings.application(request.path_params["id"]))

    def _applicant(self, request: Request) -> Record:
        return _there(self._holdings.applicant(request.path_params["id"]))

    def _registrations(self, request: Request) -> Record:
        found = [
            {
                "code": code, "cycle": {"code": code[-5:]}, "name": {"pl": code, "en": code},
                "programmes": programmes, "status": "ongoing", "tag": None, "turn": [],
            }
            for code, programmes in self._holdings.registrations().items()
        ]  # fmt: skip
        return self._page(found, request)

    def _nothing(self, _: Request) -> Record:
        raise not_found()

    def _fits(self, record: Record, modified: float, asked: QueryParams) -> bool:
        for name in ("registration", "programme"):
            if name in asked and not _pattern(asked[name]).search(record["turn"][name]):
                return False
        if "admitted" in asked and bool(record["admitted"]) != _truth(asked["admitted"]):
            return False
        since = asked.get(self._rules.changed_since) if self._rules.changed_since else None
        return since is None or datetime.fromtimestamp(modified, UTC) >= _moment(since)

    def _page(self, found: Sequence[Record], request: Request) -> Record:
        asked = request.query_params
        length = min(_number(asked, "page_length", USUAL_LENGTH), self._rules.most)
        number, last = _number(asked, "page", 1), max(1, -(-len(found) // length))
        if number > last:
            raise not_found("Invalid page.")
        return {
            "count": len(found),
            "next": _address(request, number + 1) if number < last else None,
            "previous": _address(request, number - 1) if number > 1 else None,
            "results": list(found[(number - 1) * length : number * length]),
        }


def _address(request: Request, page: int) -> str:
    return str(request.url.include_query_params(page=page))


def _there(record: Record | None) -> Record:
    if record is None:
        raise not_found()
    return record


def _number(asked: QueryParams, name: str, usual: int) -> int:
    text = asked.get(name, str(usual))
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise not_found("Invalid page.")
    return int(text)


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error:
        raise bad_request(1, "This is no regular expression.") from None


def _truth(text: str) -> bool:
    if text not in TRUTH:
        raise bad_request(2, "This is neither true nor false.")
    return TRUTH[text]


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise bad_request(3, "This is no moment.") from None
