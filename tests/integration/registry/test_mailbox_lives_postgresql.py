"""The ends and moves of mailboxes in the registry on a real PostgreSQL: the contract."""

from __future__ import annotations

import pytest

from tests.contract import mailbox_lives_contract as contract

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


class TestPartings(contract.PartingsContract): ...


class TestRenames(contract.RenamesContract): ...


class TestMailboxPasswords(contract.MailboxPasswordsContract): ...


class TestWatermarks(contract.WatermarksContract): ...
