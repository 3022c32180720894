"""The browser of the benchmarks asks again where the server hung up between two pages, and only there."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from threading import Thread

import pytest

from bench.browser import Browser

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage"


class Server:
    """Answers what it is to, one answer to each question, and hangs up after each without saying so."""

    def __init__(self, answers: list[bytes]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked: list[bytes] = []
        self._thread = Thread(target=self._serve, args=(answers,))
        self._thread.start()

    def _serve(self, answers: list[bytes]) -> None:
        for answer in answers:
            connection, _ = self._listener.accept()
            with connection:
                self.asked.append(connection.recv(65536).partition(b"\r\n")[0])
                connection.sendall(answer)

    def close(self) -> None:
        self._thread.join(10)
        self._listener.close()


@pytest.fixture
def serve() -> Iterator[list[Server]]:
    servers: list[Server] = []
    yield servers
    for server in servers:
        server.close()


def test_a_server_that_hung_up_after_a_page_is_asked_for_the_next(serve: list[Server]) -> None:
    serve.append(server := Server([PAGE, PAGE]))
    with closing(Browser(server.url, "10.0.0.1")) as browser:
        assert [browser.get("/one").html, browser.post("/two", {"a": "b"}).html] == ["page", "page"]
    assert server.asked == [b"GET /one HTTP/1.1", b"POST /two HTTP/1.1"]


def test_a_server_that_hangs_up_at_once_is_not_asked_twice(serve: list[Server]) -> None:
    serve.append(server := Server([b""]))
    with closing(Browser(server.url, "10.0.0.1")) as browser, pytest.raises(ConnectionError):
        browser.get("/one")
    assert server.asked == [b"GET /one HTTP/1.1"]
