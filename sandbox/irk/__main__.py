"""Start the stand-in for IRK: python -m sandbox.irk --port 0 --folder DIR [--changed-since modified_after]."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from starlette.types import ASGIApp

from sandbox import listening
from sandbox.irk.application import application
from sandbox.irk.door import Door, Quota
from sandbox.irk.faults import KINDS, Faults, Profile
from sandbox.irk.file import open_file
from sandbox.irk.holdings import Holdings
from sandbox.irk.ledger import Ledger
from sandbox.irk.rules import RESOURCES, Rules
from sandbox.listening import Place


def main() -> None:
    """Serve until SIGTERM."""
    asked = options().parse_args()
    place = Place.of(asked)
    place.server(wired(asked)).run([place.listener()])


def options() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.irk", description=__doc__, epilog="IRK_TOKEN is read from the environment."
    )
    listening.describe(parser)
    parser.add_argument("--folder", type=Path, required=True, help="where the state is kept")
    parser.add_argument(
        "--lag", type=float, default=0.0, help="seconds until a change shows, which is dated all the same"
    )
    parser.add_argument("--changed-since", default="", help="the filter by time of change; none by default")
    parser.add_argument("--most", type=int, default=100, help="records that a page has at most, whatever is asked for")
    parser.add_argument("--quota", type=int, default=100_000, help="requests that may come in each window")
    parser.add_argument("--window", type=float, default=60.0, help="seconds of that window")
    parser.add_argument(
        "--not-granted", action="append", default=[], choices=RESOURCES, help="what the token may not read; repeatable"
    )
    for kind in KINDS:
        parser.add_argument(f"--{kind}", type=float, default=0.0, help="share of requests that meet this by chance")
    parser.add_argument("--seed", type=int, default=1, help="of that chance")
    return parser


def wired(asked: argparse.Namespace) -> ASGIApp:
    """Put the parts together."""
    token = os.environ.get("IRK_TOKEN")
    if not token:
        raise SystemExit("IRK_TOKEN is not set")
    db = open_file(asked.folder)
    ledger, holdings = Ledger(db), Holdings(db, asked.lag)
    faults = Faults(Profile(asked.seed, **{kind: getattr(asked, kind) for kind in KINDS}))
    rules = Rules(token, frozenset(asked.not_granted), asked.changed_since, asked.most)
    return Door(application(holdings, rules, faults, ledger), faults, ledger, Quota(asked.quota, asked.window))


if __name__ == "__main__":
    main()
