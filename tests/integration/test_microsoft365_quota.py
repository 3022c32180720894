"""The quotas of Microsoft's cloud, who is throttled first, and what the sandbox tells of it."""

from __future__ import annotations

import pytest

from tests.integration.microsoft365_campus import DOMAIN, Campus, Start, student

pytestmark = pytest.mark.enable_socket

LOW = {"x-ms-throttle-priority": "low"}


def test_requests_of_low_priority_are_throttled_first(start: Start) -> None:
    campus = start("--quota-scale", "0.01")
    bulk = [campus.graph.post("/users", json=student(), headers=LOW) for _ in range(30)]
    granted = [answer.status_code for answer in bulk].count(201)
    assert 27 <= granted < 30
    assert campus.graph.post("/users", json=student()).status_code == 201
    assert campus.sandbox.get("/sandbox/state").json()["quota"]["refused"] == {"Write low": 30 - granted}


def test_an_answer_warns_when_little_is_left(start: Start) -> None:
    campus = start("--quota-scale", "0.01")
    told = [campus.graph.post("/users", json=student()).headers for _ in range(29)]
    assert "x-ms-throttle-limit-percentage" not in told[0]
    assert told[-1]["x-ms-throttle-limit-percentage"] in ("0.9", "1.0")


def test_some_refusals_say_when_to_come_back_the_same_ones_for_a_seed(start: Start) -> None:
    said = []
    for _ in range(2):
        campus = start("--quota-scale", "0.0004", "--retry-after", "0.5")
        answers = [campus.graph.post("/users", json=student()) for _ in range(12)][-10:]
        assert {answer.status_code for answer in answers} == {429}
        assert answers[0].headers["x-ms-throttle-information"] == "WriteLimitExceeded"
        said.append(["Retry-After" in answer.headers for answer in answers])
        campus.running.stop()
    assert said[0] == said[1]
    assert set(said[0]) == {True, False}


def test_the_state_tells_everything_that_a_test_looks_for(start: Start) -> None:
    campus = start("--mailbox-delay", "0")
    user, gone = campus.add_with_mailbox(employeeId="1"), campus.add(employeeId="2")
    campus.graph.delete(f"/users/{gone['id']}")
    campus.graph.get("/users/nobody")
    state = campus.sandbox.get("/sandbox/state").json()
    assert [each["employeeId"] for each in state["users"]] == ["1"]
    assert [each["employeeId"] for each in state["deleted"]] == ["2"]
    assert state["addresses"][user["userPrincipalName"]] == user["id"]
    assert next((each["part"], each["taken"]) for each in state["licences"]) == ("STANDARDWOFFPACK_STUDENT", 1)
    assert state["quota"]["writes"]["granted"] == 4
    assert sum(each["served"] for each in state["per_second"]) >= 5
    assert sum(each["refused"] for each in state["per_second"]) >= 1
    assert any(reason.startswith("404 Request_ResourceNotFound") for reason in state["requests"]["refusals"])


def test_whose_mailbox_an_address_leads_to(campus: Campus) -> None:
    user = campus.add_with_mailbox()
    campus.set_addresses(user, Add=[f"s5000@{DOMAIN}"])
    found = campus.sandbox.get(f"/sandbox/recipients/S5000@{DOMAIN}").json()
    assert found == {"id": user["id"], "primary": user["userPrincipalName"]}
    without = campus.add()
    campus.graph.delete(f"/users/{user['id']}")
    for address in (f"s5000@{DOMAIN}", without["userPrincipalName"], f"nobody@{DOMAIN}"):
        assert campus.sandbox.get(f"/sandbox/recipients/{address}").status_code == 404


def test_the_page_shows_people_bin_and_refusals_and_says_when_there_are_none(start: Start) -> None:
    campus = start("--mailbox-delay", "0")
    empty = campus.sandbox.get("/").text
    for sentence in ("There are no users yet.", "The bin is empty.", "Nothing was refused yet."):
        assert sentence in empty
    user, gone = campus.add_with_mailbox(employeeId="17"), campus.add(displayName="Ćma Usunięta")
    campus.graph.delete(f"/users/{gone['id']}")
    campus.graph.post("/users", json=student(userPrincipalName=user["userPrincipalName"]))
    page = campus.sandbox.get("/", params={"find": "17"})
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert f"<strong>{user['userPrincipalName']}</strong>" in page.text
    assert "Ćma Usunięta" in page.text
    assert "ObjectConflict" in page.text or "already exists" in page.text
    assert "No user has “nobody here”" in campus.sandbox.get("/", params={"find": "nobody here"}).text
