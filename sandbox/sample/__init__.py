"""Recruitment exports made up for trying things out: people as they are in Poland, and every known kind of bad row."""

from sandbox.sample.files import write_csv, write_jsonl, write_xlsx
from sandbox.sample.recruitment import Broken, Sample, generate
from sandbox.sample.row import HEADERS, Row

__all__ = ["HEADERS", "Broken", "Row", "Sample", "generate", "write_csv", "write_jsonl", "write_xlsx"]
