"""The ends and moves of mailboxes in the registry on SQLite: the contract."""

from __future__ import annotations

from tests.contract import mailbox_lives_contract as contract


class TestPartings(contract.PartingsContract): ...


class TestRenames(contract.RenamesContract): ...


class TestMailboxPasswords(contract.MailboxPasswordsContract): ...


class TestWatermarks(contract.WatermarksContract): ...
