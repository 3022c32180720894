"""The candidates of one recruitment: who they are, before anybody has numbered them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from random import Random

from anyascii import anyascii

from sandbox.sample import foreign_names
from sandbox.sample.numbers import Numbers
from sandbox.sample.polish_names import PolishNames, feminine

FIRST_BIRTH, LAST_BIRTH = date(1995, 1, 1), date(2008, 12, 31)
DAYS = (LAST_BIRTH - FIRST_BIRTH).days
FOREIGN, WOMEN, DOUBLE_BARRELLED, SECOND_NAMES, IDENTITY_CARDS = 0.09, 0.38, 0.08, 0.35, 0.3
NAMESAKE_EVERY, TWIN_EVERY, SIBLING_EVERY = 60, 150, 40


@dataclass(frozen=True, slots=True)
class Person:
    """A candidate; `surname` is what the family shares, `family_name` what stands in the document."""

    female: bool
    birth_date: date
    given_name: str
    middle_name: str
    surname: str
    family_name: str
    language: str
    pesel: str
    document: tuple[str, str, str]
    email: str


class People:
    """Draws people; now and then a sibling, a twin or a namesake of the last Polish one."""

    def __init__(self, random: Random) -> None:
        self.random, self.numbers = random, Numbers(random)
        self.names = PolishNames(random)
        self.addresses: Counter[str] = Counter()
        self.last: Person | None = None
        self.drawn = 0

    def draw(self) -> Person:
        """Return the next person."""
        self.drawn += 1
        if self.last and self.drawn % NAMESAKE_EVERY == 7:
            return self._named(self.last)
        if self.last and self.drawn % TWIN_EVERY == 13:
            return self.pole(surname=self.last.surname, born=self.last.birth_date)
        if self.last and self.drawn % SIBLING_EVERY == 21:
            return self.pole(surname=self.last.surname)
        return self._foreigner() if self.random.random() < FOREIGN else self._remembered(self.pole())

    def pole(self, *, surname: str = "", born: date | None = None) -> Person:
        """Return a person with Polish names and a PESEL."""
        female, born = self.random.random() < WOMEN, born or self._birth_date()
        surname = surname or self.names.surname()
        given = self.names.given_name(female)
        middle = self.names.given_name(female) if self.random.random() < SECOND_NAMES else ""
        family = self._family_name(surname, female)
        pesel, email = self.numbers.pesel(born, female), self._address(given, family)
        middle = "" if middle == given else middle
        return Person(female, born, given, middle, surname, family, "pl", pesel, ("", "", ""), email)

    def _remembered(self, person: Person) -> Person:
        self.last = person
        return person

    def _named(self, other: Person) -> Person:
        born = self._birth_date()
        pesel, email = self.numbers.pesel(born, other.female), self._address(other.given_name, other.family_name)
        return replace(other, birth_date=born, pesel=pesel, email=email)

    def _foreigner(self) -> Person:
        country, female, born = foreign_names.country(self.random), self.random.random() < WOMEN, self._birth_date()
        given, family = foreign_names.name(country, female, self.random)
        pesel = self.numbers.pesel(born, female) if self.random.random() < country.pesel_share else ""
        document = ("", "", "") if pesel else self._document(country)
        language = self._language(country.code)
        return Person(female, born, given, "", family, family, language, pesel, document, self._address(given, family))

    def _document(self, country: foreign_names.Country) -> tuple[str, str, str]:
        if country.card and self.random.random() < IDENTITY_CARDS:
            return "dowód", self.numbers.document(country.card), country.code
        kind = "inny" if self.random.random() < 0.03 else "paszport"
        return kind, self.numbers.document(country.passport), country.code

    def _language(self, country: str) -> str:
        if country != "UA":
            return "en"
        return self.random.choices(("uk", "pl", "en"), (70, 25, 5))[0]

    def _family_name(self, surname: str, female: bool) -> str:
        if not female:
            return surname
        if self.random.random() >= DOUBLE_BARRELLED:
            return feminine(surname)
        return f"{feminine(surname)}-{feminine(self.names.surname())}"

    def _birth_date(self) -> date:
        # Two of three are the youngest possible; the others spread over the years before.
        back = int(self.random.random() * (365 if self.random.random() < 0.66 else DAYS))
        return LAST_BIRTH - timedelta(days=back)

    def _address(self, given: str, family: str) -> str:
        name = ".".join(filter(None, (plain(given), plain(family))))
        self.addresses[name] += 1
        number = self.addresses[name]
        domain = "poczta.example" if self.random.random() < 0.7 else "mail.example"
        return f"{name}{number if number > 1 else ''}@{domain}"


@lru_cache(maxsize=20_000)
def plain(text: str) -> str:
    """Return a name in small ASCII letters, as people choose their addresses."""
    return "".join(filter(str.isalnum, anyascii(text).lower()))
