"""Start the USOS API stand-in: python -m sandbox.usos --port 0 --folder DIR [--migrations manual]."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from starlette.types import ASGIApp

from sandbox import listening
from sandbox.clock import Clock
from sandbox.listening import Place
from sandbox.luck import Luck
from sandbox.usos import reference, users
from sandbox.usos.application import application
from sandbox.usos.faults import KINDS
from sandbox.usos.file import open_file
from sandbox.usos.ledger import Ledger
from sandbox.usos.method import Installation
from sandbox.usos.notes import Notes
from sandbox.usos.people import People
from sandbox.usos.rate import Rate
from sandbox.usos.signature import Consumer
from sandbox.usos.timetable import Timetable, read_times

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
        "--migrations", default="instant",
        help="manual: what is entered shows in the API only after POST /sandbox/migrate; or times of the day in "
        "Warsaw, such as 01:25,06:05,16:05, by the clock that POST /sandbox/clock puts forward",
    )  # fmt: skip
    parser.add_argument("--rate", type=float, default=0.0, help="calls in a second that are let through; 0: all")
    for kind in KINDS:
        parser.add_argument(f"--{kind}", type=float, default=0.0, help=f"the share of calls whose bad luck is {kind}")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same luck")
    parser.add_argument(
        "--not-granted", action="append", default=[], choices=GRANTABLE, metavar="METHOD",
        help="an administrative right that the consumer lacks; repeatable",
    )  # fmt: skip
    return parser


def wired(asked: argparse.Namespace) -> ASGIApp:
    """Put the parts together."""
    db = open_file(asked.folder)
    ledger = Ledger(db)
    notes = Notes(db)
    people = People(db, migrates_at_once=asked.migrations == "instant")
    times = () if asked.migrations in ("instant", "manual") else read_times(asked.migrations)
    timetable = Timetable(times, Clock(notes), people, notes)
    luck = Luck(KINDS, asked.seed, **{kind: getattr(asked, kind) for kind in KINDS})
    installation = Installation(people, frozenset(GRANTABLE) - set(asked.not_granted), METHODS)
    consumer = Consumer(secret("USOS_CONSUMER_KEY"), secret("USOS_CONSUMER_SECRET"), ledger)
    return application(installation, consumer, ledger, timetable, luck=luck, rate=Rate(asked.rate))


def secret(name: str) -> str:
    """Return an environment variable that has to be set."""
    value = os.environ.get(name)
    if not value:
        raise SystemExit(f"{name} is not set")
    return value


if __name__ == "__main__":
    main()
