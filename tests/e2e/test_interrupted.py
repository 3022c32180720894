"""kill -9 in the middle of a semester start, again and again: the next run finishes, and nobody has anything twice."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.e2e.killing import MOMENTS
from tests.e2e.whole import Whole

pytestmark = pytest.mark.enable_socket


def test_the_end_is_the_same_as_without_interruption(interrupted: Whole, undisturbed: Whole) -> None:
    for table, found in undisturbed.registry.items():
        assert interrupted.registry[table] == found, table
    assert interrupted.directory == undisturbed.directory
    assert set(interrupted.letters) == set(undisturbed.letters)
    assert interrupted.mailboxes == undisturbed.mailboxes
    assert interrupted.usos == undisturbed.usos


def test_no_student_has_two_different_letters(interrupted: Whole) -> None:
    whose = Counter(recipient for recipient, _, _ in interrupted.letters)
    assert len(whose) > 300
    messages = Counter(message for _, message, _ in interrupted.letters)
    assert set(messages.values()) == {1}


def test_a_killed_run_repeats_at_most_the_letter_in_flight(interrupted: Whole) -> None:
    repeated = [count - 1 for count in interrupted.letters.values() if count > 1]
    assert sum(repeated) <= len(MOMENTS)


def test_no_student_has_two_mailboxes_or_account_numbers(interrupted: Whole) -> None:
    assert max(Counter(album for album, _, _ in interrupted.mailboxes).values()) == 1
    numbers = [nrb for _, nrb, _ in interrupted.registry["account numbers"]]
    assert len(numbers) == len(set(numbers)) == len(interrupted.directory)
