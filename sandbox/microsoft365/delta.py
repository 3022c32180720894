"""GET /users/delta(): what changed since a token (https://learn.microsoft.com/graph/delta-query-overview)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import islice
from urllib.parse import urlencode

from starlette.requests import Request

from sandbox.microsoft365.history import REMOVED
from sandbox.microsoft365.listing import page_size, selected
from sandbox.microsoft365.refusal import Refusal, bad_request, unsupported_query
from sandbox.microsoft365.seal import Seal
from sandbox.microsoft365.shelf import Json
from sandbox.microsoft365.tenant import Tenant
from sandbox.microsoft365.user import DAY, User

KNOWN = {"$select", "$top", "$deltatoken", "$skiptoken"}
DAYS_VALID = 7
PAGE_PREFERRED = re.compile(r"odata\.maxpagesize=(\d{1,3})\b")


@dataclass(frozen=True, slots=True)
class Round:
    """One walk through the users: changes after `low`; the next walk begins at `high`; pages go on after a user."""

    names: tuple[str, ...]
    size: int
    low: int
    high: int
    made: float
    after: int = 0


def page(tenant: Tenant, seal: Seal, request: Request, now: float) -> Json:
    """Return one page of a walk, with a link to the next page or to the next walk."""
    walk = _walk(tenant, seal, request, now)
    entries = list(islice(_entries(tenant, walk), walk.size + 1))
    answer: Json = {"@odata.context": f"{request.base_url}v1.0/$metadata#users"}
    value = [entry for _, entry in entries[: walk.size]]
    if len(entries) > walk.size:
        rest = replace(walk, after=entries[walk.size - 1][0])
        return {**answer, "@odata.nextLink": _link(seal, request, "$skiptoken", rest), "value": value}
    following = replace(walk, low=walk.high, high=0, after=0, made=now)
    return {**answer, "@odata.deltaLink": _link(seal, request, "$deltatoken", following), "value": value}


def _walk(tenant: Tenant, seal: Seal, request: Request, now: float) -> Round:
    """Return the walk that the request begins or goes on with; a token keeps what was asked for at first."""
    query, latest = request.query_params, tenant.history.latest
    if unknown := [name for name in query if name.startswith("$") and name not in KNOWN]:
        raise unsupported_query(f"{unknown[0]} is not supported in a delta query.")
    if "$skiptoken" in query:
        return _kept(seal, query["$skiptoken"], request, now)
    token = query.get("$deltatoken", "")
    if token and token != "latest":
        return replace(_kept(seal, token, request, now), high=latest)
    low = latest if token else 0
    return Round(selected(request), _size(request), low, latest, now)


def _size(request: Request) -> int:
    """Return how many users a page has: $top, or what the header Prefer says."""
    preferred = PAGE_PREFERRED.search(request.headers.get("Prefer", ""))
    size = int(preferred[1]) if preferred and "$top" not in request.query_params else page_size(request)
    if not size:
        raise bad_request("Invalid page size specified: '0'. Must be between 1 and 999 inclusive.")
    return size


def _kept(seal: Seal, token: str, request: Request, now: float) -> Round:
    """Return the walk of a token; an unknown one, or one of more than a week ago, is gone."""
    claims = (seal.opened(token) or {}).get("walk")
    if not claims or now - float(claims["made"]) > DAYS_VALID * DAY:
        message = "Resync required. Any local changes have to be discarded; start again without a token."
        again = f"{request.base_url}v1.0/users/delta?$deltatoken="
        raise Refusal(410, "resyncRequired", message, headers={"Location": again})
    if set(request.query_params) & {"$select", "$top"}:
        raise bad_request("The query parameters are part of the token; follow the link as it is.")
    return Round(**{**claims, "names": tuple(claims["names"])})


def _link(seal: Seal, request: Request, name: str, walk: Round) -> str:
    """Return the address of a page."""
    return f"{request.base_url}v1.0/users/delta?{urlencode({name: seal.signed({'walk': asdict(walk)})}, safe='$')}"


def _entries(tenant: Tenant, walk: Round) -> Iterator[tuple[int, Json]]:
    """Yield what there is to say of users, with the number of each; users that change on the way come again later."""
    for user in tenant.ever(walk.after):
        entry = _entry(user, walk)
        if entry is not None:
            yield user.number, entry


def _entry(user: User, walk: Round) -> Json | None:
    """Return a new user whole, a changed one with what changed, one that went away as @removed."""
    changed = {name for name, at in user.changes.items() if at > walk.low}
    if user.deleted is not None:
        reason = "changed" if user.in_bin else "deleted"
        return {"id": user.id, REMOVED: {"reason": reason}} if REMOVED in changed and walk.low else None
    if REMOVED in changed:
        whole = {name: user.property(name) for name in walk.names}
        return {"id": user.id, **{name: value for name, value in whole.items() if value is not None}}
    names = [name for name in walk.names if name in changed]
    return {"id": user.id, **user.shown(tuple(names))} if names else None
