"""Stand-ins in a thread of this process: there in milliseconds, where a process of its own takes most of a second."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager

import uvicorn
from starlette.types import ASGIApp

Opening = Callable[[], AbstractContextManager[ASGIApp]]
"""Opens an application, and closes it when nobody needs it any more."""


@contextmanager
def serving(listener: socket.socket, opening: Opening) -> Iterator[None]:
    """Serve the application on the socket, opened in the thread it is served from; raises what the opening raises."""
    there: Future[uvicorn.Server] = Future()
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(_serve, listener, opening, there)
        server = there.result()
        try:
            yield
        finally:
            server.should_exit = True
            ended.result()


def _serve(listener: socket.socket, opening: Opening, there: Future[uvicorn.Server]) -> None:
    try:
        with opening() as application:
            server = uvicorn.Server(_settings(application))
            there.set_result(server)
            asyncio.run(server.serve([listener]))
    except BaseException as error:
        if there.done():
            raise
        there.set_exception(error)


def _settings(application: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        application, lifespan="off", log_level="critical", access_log=False, ws="none", timeout_graceful_shutdown=1
    )
