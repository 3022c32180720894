"""The paths, and the server behind them."""

from __future__ import annotations

import socket
from functools import partial

import uvicorn
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp

from sandbox.microsoft365 import gate, page, services
from sandbox.microsoft365.cloud import Cloud
from sandbox.microsoft365.door import Door

ANY = ["GET", "POST", "PATCH", "PUT", "DELETE"]


def application(cloud: Cloud) -> ASGIApp:
    """Return everything behind one door."""
    routes = [*_graph(cloud), *_others(cloud)]
    return Door(Router(routes), routes, cloud.faults, cloud.ledger)


def serve(cloud: Cloud) -> None:
    """Listen on 127.0.0.1 until SIGTERM, and say where."""
    listener = _listener(cloud.options.port)
    config = uvicorn.Config(
        application(cloud), lifespan="off", log_level="warning", access_log=False, timeout_graceful_shutdown=1
    )
    _Server(config).run([listener])


def _listener(port: int) -> socket.socket:
    """Return a socket that says IPPROTO_TCP: asyncio sets TCP_NODELAY for no other, and answers would wait 40 ms."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(1024)
    return listener


class _Server(uvicorn.Server):
    """Says where it listens once it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for each in sockets or []:
            print(f"listening on http://127.0.0.1:{each.getsockname()[1]}", flush=True)


def _graph(cloud: Cloud) -> list[BaseRoute]:
    """Return the paths of Graph v1.0."""
    paths = (
        ("GET", "/users", services.list_users),
        ("POST", "/users", services.create_user),
        ("GET", "/users/{key}", services.get_user),
        ("PATCH", "/users/{key}", services.change_user),
        ("DELETE", "/users/{key}", services.delete_user),
        ("POST", "/users/{key}/assignLicense", services.assign_licence),
        ("GET", "/users/{key}/mailboxSettings", services.mailbox_settings),
        ("GET", "/subscribedSkus", services.list_skus),
        ("GET", "/domains", services.list_domains),
        ("GET", "/domains/{name}", services.get_domain),
        ("GET", "/organization", services.organization),
        ("GET", "/directory/deletedItems/microsoft.graph.user", services.list_deleted),
    )
    routes = [Route(f"/v1.0{path}", gate.graph(cloud, handler), methods=[method]) for method, path, handler in paths]
    return [*routes, Route("/v1.0/{rest:path}", gate.graph(cloud, services.unknown), methods=ANY)]


def _others(cloud: Cloud) -> list[BaseRoute]:
    """Return the paths of Exchange, of the token endpoint and of the sandbox itself."""
    invoke = gate.exchange(cloud, services.invoke)
    return [
        Route("/adminapi/beta/{tenant}/InvokeCommand", invoke, methods=["POST"]),
        Route("/{tenant}/oauth2/v2.0/token", _bare(cloud, services.token), methods=["POST"]),
        Route("/{tenant}/v2.0/.well-known/openid-configuration", _bare(cloud, services.openid_configuration)),
        Route("/sandbox/users", _bare(cloud, page.users)),
        Route("/sandbox/requests", _bare(cloud, page.requests)),
        Route("/sandbox/faults", _bare(cloud, page.faults), methods=["GET", "POST", "DELETE"]),
        Route("/", _bare(cloud, page.overview)),
    ]


def _bare(cloud: Cloud, handler: gate.Handler) -> gate.Endpoint:
    """Let a handler answer without token and quota."""
    return partial(handler, cloud)
