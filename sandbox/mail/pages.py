"""The HTTP side: JSON for tests, an inbox for people."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox.mail.faults import Faults
from sandbox.mail.letters import Letters, Wanted
from sandbox.mail.reading import read

MOST = 10_000
SHOWN = 200
# A letter brings its own inline styles; it may not run, load or send anything.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")


class Pages:
    """The answers to HTTP requests."""

    def __init__(self, letters: Letters, faults: Faults) -> None:
        self._letters = letters
        self._faults = faults
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
        )
        self._templates.filters["with_links"] = with_links

    def application(self) -> Starlette:
        """Return the application with all its addresses."""
        return Starlette(
            routes=[
                Route("/", self.inbox),
                Route("/messages/{number:int}", self.letter),
                Route("/mailboxes/{address}", self.mailbox),
                Route("/sandbox/messages", self.messages),
                Route("/sandbox/count", self.count),
                Route("/sandbox/faults", self.faults, methods=["POST"]),
            ]
        )

    def messages(self, request: Request) -> Response:
        """Answer the wanted letters, the newest first."""
        asked = request.query_params
        try:
            limit = min(int(asked.get("limit", 100)), MOST)
            wanted = Wanted(
                recipient=asked.get("to", ""), mailbox=asked.get("mailbox", ""), since=_moment(asked.get("since", "")),
                limit=max(limit, 0),
            )  # fmt: skip
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        return JSONResponse([_as_json(row) for row in self._letters.found(wanted)])

    def count(self, request: Request) -> Response:
        """Answer how many letters were accepted, how many differ, `without` a sender's, and for how many recipients."""
        return JSONResponse(self._letters.count(request.query_params.get("without", "")))

    async def faults(self, request: Request) -> Response:
        """Order failures of the next letters."""
        try:
            waiting = self._faults.order(json.loads(await request.body()))
        except (ValueError, TypeError, AttributeError) as error:
            raise HTTPException(400, str(error)) from error
        return JSONResponse({"waiting": waiting})

    def inbox(self, request: Request) -> Response:
        """Show the newest letters, to recipients that contain what was searched for."""
        search = request.query_params.get("to", "").strip()
        rows = self._letters.found(Wanted(part_of_recipient=search, limit=SHOWN))
        count = self._letters.count()
        return self._page("inbox.html", search=search, letters=[_as_json(row) for row in rows], count=count)

    def mailbox(self, request: Request) -> Response:
        """Show the newest letters in one mailbox, by whichever of its addresses they came."""
        address = request.path_params["address"]
        rows = self._letters.found(Wanted(mailbox=address, limit=SHOWN))
        return self._page("mailbox.html", mailbox=address, letters=[_as_json(row) for row in rows])

    def letter(self, request: Request) -> Response:
        """Show one letter."""
        row = self._letters.one(request.path_params["number"])
        if row is None:
            raise HTTPException(404, "no such letter")
        return self._page("letter.html", letter=_as_json(row))

    def _page(self, template: str, **content: object) -> Response:
        return HTMLResponse(self._templates.get_template(template).render(content), headers=HEADERS)


def with_links(text: str) -> Markup:
    """Return the text escaped, with its web addresses as links."""
    pieces, end = [], 0
    for found in LINK.finditer(text):
        link = Markup('<a href="{0}" target="_blank" rel="noopener noreferrer">{0}</a>').format(found[0])
        pieces += [escape(text[end : found.start()]), link]
        end = found.end()
    return Markup("").join([*pieces, escape(text[end:])])


def _moment(text: str) -> datetime | None:
    """Return the moment of ISO 8601, UTC unless it says otherwise; a query turns an unquoted + into a space."""
    if not text:
        return None
    moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _as_json(row: dict[str, Any]) -> dict[str, Any]:
    """Return a letter in the shape of the answer."""
    return {
        "id": row["id"],
        "received_at": row["received_at"],
        "envelope": {"from": row["sender"], "to": json.loads(row["recipients"])},
        "mailboxes": json.loads(row["mailboxes"]),
        "message_id": row["message_id"],
        **asdict(read(row["content"])),
    }
