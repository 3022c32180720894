"""What is told to be as wanted without a closer look is as wanted."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estudent.adapters.ldap.answers import FOUND, texts_found
from estudent.adapters.ldap.attributes import attributes_of, entry_of
from estudent.adapters.ldap.ber import SEQUENCE, element, octets
from estudent.adapters.ldap.escaping import dn_of
from estudent.adapters.ldap.likeness import Likeness, encoded
from estudent.adapters.ldap.requests import attribute
from estudent.domain.directory_entry import Entry
from estudent.domain.plan import Lock
from tests.builders import an_entry

NAME = dn_of(an_entry().album, "dc=example,dc=pl")
# Around the sizes at which a length takes one byte more, of the value itself or of what it stands in.
SIZES = st.integers(90, 132) | st.integers(220, 260) | st.just(70_000)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=4) | SIZES.map("ż%".__mul__) | SIZES.map("x".__mul__)
MANY = st.lists(TEXT.filter(bool), unique=True, max_size=3).map(tuple)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "uid": TEXT, "surname": TEXT, "given_name": TEXT, "display_name": TEXT, "mail": MANY, "local_addresses": MANY,
        "principal_name": TEXT, "affiliations": MANY, "scoped_affiliations": MANY, "home_organization": TEXT,
        "language": st.sampled_from(["pl", "en"]), "lock": st.sampled_from(Lock),
    },
)  # fmt: skip


def sent(attributes: dict[str, list[str]]) -> bytes:
    """What is read of these attributes, as the directory sends it."""
    return b"".join([attribute(name, values) for name, values in attributes.items() if name != "objectClass"])


def as_found(attributes: dict[str, list[str]], name: str = NAME) -> bytes:
    """An entry as the directory answers with it."""
    return element(FOUND, octets(name) + element(SEQUENCE, sent(attributes)))


def shuffled(attributes: dict[str, list[str]], random: Random) -> dict[str, list[str]]:
    return dict(random.sample(list(attributes.items()), len(attributes)))


@given(CHANGES)
def test_a_wanted_entry_is_held_ready_as_a_new_one_is_sent(changes: Any) -> None:
    wanted = an_entry(**changes)
    assert b"".join(encoded(wanted)) == sent(attributes_of(wanted))


@given(CHANGES, st.randoms())
def test_what_was_written_is_as_wanted_in_whatever_order_its_attributes_come(changes: Any, random: Random) -> None:
    wanted = an_entry(**changes)
    likeness = Likeness([an_entry("999"), wanted])
    assert likeness.of(as_found(attributes_of(wanted))) is wanted
    assert likeness.of(as_found(shuffled(attributes_of(wanted), random))) is wanted


@given(CHANGES, CHANGES, st.randoms(), st.booleans())
def test_only_what_reads_back_as_wanted_is_as_wanted(
    wanted_changes: Any, found_changes: Any, random: Random, as_new: bool
) -> None:
    wanted, there = an_entry(**wanted_changes), an_entry(**wanted_changes | found_changes)
    found = as_found(attributes_of(there) if as_new else shuffled(attributes_of(there), random))
    same = Likeness([wanted]).of(found)
    assert (same is wanted) == (wanted == there)
    assert same is None or entry_of(wanted.album, texts_found(found)) == wanted


@pytest.mark.parametrize(
    "changed",
    [
        {"sn": ["Żak", "Nowak"]},
        {"sn": []},
        {"description": ["not asked for"]},
        {"pwdAccountLockedTime": ["20261124010000Z"]},
        {"pwdEndTime": ["20301001000000Z"]},
        {"employeeNumber": ["123457"]},
        {"mailLocalAddress": []},
        {"schacPersonalUniqueCode": ["urn:schac:personalUniqueCode:pl:card:17"]},
    ],
)
def test_whatever_is_otherwise_is_looked_at_closer(changed: dict[str, list[str]]) -> None:
    attributes = {name: values for name, values in (attributes_of(an_entry()) | changed).items() if values}
    assert likeness_of(an_entry(), attributes) is None


def test_values_in_another_order_are_looked_at_closer() -> None:
    wanted = an_entry()
    there = replace(wanted, affiliations=wanted.affiliations[::-1])
    assert likeness_of(wanted, attributes_of(there)) is None
    assert not wanted.differences(there)


def test_an_entry_of_another_name_is_looked_at_closer() -> None:
    found = as_found(attributes_of(an_entry()), NAME.replace("123456", "123457"))
    assert Likeness([an_entry(), an_entry("123457")]).of(found) is None


def test_somebody_who_is_not_wanted_is_like_nobody() -> None:
    assert likeness_of(an_entry("999"), attributes_of(an_entry())) is None


def test_text_that_no_directory_can_hold_is_never_found() -> None:
    assert likeness_of(an_entry(surname="\ud800"), attributes_of(an_entry())) is None


def likeness_of(wanted: Entry, attributes: dict[str, list[str]]) -> Entry | None:
    return Likeness([wanted]).of(as_found(attributes))
