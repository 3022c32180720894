"""The calls of Microsoft Graph that we need, through msgraph-sdk."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID

import httpx
from kiota_abstractions.authentication import BaseBearerTokenAuthenticationProvider
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_abstractions.serialization import ParsableFactory
from kiota_http.middleware.options import RetryHandlerOption
from msgraph.generated.models.assigned_license import AssignedLicense
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.password_profile import PasswordProfile
from msgraph.generated.models.user import User
from msgraph.generated.users.item.assign_license.assign_license_post_request_body import AssignLicensePostRequestBody
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from msgraph.graph_request_adapter import GraphRequestAdapter, options
from msgraph.graph_service_client import GraphServiceClient
from msgraph_core import GraphClientFactory  # type: ignore[import-untyped]

from estudent.adapters.microsoft365.errors import Operation, Throttled, asking_to, known_form
from estudent.adapters.microsoft365.limiter import LONGEST_WAIT, Limiter
from estudent.adapters.microsoft365.tenant import (
    Domain,
    Group,
    Subscription,
    read_domain,
    read_group,
    read_subscription,
)
from estudent.adapters.microsoft365.tokens import GraphTokens, Tokens, is_loopback, scope_of
from estudent.adapters.microsoft365.tries import note
from estudent.adapters.microsoft365.user import SELECT, FoundUser, read
from estudent.domain.album_number import AlbumNumber
from estudent.ports import NotFound, Unavailable

PUBLIC_SCOPE = "https://graph.microsoft.com/.default"
FAILURES: dict[str, type[ParsableFactory[Any]]] = {"XXX": ODataError}
"""Kiota's own key for every failing status that has no other entry."""
UNITS = {Operation.SEATS: 3}
"""What a request costs in resource units, where that is not 1: GET /users costs 2, and 1 less with $select."""
ONCE = frozenset({Operation.CREATE, Operation.RESTORE})
"""What is not sent again after an unknown outcome before somebody has looked what became of it."""
MOST_VALUES = 15
"""How many values `in (…)` may hold in a filter of /users."""


