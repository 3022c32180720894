"""Names as frequent as in Poland: short tables of the frequent ones, and built rare ones for everybody else."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path
from random import Random

INHABITANTS = 37_500_000
STEMS = (
    "Bab Bał Barc Biel Bied Bog Bort Brod Brzoz Bucz Budz Bur Chrz Cisz Czap Czech Dob Dom Drozd Dziad Dziub Fal Gał"
    " Gaw Glin Gład Godl Gol Gór Grab Groch Gryc Grzel Gul Hol Jab Jag Jał Jarz Jeż Juś Kal Kam Karp Kasz Kęp Kiel Klim"
    " Kłos Kob Kop Kos Kost Kot Krup Krzyż Kuch Kul Lach Lap Leś Lip Lub Łąc Łuk Maj Mal Mar Mich Miel Mil Młyn Moraw"
    " Mroz Mysz Nied Olch Osin Ow Pał Pasz Pęk Piąt Piech Pis Plich Pol Prus Przyb Rad Rat Rog Rosz Rud Ryb Rzep Sęk"
    " Siem Skib Skór Słow Smol Sob Sos Stach Star Such Szcz Szpak Szum Śled Święt Tar Top Trzc Tur Twar Wal War Wąs"
    " Wierz Wit Wojt Wolsz Wyrz Zab Zar Zgór Zim Źród Żab Żeb Żur"
).split()
ENDINGS = (
    "owski owski owski ewski iński icki ak czak czyk ek eczek ik owicz ewicz as oń ura ała owiak ecki uch ala ina"
).split()
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
        # The square makes some rare names less rare than others, as they are.
        stem = STEMS[int(self.random.random() ** 2 * len(STEMS))]
        return stem + self.random.choice(ENDINGS)


def feminine(surname: str) -> str:
    """Return the form of a surname that a woman bears: Kowalska, Konieczna; nouns stay as they are."""
    ending = next((ending for ending in FEMININE if surname.endswith(ending)), "")
    return surname.removesuffix(ending) + FEMININE.get(ending, "")
