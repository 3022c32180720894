"""Start the USOS API stand-in: python -m sandbox.usos --port 0 --folder DIR [--migrations manual]."""

from __future__ import annotations

import argparse
import os
import socket
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from sandbox.usos import reference, users
from sandbox.usos.application import application
from sandbox.usos.file import open_file
from sandbox.usos.ledger import Ledger
from sandbox.usos.method import Installation
from sandbox.usos.people import People
from sandbox.usos.signature import Consumer

METHODS = {method.name: method for method in (*users.METHODS, *reference.METHODS)}
GRANTABLE = ("services/payments/user_accounts", "services/users/change", "services/users/pesel", "services/users/user")


def main() -> None:
    """Serve until SIGTERM."""
    asked = options().parse_args()
    config = uvicorn.Config(
        wired(asked), lifespan="off", log_level="warning", access_log=False, ws="none", timeout_graceful_shutdown=1
    )
    Doorbell(config).run([door(asked.port)])


def options() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.usos",
        description=__doc__,
        epilog="USOS_CONSUMER_KEY and USOS_CONSUMER_SECRET are read from the environment.",
    )
    parser.add_argument("--port", type=int, default=0, help="0 chooses a free one")
    parser.add_argument("--folder", type=Path, required=True, help="where the state is kept")
    parser.add_argument(
        "--migrations", choices=("instant", "manual"), default="instant",
        help="manual: what is entered shows in the API only after POST /sandbox/migrate",
    )  # fmt: skip
    parser.add_argument(
        "--not-granted", action="append", default=[], choices=GRANTABLE, metavar="METHOD",
        help="an administrative right that the consumer lacks; repeatable",
    )  # fmt: skip
    return parser


def wired(asked: argparse.Namespace) -> ASGIApp:
    """Put the parts together."""
    db = open_file(asked.folder)
    ledger = Ledger(db)
    people = People(db, migrates_at_once=asked.migrations == "instant")
    installation = Installation(people, frozenset(GRANTABLE) - set(asked.not_granted), METHODS)
    consumer = Consumer(secret("USOS_CONSUMER_KEY"), secret("USOS_CONSUMER_SECRET"), ledger)
    return application(installation, consumer, ledger)


def secret(name: str) -> str:
    """Return an environment variable that has to be set."""
    value = os.environ.get(name)
    if not value:
        raise SystemExit(f"{name} is not set")
    return value


def door(port: int) -> socket.socket:
    """Return a socket of 127.0.0.1 that listens.

    asyncio does not see that its connections are TCP (their protocol number is 0) and leaves Nagle's delay on.
    """
    listener = socket.create_server(("127.0.0.1", port), backlog=1024)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class Doorbell(uvicorn.Server):
    """Says where it listens once it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for each in sockets or []:
            print("listening on http://{}:{}".format(*each.getsockname()), flush=True)


if __name__ == "__main__":
    main()
