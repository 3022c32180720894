"""Mail for students' addresses goes where Exchange's stand-in says: into one mailbox, or nowhere."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from sandbox import processes
from tests.integration.microsoft365_campus import A1, DOMAIN, Campus, Json

pytestmark = pytest.mark.enable_socket

NOT_FOUND = "5.1.10 RESOLVER.ADR.RecipientNotFound"
ELSEWHERE = "jan@private.example.com"


class Post:
    """A running mail sink that asks the tenant."""

    def __init__(self, folder: Path, exchange: str) -> None:
        asks = ("--exchange", exchange, "--exchange-domain", DOMAIN.upper())
        self.running = processes.start("sandbox.mail", "--folder", str(folder), *asks, log=folder / "log.txt")
        said = (folder / "log.txt").read_text(encoding="utf-8").splitlines()
        self.port = int(next(line for line in said if line.startswith("smtp on ")).rpartition(":")[2])

    def send(self, *to: str) -> dict[str, tuple[int, bytes]]:
        letter = EmailMessage()
        letter["Subject"], letter["Message-ID"] = "Zażółć gęślą jaźń", f"<{uuid4().hex}@example.pl>"
        with smtplib.SMTP("127.0.0.1", self.port, local_hostname="test.invalid", timeout=10) as connection:
            return connection.sendmail("teacher@example.pl", to, letter.as_bytes())

    def mailbox(self, address: str) -> list[dict[str, Any]]:
        answer = httpx.get(f"{self.running.url}/sandbox/messages", params={"mailbox": address})
        found: list[dict[str, Any]] = answer.raise_for_status().json()
        return found


@pytest.fixture(scope="module")
def post(campus: Campus, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    post = Post(tmp_path_factory.mktemp("post"), campus.running.url)
    yield post
    post.running.stop()


@pytest.fixture
def alias() -> str:
    return f"s{uuid4().hex[:12]}@{DOMAIN}"


@pytest.fixture
def user(campus: Campus, alias: str) -> Json:
    user = campus.add_with_mailbox()
    assert campus.set_addresses(user, Add=[f"smtp:{alias}"]).status_code == 200
    return user


def refusal(post: Post, address: str) -> tuple[int, str]:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        post.send(address)
    code, words = refused.value.recipients[address]
    return code, words.decode()


def test_a_letter_to_the_album_number_lies_in_the_primary_mailbox(post: Post, user: Json, alias: str) -> None:
    assert post.send(alias.upper()) == {}
    (letter,) = post.mailbox(user["userPrincipalName"])
    assert letter["mailboxes"] == [user["userPrincipalName"]]
    assert letter["envelope"]["to"] == [alias.upper()]
    assert post.mailbox(alias) == []


def test_a_letter_to_both_addresses_comes_once(post: Post, user: Json, alias: str) -> None:
    post.send(alias, user["userPrincipalName"])
    (letter,) = post.mailbox(user["userPrincipalName"])
    assert letter["mailboxes"] == [user["userPrincipalName"]]


def test_an_address_that_nobody_has_is_not_found_and_the_others_get_the_letter(post: Post, user: Json) -> None:
    unknown = f"nobody@{DOMAIN}"
    refused = post.send(unknown, user["userPrincipalName"], ELSEWHERE)
    assert set(refused) == {unknown}
    assert refused[unknown][0] == 550
    (letter,) = post.mailbox(user["userPrincipalName"])
    assert letter["envelope"]["to"] == [user["userPrincipalName"], ELSEWHERE]


def test_a_user_without_a_mailbox_gets_no_mail(campus: Campus, post: Post) -> None:
    code, words = refusal(post, campus.add()["userPrincipalName"])
    assert (code, words.startswith(NOT_FOUND)) == (550, True)


def test_the_mail_of_a_deleted_user_is_refused_until_it_is_restored(
    campus: Campus, post: Post, user: Json, alias: str
) -> None:
    campus.graph.delete(f"/users/{user['id']}")
    assert refusal(post, alias)[1].startswith(NOT_FOUND)
    campus.graph.post(f"/directory/deletedItems/{user['id']}/restore")
    campus.license(user["id"], A1)
    while campus.graph.get(f"/users/{user['id']}/mailboxSettings").status_code != 200:
        pass
    assert post.send(alias) == {}


def test_after_a_rename_the_old_address_leads_into_the_new_mailbox(campus: Campus, post: Post, user: Json) -> None:
    renamed = f"po.slubie.{uuid4().hex[:8]}@{DOMAIN}"
    campus.graph.patch(f"/users/{user['id']}", json={"userPrincipalName": renamed})
    post.send(user["userPrincipalName"])
    assert len(post.mailbox(renamed)) == 1


def test_the_mailbox_is_read_in_a_browser(post: Post, user: Json, alias: str) -> None:
    address = user["userPrincipalName"]
    assert "Nothing came into this mailbox yet." in httpx.get(f"{post.running.url}/mailboxes/{address}").text
    post.send(alias)
    page = httpx.get(f"{post.running.url}/mailboxes/{address}").text
    assert "Zażółć gęślą jaźń" in page
    (letter,) = post.mailbox(address)
    assert address in httpx.get(f"{post.running.url}/messages/{letter['id']}").text
    assert f"/mailboxes/{address.replace('@', '%40')}" in httpx.get(f"{post.running.url}/?to={alias}").text


def test_when_exchange_does_not_answer_the_letter_is_to_be_sent_again(tmp_path: Path) -> None:
    post = Post(tmp_path, "http://127.0.0.1:9")
    try:
        assert refusal(post, f"s1@{DOMAIN}")[0] == 451
        assert post.send(ELSEWHERE) == {}
    finally:
        post.running.stop()
