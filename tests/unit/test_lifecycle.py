"""What the university owes to whom."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estudent.domain.directory_entry import entry_of
from estudent.domain.lifecycle import OWED, PREVAILING, Owed, Standing, owes, prevailing, standings_owed
from estudent.domain.plan import Lock
from estudent.domain.student import AccountState
from tests.builders import DOMAIN, a_student

LEFT = [Standing.GRADUATED, Standing.RESIGNED, Standing.STRUCK_OFF]
HERE = [Standing.ADMITTED, Standing.STUDYING, Standing.ON_LEAVE]


def test_every_standing_has_its_place_in_both_tables() -> None:
    assert set(OWED) == set(PREVAILING) == set(Standing)


@pytest.mark.parametrize("standing", [Standing.ADMITTED, Standing.STUDYING])
def test_whoever_is_admitted_or_studies_is_owed_everything(standing: Standing) -> None:
    assert all(owes(standing, what) for what in Owed)


def test_a_student_on_leave_keeps_everything_and_gets_no_letter() -> None:
    assert [what for what in Owed if not owes(Standing.ON_LEAVE, what)] == [Owed.LETTER]


@pytest.mark.parametrize("standing", LEFT)
def test_whoever_has_left_is_owed_nothing_but_the_entry_that_keeps_their_login_theirs(standing: Standing) -> None:
    assert [what for what in Owed if owes(standing, what)] == [Owed.ENTRY]


@pytest.mark.parametrize("what", Owed)
def test_both_ways_of_asking_give_the_same_answer(what: Owed) -> None:
    assert standings_owed(what) == [standing for standing in Standing if owes(standing, what)]


@given(st.lists(st.sampled_from(list(Standing)), min_size=1))
def test_a_student_of_several_programmes_has_the_best_of_their_standings(standings: list[Standing]) -> None:
    best = prevailing(standings)
    assert best in standings
    assert prevailing([best, *standings]) == prevailing(reversed(standings)) == best


@given(st.sampled_from(LEFT), st.sampled_from(HERE))
def test_whoever_gives_up_one_programme_of_two_remains_a_student(left: Standing, here: Standing) -> None:
    assert prevailing([left, here]) is here


@pytest.mark.parametrize("standing", Standing)
@pytest.mark.parametrize("account", AccountState)
def test_a_student_logs_in_only_while_owed_it_and_only_after_activation(
    standing: Standing, account: AccountState
) -> None:
    entry = entry_of(a_student(standing=standing, account=account), DOMAIN)
    if standing in LEFT:
        assert entry.lock is Lock.BARRED and entry.affiliations == ()
    elif account is AccountState.PREPARED:
        assert entry.lock is Lock.UNTIL_ACTIVATED
    else:
        assert entry.lock is Lock.OPEN


@pytest.mark.parametrize("standing", Standing)
def test_the_login_and_the_alias_are_never_taken_away(standing: Standing) -> None:
    entry = entry_of(a_student("654321", standing=standing), DOMAIN)
    assert entry.uid == "s654321" and entry.local_addresses == (f"s654321@{DOMAIN}",)
