"""The bin of Microsoft's cloud: what is freed, what comes back, what stands in the way, what ends after thirty days."""

from __future__ import annotations

import pytest

from tests.integration.microsoft365_campus import A1, DOMAIN, Campus, Json, Start, complaint, eventually

pytestmark = pytest.mark.enable_socket

BIN = "/directory/deletedItems"
USERS = f"{BIN}/microsoft.graph.user"
ALIASES = [("ObjectConflict", "proxyAddresses"), ("ConflictingObjects", "proxyAddresses")]


def with_alias(campus: Campus, alias: str) -> Json:
    user = campus.add_with_mailbox(employeeId=alias)
    assert campus.set_addresses(user, Add=[f"smtp:{alias}@{DOMAIN}"]).status_code == 200
    return user


def deleted(campus: Campus, user: Json) -> Json:
    assert campus.graph.delete(f"/users/{user['id']}").status_code == 204
    return user


def test_a_deleted_user_is_found_in_the_bin_by_album_number(campus: Campus) -> None:
    user = deleted(campus, campus.add(employeeId="bin-1"))
    deleted(campus, campus.add(employeeId="bin-2"))
    query = {"$filter": "employeeId eq 'bin-1'", "$select": "id,employeeId,userPrincipalName"}
    (found,) = campus.graph.get(USERS, params=query).json()["value"]
    mangled = user["id"].replace("-", "") + user["userPrincipalName"]
    assert found == {"id": user["id"], "employeeId": "bin-1", "userPrincipalName": mangled}
    assert campus.graph.get(f"{BIN}/{user['id']}").json()["deletedDateTime"]


def test_the_bin_is_read_in_pages(start: Start) -> None:
    campus = start()
    gone = [deleted(campus, campus.add())["id"] for _ in range(5)]
    link, found = f"{USERS}?$top=2&$select=id", []
    while link:
        page = campus.graph.get(link).json()
        found += [user["id"] for user in page["value"]]
        link = page.get("@odata.nextLink")
    assert found == gone


def test_deleting_frees_seat_name_and_alias_for_others(start: Start) -> None:
    campus = start("--seats", "1", "--mailbox-delay", "0")
    user = deleted(campus, with_alias(campus, "s900"))
    assert campus.invoke("Get-Mailbox", Identity=user["id"]).status_code == 404
    heir = campus.add_with_mailbox(userPrincipalName=user["userPrincipalName"])
    assert campus.set_addresses(heir, Add=[f"smtp:s900@{DOMAIN}"]).status_code == 200


def test_a_restored_user_has_its_name_and_addresses_at_once_and_its_mailbox_with_the_licence(campus: Campus) -> None:
    user = with_alias(campus, "s901")
    before = campus.addresses(user)
    deleted(campus, user)
    restored = campus.graph.post(f"{BIN}/{user['id']}/restore")
    assert (restored.status_code, restored.json()["userPrincipalName"]) == (200, user["userPrincipalName"])
    assert campus.addresses(user) == before
    assert campus.graph.get(f"/users/{user['id']}/mailboxSettings").status_code == 404
    assert campus.graph.get(f"/users/{user['id']}?$select=assignedLicenses").json()["assignedLicenses"] == []
    assert campus.license(user["id"], A1).status_code == 200
    eventually(lambda: campus.graph.get(f"/users/{user['id']}/mailboxSettings").status_code == 200)
    assert campus.addresses(user) == before


def test_a_name_given_away_meanwhile_needs_a_new_one(campus: Campus) -> None:
    user = deleted(campus, campus.add())
    campus.add(userPrincipalName=user["userPrincipalName"])
    refused = campus.graph.post(f"{BIN}/{user['id']}/restore", json={})
    assert complaint(refused) == (400, "Request_BadRequest", [("ObjectConflict", "userPrincipalName")])
    body = {"newUserPrincipalName": f"restored.{user['id'][:8]}@{DOMAIN}"}
    restored = campus.graph.post(f"{BIN}/{user['id']}/restore", json=body)
    assert restored.json()["userPrincipalName"] == body["newUserPrincipalName"]


def test_an_alias_given_away_meanwhile_is_left_out_only_when_asked(campus: Campus) -> None:
    user = deleted(campus, with_alias(campus, "s902"))
    heir = campus.add_with_mailbox()
    assert campus.set_addresses(heir, Add=[f"smtp:s902@{DOMAIN}"]).status_code == 200
    assert complaint(campus.graph.post(f"{BIN}/{user['id']}/restore")) == (400, "Request_BadRequest", ALIASES)
    body = {"autoReconcileProxyConflict": True}
    assert campus.graph.post(f"{BIN}/{user['id']}/restore", json=body).status_code == 200
    assert f"SMTP:{user['userPrincipalName']}" in campus.addresses(user)
    assert f"smtp:s902@{DOMAIN}" not in campus.addresses(user)


@pytest.mark.parametrize(
    "body", [{"nonsense": 1}, {"newUserPrincipalName": "a@example.org"}, {"autoReconcileProxyConflict": "yes"}]
)
def test_a_restoration_with_wrong_parameters_is_refused(campus: Campus, body: Json) -> None:
    user = deleted(campus, campus.add())
    assert campus.graph.post(f"{BIN}/{user['id']}/restore", json=body).status_code == 400


def test_what_is_not_in_the_bin_cannot_be_restored_or_erased(campus: Campus) -> None:
    user = campus.add()
    assert complaint(campus.graph.post(f"{BIN}/{user['id']}/restore"))[:2] == (404, "Request_ResourceNotFound")
    assert campus.graph.delete(f"{BIN}/{user['id']}").status_code == 404


def test_an_erased_user_never_comes_back_even_after_a_restart(start: Start) -> None:
    campus = start()
    user = deleted(campus, campus.add())
    assert campus.graph.delete(f"{BIN}/{user['id']}").status_code == 204
    campus.running.kill()
    again = start()
    assert again.graph.get(f"{BIN}/{user['id']}").status_code == 404
    assert again.graph.post(f"{BIN}/{user['id']}/restore").status_code == 404
    assert again.add()["id"] != user["id"]


def test_after_thirty_days_the_bin_is_empty(start: Start) -> None:
    campus = start("--token-lifetime", str(90 * 86_400))
    user = deleted(campus, campus.add())
    for days, status in ((29, 200), (2, 404)):
        assert campus.sandbox.post("/sandbox/clock", json={"forward": days * 86_400}).status_code == 200
        assert campus.graph.get(f"{BIN}/{user['id']}").status_code == status
    assert campus.graph.get(USERS).json()["value"] == []


def test_the_clock_only_goes_forward(campus: Campus) -> None:
    for wrong in ({"forward": -1}, {"forward": "x"}, {}):
        assert campus.sandbox.post("/sandbox/clock", json=wrong).status_code == 400
