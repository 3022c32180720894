"""The paths, and the server behind them."""

from __future__ import annotations

from functools import partial

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
    """Listen until SIGTERM, and say where."""
    place = cloud.options.place
    place.server(application(cloud)).run([place.listener()])


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
