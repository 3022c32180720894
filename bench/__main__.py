"""All benchmarks, one after another, each in processes of its own: python -m bench, or make bench.

Prints a table of figures, each beside its named reference of the same run, and how cost grows; writes both with the
machine into bench/RESULTS.md. A part that fails is told of and the others go on; then the exit code is 1. A limit that
is missed is told of and fails nothing.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO

from rich.console import Console

from bench.asked import Asked, ends_like_ctrl_c, parser_of, progress
from bench.machine import described
from bench.samples import Figure, figure_of
from bench.table import Failure, as_markdown, growth_table, sentences, table_of

RESULTS = Path(__file__).with_name("RESULTS.md")
SAID = 30
"""So many of a failed part's last lines are shown."""


@dataclass(frozen=True, slots=True)
class Part:
    """A module of `bench`; with `most` it is asked for one size, this one at most."""

    name: str
    most: int | None = None

    def command(self, asked: Asked) -> list[str]:
        """Return how it is started."""
        sizes = asked.sizes if self.most is None else (min(self.most, max(asked.sizes)),)
        ours = Asked(sizes, asked.rounds, asked.postgresql)
        return [sys.executable, "-m", f"bench.{self.name}", "--json", *ours.options]


PARTS = (
    Part("provisioning"),
    Part("directory"),
    Part("hourly"),
    Part("feed"),
    Part("shards", 10_000),
    Part("fees"),
    Part("portal", 50),
    Part("usos", 3_000),
    Part("mailboxes", 600),
)


def main() -> int:
    """Measure, print, write; return the exit code."""
    parser = parser_of(__doc__)
    parser.add_argument("--without", default="", help=f"parts to leave out, by commas: {','.join(_names(PARTS))}")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the page to write")
    given = vars(parser.parse_args())
    results, left_out = given.pop("results"), set(filter(None, given.pop("without").split(",")))
    if unknown := left_out - set(_names(PARTS)):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    ends_like_ctrl_c()
    wanted = Asked(**given)
    machine = [*described(), ("registry", wanted.registry)]
    rows, failures = measured([part for part in PARTS if part.name not in left_out], wanted)
    _print(rows, failures)
    results.write_text(as_markdown(rows, failures, machine), encoding="utf-8")
    progress(f"written: {results}")
    return 1 if failures else 0


def measured(parts: Sequence[Part], asked: Asked) -> tuple[list[Figure], list[Failure]]:
    """Run the parts; return all rows, those of parts that failed later too, and what failed."""
    rows, failures = list[Figure](), list[Failure]()
    for part in parts:
        begun = time.monotonic()
        progress(f"== {part.name}")
        found, failure = run(part.name, part.command(asked))
        rows += found
        failures += [failure] if failure else []
        progress(f"== {part.name} {'FAILED' if failure else 'done'} after {time.monotonic() - begun:.0f} s")
    return rows, failures


def run(name: str, command: Sequence[str]) -> tuple[list[Figure], Failure | None]:
    """Run a part; return its rows, and its last words if it failed."""
    rows, said = list[Figure](), deque[str](maxlen=SAID)
    with _started(command) as running:
        listeners = [
            Thread(target=_gather, args=(running.stdout, rows)),
            Thread(target=_listen, args=(running.stderr, said)),
        ]
        for each in listeners:
            each.start()
        _wait_for_all(running)
        for each in listeners:
            each.join()
    return rows, Failure(name, "".join(said).strip()) if running.returncode else None


@contextmanager
def _started(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """Start a part as the leader of a group of processes; if we are interrupted it is, too, and tidies up first."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        try:
            yield running
        except KeyboardInterrupt:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGINT)
                _wait_for_all(running)
            raise


def _wait_for_all(running: subprocess.Popen[str]) -> None:
    """Wait until a part has ended, and end what is left of its group: one killed for want of memory leaves workers."""
    # Until the part is waited for, nobody else gets its number.
    os.waitid(os.P_PID, running.pid, os.WEXITED | os.WNOWAIT)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()


def _gather(stream: IO[str] | None, rows: list[Figure]) -> None:
    for line in stream or ():
        try:
            rows.append(figure_of(line))
        except (ValueError, TypeError):  # programs that a part starts may write beside its figures
            progress(f"   {line.rstrip()}")


def _listen(stream: IO[str] | None, said: deque[str]) -> None:
    for line in stream or ():
        said.append(line)
        progress(f"   {line.rstrip()}")


def _print(rows: Sequence[Figure], failures: Sequence[Failure]) -> None:
    console = Console(width=190)
    console.print(table_of(rows), growth_table(rows))
    for sentence in sentences(rows, failures):
        console.print(sentence, markup=False)


def _names(parts: Sequence[Part]) -> list[str]:
    return [part.name for part in parts]


if __name__ == "__main__":
    sys.exit(main())
