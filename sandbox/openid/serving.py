"""The provider on a port of this machine, for as long as somebody needs it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext

from sandbox import threads
from sandbox.listening import Place
from sandbox.openid.provider import Account, Application, Provider
from sandbox.openid.web import application


@contextmanager
def running(client: Application, accounts: Sequence[Account], port: int = 0) -> Iterator[Provider]:
    """Serve on 127.0.0.1, at a free port unless one is named."""
    place = Place(port=port)
    with place.listener() as listener:
        provider = Provider(place.address(listener), client, {account.user: account for account in accounts})
        with threads.serving(listener, lambda: nullcontext(application(provider))):
            yield provider
