"""What the stand-in shows of itself under /sandbox and on its first page; no token is asked for."""

from __future__ import annotations

import time
from collections.abc import Iterable
from html import escape
from itertools import islice

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox.microsoft365.addresses import open_ripe_mailboxes
from sandbox.microsoft365.cloud import Cloud
from sandbox.microsoft365.shelf import Json
from sandbox.microsoft365.user import User

SHOWN = 200
STYLE = "body{font:15px sans-serif;margin:2em}td,th{padding:.2em .8em;text-align:left;border-bottom:1px solid #ddd}"
COLUMNS = ("employeeId", "displayName", "userPrincipalName", "mailbox", "proxyAddresses")


async def users(request: Request) -> Response:
    """Answer GET /sandbox/users with every user that is not deleted."""
    return JSONResponse([_shown(user) for user in _current(request).tenant])


async def requests(request: Request) -> Response:
    """Answer GET /sandbox/requests with what was asked for since the start."""
    return JSONResponse(_current(request).counts.shown())


async def list_faults(request: Request) -> Response:
    """Answer GET /sandbox/faults with those that are still to happen."""
    return JSONResponse(_current(request).faults.shown())


async def add_fault(request: Request) -> Response:
    """Answer POST /sandbox/faults."""
    cloud = _current(request)
    try:
        cloud.faults.add(await request.json())
    except (TypeError, ValueError) as error:
        return JSONResponse({"error": str(error)}, 400)
    return JSONResponse(cloud.faults.shown(), 201)


async def clear_faults(request: Request) -> Response:
    """Answer DELETE /sandbox/faults."""
    _current(request).faults.clear()
    return Response(status_code=204)


async def first_page(request: Request) -> Response:
    """Answer GET / with the newest users, for people."""
    cloud = _current(request)
    everyone = list(cloud.tenant)
    ready = sum(user.mailbox == "ready" for user in everyone)
    newest = islice(reversed(everyone), SHOWN)
    heading = f"{len(everyone)} users, {ready} mailboxes, {cloud.counts.answers.total()} requests"
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Microsoft 365 stand-in</title>'
        f"<style>{STYLE}</style><h1>Microsoft 365 stand-in</h1><p>{escape(cloud.options.domain)}: {heading}.</p>"
        f"<table>{_row('th', COLUMNS)}{''.join(_row('td', _cells(user)) for user in newest)}</table></html>"
    )
    return HTMLResponse(page, headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"})


def _current(request: Request) -> Cloud:
    """Return the cloud as it is now."""
    cloud: Cloud = request.app.state.cloud
    open_ripe_mailboxes(cloud.tenant, time.time())
    return cloud


def _shown(user: User) -> Json:
    """Return what tests and demonstrations look at."""
    return {
        **user.shown(("id", "userPrincipalName", "employeeId", "displayName", "accountEnabled", "proxyAddresses")),
        "licences": [each["skuId"] for each in user.licences],
        "mailbox": user.mailbox,
        "mailbox_ready": user.mailbox == "ready",
    }


def _cells(user: User) -> Iterable[str]:
    """Return a user's line of the table."""
    properties = (str(user.property(name) or "") for name in COLUMNS[:3])
    return (*properties, user.mailbox, ", ".join(user.addresses))


def _row(tag: str, cells: Iterable[str]) -> str:
    """Return one line of the table, whatever the cells hold."""
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"
