"""What an engineer may ask for, how what happens is said, and what comes of it."""

from __future__ import annotations

import re

import pytest

from estudent.domain.deployment import LIMIT, Difference, Happening, HostRecap, Order, Outcome, Play, What

ORDER = Order(Play.DIRECTORY)


def an_outcome(*recap: HostRecap, happened: tuple[Happening, ...] = (), check: bool = True) -> Outcome:
    return Outcome(ORDER, check, recap, happened)


@pytest.mark.parametrize(
    "limit",
    ["", "directory1", "directory,web1", "portal:!web2", "sso:&portal", "web*", "web[1:2]", "db.uczelnia.example"],
)
def test_hosts_are_named_as_ansible_names_them(limit: str) -> None:
    assert Order(Play.SITE, limit).limit == limit


@pytest.mark.parametrize(
    "limit", ["@/etc/passwd", "~.*", "-i evil", "--vault-id", "a b", "a,", "a;b", "a\n", "{{ x }}", "a" * 201]
)
def test_a_file_an_expression_or_an_option_is_no_host(limit: str) -> None:
    with pytest.raises(ValueError, match="names"):
        Order(Play.SITE, limit)


@pytest.mark.parametrize("tags", ["a b", "-x", "a,,b", "{{ x }}", "a\n"])
def test_tags_are_words(tags: str) -> None:
    with pytest.raises(ValueError, match="words"):
        Order(Play.SITE, tags=tags)


def test_a_pattern_of_many_words_is_refused_at_once() -> None:
    assert not re.fullmatch(LIMIT, "a." * 99 + " ")


def test_an_order_is_said_in_a_few_words() -> None:
    assert str(Order(Play.PORTAL, "web1", "tls")) == "portal on web1 with tags tls"
    assert str(Order(Play.SITE)) == "site"


def test_a_host_is_told_with_its_state_and_why() -> None:
    told = Happening(What.FAILED, "The directory listens", "directory1", "port 636 is taken")
    assert str(told) == "  directory1: failed: port 636 is taken"
    assert str(Happening(What.OK, "The directory listens", "directory1")) == "  directory1: ok"


def test_a_difference_is_shown_with_three_lines_around_it_and_no_more() -> None:
    before = "".join(f"{number}\n" for number in range(20))
    lines = list(Difference("/etc/numbers", before, before.replace("10\n", "ten\n")).lines())
    assert lines == ["@@ -8,7 +8,7 @@", " 7", " 8", " 9", "-10", "+ten", " 11", " 12", " 13"]


def test_lines_that_look_like_a_header_are_shown() -> None:
    assert list(Difference("x", "-- a\n", "++ b\n").lines()) == ["@@ -1 +1 @@", "--- a", "+++ b"]


def test_what_would_be_changed_is_counted_over_all_hosts() -> None:
    outcome = an_outcome(HostRecap("a", ok=3, changed=2), HostRecap("b", ok=3), HostRecap("c", changed=1))
    assert outcome.well
    assert outcome.summary() == "3 changes would be made on 2 of 3 hosts"


def test_one_change_is_said_as_one() -> None:
    assert an_outcome(HostRecap("a", changed=1), check=False).summary() == "1 change made on 1 of 1 host"


def a_restart(host: str, *services: str) -> Happening:
    return Happening(What.CHANGED, "It is restarted", host, handler=True, restarts=services)


def test_restarts_are_counted_and_named_with_their_hosts_beside_the_changes() -> None:
    recap = (HostRecap("dir1", changed=1, restarts=2), HostRecap("dir2", restarts=1))
    happened = (a_restart("dir2", "slapd"), a_restart("dir1", "slapd", "nginx (reload)"), a_restart("dir1", "slapd"))
    restarts = "3 restarts: nginx (reload) on dir1; slapd on dir1, dir2"
    checked = an_outcome(*recap, happened=happened)
    assert checked.summary() == f"1 change would be made on 1 of 2 hosts; {restarts}"
    assert an_outcome(*recap, happened=happened, check=False).summary() == f"1 change made on 1 of 2 hosts; {restarts}"


def test_who_agreed_to_other_restarts_is_asked_again() -> None:
    assert changes(a_change("x")) != changes(a_change("x"), a_restart("a", "slapd"))


def test_a_check_says_how_much_it_does_not_know_and_a_run_knows_all() -> None:
    skipped = (Happening(What.SKIPPED, "The portal is well", host) for host in ("b", "a"))
    handler = Happening(What.SKIPPED, "SSH is reloaded", "a", handler=True)
    happened = (*skipped, handler)
    checked = an_outcome(HostRecap("a"), happened=happened)
    assert checked.left_out == {"The portal is well": ["a", "b"]}
    assert checked.reservation.startswith("1 task could not be checked, or had nothing to do; what they change")
    assert an_outcome(HostRecap("a"), happened=happened, check=False).reservation == ""


def test_without_a_change_it_is_said_that_there_is_none() -> None:
    assert an_outcome(HostRecap("a", ok=3)).summary() == "nothing would change on 1 host"
    assert an_outcome(HostRecap("a", ok=3), HostRecap("b"), check=False).summary() == "nothing was changed on 2 hosts"


def test_a_play_that_touched_no_host_did_not_end_well_and_says_why() -> None:
    outcome = an_outcome(happened=(Happening(What.NOTE, detail="no hosts matched"),))
    assert not outcome.well and not outcome.worth_asking
    assert outcome.summary() == "no host was touched: no hosts matched"


def test_a_task_that_was_rescued_does_not_count_as_failed() -> None:
    failed = Happening(What.FAILED, "The member is known", "a", "not yet")
    assert an_outcome(HostRecap("a", ok=2), happened=(failed,)).well


def test_a_failed_check_leaves_the_choice_and_an_absent_host_does_not() -> None:
    assert an_outcome(HostRecap("a", failed=1)).worth_asking
    assert not an_outcome(HostRecap("a", ok=1), HostRecap("b", unreachable=1)).worth_asking


def test_the_complaint_names_every_failed_task() -> None:
    failed = Happening(What.FAILED, "The directory listens", "directory1", "port 636 is taken")
    away = Happening(What.UNREACHABLE, "The directory listens", "directory2", "no route")
    ignored = Happening(What.IGNORED, "The old file is gone", "directory1", "never was")
    outcome = an_outcome(HostRecap("directory1", failed=1), happened=(failed, ignored, away), check=False)
    assert outcome.complaint() == (
        "“The directory listens” on directory1: failed: port 636 is taken; "
        "“The directory listens” on directory2: unreachable: no route"
    )


def changes(*happened: Happening) -> str:
    return an_outcome(HostRecap("a", changed=1), happened=happened).fingerprint


def a_change(after: str, host: str = "a") -> Happening:
    return Happening(What.CHANGED, "The file is there", host, "", (Difference("/etc/x", "", after),))


def test_the_same_changes_are_known_again_whoever_came_first_and_whenever_it_was() -> None:
    first = changes(a_change("at 2026-11-25 15:31:28.371842, 1764087542.5"), a_change("x", "b"))
    assert first == changes(a_change("x", "b"), a_change("at 2026-11-26 08:00:01.5, 1764144001.25"))


@pytest.mark.parametrize("other", [a_change("port 636"), a_change("port 389", "b")])
def test_other_changes_are_other_ones(other: Happening) -> None:
    assert changes(a_change("port 389")) != changes(other)


def test_another_failure_makes_it_another_check() -> None:
    failed = Happening(What.FAILED, "The file is read", "a", "no such file")
    assert changes(a_change("x")) != changes(a_change("x"), failed)
