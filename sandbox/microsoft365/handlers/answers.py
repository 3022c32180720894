"""The shapes of answers: one user, a collection."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.microsoft365.shelf import Json
from sandbox.microsoft365.user import DEFAULT, User


def entity(request: Request, user: User, status: int, names: tuple[str, ...] = DEFAULT) -> Response:
    """Return one user as an answer."""
    context = f"{request.base_url}v1.0/$metadata#users/$entity"
    return JSONResponse({"@odata.context": context, **user.shown(names)}, status)


def collection(request: Request, name: str, value: list[Json]) -> Response:
    """Return a collection that is never paged."""
    return JSONResponse({"@odata.context": f"{request.base_url}v1.0/$metadata#{name}", "value": value})
