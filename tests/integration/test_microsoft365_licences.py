"""Licences of Microsoft's cloud: directly or by a group, and the mailbox that comes, gets stuck, or goes with them."""

from __future__ import annotations

import pytest

from sandbox.microsoft365.options import GROUP
from tests.integration.microsoft365_campus import A1, DOMAIN, POWER_BI, Campus, Json, Start, complaint, eventually

pytestmark = pytest.mark.enable_socket

A1_PLUS = "e82ae690-a2d5-4d76-8d30-7c6e01e6022e"
MEMBERS = f"/groups/{GROUP}/members"


def property_of(campus: Campus, user: Json, name: str) -> list[Json]:
    value: list[Json] = campus.graph.get(f"/users/{user['id']}", params={"$select": name}).json()[name]
    return value


def join(campus: Campus, user: Json) -> int:
    link = f"{campus.running.url}/v1.0/directoryObjects/{user['id']}"
    return campus.graph.post(f"{MEMBERS}/$ref", json={"@odata.id": link}).status_code


def mailbox_is_there(campus: Campus, user: Json) -> bool:
    return campus.graph.get(f"/users/{user['id']}/mailboxSettings").status_code == 200


def test_a_licence_given_directly_says_so(campus: Campus) -> None:
    user = campus.add()
    campus.license(user["id"], A1)
    (state,) = property_of(campus, user, "licenseAssignmentStates")
    assert (state["skuId"], state["assignedByGroup"], state["state"], state["error"]) == (A1, None, "Active", "None")
    assert state["lastUpdatedDateTime"]
    assert property_of(campus, user, "assignedLicenses") == [{"disabledPlans": [], "skuId": A1}]


def test_a_member_of_the_licensed_group_gets_licence_and_mailbox_and_loses_them_with_membership(campus: Campus) -> None:
    user = campus.add()
    assert join(campus, user) == 204
    (state,) = property_of(campus, user, "licenseAssignmentStates")
    assert (state["skuId"], state["assignedByGroup"], state["state"]) == (A1, GROUP, "Active")
    eventually(lambda: mailbox_is_there(campus, user))
    assert campus.graph.delete(f"{MEMBERS}/{user['id']}/$ref").status_code == 204
    assert property_of(campus, user, "assignedLicenses") == []
    assert campus.addresses(user) == []


def test_membership_is_not_given_twice_nor_ended_twice(campus: Campus) -> None:
    user = campus.add()
    assert (join(campus, user), join(campus, user)) == (204, 400)
    members = campus.graph.get(MEMBERS, params={"$select": "id", "$top": "999"}).json()["value"]
    assert {"id": user["id"]} in members
    codes = [campus.graph.delete(f"{MEMBERS}/{user['id']}/$ref").status_code for _ in range(2)]
    assert codes == [204, 404]


def test_the_group_tells_which_licence_it_brings(campus: Campus) -> None:
    group = campus.graph.get(f"/groups/{GROUP}", params={"$select": "displayName,assignedLicenses"}).json()
    assert group["assignedLicenses"] == [{"disabledPlans": [], "skuId": A1}]
    assert GROUP in [each["id"] for each in campus.graph.get("/groups").json()["value"]]
    assert campus.graph.get("/groups/nonsense").status_code == 404
    assert campus.graph.get(f"/groups/{GROUP}?$select=shoeSize").status_code == 400
    assert campus.graph.post(f"{MEMBERS}/$ref", json={"@odata.id": "nonsense"}).status_code == 400


def test_an_inherited_licence_cannot_be_taken_directly(campus: Campus) -> None:
    user = campus.add()
    join(campus, user)
    assert "inherited from a group" in campus.license(user["id"], remove=(A1,)).json()["error"]["message"]


def test_without_a_seat_a_member_has_an_error_until_it_is_tried_again(start: Start) -> None:
    campus = start("--seats", "1", "--mailbox-delay", "0")
    first, second = campus.add(), campus.add()
    assert campus.license(first["id"], A1).status_code == 200
    assert join(campus, second) == 204
    (state,) = property_of(campus, second, "licenseAssignmentStates")
    assert (state["state"], state["error"], state["assignedByGroup"]) == ("Error", "CountViolation", GROUP)
    assert property_of(campus, second, "assignedLicenses") == []
    campus.license(first["id"], remove=(A1,))
    assert property_of(campus, second, "assignedLicenses") == []
    assert campus.graph.post(f"/users/{second['id']}/reprocessLicenseAssignment").status_code == 200
    (state,) = property_of(campus, second, "licenseAssignmentStates")
    assert (state["state"], state["error"]) == ("Active", "None")
    assert campus.addresses(second)[0] == f"SMTP:{second['userPrincipalName']}"


