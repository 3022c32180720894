"""Faults, in words for the recruitment office, that leak nobody's data."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estudent.domain.fault import TEXTS, Fault, FaultKind, masked

LANGUAGES = ["pl", "en"]


def test_every_kind_of_fault_has_words_in_both_languages() -> None:
    assert set(TEXTS) == set(FaultKind)
    assert all(set(texts) == set(LANGUAGES) for texts in TEXTS.values())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", FaultKind)
@settings(max_examples=10)
@given(detail=st.text())
def test_every_fault_says_what_is_wrong_and_what_would_be_right(kind: FaultKind, language: str, detail: str) -> None:
    fault = Fault("pesel", kind, detail, "4… (11)")
    problem, remedy = fault.problem(language), fault.remedy(language)
    assert problem and remedy and problem != remedy
    said = TEXTS[kind][language]
    assert "{" not in said.problem.replace("{detail}", "") + said.remedy.replace("{detail}", "")


@pytest.mark.parametrize("kind", FaultKind)
def test_polish_words_are_not_english_ones(kind: FaultKind) -> None:
    polish, english = TEXTS[kind]["pl"], TEXTS[kind]["en"]
    assert polish.problem != english.problem and polish.remedy != english.remedy


@given(st.text(min_size=1, max_size=300))
def test_a_masked_value_shows_at_most_its_first_character_and_its_length(value: str) -> None:
    shown = masked(value)
    match = re.fullmatch(r"(?s)(.)… \((\d+)\)", shown)
    assert match is not None
    assert match[1] in {value[0], "•"} and int(match[2]) == len(value)
    assert match[1] == "•" or match[1].isalnum()


@given(st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=30))
def test_values_of_equal_start_and_length_look_alike(value: str) -> None:
    assert masked(value) == masked(value[0] + "x" * (len(value) - 1))


def test_nothing_is_masked_as_nothing() -> None:
    assert masked("") == ""
