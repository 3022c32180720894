"""The paths, and the server behind them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial

from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp

from sandbox import threads
from sandbox.microsoft365 import controls, gate, page
from sandbox.microsoft365 import permissions as may
from sandbox.microsoft365.cloud import Cloud, opened
from sandbox.microsoft365.door import Door
from sandbox.microsoft365.handlers import deleted, exchange, groups, sign_in, tenants, users
from sandbox.microsoft365.options import Options

ANY = ["GET", "POST", "PATCH", "PUT", "DELETE"]


def application(cloud: Cloud) -> ASGIApp:
    """Return everything behind one door."""
    routes = [*_graph(cloud), *_others(cloud)]
    return Door(Router(routes), routes, cloud.faults, cloud.ledger)


def serve(cloud: Cloud) -> None:
    """Listen until SIGTERM, and say where."""
    place = cloud.options.place
    place.server(application(cloud)).run([place.listener()])


@contextmanager
def running(options: Options) -> Iterator[str]:
    """Serve from a thread of this process for as long as somebody needs it, and yield the address."""
    place = options.place
    with place.listener() as listener, threads.serving(listener, partial(_opened, options)):
        yield place.address(listener)


@contextmanager
def _opened(options: Options) -> Iterator[ASGIApp]:
    with closing(opened(options)) as cloud:
        yield application(cloud)


def _graph(cloud: Cloud) -> list[BaseRoute]:
    """Return the paths of Graph v1.0."""
    paths = (
        ("GET", "/users", users.list_users, may.READ_USERS),
        ("POST", "/users", users.create_user, may.CREATE_USERS),
        ("GET", "/users/delta", users.changes, may.READ_USERS),
        ("GET", "/users/delta()", users.changes, may.READ_USERS),
        ("GET", "/users/microsoft.graph.delta()", users.changes, may.READ_USERS),
        ("GET", "/users/{key}", users.get_user, may.READ_USERS),
        ("PATCH", "/users/{key}", users.change_user, may.CHANGE_USERS),
        ("DELETE", "/users/{key}", users.delete_user, may.DELETE_USERS),
        ("POST", "/users/{key}/assignLicense", users.assign_licence, may.ASSIGN_LICENCES),
        ("POST", "/users/{key}/reprocessLicenseAssignment", users.reprocess_licences, may.ASSIGN_LICENCES),
        ("POST", "/users/{key}/revokeSignInSessions", users.revoke_sessions, may.REVOKE_SESSIONS),
        ("POST", "/users/{key}/retryServiceProvisioning", users.retry_provisioning, may.RETRY_PROVISIONING),
        ("GET", "/users/{key}/mailboxSettings", users.mailbox_settings, may.READ_MAILBOXES),
        ("GET", "/directory/deletedItems/microsoft.graph.user", deleted.list_deleted, may.READ_DELETED),
        ("GET", "/directory/deletedItems/{id}", deleted.get_deleted, may.READ_DELETED),
        ("DELETE", "/directory/deletedItems/{id}", deleted.erase, may.ERASE_USERS),
        ("POST", "/directory/deletedItems/{id}/restore", deleted.restore, may.DELETE_USERS),
        ("GET", "/groups", groups.list_groups, may.READ_GROUPS),
        ("GET", "/groups/{key}", groups.get_group, may.READ_GROUPS),
        ("GET", "/groups/{key}/members", groups.list_members, may.READ_GROUPS),
        ("POST", "/groups/{key}/members/$ref", groups.add_member, may.CHANGE_MEMBERS),
        ("DELETE", "/groups/{key}/members/{member}/$ref", groups.remove_member, may.CHANGE_MEMBERS),
        ("GET", "/subscribedSkus", tenants.list_skus, may.READ_LICENCES),
        ("GET", "/domains", tenants.list_domains, may.READ_DOMAINS),
        ("GET", "/domains/{name}", tenants.get_domain, may.READ_DOMAINS),
        ("GET", "/organization", tenants.organization, may.READ_ORGANIZATION),
    )
    routes = [
        Route(f"/v1.0{path}", gate.graph(cloud, handler, needed), methods=[method])
        for method, path, handler, needed in paths
    ]
    return [*routes, Route("/v1.0/{rest:path}", gate.graph(cloud, tenants.unknown), methods=ANY)]


def _others(cloud: Cloud) -> list[BaseRoute]:
    """Return the paths of Exchange, of the token endpoint and of the sandbox itself."""
    invoke = gate.exchange(cloud, exchange.invoke)
    return [
        Route("/adminapi/beta/{tenant}/InvokeCommand", invoke, methods=["POST"]),
        Route("/{tenant}/oauth2/v2.0/token", _bare(cloud, sign_in.token), methods=["POST"]),
        Route("/{tenant}/v2.0/.well-known/openid-configuration", _bare(cloud, sign_in.openid_configuration)),
        Route("/sandbox/users", _bare(cloud, page.users)),
        Route("/sandbox/state", _bare(cloud, page.state)),
        Route("/sandbox/recipients/{address}", _bare(cloud, page.recipient)),
        Route("/sandbox/requests", _bare(cloud, page.requests)),
        Route("/sandbox/quota", _bare(cloud, page.quota)),
        Route("/sandbox/clock", _bare(cloud, controls.clock), methods=["GET", "POST"]),
        Route("/sandbox/obstacles", _bare(cloud, controls.obstacles), methods=["GET", "POST", "DELETE"]),
        Route("/sandbox/permissions", _bare(cloud, controls.permissions), methods=["GET", "PUT"]),
        Route("/sandbox/profile", _bare(cloud, controls.profile), methods=["GET", "PUT", "DELETE"]),
        Route("/sandbox/faults", _bare(cloud, controls.faults), methods=["GET", "POST", "DELETE"]),
        Route("/", _bare(cloud, page.overview)),
    ]


def _bare(cloud: Cloud, handler: gate.Handler) -> gate.Endpoint:
    """Let a handler answer without token and quota."""
    return partial(handler, cloud)
