"""Visitors of the public names, for tests: single requests, and one after the other while something happens."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from types import TracebackType

PATIENCE = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and how long it took; status 0 where nothing came."""

    status: int
    seconds: float
    headers: Message = field(default_factory=Message, repr=False)
    body: bytes = field(default=b"", repr=False)
    error: str = ""


def ask(
    name: str, path: str = "/", *, port: int = 443, headers: Mapping[str, str] | None = None, form: bytes = b""
) -> Answer:
    """Ask for a page, or send a form, on a connection of its own; certificates are what other tests are about."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    begun = time.monotonic()
    connection = (
        http.client.HTTPSConnection(name, port, timeout=PATIENCE, context=context)
        if port != 80
        else http.client.HTTPConnection(name, port, timeout=PATIENCE)
    )
    try:
        connection.request("POST" if form else "GET", path, form or None, dict(headers or {}))
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        return Answer(0, time.monotonic() - begun, error=repr(error))
    finally:
        connection.close()
    return Answer(answer.status, time.monotonic() - begun, answer.headers, body)


class Visitor:
    """Asks for a page again and again, some at once, for as long as its block lasts."""

    def __init__(self, name: str, path: str, *, at_once: int = 3, pause: float = 0.05) -> None:
        self.name, self.path, self.pause = name, path, pause
        self.answers: list[Answer] = []
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._visit, daemon=True) for _ in range(at_once)]

    def __enter__(self) -> Visitor:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def wait(self, is_so: Callable[[], bool], patience: float) -> None:
        """Go on until it is so."""
        deadline = time.monotonic() + patience
        while not is_so():
            assert time.monotonic() < deadline, "it did not come about in time"
            time.sleep(0.2)

    def _visit(self) -> None:
        while not self._ended.is_set():
            self.answers.append(ask(self.name, self.path))
            time.sleep(self.pause)
