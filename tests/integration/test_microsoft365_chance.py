"""What befalls requests to Microsoft's cloud by chance: always the same for the same seed."""

from __future__ import annotations

import httpx
import pytest

from tests.integration.microsoft365_campus import Campus, Start, student

pytestmark = pytest.mark.enable_socket

PROFILE = {"throttled": 0.3, "failing": 0.2, "lost": 0.2}
CUT = 0


def create(campus: Campus) -> tuple[str, int]:
    body = student()
    try:
        return body["userPrincipalName"], campus.graph.post("/users", json=body).status_code
    except httpx.TransportError:
        return body["userPrincipalName"], CUT


def names(campus: Campus) -> set[str]:
    return {user["userPrincipalName"] for user in campus.sandbox.get("/sandbox/users").json()}


def test_throttled_and_failing_requests_have_no_effect_and_lost_ones_have(start: Start) -> None:
    campus = start(*(text for kind, share in PROFILE.items() for text in (f"--{kind}", str(share))))
    tried = [create(campus) for _ in range(60)]
    befell = campus.sandbox.get("/sandbox/profile").json()["befell"]
    succeeded = {name for name, status in tried if status == 201}
    throttled = [name for name, status in tried if status == 429]
    assert all(befell.values())
    assert len(throttled) == befell["throttled"]
    assert succeeded < names(campus)
    assert len(names(campus) - succeeded) == befell["lost"]
    assert not names(campus) & set(throttled)


def test_the_same_seed_brings_the_same_luck(campus: Campus) -> None:
    runs = []
    for seed in (7, 7, 8):
        assert campus.sandbox.put("/sandbox/profile", json={**PROFILE, "seed": seed}).status_code == 200
        runs.append([create(campus)[1] for _ in range(30)])
    campus.sandbox.delete("/sandbox/profile")
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_some_are_told_when_to_come_back_and_some_are_not(campus: Campus) -> None:
    campus.sandbox.put("/sandbox/profile", json={"throttled": 1})
    answers = [campus.graph.get("/organization") for _ in range(20)]
    campus.sandbox.delete("/sandbox/profile")
    assert {answer.status_code for answer in answers} == {429}
    assert {"Retry-After" in answer.headers for answer in answers} == {True, False}


def test_sign_in_and_the_sandbox_itself_are_spared(campus: Campus) -> None:
    campus.sandbox.put("/sandbox/profile", json={"failing": 1})
    assert campus.ask_for_token().status_code == 200
    assert campus.sandbox.delete("/sandbox/profile").json()["failing"] == 0


@pytest.mark.parametrize("wrong", [{"lost": 2}, {"lost": -1}, {"nonsense": 0.1}, {"lost": 0.6, "failing": 0.6}, []])
def test_shares_that_cannot_be_are_refused(campus: Campus, wrong: object) -> None:
    assert campus.sandbox.put("/sandbox/profile", json=wrong).status_code == 400
