"""Entries and their attributes."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estudent.adapters.ldap.attributes import FIELDS, Found, attributes_of, decoded, entry_of
from estudent.domain.directory_entry import Entry
from estudent.domain.plan import Lock
from tests.builders import an_entry

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1)
MANY = st.lists(TEXT, unique=True).map(tuple)


def as_found(attributes: dict[str, list[str]]) -> Found:
    return {name: [value.encode() for value in values] for name, values in attributes.items()}


def test_every_field_has_its_attributes() -> None:
    assert {each.name for each in fields(Entry)} - {"album", "lock"} == set(FIELDS)


@given(surname=TEXT, given_name=TEXT | st.just(""), mail=MANY, local_addresses=MANY, lock=st.sampled_from(Lock))
def test_what_is_written_reads_back(**changes: Any) -> None:
    entry = an_entry(**changes)
    assert entry_of(entry.album, decoded(as_found(attributes_of(entry)))) == entry


@pytest.mark.parametrize("field", ["given_name", "mail", "affiliations"])
def test_what_is_empty_is_left_out(field: str) -> None:
    nothing: Any = "" if field == "given_name" else ()
    entry = an_entry(**{field: nothing})
    assert not set(FIELDS[field]) & set(attributes_of(entry))


def test_what_a_mailbox_replaces_comes_last() -> None:
    """So slapd, which puts behind the others what is replaced, has everybody's attributes in one order."""
    mailbox = "lucja.zak@example.pl"
    attributes = list(attributes_of(an_entry(mail=(mailbox,), local_addresses=(mailbox,), lock=Lock.BARRED)))
    assert attributes[-4:] == ["pwdAccountLockedTime", "pwdEndTime", "mail", "mailLocalAddress"]


def test_bytes_that_are_no_text_are_a_difference() -> None:
    entry = an_entry()
    found = {**as_found(attributes_of(entry)), "sn": [b"\xff\xfe"]}
    assert entry.differences(entry_of(entry.album, decoded(found))) == ("surname",)
