"""What is told to be as wanted without a closer look is as wanted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estudent.adapters.ldap.answers import FOUND, texts_found
from estudent.adapters.ldap.attributes import attributes_of, entry_of
from estudent.adapters.ldap.ber import SEQUENCE, element, octets
from estudent.adapters.ldap.likeness import Likeness
from estudent.adapters.ldap.requests import attribute
from estudent.domain.directory_entry import Entry
from estudent.domain.plan import Lock
from tests.builders import an_entry

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=4) | st.sampled_from(["x" * 130, "y" * 300])
MANY = st.lists(TEXT.filter(bool), unique=True, max_size=3).map(tuple)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "uid": TEXT, "surname": TEXT, "given_name": TEXT, "display_name": TEXT, "mail": MANY, "local_addresses": MANY,
        "principal_name": TEXT, "affiliations": MANY, "scoped_affiliations": MANY, "home_organization": TEXT,
        "language": st.sampled_from(["pl", "en"]), "lock": st.sampled_from(Lock),
    },
)  # fmt: skip


def as_found(attributes: dict[str, list[str]]) -> bytes:
    """An entry as the directory answers with it."""
    listed = [attribute(name, values) for name, values in attributes.items() if name != "objectClass"]
    return element(FOUND, octets("uid=s1,ou=people") + element(SEQUENCE, b"".join(listed)))


@given(CHANGES, st.randoms())
def test_what_was_written_is_as_wanted_in_whatever_order_its_attributes_come(changes: Any, random: Any) -> None:
    wanted = an_entry(**changes)
    attributes = list(attributes_of(wanted).items())
    random.shuffle(attributes)
    assert Likeness([an_entry("999"), wanted]).of(as_found(dict(attributes))) is wanted


@given(CHANGES, CHANGES)
def test_only_what_reads_back_as_wanted_is_as_wanted(wanted_changes: Any, found_changes: Any) -> None:
    wanted, there = an_entry(**wanted_changes), an_entry(**wanted_changes | found_changes)
    found = as_found(attributes_of(there))
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
        {"schacPersonalUniqueCode": ["urn:schac:personalUniqueCode:pl:card:17"]},
    ],
)
def test_whatever_is_otherwise_is_looked_at_closer(changed: dict[str, list[str]]) -> None:
    attributes = {name: values for name, values in (attributes_of(an_entry()) | changed).items() if values}
    assert likeness_of(an_entry(), attributes) is None


def test_somebody_who_is_not_wanted_is_like_nobody() -> None:
    assert likeness_of(an_entry("999"), attributes_of(an_entry())) is None


def test_text_that_no_directory_can_hold_is_never_found() -> None:
    assert likeness_of(an_entry(surname="\ud800"), attributes_of(an_entry())) is None


def likeness_of(wanted: Entry, attributes: dict[str, list[str]]) -> Entry | None:
    return Likeness([wanted]).of(as_found(attributes))
