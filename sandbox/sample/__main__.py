"""Write a made-up recruitment export into a folder: `python -m sandbox.sample --count 2000 --out DIR`."""

from __future__ import annotations

import argparse
from pathlib import Path

from sandbox.sample import Sample, generate, write_csv, write_jsonl, write_xlsx
from sandbox.sample.files import POLISH_DATE

NAME = "rekrutacja-2026"


def main() -> None:
    """Write the export and say what it holds."""
    options = _parser().parse_args()
    sample = generate(options.count, options.seed, broken=not options.no_broken)
    options.out.mkdir(parents=True, exist_ok=True)
    path: Path = options.out / f"{NAME}.{options.format}"
    _write(sample, path, options)
    print(f"{path.name}: {len(sample.students)} students, {len(sample.rows)} good rows, {len(sample.broken)} broken")


def _write(sample: Sample, path: Path, options: argparse.Namespace) -> None:
    if options.format == "xlsx":
        write_xlsx(sample, path, options.date_format)
    elif options.format == "jsonl":
        write_jsonl(sample, path, options.encoding.removesuffix("-sig"), options.date_format)
    else:
        write_csv(sample, path, options.encoding, options.delimiter, options.date_format)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.sample", description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="admitted students with good rows")
    parser.add_argument("--seed", type=int, default=2026, help="the same seed gives the same file")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to write into")
    parser.add_argument("--format", choices=("csv", "xlsx", "jsonl"), default="csv")
    parser.add_argument("--encoding", default="utf-8-sig", help="e.g. cp1250, iso8859-2, utf-16")
    parser.add_argument("--delimiter", default=";")
    parser.add_argument("--date-format", default=POLISH_DATE, help="strftime pattern")
    parser.add_argument("--no-broken", action="store_true", help="good rows alone")
    return parser


if __name__ == "__main__":
    main()
