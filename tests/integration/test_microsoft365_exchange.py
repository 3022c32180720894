"""Exchange's cmdlets as the stand-in plays them: addresses, conflicts, warnings, and names changed in the directory."""

from __future__ import annotations

import httpx
import pytest

from tests.integration.microsoft365_campus import DOMAIN, INITIAL, Campus, Json, Start

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def user(campus: Campus) -> Json:
    return campus.add_with_mailbox()


def said(answer: httpx.Response) -> tuple[int, str, str]:
    """Return status, exception and words of a refusal, which stand in three places alike."""
    error = answer.json()["error"]
    words = error["innererror"]["internalException"]["message"]
    assert words in error["details"][0]["message"]
    return answer.status_code, answer.headers["X-ExceptionType"], words


def at(name: str) -> str:
    return f"{name}@{DOMAIN}"


def test_a_whole_list_takes_the_place_of_all_addresses_but_the_sign_in_name(campus: Campus, user: Json) -> None:
    wanted = [f"SMTP:{at('whole.list')}", f"smtp:{at('s1000')}"]
    assert campus.invoke("Set-Mailbox", Identity=user["id"], EmailAddresses=wanted).status_code == 200
    assert campus.addresses(user) == [*wanted, f"smtp:{user['userPrincipalName']}"]


def test_the_first_of_a_list_without_capitals_is_primary(campus: Campus, user: Json) -> None:
    wanted = [user["userPrincipalName"], at("s1001")]
    assert campus.invoke("Set-Mailbox", Identity=user["id"], EmailAddresses=wanted).status_code == 200
    assert campus.addresses(user) == [f"SMTP:{user['userPrincipalName']}", f"smtp:{at('s1001')}"]


@pytest.mark.parametrize("wanted", [["SMTP:a@{}", "SMTP:b@{}"], [], ["X500:/o=x"], ["smtp:a@example.org"]])
def test_a_list_that_cannot_be_is_refused_and_changes_nothing(campus: Campus, user: Json, wanted: list[str]) -> None:
    before = campus.addresses(user)
    texts = [each.format(DOMAIN) for each in wanted]
    assert campus.invoke("Set-Mailbox", Identity=user["id"], EmailAddresses=texts).status_code == 400
    assert campus.addresses(user) == before


def test_a_new_primary_address_leaves_the_old_one_as_alias(campus: Campus, user: Json) -> None:
    by_itself = campus.invoke("Set-Mailbox", Identity=user["id"], WindowsEmailAddress=at("primary.0"))
    in_the_table = campus.set_addresses(user, Add=[f"SMTP:{at('primary.1')}"])
    assert (by_itself.status_code, in_the_table.status_code) == (200, 200)
    (found,) = campus.invoke("Get-Mailbox", Identity=user["id"]).json()["value"]
    assert found["PrimarySmtpAddress"] == at("primary.1")
    assert {f"smtp:{at('primary.0')}", f"smtp:{user['userPrincipalName']}"} < set(campus.addresses(user))


def test_primary_smtp_address_is_no_parameter_in_the_cloud(campus: Campus, user: Json) -> None:
    answer = campus.invoke("Set-Mailbox", Identity=user["id"], PrimarySmtpAddress=at("x"))
    assert said(answer)[:2] == (400, "ParameterBindingException")
    both = campus.invoke("Set-Mailbox", Identity=user["id"], WindowsEmailAddress=at("x"), EmailAddresses=[at("x")])
    assert said(both)[:2] == (400, "TaskException")


def test_what_exchange_itself_knows_is_already_being_used(campus: Campus, user: Json) -> None:
    holder = campus.add_with_mailbox()
    status, exception, words = said(campus.set_addresses(user, Add=[holder["userPrincipalName"]]))
    assert (status, exception) == (400, "ProxyAddressExistsException")
    assert f'The proxy address "smtp:{holder["userPrincipalName"]}" is already being used' in words


def test_what_only_the_directory_knows_is_an_object_conflict_that_calls_itself_transient(
    campus: Campus, user: Json
) -> None:
    holder = campus.add()
    before = campus.addresses(user)
    for _ in range(2):
        status, exception, words = said(campus.set_addresses(user, Add=[holder["userPrincipalName"]]))
        assert (status, exception) == (400, "UnableToWriteToAadException")
        assert "The value specified for property EmailAddresses is incorrect. Reason: ObjectConflict" in words
        assert "may be transient" in words
    assert campus.addresses(user) == before


