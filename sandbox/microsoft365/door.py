"""The outermost layer: every answer is counted, and faults befall requests here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, cast
from uuid import uuid4

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.microsoft365.faults import UNNAMED, Fault, Faults
from sandbox.microsoft365.ledger import Ledger
from sandbox.microsoft365.mailbox_addresses import CmdletError
from sandbox.microsoft365.refusal import conflict, unnamed_conflict
from sandbox.microsoft365.shapes import cmdlet_error, graph_error
from sandbox.orders import CUT, UNTOUCHED

CODES = {429: "TooManyRequests", 503: "ServiceUnavailable", 504: "GatewayTimeout"}


class Door:
    """Lets requests in, unless a fault waits for them."""

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute], faults: Faults, ledger: Ledger) -> None:
        self._app = app
        self._routes = routes
        self._faults = faults
        self._ledger = ledger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and note how it ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, statuses = self._template(scope), [CUT]

        async def noting(message: Message) -> None:
            statuses.append(message.get("status", statuses[-1]))
            await send(message)

        fault = self._faults.take(scope)
        if fault is None:
            await self._app(scope, receive, noting)
        else:
            await self._disturb(fault, scope, receive, noting, send)
        self._ledger.count(scope["method"], path, statuses[-1])

    async def _disturb(self, fault: Fault, scope: Scope, receive: Receive, noting: Send, send: Send) -> None:
        """Do the work if the fault comes after it, wait, and answer as the fault wants."""
        if fault.after_effect:
            await self._app(scope, receive, _lost)
        await asyncio.sleep(fault.delay)
        if fault.status == CUT:
            await _cut(receive, send)
        elif fault.status == UNTOUCHED and not fault.after_effect:
            await self._app(scope, receive, noting)
        else:
            await _refusal(fault)(scope, receive, noting)

    def _template(self, scope: Scope) -> str:
        """Return the path with names in the place of values."""
        for route in self._routes:
            if isinstance(route, Route) and route.matches(scope)[0] is Match.FULL:
                return route.path
        return "(unknown)"


def _refusal(fault: Fault) -> Response:
    """Return the answer that the fault wants, in Graph's shape or a cmdlet's."""
    status = 504 if fault.status == UNTOUCHED else fault.status
    if fault.exception:
        return cmdlet_error(CmdletError(status, fault.exception, fault.words))
    if fault.conflict:
        refusal = unnamed_conflict() if fault.conflict == UNNAMED else conflict(fault.conflict)
        made = str(uuid4())
        return graph_error(refusal, {"request-id": made, "client-request-id": made}, time.time())
    code = CODES.get(status, "UnknownError")
    inner = {"request-id": str(uuid4())}
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    content = {"error": {"code": code, "message": fault.words, "innerError": inner}}
    return JSONResponse(content, status, headers)


async def _lost(_: Message) -> None:
    """Swallow an answer."""


async def _cut(receive: Receive, send: Send) -> None:
    """Drop the connection without an answer; `send` is bound to uvicorn's cycle, which knows the transport."""
    cast(Any, send).__self__.transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
