"""A web server that answers from a script: for answers that the stand-ins never give."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Script:
    """The answers still to give (status and JSON, or plain text) and the requests that came."""

    answers: list[tuple[int, Any]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""


@contextmanager
def scripted(*answers: tuple[int, Any]) -> Iterator[Script]:
    """Serve on 127.0.0.1; the last answer is given again and again."""
    script = Script(list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            script.requests.append((self.headers.get("Authorization", ""), self.rfile.read(length).decode()))
            status, said = script.answers.pop(0) if len(script.answers) > 1 else script.answers[0]
            content = said.encode() if isinstance(said, str) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        script.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield script
        server.shutdown()
        thread.join()
