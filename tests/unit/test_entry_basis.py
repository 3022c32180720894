"""What an entry is made of: whoever wants another entry is never taken for settled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from estudent.domain.album_number import AlbumNumber
from estudent.domain.directory_entry import basis_of, entry_of
from estudent.domain.lifecycle import Standing
from estudent.domain.mailbox_rename import Rename, RenameState
from estudent.domain.nrb import Nrb
from estudent.domain.person_name import PersonName
from estudent.domain.student import AccountState, Language, LinkState, MailboxState, Student
from tests.builders import DOMAIN, a_student

FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "album": st.sampled_from(["100001", "0100001", "100002"]).map(AlbumNumber),
    "name": st.builds(
        PersonName,
        st.sampled_from(["Żak", "Ż", "Nowak"]),
        st.sampled_from(["Łucja", "ak"]),
        st.sampled_from(["", "Ada"]),
    ),
    "email": st.sampled_from(["a@poczta.example", "b@poczta.example"]),
    "language": st.sampled_from(Language),
    "standing": st.sampled_from(Standing),
    "account": st.sampled_from(AccountState),
    "usos_id": st.sampled_from([None, 7]),
    "mailbox": st.sampled_from([None, f"a@{DOMAIN}", f"b@{DOMAIN}"]),
    "mailbox_state": st.none() | st.sampled_from(MailboxState),
    "usos_state": st.none() | st.sampled_from(LinkState),
    "account_number": st.sampled_from([None, Nrb("81109021380000000100000001")]),
    "former": st.lists(st.sampled_from([f"a@{DOMAIN}", f"c@{DOMAIN}", f"d@{DOMAIN}"]), unique=True).map(tuple),
    "rename": st.none() | st.builds(Rename, st.sampled_from(RenameState)),
}
CHANGES = st.fixed_dictionaries({}, optional=FIELDS)


@given(CHANGES, CHANGES)
def test_where_entries_differ_so_does_what_they_are_made_of(one: dict[str, Any], other: dict[str, Any]) -> None:
    first = replace(a_student(), **one)
    second = replace(first, **other)
    if entry_of(first, DOMAIN) != entry_of(second, DOMAIN):
        assert basis_of(first, DOMAIN) != basis_of(second, DOMAIN)


def test_every_part_of_a_student_is_tried_or_known_not_to_matter() -> None:
    besides = {"key", "mailbox_id", "mailbox_looks", "usos_email", "usos_asked", "parting"}
    assert {*FIELDS} | besides == {*Student.__slots__}


def test_another_domain_makes_another_entry() -> None:
    assert basis_of(a_student(), DOMAIN) != basis_of(a_student(), "uczelnia.example")