def test_a_failure_of_a_cmdlet_can_be_ordered_in_exchanges_words(campus: Campus, user: Json) -> None:
    kind = "Microsoft.Exchange.Configuration.DualWrite.LocStrings.UnableToWriteToAadException"
    words = "The issue may be transient and please retry a couple of minutes later."
    campus.go_wrong(path_contains="InvokeCommand", status=400, exception=kind, words=words)
    assert said(campus.set_addresses(user, Add=[at("s1002")])) == (400, "UnableToWriteToAadException", words)
    assert campus.set_addresses(user, Add=[at("s1002")]).status_code == 200


def test_a_recipient_is_found_by_any_of_its_addresses(campus: Campus, user: Json) -> None:
    campus.set_addresses(user, Add=[at("s1003")])
    for identity in (at("S1003"), user["userPrincipalName"], user["id"]):
        (found,) = campus.invoke("Get-Recipient", Identity=identity).json()["value"]
        assert found["ExternalDirectoryObjectId"] == user["id"]
    assert said(campus.invoke("Get-Recipient", Identity=at("nobody")))[1] == "ManagementObjectNotFoundException"


def test_a_change_of_nothing_is_a_success_with_a_warning(campus: Campus, user: Json) -> None:
    alias = f"smtp:{at('s1004')}"
    warnings = [campus.set_addresses(user, Add=[alias]).json()["@adminapi.warnings"] for _ in range(2)]
    assert warnings[0] == []
    assert "no settings of" in warnings[1][0]


def test_more_mailboxes_than_asked_for_are_a_warning(campus: Campus, user: Json) -> None:
    campus.add_with_mailbox()
    few = campus.invoke("Get-Mailbox", ResultSize=1).json()
    assert (len(few["value"]), "more results available" in few["@adminapi.warnings"][0]) == (1, True)
    everything = campus.invoke("Get-Mailbox", ResultSize="Unlimited").json()
    assert user["id"] in [each["ExternalDirectoryObjectId"] for each in everything["value"]]
    assert everything["@adminapi.warnings"] == []
    assert campus.invoke("Get-Mailbox", ResultSize="many").status_code == 400


def test_the_mailbox_of_a_deleted_user_is_found_among_the_soft_deleted(campus: Campus, user: Json) -> None:
    campus.graph.delete(f"/users/{user['id']}")
    assert campus.invoke("Get-Mailbox", Identity=user["id"]).status_code == 404
    (found,) = campus.invoke("Get-Mailbox", Identity=user["id"], SoftDeletedMailbox=True).json()["value"]
    assert found["WhenSoftDeleted"]
    listed = campus.invoke("Get-Mailbox", SoftDeletedMailbox=True, ResultSize="Unlimited").json()["value"]
    assert user["id"] in [each["ExternalDirectoryObjectId"] for each in listed]


def test_the_sign_in_name_cannot_be_removed_from_the_addresses(campus: Campus, user: Json) -> None:
    campus.set_addresses(user, Add=[f"SMTP:{at('s1005')}"])
    assert campus.set_addresses(user, Remove=[user["userPrincipalName"]]).status_code == 200
    assert f"smtp:{user['userPrincipalName']}" in campus.addresses(user)


def test_a_new_sign_in_name_may_become_an_alias_only(start: Start) -> None:
    campus = start("--mailbox-delay", "0", "--rename-adds-alias")
    user = campus.add_with_mailbox()
    campus.graph.patch(f"/users/{user['id']}", json={"userPrincipalName": at("po.slubie")})
    addresses = campus.addresses(user)
    assert addresses[0] == f"SMTP:{user['userPrincipalName']}"
    assert f"smtp:{at('po.slubie')}" in addresses


def test_a_nickname_given_twice_gets_four_digits_in_the_tenants_own_domain(campus: Campus) -> None:
    users = [campus.add_with_mailbox(mailNickname="twice") for _ in range(2)]
    routing = [next(each for each in campus.addresses(user) if each.endswith(f"@{INITIAL}")) for user in users]
    assert routing[0] == f"smtp:twice@{INITIAL}"
    assert len(routing[1]) == len(routing[0]) + 4
