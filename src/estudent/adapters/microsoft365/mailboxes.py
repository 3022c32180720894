"""The port `Mailboxes` for Microsoft 365."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from functools import partial
from itertools import filterfalse, islice
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import httpx

from estudent.adapters.microsoft365.background import Background, Line
from estudent.adapters.microsoft365.checks import Checks, Expected
from estudent.adapters.microsoft365.exchange import PUBLIC_SCOPE as EXCHANGE_SCOPE
from estudent.adapters.microsoft365.exchange import Exchange
from estudent.adapters.microsoft365.graph import MOST_VALUES, Graph
from estudent.adapters.microsoft365.graph import PUBLIC_SCOPE as GRAPH_SCOPE
from estudent.adapters.microsoft365.licensing import licensing_by
from estudent.adapters.microsoft365.life import Life
from estudent.adapters.microsoft365.limiter import Limiter, OwnAllowance, Quota
from estudent.adapters.microsoft365.provisioning import Bin, Provisioning
from estudent.adapters.microsoft365.tenant import Subscription
from estudent.adapters.microsoft365.tokens import Tokens, fetcher, scope_of
from estudent.adapters.microsoft365.user import FoundUser, ambiguous, as_found
from estudent.adapters.microsoft365.ways import AliasSettings, aliases_by
from estudent.domain.album_number import AlbumNumber
from estudent.domain.mailbox import Mailbox, needs_licence
from estudent.domain.mailbox_life import CloudUser
from estudent.domain.outcome import Outcome, Result
from estudent.domain.plan import Step
from estudent.ports import NO_SEATS, Allowance, Changes, LifeOutcome, LifeStep, Misconfigured, Whose

STEPS = 4
"""So many times as many steps are under way as requests may be: most wait for something to be tried again or seen."""


class Microsoft365:
    """Mailboxes in one tenant; the long-lived client works in a background thread until `close`."""

    def __init__(
        self,
        *,
        tenant_id: str,
        client_id: str,
        domain: str,
        client_secret: str | None = None,
        certificate: Path | None = None,
        graph_url: str = "https://graph.microsoft.com/v1.0",
        exchange_url: str = "https://outlook.office365.com",
        authority: str = "https://login.microsoftonline.com",
        sku: str = "STANDARDWOFFPACK_STUDENT",
        usage_location: str = "PL",
        federated: bool = False,
        aliases: AliasSettings = AliasSettings(),  # noqa: B008 (frozen)
        licence_group: str = "",
        concurrency: int = 32,
        quota: Quota = Quota(),  # noqa: B008 (frozen)
        allowance: Allowance | None = None,
        urgent: bool = False,
        retries: int = 5,
        retry_delay: float = 1.0,
        settling: float = 10.0,
        timeout: float = 30.0,
    ) -> None:
        self._sku = sku
        self._in_graph, self._in_exchange = STEPS * concurrency, STEPS * quota.exchange_at_once
        self._http = httpx.AsyncClient(timeout=timeout)
        fetch = fetcher(
            authority, tenant_id, client_id, client_secret=client_secret, certificate=certificate,
            timeout=timeout, retries=min(retries, 3), retry_delay=min(retry_delay, 0.8),
        )  # fmt: skip
        tokens = Tokens(fetch)
        limiter = Limiter(allowance or OwnAllowance(), quota, urgent=urgent)
        self._graph = Graph(
            graph_url,
            tokens,
            limiter,
            concurrency=concurrency,
            retries=retries,
            retry_delay=retry_delay,
            timeout=timeout,
        )
        exchange = Exchange(
            exchange_url, tenant_id, tokens, self._http, limiter, retries=retries, retry_delay=retry_delay
        )
        self._aliases = aliases_by(aliases, exchange, self._graph, client_id, certificate)
        self._provisioning = Provisioning(
            self._graph, self._aliases, licensing_by(self._graph, licence_group),
            usage_location=usage_location, federated=federated, settling=settling,
        )  # fmt: skip
        expected = Expected(
            domain, sku, federated, licence_group, certificate,
            scope_of(graph_url, GRAPH_SCOPE), scope_of(exchange_url, EXCHANGE_SCOPE),
        )  # fmt: skip
        self._checks = Checks(self._graph, tokens, self._aliases, expected)
        pauses = (0.0, settling * 0.1, settling * 0.3, settling * 0.6)
        self._life = Life(self._graph, licensing_by(self._graph, licence_group), licence_group, pauses)
        self._background = Background("microsoft365")
        self._sku_id: UUID | None = None

    def find(self, mailboxes: Sequence[Mailbox]) -> dict[AlbumNumber, Mailbox]:
        """Return what exists, found by employeeId; of two users with one album number neither is chosen."""
        users: defaultdict[str, list[FoundUser]] = defaultdict(list)
        albums = (mailbox.album for mailbox in mailboxes)
        for page in self._background.each(self._graph.find, Line(_batches(albums), self._in_graph)):
            for user in page:
                users[user.album].append(user)
        sku = self._licence() if users else None
        found = ((wanted, users[wanted.album.digits]) for wanted in mailboxes if wanted.album.digits in users)
        return {
            wanted.album: as_found(those[0], wanted, sku, self._aliases.before_mailbox)
            if len(those) == 1
            else ambiguous(wanted)
            for wanted, those in found
        }

    def carry_out(self, steps: Iterable[Step[Mailbox]]) -> Iterator[Outcome]:
        """Take steps, some at once, and yield outcomes as they come; none for a step that can only wait.

        Those that need Exchange alone have a line of their own, so that its few places keep nobody from Graph.
        """
        wanted = list(steps)
        if not wanted:
            return
        lacking = self._lacking(wanted)
        sku, thrown_away = self._licence(), Bin(self._graph)
        going = [step for step in wanted if step.album not in lacking]
        in_exchange = Line(filter(_needs_exchange_alone, going), self._in_exchange)
        in_graph = Line(filterfalse(_needs_exchange_alone, going), self._in_graph)
        yield from (Outcome(step, Result.REFUSED, lacking[step.album]) for step in wanted if step.album in lacking)
        for outcome in self._background.each(
            lambda step: self._provisioning.take(step, sku, thrown_away), in_graph, in_exchange
        ):
            if outcome is not None:
                yield outcome

    def _lacking(self, steps: Sequence[Step[Mailbox]]) -> dict[AlbumNumber, str]:
        """Return for whom no seat is left, and how many are missing, before anything is written for them."""
        takers = [step.album for step in steps if needs_licence(step)]
        left = max(0, self.free_seats()) if takers else 0
        missing = len(takers) - left
        why = f"{NO_SEATS}: {missing} seats missing; an administrator must free or buy seats in Microsoft 365"
        return dict.fromkeys(takers[left:], why)

    def look(self, some: Sequence[Whose]) -> dict[AlbumNumber, CloudUser]:
        """Return the users of these students, those in the bin too; who is not found by album number is by our id."""
        sku = self._licence() if some else None
        if sku is None:
            return {}
        pages = self._background.each(lambda each: self._life.look(each, sku), Line(_portions(some), self._in_graph))
        found = {user.album: user for page in pages for user in page}
        missing = [each for each in some if each.album not in found]
        thrown = self._background.call(self._life.look_into_bin(missing, sku)) if missing else []
        found |= {user.album: user for user in thrown}
        known = [each for each in missing if each.identifier and each.album not in found]
        users = self._background.each(lambda each: self._life.look_at(each, sku), Line(known, self._in_graph))
        return found | {user.album: user for user in users if user is not None}

    def take(self, steps: Iterable[LifeStep]) -> Iterator[LifeOutcome]:
        """Take steps of mailboxes' ends and returns, some at once."""
        wanted = list(steps)
        if wanted:
            sku = self._licence()
            yield from self._background.each(lambda step: self._life.take(step, sku), Line(wanted, self._in_graph))

    def move_sign_in(self, identifier: str, name: str) -> None:
        """Write the name with which a user signs in."""
        self._background.call(self._life.move_sign_in(identifier, name))

    def changes(self, token: str | None) -> Changes:
        """Return whose users changed since the token, or everybody's without one; raise Expired for an old token."""
        return self._background.call(self._life.changes(token))

    def make_primary(self, identifier: str, address: str) -> None:
        """Make an address a mailbox's primary one; the one before it stays as an alias."""
        self._background.call(self._aliases.make_primary(identifier, address))

    def remove_alias(self, identifier: str, alias: str) -> None:
        """Take an alias away from a mailbox; one that it does not have changes nothing."""
        self._background.call(self._aliases.remove(identifier, alias))

    def set_password(self, mailbox: str, password: str) -> None:
        """Write the password of the user with this object id; raise PasswordRefused where Entra's rules refuse it."""
        self._background.call(self._graph.set_password(mailbox, password))

    def free_seats(self) -> int:
        """Return how many licences are left."""
        return self._subscription().free_seats

    @property
    def checks(self) -> dict[str, Callable[[], str]]:
        """The doctor's checks by name, each on its own."""
        return {name: partial(self._checked, check) for name, check in self._checks.all().items()}

    def check(self) -> str:
        """Say what the tenant has, or what its administrator must do first."""
        return "; ".join(check() for check in self.checks.values())

    def close(self) -> None:
        """End the background thread and its connections."""
        self._background.close(self._end())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _checked(self, check: Callable[[], Coroutine[Any, Any, str]]) -> str:
        return self._background.call(check())

    async def _end(self) -> None:
        await self._aliases.close()
        await self._graph.close()
        await self._http.aclose()

    def _licence(self) -> UUID:
        """Return the id of the licence, which the tenant is asked for once."""
        if self._sku_id is None:
            self._sku_id = self._subscription().id
        return self._sku_id

    def _subscription(self) -> Subscription:
        for subscription in self._background.call(self._graph.subscriptions()):
            if subscription.name == self._sku:
                return subscription
        raise Misconfigured(
            f"the tenant has no licence {self._sku}; an administrator must order it or name another one in the settings"
        )


def _portions(some: Sequence[Whose]) -> Iterator[Sequence[Whose]]:
    return (some[at : at + MOST_VALUES] for at in range(0, len(some), MOST_VALUES))


def _needs_exchange_alone(step: Step[Mailbox]) -> bool:
    return step.fields == ("aliased",)


def _batches(albums: Iterator[AlbumNumber]) -> Iterator[list[AlbumNumber]]:
    while batch := list(islice(albums, MOST_VALUES)):
        yield batch
