"""No value breaks out of its place in a DN."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap3.utils.dn import parse_dn

from estudent.adapters.ldap.escaping import STUDENT_UID, dn_of, escaped
from estudent.domain.album_number import AlbumNumber

SUFFIX = "dc=student,dc=example,dc=pl"
AWKWARD = st.text(alphabet=st.sampled_from(' #,+"\\<>;=\x00\n\r\taż'), min_size=1)


def unescaped(value: str) -> str:
    """Read a value as RFC 4514 says, independently of how it was written."""
    parts = re.split(rb"\\([0-9A-Fa-f]{2})", value.encode())
    return b"".join(bytes.fromhex(part.decode()) if index % 2 else part for index, part in enumerate(parts)).decode()


@given(st.text(min_size=1) | AWKWARD)
def test_any_text_is_one_value_that_reads_back(text: str) -> None:
    (kind, value, _), *rest = parse_dn(f"uid={escaped(text)},ou=people,{SUFFIX}")
    assert (kind, unescaped(value)) == ("uid", text)
    assert [f"{name}={each}" for name, each, _ in rest] == ["ou=people", *SUFFIX.split(",")]


@given(st.text() | AWKWARD)
def test_no_control_character_and_no_space_at_the_ends_is_left(text: str) -> None:
    value = escaped(text)
    assert all(char.isprintable() for char in value)
    assert value == value.strip(" ")
    assert "#" not in value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("s123456", "s123456"),
        ("bad,ou=staff", r"bad\2Cou\3Dstaff"),
        ("# a ", r"\23 a\20"),
        ("a\x00\n", r"a\00\0A"),
        ("Żółć 李", "Żółć 李"),
        ("\u2028", r"\E2\80\A8"),
    ],
)
def test_what_needs_it_becomes_hex(text: str, value: str) -> None:
    assert escaped(text) == value


@given(st.from_regex(r"[0-9]{3,7}", fullmatch=True).filter(str.isascii))
def test_a_students_name_in_the_directory_is_made_of_the_album_number(digits: str) -> None:
    assert dn_of(AlbumNumber(digits), SUFFIX) == f"uid=s{digits},ou=people,{SUFFIX}"


@pytest.mark.parametrize("uid", ["s12", "s12345678", "s１２３", "x123", "s123,ou=staff", "s123\n", ""])
def test_no_other_uid_is_a_students(uid: str) -> None:
    assert not STUDENT_UID.fullmatch(uid)
