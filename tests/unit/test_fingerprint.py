"""Fingerprints: what the registry keeps instead of PESELs and document numbers."""

from __future__ import annotations

import hmac
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estudent.domain.fingerprint import SHORTEST_KEY, Fingerprints
from estudent.domain.identity_document import DocumentKind, IdentityDocument
from estudent.domain.letter import activation_token, stored_form
from estudent.domain.pesel import Pesel
from tests.builders import a_pesel

KEY = b"0123456789abcdef0123456789abcdef"
PEOPLE = st.builds(a_pesel, st.dates(date(1950, 1, 1), date(2010, 1, 1)), st.integers(0, 9999)).map(Pesel)


@pytest.mark.parametrize("length", [0, 1, SHORTEST_KEY - 1])
def test_a_short_key_is_refused_without_being_shown(length: int) -> None:
    with pytest.raises(ValueError, match="at least 32 bytes") as refusal:
        Fingerprints(KEY[:length])
    assert not length or repr(KEY[:length])[2:-1] not in str(refusal.value).replace("32", "")


def test_fingerprints_never_show_their_key() -> None:
    assert repr(Fingerprints(KEY)) == "Fingerprints()"


@given(PEOPLE, PEOPLE)
def test_two_people_have_the_same_fingerprint_only_when_they_are_one(one: Pesel, other: Pesel) -> None:
    fingerprints = Fingerprints(KEY)
    assert (fingerprints.of_pesel(one) == fingerprints.of_pesel(other)) == (one == other)


@given(PEOPLE)
def test_a_fingerprint_reveals_nothing_and_depends_on_the_key(pesel: Pesel) -> None:
    ours, theirs = Fingerprints(KEY).of_pesel(pesel), Fingerprints(KEY[::-1]).of_pesel(pesel)
    assert ours != theirs
    assert len(ours) == 64 and pesel.digits not in ours


def test_a_document_is_recognised_even_when_two_feeds_call_it_differently() -> None:
    fingerprints = Fingerprints(KEY)
    passport, card = (IdentityDocument(kind, "FE123456", "UA") for kind in (DocumentKind.PASSPORT, DocumentKind.OTHER))
    elsewhere = IdentityDocument(DocumentKind.PASSPORT, "FE123456", "VN")
    assert fingerprints.of_document(passport) == fingerprints.of_document(card)
    assert fingerprints.of_document(passport) != fingerprints.of_document(elsewhere)


def test_parts_cannot_be_shifted_from_one_field_to_the_next() -> None:
    fingerprints = Fingerprints(KEY)
    assert fingerprints.of("row", "ab", "c") != fingerprints.of("row", "a", "bc")
    assert fingerprints.of("row", "abc") != fingerprints.of("document", "abc")


@given(st.binary(min_size=SHORTEST_KEY, max_size=100), st.lists(st.text(max_size=70), max_size=3))
def test_fingerprints_are_hmac_sha256_so_that_what_the_registry_holds_stays_known(key: bytes, parts: list[str]) -> None:
    message = "\x1f".join(["pesel", *parts]).encode(errors="surrogatepass")
    fingerprints = Fingerprints(key)
    assert [fingerprints.of("pesel", *parts) for _ in range(2)] == [hmac.digest(key, message, "sha256").hex()] * 2


def test_an_activation_link_is_the_same_at_every_attempt_and_is_stored_as_a_hash() -> None:
    token = activation_token(Fingerprints(KEY), "<1@student.example.pl>")
    assert token == activation_token(Fingerprints(KEY), "<1@student.example.pl>")
    assert token != activation_token(Fingerprints(KEY), "<2@student.example.pl>")
    assert len(token) == 64 and stored_form(token) != token
