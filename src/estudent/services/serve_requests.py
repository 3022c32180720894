"""Serve requests: carry out what students asked for in the portal, until each is seen to work."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from estudent.domain.outcome import Tally, total
from estudent.ports import FarSideError, MailboxRegister, Outbox, Request, Unavailable
from estudent.services.reconcile import Reconciler, follow, unavailable

AT_ONCE = 500
ACCOUNT = "account"
"""The kind of a request for a directory entry that the nightly run has not made yet."""

LINK = "usos_link"
"""The kind of a request for somebody whose way into USOS was stuck."""

NOT_READY = "Microsoft is not ready yet"
"""What an open request says while there is nothing but waiting; it is no problem."""


@dataclass(frozen=True, slots=True)
class ServeRequests:
    """Drains the outbox in batches: mailboxes first, then `followers`, which also serve accounts and links."""

    outbox: Outbox
    register: MailboxRegister
    mailboxes: Reconciler
    followers: Sequence[Reconciler]

    def run(self) -> list[Tally]:
        """Take one batch a step further and return what became of it, by system; empty when nothing was ready."""
        requests = self.outbox.claim(AT_ONCE)
        accounts = [request for request in requests if request.kind in (ACCOUNT, LINK)]
        mailboxes = [request for request in requests if request.kind not in (ACCOUNT, LINK)]
        # Accounts come first: they do not wait for Microsoft.
        return [*self._follow(accounts), *self._serve(mailboxes)]

    def _serve(self, requests: list[Request]) -> list[Tally]:
        if not requests:
            return []
        try:
            return self._take_further(requests)
        except FarSideError as error:
            self.outbox.put_back(requests, str(error))
            if isinstance(error, Unavailable):
                return [unavailable(self.mailboxes.system, error, keys_of(requests))]
            raise

    def _take_further(self, requests: list[Request]) -> list[Tally]:
        keys, begun = keys_of(requests), time.monotonic()
        # A request that comes round again is not another one.
        first_time = sum(request.attempts == 0 for request in requests)
        served = replace(self.mailboxes.apply(keys), read=first_time, seconds=time.monotonic() - begun)
        unfinished = set(self.register.unfinished(keys))
        waiting = [each for each in requests if each.student in unfinished]
        self.outbox.put_back(waiting, NOT_READY, self.register.turns(keys))
        return [served, *self._follow([each for each in requests if each.student not in unfinished])]

    def _follow(self, requests: list[Request]) -> list[Tally]:
        """Let the followers do their part; a request is done when all of them have."""
        if not requests:
            return []
        tallies = [_timed(follower, keys_of(requests)) for follower in self.followers]
        if any(tally.failed for tally in tallies):
            self.outbox.put_back(requests, "the directory or USOS did not take everybody")
        else:
            self.outbox.finish([request.key for request in requests])
        return tallies


def keys_of(requests: Sequence[Request]) -> list[int]:
    """Return whose requests these are."""
    return [request.student for request in requests]


def _timed(reconciler: Reconciler, keys: Sequence[int]) -> Tally:
    begun = time.monotonic()
    return replace(follow(reconciler, keys), seconds=time.monotonic() - begun)


def by_system(tallies: Sequence[Tally]) -> list[Tally]:
    """Return one summed tally for each system, in the order of their first appearance."""
    systems = dict.fromkeys(tally.system for tally in tallies)
    return [total(system, (tally for tally in tallies if tally.system == system)) for system in systems]
