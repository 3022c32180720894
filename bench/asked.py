"""What a benchmark is asked for, and how it tells what it found: a table for people, or lines of JSON for `bench`."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console

from bench.samples import Figure
from bench.table import table_of

SIZES = (1_000, 10_000, 100_000)
ROUNDS = {1_000: 5, 10_000: 3}
"""So many rounds up to so many students; more of them have LARGE."""
LARGE = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """How many students (rows, lines), how many rounds if not as many as is usual for that, and what more."""

    sizes: Sequence[int] = SIZES
    rounds: int | None = None
    postgresql: bool = False
    json: bool = False

    def rounds_at(self, size: int, large: int = LARGE) -> int:
        """Return how many rounds so many students get; `large` is how many where they are more than 10,000."""
        return self.rounds or next((rounds for most, rounds in ROUNDS.items() if size <= most), large)

    @property
    def registry(self) -> str:
        """Which database the registry stands on."""
        return "PostgreSQL, but for fees, portal, usos and mailboxes" if self.postgresql else "SQLite"

    @property
    def options(self) -> list[str]:
        """Return the options that ask another benchmark for the same."""
        sizes = ["--sizes", ",".join(map(str, self.sizes))]
        rounds = ["--rounds", str(self.rounds)] if self.rounds else []
        return [*sizes, *rounds, *(["--postgresql"] if self.postgresql else [])]


def asked(description: str | None, sizes: Sequence[int] = SIZES) -> Asked:
    """Return what the command line asks for."""
    parser = parser_of(description, sizes)
    parser.add_argument("--json", action="store_true", help="tell rows as lines of JSON")
    ends_like_ctrl_c()
    return Asked(**vars(parser.parse_args()))


def parser_of(description: str | None, sizes: Sequence[int] = SIZES) -> argparse.ArgumentParser:
    """Return a parser of what all benchmarks are asked for."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=_numbers, default=tuple(sizes), help="students (rows, lines), by commas")
    parser.add_argument("--rounds", type=int, help="as many at each size; else 5 at 1,000, 3 at 10,000, fewer beyond")
    parser.add_argument("--postgresql", action="store_true", help="the registry stands there, not on SQLite")
    return parser


def ends_like_ctrl_c() -> None:
    """Let a polite end (SIGTERM) take servers and folders away, too."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def tell(rows: Iterable[Figure], asked_for: Asked) -> None:
    """Tell of rows: each at once as JSON, or all of them in a table."""
    if asked_for.json:
        for row in rows:
            sys.stdout.write(f"{row.as_line()}\n")
            sys.stdout.flush()
    else:
        Console(width=180).print(table_of(list(rows)))


def progress(what: str) -> None:
    """Say what goes on, which takes long."""
    sys.stderr.write(f"{what}\n")
    sys.stderr.flush()


def insist(true: bool, otherwise: str) -> None:
    """Stop the benchmark unless this is true: figures of work that was not done are none."""
    if not true:
        raise RuntimeError(otherwise)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(each) for each in text.split(","))
