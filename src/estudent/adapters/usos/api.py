"""The port `Usos` for USOS API."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, Self

from estudent.adapters.usos.answers import ACCOUNT, PERSON, account_number, granted_methods, persons, version
from estudent.adapters.usos.client import Client
from estudent.adapters.usos.crew import in_parallel
from estudent.adapters.usos.needs import ACCOUNTS, CHANGE, DESCRIBED, NEEDS, PAYING, USERS, lacks
from estudent.adapters.usos.pace import Pace
from estudent.adapters.usos.values import address_of
from estudent.domain.album_number import AlbumNumber
from estudent.domain.nrb import Nrb
from estudent.domain.outcome import Outcome, Result
from estudent.domain.plan import Step
from estudent.domain.usos_link import UsosLink, UsosPerson
from estudent.ports import Misconfigured, Refused, Unavailable

log = logging.getLogger(__name__)
BATCH = 500
"""Persons in one call of users/users, which takes so many at most."""


class UsosApi:
    """USOS API at one university, called by threads that share one client.

    `turn` returns when other processes at the same USOS let this one call.
    """

    def __init__(
        self,
        base_url: str,
        consumer_key: str,
        consumer_secret: str,
        *,
        threads: int = 8,
        retries: int = 3,
        retry_delay: float = 0.5,
        timeout: float = 20.0,
        per_second: float = 0.0,
        turn: Callable[[], None] = lambda: None,
    ) -> None:
        self._threads = threads
        self._client = Client(
            base_url,
            consumer_key,
            consumer_secret,
            retries=retries,
            retry_delay=retry_delay,
            timeout=timeout,
            pace=Pace(per_second),
            turn=turn,
        )

    source = "usosapi"

    def takes_links(self) -> bool:
        """Tell whether our consumer key has the administrative method that writes an address."""
        return CHANGE in self._granted

    def find(self, usos_ids: Sequence[int]) -> dict[int, UsosPerson]:
        """Return the persons who exist of these ids, five hundred in a call."""
        batches = (usos_ids[start : start + BATCH] for start in range(0, len(usos_ids), BATCH))
        found: dict[int, UsosPerson] = {}
        for batch in in_parallel(self._persons, batches, self._threads):
            found.update(batch)
        return found

    def ids_of(self, albums: Sequence[AlbumNumber]) -> dict[AlbumNumber, int]:  # noqa: ARG002
        """Return nothing: USOS API has no search by album number (facts 1.2), so ids come with recruitment."""
        return {}

    def carry_out(self, steps: Iterable[Step[UsosLink]]) -> Iterator[Outcome]:
        """Ask USOS to hold our addresses; DONE means that it accepted the request."""
        return in_parallel(self._take, steps, self._threads)

    def account_numbers(self, usos_ids: Sequence[int]) -> dict[int, Nrb]:
        """Return the payment accounts that USOS has, the first in PLN of each person."""
        pairs = in_parallel(self._account_number, usos_ids, self._threads)
        return {usos_id: number for usos_id, number in pairs if number is not None}

    def check(self) -> str:
        """Say which USOS answers and what it lets us do; raise Misconfigured when it lets us look at or write nothing.

        What is missing is named exactly, by what the installation says of itself and of our consumer key.
        """
        answers = f"USOS API {version(self._client.call('services/apisrv/installation', 'version'))} answers"
        missing = {need: lack for need in NEEDS if (lack := lacks(need, self._granted, self._described))}
        if not missing:
            return f"{answers}, has the methods and fields that are needed, and grants them to our consumer key"
        told = "; ".join(missing.values())
        if set(missing) == {PAYING}:
            return f"{answers}; account numbers cannot be read from it: {told}"
        raise Misconfigured(f"{answers}, but lacks {told}. Ask its administrators; until then we only look")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @cached_property
    def _granted(self) -> frozenset[str]:
        """The administrative methods that this installation lets our consumer key call."""
        consumer = self._client.call("services/apisrv/consumer", "administrative_methods")
        return granted_methods(consumer)

    def _described(self, method: str) -> Any:
        return self._client.call("services/apiref/method", DESCRIBED, name=method)

    def _persons(self, usos_ids: Sequence[int]) -> dict[int, UsosPerson]:
        answer = self._client.call(USERS, PERSON, user_ids="|".join(map(str, usos_ids)))
        return persons(answer, usos_ids)

    def _take(self, step: Step[UsosLink]) -> Outcome:
        try:
            self._change(step)
        except Unavailable as error:
            return Outcome(step, Result.FAILED, str(error))
        except Refused as error:
            return Outcome(step, Result.REFUSED, str(error))
        return Outcome(step, Result.DONE)

    def _change(self, step: Step[UsosLink]) -> None:
        self._client.call(CHANGE, user_id=str(step.wanted.usos_id), email=address_of(step))

    def _account_number(self, usos_id: int) -> tuple[int, Nrb | None]:
        try:
            return usos_id, account_number(self._client.call(ACCOUNTS, ACCOUNT, as_user_id=str(usos_id)), usos_id)
        except Refused as error:
            log.warning("USOS id %d: no account number was read: %s", usos_id, error)
            return usos_id, None
