"""A browser that costs next to nothing, so that what is measured is the portal."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, where it leads, the page and how many seconds it took."""

    status: int
    location: str
    html: str
    seconds: float


@dataclass
class Browser:
    """One student's browser: keeps cookies and the connection; `address` is what the proxy would say of it."""

    url: str
    address: str
    cookies: dict[str, str] = field(default_factory=lambda: {"language": "en"})

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        self._connection = HTTPConnection(parts.hostname or "", parts.port, timeout=60)

    def get(self, path: str) -> Answer:
        """Open a page."""
        return self._ask("GET", path, None)

    def post(self, path: str, typed: dict[str, str]) -> Answer:
        """Send a form."""
        return self._ask("POST", path, urlencode(typed))

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _ask(self, method: str, path: str, body: str | None) -> Answer:
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "X-Forwarded-For": self.address,
        }
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        begun = time.perf_counter()
        response = self._answered(method, path, body, headers)
        html = response.read().decode()
        seconds = time.perf_counter() - begun
        self._remember(response.headers.get_all("Set-Cookie") or [])
        return Answer(response.status, response.headers.get("Location", ""), html, seconds)

    def _answered(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> HTTPResponse:
        """Ask over the connection of before, or a new one where the server hung up meanwhile, as browsers do."""
        is_reused = self._connection.sock is not None
        try:
            self._connection.request(method, path, body, headers)
            return self._connection.getresponse()
        except ConnectionError:
            self._connection.close()
            if not is_reused:
                raise
        self._connection.request(method, path, body, headers)
        return self._connection.getresponse()

    def _remember(self, lines: list[str]) -> None:
        for line in lines:
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
