"""The filter by which roles write the application's settings."""

from __future__ import annotations

import tomllib
from pathlib import Path
from runpy import run_path

to_toml = run_path(str(Path(__file__).resolve().parents[2] / "playbooks/filter_plugins/to_toml.py"))["to_toml"]


def test_banks_and_their_columns_are_tables_in_tables() -> None:
    bank = {
        "own_accounts": ["27109021380000000100000001"],
        "columns": {"account": "Rachunek wirtualny"},
        "trailer": "SUMA",
    }
    told = {
        "statements": {"banks": {"mbank": bank, "pko": {}}, "folder": "/var/lib"},
        "brand": {"links": {"Kwestura, ł": "/"}},
    }
    assert tomllib.loads(to_toml(told)) == told


def test_every_text_and_number_is_read_as_it_was_written() -> None:
    told: dict[str, dict[str, object]] = {
        "texts": {"account_pattern": r"X+(\d+)", "quoted": 'a"b\\', "lines": "a\nb", "beyond": "ż🎓"}
    }
    told |= {"others": {"on": True, "off": False, "port": 587, "share": 0.02, "none": []}}
    assert tomllib.loads(to_toml(told)) == told
