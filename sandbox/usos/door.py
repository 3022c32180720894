"""The outermost layer: every call of a method is counted, and faults befall calls here."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from starlette.responses import HTMLResponse, JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.orders import CUT, UNTOUCHED
from sandbox.usos.faults import Fault, Faults
from sandbox.usos.ledger import Ledger
from sandbox.usos.rate import Rate
from sandbox.usos.timetable import Timetable


class Door:
    """Lets calls in, unless a fault waits for them or there were too many; migrations that are due come first."""

    def __init__(self, app: ASGIApp, faults: Faults, ledger: Ledger, timetable: Timetable, rate: Rate) -> None:
        self._app = app
        self._timetable = timetable
        self._rate = rate
        self._faults = faults
        self._ledger = ledger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a call of a method is counted by the status it ended with."""
        self._timetable.catch_up()
        if not scope["path"].startswith("/services/"):
            await self._app(scope, receive, send)
            return
        statuses = [CUT]

        async def noting(message: Message) -> None:
            statuses.append(message.get("status", statuses[-1]))
            await send(message)

        await self._serve(scope, receive, noting, send)
        self._ledger.count(scope["path"].removeprefix("/"), statuses[-1])

    async def _serve(self, scope: Scope, receive: Receive, noting: Send, send: Send) -> None:
        if not self._rate.allows():
            await JSONResponse({"message": "Too many requests."}, 429)(scope, receive, noting)
            return
        fault = self._faults.take(scope["path"])
        if fault is None:
            await self._app(scope, receive, noting)
        else:
            await self._disturb(fault, scope, receive, noting, send)

    async def _disturb(self, fault: Fault, scope: Scope, receive: Receive, noting: Send, send: Send) -> None:
        """Do the work if the fault comes after it, wait, and answer as the fault wants."""
        if fault.after_effect:
            await self._app(scope, receive, _lost)
        await asyncio.sleep(fault.delay)
        if fault.status == CUT:
            await _cut(receive, send)
        elif fault.html:
            await HTMLResponse("<html><body>Przerwa techniczna</body></html>", fault.status)(scope, receive, noting)
        elif fault.status == UNTOUCHED and not fault.after_effect:
            await self._app(scope, receive, noting)
        else:
            status = 504 if fault.status == UNTOUCHED else fault.status
            await JSONResponse({"message": "A fault that was ordered."}, status)(scope, receive, noting)


async def _lost(_: Message) -> None:
    """Swallow an answer."""


async def _cut(receive: Receive, send: Send) -> None:
    """Drop the connection without an answer; `send` is bound to uvicorn's cycle, which knows the transport."""
    cast(Any, send).__self__.transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
