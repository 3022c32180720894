"""Start the USOS API stand-in: python -m sandbox.usos --port 0 --folder DIR [--migrations manual]."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from starlette.types import ASGIApp

from sandbox import listening
from sandbox.listening import Place
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
    place = Place.of(asked)
    place.server(wired(asked)).run([place.listener()])


def options() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.usos",
        description=__doc__,
        epilog="USOS_CONSUMER_KEY and USOS_CONSUMER_SECRET are read from the environment.",
    )
    listening.describe(parser)
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


if __name__ == "__main__":
    main()
