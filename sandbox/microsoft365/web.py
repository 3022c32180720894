"""The paths, and the server behind them."""

from __future__ import annotations

from functools import partial

from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp

from sandbox.microsoft365 import gate, page
from sandbox.microsoft365.cloud import Cloud
from sandbox.microsoft365.door import Door
from sandbox.microsoft365.handlers import deleted, exchange, groups, sign_in, tenants, users

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
        ("GET", "/users", users.list_users),
        ("POST", "/users", users.create_user),
        ("GET", "/users/delta", users.changes),
        ("GET", "/users/delta()", users.changes),
        ("GET", "/users/microsoft.graph.delta()", users.changes),
        ("GET", "/users/{key}", users.get_user),
        ("PATCH", "/users/{key}", users.change_user),
        ("DELETE", "/users/{key}", users.delete_user),
        ("POST", "/users/{key}/assignLicense", users.assign_licence),
        ("POST", "/users/{key}/reprocessLicenseAssignment", users.reprocess_licences),
        ("POST", "/users/{key}/revokeSignInSessions", users.revoke_sessions),
        ("POST", "/users/{key}/retryServiceProvisioning", users.retry_provisioning),
        ("GET", "/users/{key}/mailboxSettings", users.mailbox_settings),
        ("GET", "/directory/deletedItems/microsoft.graph.user", deleted.list_deleted),
        ("GET", "/directory/deletedItems/{id}", deleted.get_deleted),
        ("DELETE", "/directory/deletedItems/{id}", deleted.erase),
        ("POST", "/directory/deletedItems/{id}/restore", deleted.restore),
        ("GET", "/groups", groups.list_groups),
        ("GET", "/groups/{key}", groups.get_group),
        ("GET", "/groups/{key}/members", groups.list_members),
        ("POST", "/groups/{key}/members/$ref", groups.add_member),
        ("DELETE", "/groups/{key}/members/{member}/$ref", groups.remove_member),
        ("GET", "/subscribedSkus", tenants.list_skus),
        ("GET", "/domains", tenants.list_domains),
        ("GET", "/domains/{name}", tenants.get_domain),
        ("GET", "/organization", tenants.organization),
    )
    routes = [Route(f"/v1.0{path}", gate.graph(cloud, handler), methods=[method]) for method, path, handler in paths]
    return [*routes, Route("/v1.0/{rest:path}", gate.graph(cloud, tenants.unknown), methods=ANY)]


def _others(cloud: Cloud) -> list[BaseRoute]:
    """Return the paths of Exchange, of the token endpoint and of the sandbox itself."""
    invoke = gate.exchange(cloud, exchange.invoke)
    return [
        Route("/adminapi/beta/{tenant}/InvokeCommand", invoke, methods=["POST"]),
        Route("/{tenant}/oauth2/v2.0/token", _bare(cloud, sign_in.token), methods=["POST"]),
        Route("/{tenant}/v2.0/.well-known/openid-configuration", _bare(cloud, sign_in.openid_configuration)),
        Route("/sandbox/users", _bare(cloud, page.users)),
        Route("/sandbox/requests", _bare(cloud, page.requests)),
        Route("/sandbox/clock", _bare(cloud, page.clock), methods=["GET", "POST"]),
        Route("/sandbox/obstacles", _bare(cloud, page.obstacles), methods=["GET", "POST", "DELETE"]),
        Route("/sandbox/profile", _bare(cloud, page.profile), methods=["GET", "PUT", "DELETE"]),
        Route("/sandbox/faults", _bare(cloud, page.faults), methods=["GET", "POST", "DELETE"]),
        Route("/", _bare(cloud, page.overview)),
    ]


def _bare(cloud: Cloud, handler: gate.Handler) -> gate.Endpoint:
    """Let a handler answer without token and quota."""
    return partial(handler, cloud)
