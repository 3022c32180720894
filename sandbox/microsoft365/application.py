"""Which address leads where."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.microsoft365 import console, exchange, graph, login, organisation
from sandbox.microsoft365.cloud import Cloud
from sandbox.microsoft365.door import Act, Service, behind
from sandbox.microsoft365.refusal import Refusal

GRAPH: tuple[tuple[str, str, Act], ...] = (
    ("GET", "/users", graph.list_users),
    ("POST", "/users", graph.add_user),
    ("GET", "/users/{key}", graph.show_user),
    ("PATCH", "/users/{key}", graph.change_user),
    ("DELETE", "/users/{key}", graph.delete_user),
    ("POST", "/users/{key}/assignLicense", graph.assign_license),
    ("GET", "/users/{key}/mailboxSettings", graph.show_mailbox),
    ("GET", "/directory/deletedItems/microsoft.graph.user", graph.list_deleted),
    ("GET", "/directory/deletedItems/graph.user", graph.list_deleted),
    ("GET", "/subscribedSkus", graph.list_skus),
    ("GET", "/domains", organisation.list_domains),
    ("GET", "/domains/{name}", organisation.show_domain),
    ("GET", "/organization", organisation.show_organization),
)
ENTRA = Service(lambda _, __: None, graph.refused)


def application(cloud: Cloud) -> Starlette:
    """Return the web application that plays this cloud."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        cloud.shelf.close()

    made = Starlette(routes=_routes(), lifespan=lifespan, exception_handlers={HTTPException: _no_such_resource})
    made.state.cloud = cloud
    return made


def _routes() -> list[Route]:
    """Return every address, Microsoft's and our own."""
    invoke = behind(exchange.SERVICE, exchange.invoke_command)
    return [
        *(Route(f"/v1.0{path}", behind(graph.SERVICE, act), methods=[method]) for method, path, act in GRAPH),
        Route("/{tenant}/oauth2/v2.0/token", behind(ENTRA, login.token), methods=["POST"]),
        Route("/adminapi/beta/{tenant}/InvokeCommand", invoke, methods=["POST"]),
        Route("/sandbox/users", console.users),
        Route("/sandbox/requests", console.requests),
        Route("/sandbox/faults", console.list_faults),
        Route("/sandbox/faults", console.add_fault, methods=["POST"]),
        Route("/sandbox/faults", console.clear_faults, methods=["DELETE"]),
        Route("/", console.first_page),
    ]


async def _no_such_resource(request: Request, error: Exception) -> Response:
    """Answer what leads nowhere as Graph does: 400 for a segment that it does not know, 405 for a wrong method."""
    if isinstance(error, HTTPException) and error.status_code == 405:
        message = "Specified HTTP method is not allowed for the request target."
        return graph.refused(request, Refusal(405, "Request_BadRequest", message))
    segment = request.url.path.rpartition("/")[2]
    status = 400 if request.url.path.startswith("/v1.0/") else 404
    return graph.refused(request, Refusal(status, "BadRequest", f"Resource not found for the segment '{segment}'."))
