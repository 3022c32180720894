"""Lists of users: a filter, a choice of properties, and pages."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlencode

from starlette.requests import Request

from sandbox.microsoft365.filters import parse
from sandbox.microsoft365.properties import TYPES
from sandbox.microsoft365.refusal import Refusal, bad_request, unsupported_query
from sandbox.microsoft365.shelf import Json
from sandbox.microsoft365.tenant import Tenant
from sandbox.microsoft365.user import DEFAULT, User

DELETED = "directory/deletedItems/microsoft.graph.user"
KNOWN = {"$filter", "$select", "$top", "$count", "$skiptoken"}


@dataclass(frozen=True, slots=True)
class Listing:
    """What is listed: where, who comes after a number, who may be seen, and the tenant whose index may be asked."""

    path: str
    after: Callable[[int], Iterable[User]]
    sees: Callable[[User], bool]
    tenant: Tenant | None
    default: tuple[str, ...] = DEFAULT


def of_users(tenant: Tenant, now: float) -> Listing:
    """GET /users: everybody whose creation has spread."""
    return Listing("users", tenant.after, lambda user: tenant.visible(user, now), tenant)


def of_deleted(tenant: Tenant) -> Listing:
    """GET /directory/deletedItems/microsoft.graph.user."""
    return Listing(DELETED, tenant.bin, lambda _: True, None, (*DEFAULT, "deletedDateTime"))


def page(listing: Listing, request: Request) -> Json:
    """Return one page of the users that are asked for, with a link to the next."""
    query = request.query_params
    if unknown := [name for name in query if name.startswith("$") and name not in KNOWN]:
        raise unsupported_query(f"The stand-in does not know {unknown[0]}.")
    names, size = selected(request, listing.default), page_size(request)
    users = list(islice(_found(listing, request, _start(query.get("$skiptoken", ""))), size + 1))
    answer: Json = {"@odata.context": f"{request.base_url}v1.0/$metadata#{listing.path}"}
    if _advanced(request):
        answer["@odata.count"] = sum(1 for _ in _found(listing, request, 0))
    if len(users) > size:
        answer["@odata.nextLink"] = _next_link(listing, request, users[size - 1])
    return {**answer, "value": [user.shown(names) for user in users[:size]]}


def selected(request: Request, default: tuple[str, ...] = DEFAULT) -> tuple[str, ...]:
    """Return the properties of $select, or the default ones."""
    names = tuple(name.strip() for name in request.query_params.get("$select", "").split(",") if name.strip())
    for name in names:
        if name not in TYPES["user"]:
            message = f"Could not find a property named '{name}' on type 'microsoft.graph.user'."
            raise Refusal(400, "BadRequest", f"Parsing OData Select and Expand failed: {message}")
    return names or default


def page_size(request: Request) -> int:
    """Return $top, by default 100 and at most 999."""
    text = request.query_params.get("$top", "100")
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 999):
        raise bad_request(f"Invalid page size specified: '{text}'. Must be between 1 and 999 inclusive.")
    return int(text)


def _found(listing: Listing, request: Request, start: int) -> Iterator[User]:
    """Yield the users that match, from the place on where the last page ended."""
    text = request.query_params.get("$filter", "").strip()
    users = listing.after(start)
    chosen = parse(text, _advanced(request))(listing.tenant, users) if text else users
    return (user for user in chosen if user.number > start and listing.sees(user))


def _advanced(request: Request) -> bool:
    """Say whether the caller accepts the index's lag (https://learn.microsoft.com/graph/aad-advanced-queries)."""
    eventual = request.headers.get("ConsistencyLevel", "").lower() == "eventual"
    return eventual and request.query_params.get("$count", "").lower() == "true"


def _next_link(listing: Listing, request: Request, last: User) -> str:
    """Return the address of the page after this user."""
    token = base64.urlsafe_b64encode(str(last.number).encode()).decode()
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "$skiptoken"]
    return f"{request.base_url}v1.0/{listing.path}?{urlencode([*kept, ('$skiptoken', token)], safe='$')}"


def _start(token: str) -> int:
    """Return the number of the last user of the page before."""
    try:
        return int(base64.urlsafe_b64decode(token) or b"0")
    except ValueError:
        raise bad_request("Invalid $skiptoken value found in the request URI.") from None
