"""ansible-runner's events in our words."""

from __future__ import annotations

from typing import Any

from estudent.adapters.ansible.events import SECRET, Listener, recap_of
from estudent.domain.deployment import Difference, Happening, HostRecap, What
from estudent.domain.masking import HIDDEN, Mask

CENSORED = {"censored": "the output has been hidden"}


def heard(kind: str, stdout: str = "", **data: Any) -> Happening | None:
    listener = Listener(Mask(["hunter22"]))
    return listener.hear({"event": kind, "stdout": stdout, "event_data": {"host": "web1", "task": "A task", **data}})


def test_a_task_is_named_with_its_role() -> None:
    told = heard("playbook_on_task_start", role="portal")
    assert told == Happening(What.TASK, "portal : A task")


def test_what_a_task_is_called_is_masked_too() -> None:
    told = heard("playbook_on_task_start", task="Set hunter22")
    assert told and told.task == f"Set {HIDDEN}"


def test_a_changed_file_is_shown_before_and_after() -> None:
    diff = {"before": "a\n", "after": "hunter22\n", "after_header": "/etc/x"}
    told = heard("runner_on_ok", res={"changed": True, "diff": [diff]})
    assert told and told.differences == (Difference("/etc/x", "a\n", f"{HIDDEN}\n"),)


def test_attributes_of_a_file_are_shown_as_a_table() -> None:
    diff = {"before": {"mode": "0644", "path": "/etc/x"}, "after": {"mode": "0600", "path": "/etc/x"}}
    told = heard("runner_on_ok", res={"changed": True, "diff": diff})
    assert told and list(told.differences[0].lines())[2:4] == ['-  "mode": "0644",', '+  "mode": "0600",']


def test_what_a_program_prepared_itself_is_shown_as_it_is() -> None:
    told = heard("runner_on_ok", res={"changed": True, "diff": {"prepared": "+nginx 1.26\n"}})
    assert told and told.differences[0].after == "+nginx 1.26\n"


def test_a_loop_shows_every_item_s_change_once() -> None:
    items = [{"changed": True, "diff": {"before": "", "after": f"{item}\n"}} for item in "ab"]
    told = heard("runner_on_ok", res={"changed": True, "results": [*items, {"changed": False}, CENSORED]})
    assert told and [each.after for each in told.differences] == ["a\n", "b\n"]


def test_what_did_not_change_shows_nothing() -> None:
    told = heard("runner_on_ok", res={"changed": False, "msg": "hello"})
    assert told == Happening(What.OK, "A task", "web1")


def test_a_silent_task_says_whether_it_changed_something_and_no_more() -> None:
    changed = heard("runner_on_ok", "changed: [web1]", res=CENSORED)
    assert changed == Happening(What.CHANGED, "A task", "web1", hidden=True)
    unchanged = heard("runner_on_ok", "ok: [web1]", res=CENSORED)
    assert unchanged == Happening(What.OK, "A task", "web1", hidden=True)


def test_a_silent_loop_changed_something_when_one_item_did() -> None:
    listener = Listener(Mask())
    data = {"host": "web1", "task": "A task", "task_uuid": "1", "res": CENSORED}
    for printed in ("ok: [web1] => (item=(censored))", "changed: [web1] => (item=(censored))"):
        assert listener.hear({"event": "runner_item_on_ok", "stdout": printed, "event_data": data}) is None
    told = listener.hear({"event": "runner_on_ok", "stdout": "", "event_data": data})
    assert told and told.what is What.CHANGED


def test_a_failure_says_its_message_and_the_program_s_last_words_masked() -> None:
    told = heard(
        "runner_on_failed", res={"msg": "non-zero return code", "stderr": "1\n2\n3\n4\n5\nhunter22 is wrong\n"}
    )
    assert told == Happening(What.FAILED, "A task", "web1", f"non-zero return code 2 3 4 5 {HIDDEN} is wrong")


def test_a_failed_loop_says_what_failed_in_it() -> None:
    results = [{"failed": True, "msg": "no x"}, {"failed": False, "msg": "fine"}, {"failed": True, "msg": "no y"}]
    told = heard("runner_on_failed", res={"msg": "One or more items failed", "results": results})
    assert told and told.detail == "no x; no y"


def test_what_a_silent_task_printed_is_never_repeated() -> None:
    printed = "[ERROR]: Task failed: the password is canary\nfatal: [web1]: FAILED!"
    told = heard("runner_on_failed", printed, res=CENSORED)
    assert told == Happening(What.FAILED, "A task", "web1", SECRET, hidden=True)


