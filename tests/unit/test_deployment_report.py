"""A deployment's artifacts as people read them."""

from __future__ import annotations

from estudent.domain.deployment import Difference, Happening, HostRecap, Order, Outcome, Play, What
from flows.deployment_report import LONGEST, as_markdown, as_table

FILE = Difference("/etc/x_y", "a\n", "b\n")


def report(*happened: Happening, recap: tuple[HostRecap, ...] = (HostRecap("web1", changed=1),)) -> str:
    return as_markdown("What portal would change", Outcome(Order(Play.PORTAL), True, recap, happened))


def changed(host: str, *differences: Difference, hidden: bool = False, task: str = "A file is there") -> Happening:
    return Happening(What.CHANGED, task, host, "", differences, hidden)


def test_a_change_is_shown_once_under_the_names_of_its_hosts() -> None:
    text = report(changed("web2", FILE), changed("web1", FILE))
    assert text.count("```diff") == 1
    assert "## A file is there\n\n**web1, web2**:\n\n/etc/x\\_y\n\n```diff\n@@ -1 +1 @@\n-a\n+b\n```" in text


def test_hosts_with_different_changes_stand_apart() -> None:
    text = report(changed("web1", FILE), changed("web2", Difference("/etc/x_y", "a\n", "c\n")))
    assert text.count("```diff") == 2 and text.count("## A file is there") == 1


def test_a_task_that_shows_nothing_says_why() -> None:
    assert "**web1**: changed; the task handles secrets and shows nothing" in report(changed("web1", hidden=True))
    assert "**web1**: changed; the task shows no difference" in report(changed("web1"))


def test_what_would_restart_where_is_listed_before_the_changes() -> None:
    restart = Happening(What.CHANGED, "It is told", "web1", handler=True, restarts=("nginx (reload)",))
    text = report(changed("web1", FILE), restart, recap=(HostRecap("web1", changed=1, restarts=1),))
    assert "## What would restart\n\n- nginx (reload) on web1\n\n## A file is there" in text
    assert "## It is told\n\n**web1**: nginx (reload)" in text


def test_what_a_check_left_out_is_named_with_its_hosts() -> None:
    text = report(*(Happening(What.SKIPPED, "The portal is well", host) for host in ("web2", "web1")))
    assert "## What the check left out\n\n1 task could not be checked" in text
    assert "\n\n- The portal is well on web1, web2" in text


def test_what_went_wrong_comes_first() -> None:
    failed = Happening(What.FAILED, "The *portal* listens", "web1", "port 443 is taken")
    text = report(changed("web1", FILE), failed, recap=(HostRecap("web1", changed=1, failed=1),))
    assert "- **The \\*portal\\* listens** on web1: failed: port 443 is taken" in text
    assert text.index("## What went wrong") < text.index("## A file is there")


def test_a_file_with_fences_in_it_cannot_break_out_of_its_own() -> None:
    text = report(changed("web1", Difference("/x", "", "```\n# not a heading\n")))
    assert "````diff\n@@ -0,0 +1,2 @@\n+```\n+# not a heading\n````" in text


def test_a_report_is_cut_between_tasks_and_says_so() -> None:
    big = Difference("/x", "", "x" * 1000 + "\n")
    text = report(*(changed("web1", big, task=f"Task {number}") for number in range(LONGEST // 1000 + 10)))
    assert len(text) < LONGEST + 200
    assert text.endswith("There is more than fits here. Check fewer hosts or tags to see all of it.")


def test_the_recap_is_a_row_for_each_host() -> None:
    assert as_table([HostRecap("web1", ok=3, changed=1)]) == [
        {
            "Host": "web1",
            "Ok": 3,
            "Changed": 1,
            "Restarts": 0,
            "Failed": 0,
            "Unreachable": 0,
            "Skipped": 0,
            "Ignored": 0,
        }
    ]
