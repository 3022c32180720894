"""The provider on a port of this machine, for as long as somebody needs it."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread

import uvicorn

from sandbox.openid.provider import Account, Application, Provider
from sandbox.openid.web import application


@contextmanager
def running(client: Application, accounts: Sequence[Account], port: int = 0) -> Iterator[Provider]:
    """Serve on 127.0.0.1, at a free port unless one is named."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        issuer = f"http://127.0.0.1:{listener.getsockname()[1]}"
        provider = Provider(issuer, client, {account.user: account for account in accounts})
        config = uvicorn.Config(
            application(provider), lifespan="off", log_level="critical", access_log=False, ws="none",
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.005)
        yield provider
        server.should_exit = True
        thread.join()
