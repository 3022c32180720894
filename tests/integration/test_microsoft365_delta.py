"""Delta queries of Microsoft's cloud: everything once, then only what changed, until the token is gone."""

from __future__ import annotations

import pytest

from tests.integration.microsoft365_campus import A1, DOMAIN, Campus, Json, Start, complaint

pytestmark = pytest.mark.enable_socket

PROPERTIES = "id,accountEnabled,proxyAddresses,employeeId,assignedLicenses"
DELTA = f"/users/delta()?$select={PROPERTIES}"
WEEK = 7 * 86_400


def walk(campus: Campus, link: str, **headers: str) -> tuple[list[Json], str]:
    """Follow the pages; return what they said and where the next walk begins."""
    found: list[Json] = []
    while True:
        answer = campus.graph.get(link, headers=headers)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["value"]
        if "@odata.deltaLink" in page:
            return found, page["@odata.deltaLink"]
        link = page["@odata.nextLink"]


@pytest.fixture
def quiet(start: Start) -> Campus:
    """A tenant that nobody else changes."""
    return start("--mailbox-delay", "0")


def test_the_first_walk_tells_of_everybody_once_in_pages(quiet: Campus) -> None:
    users = [quiet.add()["id"] for _ in range(5)]
    quiet.graph.delete(f"/users/{users.pop()}")
    found, link = walk(quiet, DELTA, Prefer="odata.maxpagesize=2")
    assert [each["id"] for each in found] == users
    assert set(found[0]) == set(PROPERTIES.split(","))
    assert walk(quiet, link)[0] == []


def test_a_later_walk_tells_what_changed_and_nothing_else(quiet: Campus) -> None:
    users = [quiet.add() for _ in range(3)]
    link = walk(quiet, DELTA)[1]
    quiet.graph.patch(f"/users/{users[0]['id']}", json={"accountEnabled": False})
    quiet.graph.patch(f"/users/{users[2]['id']}", json={"surname": "not asked for"})
    assert walk(quiet, link)[0] == [{"id": users[0]["id"], "accountEnabled": False}]


def test_licences_and_aliases_show_up(quiet: Campus) -> None:
    user = quiet.add()
    link = walk(quiet, DELTA)[1]
    quiet.license(user["id"], A1)
    (licensed,), link = walk(quiet, link)
    assert licensed["assignedLicenses"] == [{"disabledPlans": [], "skuId": A1}]
    quiet.set_addresses(user, Add=[f"smtp:s7@{DOMAIN}"])
    (aliased,), link = walk(quiet, link)
    assert set(aliased) == {"id", "proxyAddresses"}
    assert f"smtp:s7@{DOMAIN}" in aliased["proxyAddresses"]


def test_who_goes_is_removed_and_who_returns_is_told_whole(quiet: Campus) -> None:
    user = quiet.add()
    link = walk(quiet, DELTA)[1]
    quiet.graph.delete(f"/users/{user['id']}")
    (gone,), after_delete = walk(quiet, link)
    assert gone == {"id": user["id"], "@removed": {"reason": "changed"}}
    quiet.graph.post(f"/directory/deletedItems/{user['id']}/restore")
    (back,), after_restore = walk(quiet, after_delete)
    assert set(back) == set(PROPERTIES.split(","))
    quiet.graph.delete(f"/users/{user['id']}")
    quiet.graph.delete(f"/directory/deletedItems/{user['id']}")
    (erased,), _ = walk(quiet, after_restore)
    assert erased == {"id": user["id"], "@removed": {"reason": "deleted"}}


def test_what_changes_between_two_pages_is_told_then_or_in_the_next_walk(quiet: Campus) -> None:
    users = [quiet.add()["id"] for _ in range(4)]
    page = quiet.graph.get(f"{DELTA}&$top=2").json()
    for user in (users[0], users[3]):
        quiet.graph.patch(f"/users/{user}", json={"accountEnabled": False})
    rest, link = walk(quiet, page["@odata.nextLink"])
    assert {each["id"]: each["accountEnabled"] for each in rest} == {users[2]: True, users[3]: False}
    assert {each["id"] for each in walk(quiet, link)[0]} == {users[0], users[3]}


def test_one_may_begin_with_what_changes_from_now_on(quiet: Campus) -> None:
    quiet.add()
    nothing, link = walk(quiet, f"{DELTA}&$deltatoken=latest")
    user = quiet.add()
    assert nothing == []
    assert [each["id"] for each in walk(quiet, link)[0]] == [user["id"]]


def test_a_token_survives_a_restart(start: Start) -> None:
    campus = start("--port", "0")
    user = campus.add()
    link = walk(campus, DELTA)[1].partition("/v1.0")[2]
    campus.running.kill()
    again = start()
    again.graph.patch(f"/users/{user['id']}", json={"accountEnabled": False})
    assert walk(again, link)[0] == [{"id": user["id"], "accountEnabled": False}]


def test_an_old_or_foreign_token_is_gone(start: Start) -> None:
    campus = start("--token-lifetime", str(2 * WEEK))
    link = walk(campus, DELTA)[1]
    campus.sandbox.post("/sandbox/clock", json={"forward": WEEK + 60})
    for stale in (link, "/users/delta()?$deltatoken=nonsense", "/users/delta?$skiptoken=a.b.c"):
        answer = campus.graph.get(stale)
        assert complaint(answer)[:2] == (410, "resyncRequired")
        assert answer.headers["Location"].endswith("/users/delta?$deltatoken=")


@pytest.mark.parametrize("query", ["$filter=employeeId eq '1'", "$orderby=id", "$select=shoeSize", "$top=0"])
def test_what_a_delta_query_does_not_know_is_refused(campus: Campus, query: str) -> None:
    assert campus.graph.get(f"/users/delta()?{query}").status_code == 400


def test_an_address_that_exchange_has_spreads_to_graph_a_while_later(start: Start) -> None:
    campus = start("--mailbox-delay", "0", "--alias-lag", "3600", "--token-lifetime", "86400")
    user = campus.add_with_mailbox()
    link = walk(campus, DELTA)[1]
    assert campus.set_addresses(user, Add=[f"smtp:s8@{DOMAIN}"]).status_code == 200
    assert f"smtp:s8@{DOMAIN}" in campus.invoke("Get-Mailbox", Identity=user["id"]).text
    assert f"smtp:s8@{DOMAIN}" not in campus.addresses(user)
    assert walk(campus, link)[0] == []
    campus.sandbox.post("/sandbox/clock", json={"forward": 3600})
    assert f"smtp:s8@{DOMAIN}" in campus.addresses(user)
    assert [each["id"] for each in walk(campus, link)[0]] == [user["id"]]
