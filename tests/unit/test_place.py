"""Where a row stands: the line of a file, or the page and record of an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estudent.domain.place import LONGEST_PAGE, MOST_PAGES, in_answer, place

pages, records = st.integers(1, MOST_PAGES), st.integers(1, LONGEST_PAGE)


@given(pages, records)
def test_a_record_is_shown_by_its_page_and_its_number_there(page: int, record: int) -> None:
    assert place(in_answer(page, record)) == f"{page}/{record}"


@given(st.tuples(pages, records), st.tuples(pages, records))
def test_records_stand_in_the_order_of_reading(one: tuple[int, int], other: tuple[int, int]) -> None:
    assert (in_answer(*one) < in_answer(*other)) == (one < other)


def test_the_last_record_of_the_last_page_fits_into_the_registry() -> None:
    assert in_answer(MOST_PAGES, LONGEST_PAGE) < 2**31


@given(st.integers(1, 1_000_000))
def test_a_line_of_a_file_is_shown_as_it_is(line: int) -> None:
    assert place(line) == str(line)


@pytest.mark.parametrize("where", [(0, 1), (1, 0), (1, LONGEST_PAGE + 1), (MOST_PAGES + 1, 1)])
def test_a_place_that_no_answer_has_is_refused(where: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="pages"):
        in_answer(*where)
