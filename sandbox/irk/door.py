"""The outermost layer: requests to the API are counted, throttled, and meet faults here."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, cast

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.irk.faults import Fault, Faults
from sandbox.irk.ledger import Ledger
from sandbox.orders import CUT, UNTOUCHED

LOGIN_PAGE = "<!doctype html><title>IRK</title><h1>Zaloguj się</h1><form method=post></form>"
ORDERED = "A fault that was ordered."


@dataclass
class Quota:
    """So many requests in each window of seconds, whoever sends them."""

    most: int
    window: float
    _moments: deque[float] = field(default_factory=deque)

    def seconds_to_wait(self) -> int:
        """Take one of the places that are left, or return how long to wait for one."""
        now = time.monotonic()
        while self._moments and self._moments[0] <= now - self.window:
            self._moments.popleft()
        if len(self._moments) >= self.most:
            return max(1, math.ceil(self._moments[0] + self.window - now))
        self._moments.append(now)
        return 0


@dataclass
class Collected:
    """An answer that was not sent yet."""

    status: int = CUT
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    async def __call__(self, message: Message) -> None:
        """Take what the application sends."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        self.body += message.get("body", b"")


class Door:
    """Lets requests in, unless there are too many of them or a fault waits."""

    def __init__(self, app: ASGIApp, faults: Faults, ledger: Ledger, quota: Quota) -> None:
        self._app, self._faults, self._ledger, self._quota = app, faults, ledger, quota

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; those to the API are counted by how they ended."""
        path = scope["path"]
        if not path.startswith("/api/"):
            await self._app(scope, receive, send)
            return
        fault = self._faults.take(path)
        if fault:
            await asyncio.sleep(fault.delay)
        answer = await self._answer(fault, scope, receive)
        self._ledger.count(path, answer.status, _why(answer, fault))
        if answer.status == CUT:
            await _cut(receive, send)
            return
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, fault: Fault | None, scope: Scope, receive: Receive) -> Collected:
        collected = Collected()
        response = self._refusal(fault)
        await (response or self._app)(scope, receive, collected)
        if fault and fault.status == CUT:
            return Collected()
        return _spoilt(collected, fault.form) if fault and collected.status == 200 else collected

    def _refusal(self, fault: Fault | None) -> Response | None:
        if fault and fault.status not in (CUT, UNTOUCHED):
            headers = {"Retry-After": fault.retry_after} if fault.retry_after else None
            return JSONResponse({"detail": ORDERED}, fault.status, headers)
        if seconds := self._quota.seconds_to_wait():
            detail = f"Request was throttled. Expected available in {seconds} seconds."
            return JSONResponse({"detail": detail}, 429, {"Retry-After": str(seconds)})
        return None


def _spoilt(answer: Collected, form: str) -> Collected:
    """Return a good answer as a fault leaves it."""
    if form == "html":
        return _of(HTMLResponse(LOGIN_PAGE))
    if form == "truncated":
        half = answer.body[: len(answer.body) // 2]
        return _of(Response(half, media_type="application/json"))
    if form == "error":
        return _of(JSONResponse({"error": 7, "detail": ORDERED}))
    if form == "another":
        said = json.loads(answer.body)
        return _of(JSONResponse(said | {"id": said.get("id", 0) + 1}))
    return answer


def _of(response: Response) -> Collected:
    return Collected(response.status_code, list(response.raw_headers), bytes(response.body))


def _why(answer: Collected, fault: Fault | None) -> str:
    """Return why a request was refused, or how its answer was spoilt."""
    if answer.status == 200:
        return fault.form if fault else ""
    if answer.status == CUT:
        return "the connection was cut"
    said: Any = json.loads(answer.body) if answer.body else {}
    return str(said.get("detail", ""))


async def _cut(receive: Receive, send: Send) -> None:
    """Drop the connection without an answer; `send` is bound to uvicorn's cycle, which knows the transport."""
    cast(Any, send).__self__.transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