def test_a_failure_that_the_play_ignores_is_told_as_such() -> None:
    told = heard("runner_on_failed", res={"msg": "no"}, ignore_errors=True)
    assert told and told.what is What.IGNORED


def test_complaints_are_told_before_the_first_play_and_not_after() -> None:
    listener = Listener(Mask())
    complaint = {"event": "verbose", "stdout": "[ERROR]: the playbook: x.yml could not be found"}
    assert listener.hear(complaint) == Happening(What.NOTE, detail=complaint["stdout"])
    assert listener.hear({"event": "verbose", "stdout": "    raw: echo"}) is None
    listener.hear({"event": "playbook_on_play_start", "event_data": {"name": "Hosts"}})
    assert listener.hear({"event": "verbose", "stdout": "[WARNING]: of a silent task: canary"}) is None


def service(state: str, name: str, *, changed: bool = True) -> dict[str, Any]:
    return {"changed": changed, "invocation": {"module_args": {"name": name, "state": state}}}


def heard_of_a_handler(**data: Any) -> Happening | None:
    """Return what a handler's result means, after the event that begins it."""
    listener, task = Listener(Mask(["hunter22"])), {"host": "web1", "task": "It is told", "task_uuid": "1"}
    listener.hear({"event": "playbook_on_task_start", "event_data": {**task, "is_conditional": True}})
    return listener.hear({"event": "runner_on_ok", "event_data": {**task, **data}})


def test_a_handler_that_restarts_a_service_names_it() -> None:
    told = heard_of_a_handler(task_action="ansible.builtin.systemd_service", res=service("restarted", "slapd.service"))
    assert told and told.handler and told.restarts == ("slapd",)


def test_a_reload_is_told_from_a_restart_and_a_loop_names_each_that_it_changed() -> None:
    results = [service("reloaded", "nginx"), service("restarted", "a.timer"), service("restarted", "b", changed=False)]
    told = heard_of_a_handler(task_action="systemd", res={"changed": True, "results": results})
    assert told and told.restarts == ("nginx (reload)", "a.timer")


def test_a_task_that_restarts_a_service_is_no_handler_and_names_it_too() -> None:
    told = heard("runner_on_ok", task_action="ansible.builtin.service", res=service("restarted", "cron"))
    assert told and not told.handler and told.restarts == ("cron",)


def test_a_task_that_starts_a_service_restarts_nothing() -> None:
    told = heard("runner_on_ok", task_action="ansible.builtin.systemd_service", res=service("started", "cron"))
    assert told and told.what is What.CHANGED and told.restarts == ()


def test_a_handler_without_a_service_or_that_shows_none_is_named_by_its_own_words_masked() -> None:
    for action, res in (("ansible.builtin.command", {"changed": True}), ("systemd", {"changed": True, **CENSORED})):
        told = heard_of_a_handler(task="Tell hunter22", task_action=action, res=res)
        assert told and told.restarts == (f"“Tell {HIDDEN}”",)


def test_a_handler_that_did_nothing_restarts_nothing() -> None:
    told = heard_of_a_handler(task_action="systemd", res=service("restarted", "slapd", changed=False))
    assert told and told.what is What.OK and told.restarts == ()


def test_a_task_that_only_tells_a_handler_is_no_change() -> None:
    told = heard("runner_on_ok", res={"changed": True, "only_notifies": True, "behind_units": ["slapd.service"]})
    assert told and told.what is What.OK


def test_the_recap_holds_every_host_that_was_played() -> None:
    stats = {"ok": {"a": 3}, "changed": {"a": 1}, "dark": {"b": 1}, "failures": {}, "processed": {"a": 1, "b": 1}}
    changed = Happening(What.CHANGED, "A task", "a")
    assert recap_of(stats, [changed]) == (HostRecap("a", ok=3, changed=1), HostRecap("b", unreachable=1))


def test_the_recap_counts_a_service_that_two_handlers_restart_once_and_not_as_changed() -> None:
    stats = {"ok": {"a": 4}, "changed": {"a": 4}, "processed": {"a": 1}}
    restarts = [Happening(What.CHANGED, "It is told", "a", handler=True, restarts=("slapd",))] * 2
    assert recap_of(stats, [Happening(What.CHANGED, "A task", "a"), *restarts]) == (
        HostRecap("a", ok=4, changed=1, restarts=1),
    )