def test_the_groups_licence_may_come_later_than_the_membership(start: Start) -> None:
    campus = start("--group-delay", "3600", "--token-lifetime", "86400")
    user = campus.add()
    join(campus, user)
    assert property_of(campus, user, "licenseAssignmentStates") == []
    campus.sandbox.post("/sandbox/clock", json={"forward": 3600})
    assert property_of(campus, user, "assignedLicenses")


def test_a_returning_member_of_the_group_gets_its_licence_back(campus: Campus) -> None:
    user = campus.add()
    join(campus, user)
    campus.graph.delete(f"/users/{user['id']}")
    assert campus.graph.post(f"/directory/deletedItems/{user['id']}/restore").status_code == 200
    assert [each["skuId"] for each in property_of(campus, user, "assignedLicenses")] == [A1]


def test_one_licence_with_exchange_in_place_of_another_costs_the_aliases(campus: Campus) -> None:
    user = campus.add_with_mailbox()
    campus.set_addresses(user, Add=[f"smtp:swapped@{DOMAIN}"])
    assert campus.license(user["id"], A1_PLUS, remove=(A1,)).status_code == 200
    assert f"SMTP:{user['userPrincipalName']}" in campus.addresses(user)
    assert f"smtp:swapped@{DOMAIN}" not in campus.addresses(user)
    assert mailbox_is_there(campus, user)


def test_a_second_licence_without_exchange_leaves_the_aliases(campus: Campus) -> None:
    user = campus.add_with_mailbox()
    campus.set_addresses(user, Add=[f"smtp:kept@{DOMAIN}"])
    campus.license(user["id"], POWER_BI)
    assert f"smtp:kept@{DOMAIN}" in campus.addresses(user)


def test_a_mailbox_that_gets_stuck_says_why_and_comes_after_a_retry(start: Start) -> None:
    campus = start("--mailbox-delay", "0")
    user = campus.add(employeeId="stuck")
    obstacle = {"reason": "The proxy address is already in use.", "employee_id": "stuck"}
    assert campus.sandbox.post("/sandbox/obstacles", json=obstacle).status_code == 201
    campus.license(user["id"], A1)
    assert not mailbox_is_there(campus, user)
    (error,) = property_of(campus, user, "serviceProvisioningErrors")
    assert error["@odata.type"] == "#microsoft.graph.serviceProvisioningXmlError"
    assert (error["isResolved"], error["serviceInstance"].partition("/")[0]) == (False, "exchange")
    assert "already in use" in error["errorDetail"]
    assert campus.graph.post(f"/users/{user['id']}/retryServiceProvisioning").status_code == 204
    assert mailbox_is_there(campus, user)
    assert property_of(campus, user, "serviceProvisioningErrors") == []


def test_an_obstacle_meets_only_whom_it_is_for_and_can_be_called_off(start: Start) -> None:
    campus = start("--mailbox-delay", "0")
    for number in ("one", "two"):
        campus.sandbox.post("/sandbox/obstacles", json={"reason": "Stuck.", "employee_id": number, "times": 9})
    assert campus.add_with_mailbox(employeeId="three")
    assert len(campus.sandbox.get("/sandbox/obstacles").json()) == 2
    campus.sandbox.delete("/sandbox/obstacles")
    assert campus.add_with_mailbox(employeeId="one")


@pytest.mark.parametrize("wrong", [{}, {"reason": ""}, {"reason": "<x>"}, {"reason": "x", "times": 0}, []])
def test_an_obstacle_that_cannot_be_is_refused(campus: Campus, wrong: object) -> None:
    assert campus.sandbox.post("/sandbox/obstacles", json=wrong).status_code == 400


def test_sessions_are_revoked_from_now_on(campus: Campus) -> None:
    user = campus.add()
    campus.sandbox.post("/sandbox/clock", json={"forward": 2})
    answer = campus.graph.post(f"/users/{user['id']}/revokeSignInSessions")
    assert (answer.status_code, answer.json()["value"]) == (200, True)
    names = "createdDateTime,signInSessionsValidFromDateTime"
    moments = campus.graph.get(f"/users/{user['id']}", params={"$select": names}).json()
    assert moments["signInSessionsValidFromDateTime"] > moments["createdDateTime"]
    nobody = campus.graph.post("/users/nobody/revokeSignInSessions")
    assert complaint(nobody)[:2] == (404, "Request_ResourceNotFound")
