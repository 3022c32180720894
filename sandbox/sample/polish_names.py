"""Names as frequent as in Poland: short tables of the frequent ones, and built rare ones for everybody else."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path
from random import Random

INHABITANTS = 37_500_000
EXTENDED = 0.6
FEMININE = {"ski": "ska", "cki": "cka", "dzki": "dzka", "zny": "zna", "pły": "pła", "chy": "cha", "ały": "ała"}


def _table(name: str) -> list[list[str]]:
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


class PolishNames:
    """Draws given names and surnames (in the masculine form) by their frequency."""

    def __init__(self, random: Random) -> None:
        self.random = random
        given, frequent = _table("given_names.tsv"), _table("surnames.tsv")
        self.given = {sex: [name for of, name, _ in given if of == sex] for sex in "fm"}
        self.given_weights = {sex: list(accumulate(int(n) for of, _, n in given if of == sex)) for sex in "fm"}
        (self.stems,), (self.middles,), (self.endings,) = ([line[0].split()] for line in _table("rare_surnames.tsv"))
        self.frequent = [name for name, _ in frequent]
        self.frequent_weights = list(accumulate(int(count) for _, count in frequent))

    def given_name(self, female: bool) -> str:
        """Return a given name."""
        sex = "f" if female else "m"
        return self.random.choices(self.given[sex], cum_weights=self.given_weights[sex])[0]

    def surname(self) -> str:
        """Return a surname: a frequent one as often as in the register, else a rare one."""
        if self.random.random() * INHABITANTS < self.frequent_weights[-1]:
            return self.random.choices(self.frequent, cum_weights=self.frequent_weights)[0]
        return self._rare()

    def _rare(self) -> str:
        stem = self.random.choice(self.stems)
        if self.random.random() < EXTENDED:
            stem += self.random.choice(self.middles)
        ending = self.random.choice(self.endings)
        return stem.removesuffix(ending[0]) + ending


def feminine(surname: str) -> str:
    """Return the form of a surname that a woman bears: Kowalska, Konieczna; nouns stay as they are."""
    ending = next((ending for ending in FEMININE if surname.endswith(ending)), "")
    return surname.removesuffix(ending) + FEMININE.get(ending, "")
