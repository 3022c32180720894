"""What single sign-on tells Microsoft of a student is what the student's user was created with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from estudent.adapters.ldap.attributes import attributes_of
from estudent.adapters.microsoft365.user import new_user
from estudent.domain.album_number import AlbumNumber
from estudent.domain.directory_entry import entry_of
from estudent.domain.lifecycle import Standing
from estudent.domain.mailbox import mailbox_of
from estudent.domain.person_name import PersonName
from estudent.domain.student import Language, MailboxState, Student

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = "student.uczelnia.example"
ANNA = Student(
    1, AlbumNumber("12345"), PersonName("Nowak", "Anna"), "anna@poczta.example", Language.POLISH, Standing.STUDYING,
    mailbox=f"anna.nowak@{DOMAIN}", mailbox_state=MailboxState.VERIFIED,
)  # fmt: skip


def told_to_office(inventory: str) -> dict[str, Any]:
    """Return the SAML service Office 365 of an inventory, whether it is in use there or still a comment."""
    text = (ROOT / "inventories" / inventory / "group_vars" / "sso" / "vars.yml").read_text(encoding="utf-8")
    service = text[text.index("name: office365") :].replace("\n#", "\n").partition("\n\n")[0]
    found: dict[str, Any] = yaml.safe_load(service.replace("\n  ", "\n").replace("\n  ", "\n"))
    return found


@pytest.mark.parametrize("inventory", ["lab", "production"])
@pytest.mark.parametrize("federated", [True, False], ids=["federated", "managed"])
def test_name_id_is_the_immutable_id_and_idpemail_the_user_s_name(inventory: str, federated: bool) -> None:
    service, entry, wanted = told_to_office(inventory), entry_of(ANNA, DOMAIN), mailbox_of(ANNA, DOMAIN)
    assert wanted is not None
    user, there = new_user(wanted, "PL", federated), attributes_of(entry)
    assert there[service["name_id"]] == [user.on_premises_immutable_id]
    sent = {name: there[attribute] for attribute, name in service["attributes"].items()}
    assert sent == {"IDPEmail": [user.user_principal_name]}
    assert service["signs_requests"] is False if "signs_requests" in service else inventory == "lab"


def test_the_immutable_id_is_one_that_microsoft_takes() -> None:
    wanted = mailbox_of(ANNA, DOMAIN)
    assert wanted is not None
    anchor = new_user(wanted, "PL", True).on_premises_immutable_id or ""
    assert anchor.isalnum() and len(anchor) <= 64