class Graph:
    """Graph v1.0; every call raises our errors.

    Each try is paid for from the quota; kiota's own tries, of which nobody would know, are switched off.
    """

    def __init__(
        self, url: str, tokens: Tokens, limiter: Limiter,
        *, retries: int, retry_delay: float, timeout: float, concurrency: int = 32,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:  # fmt: skip
        self._url = url.rstrip("/")
        self._tokens = tokens
        self._limiter = limiter
        self._retries, self._retry_delay = retries, retry_delay
        self._timeout = timeout
        self._places = asyncio.Semaphore(concurrency)
        self._transport = transport

    @cached_property
    def _client(self) -> GraphServiceClient:
        is_loopback(self._url)
        self._transport = self._transport or httpx.AsyncHTTPTransport(http2=True)
        http = GraphClientFactory.create_with_default_middleware(
            client=httpx.AsyncClient(timeout=self._timeout, transport=self._transport, base_url=self._url),
            options={**options, RetryHandlerOption.get_key(): RetryHandlerOption(max_retries=0, should_retry=False)},
        )
        tokens = GraphTokens(self._tokens, scope_of(self._url, PUBLIC_SCOPE), urlsplit(self._url).hostname or "")
        adapter = GraphRequestAdapter(BaseBearerTokenAuthenticationProvider(tokens), http)
        adapter.base_url = self._url
        return GraphServiceClient(request_adapter=adapter)

    async def find(self, albums: Sequence[AlbumNumber]) -> list[FoundUser]:
        """Return the users who carry one of these album numbers, at most 15, as employeeId."""
        values = ",".join(f"'{album.digits}'" for album in albums)
        return await self._users(f"employeeId in ({values})")

    async def find_by_name(self, name: str) -> list[FoundUser]:
        """Return the user who signs in with this name."""
        quoted = name.replace("'", "''")
        return await self._users(f"userPrincipalName eq '{quoted}'")

    async def find_by_address(self, address: str) -> list[FoundUser]:
        """Return the users who hold an address, as far as the index knows."""
        quoted = address.replace("'", "''")
        return await self._users(f"proxyAddresses/any(p:p eq 'smtp:{quoted}')", advanced=True)

    async def deleted(self) -> list[FoundUser]:
        """Return the users in the bin, where they stay for 30 days."""
        path: str | None = f"directory/deletedItems/microsoft.graph.user?$select={','.join(SELECT)}&$top=999"
        thrown: list[FoundUser] = []
        while path is not None:
            answer = await self._send(self._plain(Method.GET, path), Operation.FIND)
            with known_form():
                thrown += [read(shown) for shown in answer["value"]]
                path = self.following(answer)
        return thrown

    async def restore(self, identifier: str, name: str | None) -> None:
        """Bring a deleted user back, without addresses that somebody else has by now, under another name if need be.

        msgraph-sdk 1.65's restore takes no body (CSDL: autoReconcileProxyConflict, newUserPrincipalName).
        """
        body = {"autoReconcileProxyConflict": True} | ({"newUserPrincipalName": name} if name else {})
        path = f"directory/deletedItems/{quote(identifier)}/restore"
        await self._send(self._plain(Method.POST, path, body), Operation.RESTORE)

    async def retry_provisioning(self, identifier: str) -> None:
        """Have the services of a user's licence made once more (user: retryServiceProvisioning)."""
        path = f"users/{quote(identifier)}/retryServiceProvisioning"
        await self._send(self._plain(Method.POST, path), Operation.RETRY)

    async def create(self, user: User) -> str:
        """Add a user and return its object id."""
        answer = await self._send(self._client.users.to_post_request_information(user), Operation.CREATE)
        with known_form():
            return str(answer["id"])

    async def rename(self, identifier: str, names: User) -> None:
        """Write a user's names."""
        user = self._client.users.by_user_id(identifier)
        await self._send(user.to_patch_request_information(names), Operation.RENAME)

    async def license(self, identifier: str, sku: UUID) -> None:
        """Assign a licence; one that the user has already stays."""
        licence = AssignedLicense(sku_id=sku, disabled_plans=[])
        body = AssignLicensePostRequestBody(add_licenses=[licence], remove_licenses=[])
        user = self._client.users.by_user_id(identifier)
        await self._send(user.assign_license.to_post_request_information(body), Operation.LICENSE)

    async def join(self, identifier: str, group: str) -> None:
        """Put a user into a group; raise AlreadyExists for one who is in it (group-post-members)."""
        member = f"{self._url}/directoryObjects/{quote(identifier)}"
        await self._send(
            self._plain(Method.POST, f"groups/{quote(group)}/members/$ref", {"@odata.id": member}), Operation.JOIN
        )

    async def group(self, group: str) -> Group | None:
        """Return a group, None when there is no such group."""
        try:
            path = f"groups/{quote(group)}?$select=id,displayName,securityEnabled,assignedLicenses"
            answer = await self._send(self._plain(Method.GET, path), Operation.JOIN)
        except NotFound:
            return None
        with known_form():
            return read_group(answer)

    async def write_mail(self, identifier: str, address: str) -> None:
        """Write `mail`, whose values land in proxyAddresses."""
        user = self._client.users.by_user_id(identifier)
        await self._send(user.to_patch_request_information(User(mail=address)), Operation.RENAME)

    async def set_password(self, identifier: str, password: str) -> None:
        """Write the password of a user in a managed domain."""
        profile = PasswordProfile(password=password, force_change_password_next_sign_in=False)
        user = self._client.users.by_user_id(identifier)
        await self._send(user.to_patch_request_information(User(password_profile=profile)), Operation.PASSWORD)

    async def subscriptions(self) -> list[Subscription]:
        """Return the licences that the tenant bought."""
        wanted = self._client.subscribed_skus.to_get_request_information()
        answer = await self._send(wanted, Operation.SEATS)
        with known_form():
            return [read_subscription(shown) for shown in answer["value"]]

    async def domain(self, name: str) -> Domain | None:
        """Return a domain of the tenant, None when it has no such domain."""
        wanted = self._client.domains.by_domain_id(name).to_get_request_information()
        try:
            answer = await self._send(wanted, Operation.DOMAIN)
        except NotFound:
            return None
        with known_form():
            return read_domain(answer)

    async def ask(
        self, method: Method, path: str, operation: Operation, body: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Send a request to a path under the address of Graph and return its answer, {} where it has none."""
        return await self._send(self._plain(method, path, body), operation)

    def following(self, answer: dict[str, Any]) -> str | None:
        """Return the path of the next page of an answer, None on the last."""
        link = answer.get("@odata.nextLink")
        return str(link).removeprefix(f"{self._url}/") if link else None

    async def close(self) -> None:
        """Close the connections, which the SDK's own transport leaves open."""
        if self._transport is not None:
            await self._transport.aclose()

    async def _users(self, condition: str, *, advanced: bool = False) -> list[FoundUser]:
        query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(
            filter=condition, select=SELECT, top=100, count=advanced or None
        )
        wanted = self._client.users.to_get_request_information(RequestConfiguration(query_parameters=query))
        if advanced:
            wanted.headers.try_add("ConsistencyLevel", "eventual")
        answer = await self._send(wanted, Operation.FIND)
        with known_form():
            return [read(shown) for shown in answer["value"]]

    def _plain(self, method: Method, path: str, body: dict[str, Any] | None = None) -> RequestInformation:
        """Return a request that needs none of the SDK's modules, each of which takes its time to import."""
        request = RequestInformation()
        request.http_method = method
        request.url = f"{self._url}/{path}"
        request.headers.try_add("Accept", "application/json")
        if body is not None:
            request.set_stream_content(json.dumps(body).encode(), "application/json")
        return request

    async def _send(self, request: RequestInformation, operation: Operation) -> dict[str, Any]:
        """Send what the SDK prepared, again where that is safe: what may have made or restored somebody is not."""
        if not self._limiter.urgent:
            request.headers.try_add("x-ms-throttle-priority", "low")
        for attempt in range(self._retries):
            try:
                return await self._once(request, operation)
            except Throttled as error:
                await self._wait(error, attempt)
            except Unavailable as error:
                if operation in ONCE:
                    raise
                note(error)
                await asyncio.sleep(self._pause(attempt))
        return await self._once(request, operation)

    async def _once(self, request: RequestInformation, operation: Operation) -> dict[str, Any]:
        """Send once and read plain JSON: the SDK's own `User` takes 9 ms to read, each time."""
        await self._limiter.spend(writes=int(request.http_method is not Method.GET), units=UNITS.get(operation, 1))
        with asking_to(operation):
            adapter: Any = self._client.request_adapter  # its signature promises a type that it does not name
            async with self._places:
                content = await adapter.send_primitive_async(request, "bytes", FAILURES)
            self._limiter.was_served()
            return dict(json.loads(content)) if content else {}

    async def _wait(self, error: Throttled, attempt: int) -> None:
        """Wait for as long as Microsoft says, or as seems right where it says nothing; maybe all processes have to."""
        seconds = self._pause(attempt) if error.seconds is None else error.seconds
        await self._limiter.was_throttled(seconds)
        if seconds > LONGEST_WAIT:
            raise error
        note(error)
        await asyncio.sleep(seconds)

    def _pause(self, attempt: int) -> float:
        """Return how long to wait: twice as long each time, with jitter."""
        return min(self._retry_delay * float(2**attempt) * random.uniform(0.5, 1.5), LONGEST_WAIT)
