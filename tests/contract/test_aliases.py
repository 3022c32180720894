"""Second addresses by each way, read back from proxyAddresses, and what a rename leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from estudent.adapters.microsoft365 import Microsoft365
from estudent.adapters.microsoft365.ways import AliasSettings, Way
from estudent.domain.mailbox import Mailbox
from estudent.domain.outcome import Result
from estudent.domain.plan import plan
from estudent.ports import NotFound, Refused
from tests.contract.mailboxes_contract import DOMAIN, a_mailbox, settle
from tests.contract.test_mailboxes import StandIn, TenantWorld, started

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
IN_EXCHANGE = [Way.EXCHANGE]


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with started(tmp_path_factory.mktemp("aliases")) as stand_in:
        yield stand_in


def by(way: Way, stand_in: StandIn) -> Microsoft365:
    return stand_in.adapter(aliases=AliasSettings(way))


@pytest.fixture(params=list(IN_EXCHANGE))
def world(request: pytest.FixtureRequest, stand_in: StandIn) -> Iterator[TenantWorld]:
    """The tenant, by each way that goes through Exchange."""
    with by(request.param, stand_in) as adapter:
        yield TenantWorld(adapter, stand_in)


@pytest.fixture
def by_mail(stand_in: StandIn) -> Iterator[TenantWorld]:
    with by(Way.MAIL, stand_in) as adapter:
        yield TenantWorld(adapter, stand_in)


def opened(world: TenantWorld) -> Mailbox:
    """A mailbox that works, alias and all."""
    wanted = a_mailbox()
    settle(world.adapter, wanted)
    world.open_mailboxes()
    settle(world.adapter, wanted)
    assert list(plan([wanted], world.adapter.find([wanted]))) == []
    return wanted


def addresses(world: TenantWorld, wanted: Mailbox) -> list[str]:
    """Return what Graph shows of a student's addresses, those of the initial domain left out."""
    (user,) = world.stand_in.users_of(wanted.album.digits)
    return sorted(each for each in user["proxyAddresses"] if each.endswith(DOMAIN))


def identifier_of(world: TenantWorld, wanted: Mailbox) -> str:
    identifier = world.adapter.find([wanted])[wanted.album].identifier
    assert identifier
    return identifier


def test_the_alias_is_there_beside_the_primary_address(world: TenantWorld) -> None:
    wanted = opened(world)
    assert addresses(world, wanted) == [f"SMTP:{wanted.primary}", f"smtp:{wanted.alias}"]


def test_a_new_primary_address_leaves_the_old_one_as_an_alias(world: TenantWorld) -> None:
    wanted = opened(world)
    new = f"nowak.{wanted.album}@{DOMAIN}"
    world.adapter.make_primary(identifier_of(world, wanted), new)
    assert addresses(world, wanted) == [f"SMTP:{new}", f"smtp:{wanted.primary}", f"smtp:{wanted.alias}"]


def test_making_primary_what_is_primary_changes_nothing(world: TenantWorld) -> None:
    wanted = opened(world)
    world.adapter.make_primary(identifier_of(world, wanted), wanted.primary)
    assert addresses(world, wanted) == [f"SMTP:{wanted.primary}", f"smtp:{wanted.alias}"]


def test_somebody_else_s_address_does_not_become_primary(world: TenantWorld) -> None:
    wanted, other = opened(world), opened(world)
    with pytest.raises(Refused, match="belongs to another recipient"):
        world.adapter.make_primary(identifier_of(world, wanted), other.alias)
    assert addresses(world, other) == [f"SMTP:{other.primary}", f"smtp:{other.alias}"]


def test_an_alias_is_taken_away_and_taking_it_away_again_changes_nothing(world: TenantWorld) -> None:
    wanted = opened(world)
    identifier = identifier_of(world, wanted)
    world.adapter.remove_alias(identifier, wanted.alias.upper())
    world.adapter.remove_alias(identifier, wanted.alias)
    assert addresses(world, wanted) == [f"SMTP:{wanted.primary}"]


def test_an_alias_that_somebody_took_away_is_planned_again(world: TenantWorld) -> None:
    wanted = opened(world)
    world.adapter.remove_alias(identifier_of(world, wanted), wanted.alias)
    assert [outcome.result for outcome in settle(world.adapter, wanted)] == [Result.DONE]
    assert world.adapter.find([wanted])[wanted.album].aliased


def test_a_mailbox_that_is_not_there_yet_has_no_addresses_to_change(world: TenantWorld) -> None:
    wanted = a_mailbox()
    settle(world.adapter, wanted)
    with pytest.raises(NotFound):
        world.adapter.make_primary(identifier_of(world, wanted), f"quick.{wanted.album}@{DOMAIN}")


def test_by_mail_the_alias_is_written_before_exchange_has_the_mailbox(by_mail: TenantWorld) -> None:
    wanted = a_mailbox()
    settle(by_mail.adapter, wanted)
    found = by_mail.adapter.find([wanted])[wanted.album]
    assert (found.aliased, found.ready) == (True, False)
    by_mail.open_mailboxes()
    assert list(plan([wanted], by_mail.adapter.find([wanted]))) == []
    assert addresses(by_mail, wanted) == [f"SMTP:{wanted.primary}", f"smtp:{wanted.alias}"]


def test_by_mail_an_alias_that_failed_is_written_by_the_next_run(by_mail: TenantWorld) -> None:
    wanted = a_mailbox()
    by_mail.stand_in.fail("/v1.0/users/", method="PATCH", status=500)
    assert [outcome.result for outcome in settle(by_mail.adapter, wanted)] == [Result.FAILED]
    assert [outcome.result for outcome in settle(by_mail.adapter, wanted)] == [Result.DONE]
    assert by_mail.adapter.find([wanted])[wanted.album].aliased


def test_by_mail_nothing_is_written_to_a_mailbox_that_exchange_has(by_mail: TenantWorld, stand_in: StandIn) -> None:
    with by(Way.EXCHANGE, stand_in) as adapter:
        wanted = opened(TenantWorld(adapter, stand_in))
        adapter.remove_alias(identifier_of(by_mail, wanted), wanted.alias)
    (outcome,) = settle(by_mail.adapter, wanted)
    assert (outcome.result, "exchange or powershell" in outcome.detail) == (Result.REFUSED, True)


def test_by_mail_somebody_else_s_address_is_refused(by_mail: TenantWorld, stand_in: StandIn) -> None:
    wanted = a_mailbox()
    stand_in.add_by_hand("999999", wanted.alias)
    (outcome,) = settle(by_mail.adapter, wanted)
    assert (outcome.result, "belongs to somebody else" in outcome.detail) == (Result.REFUSED, True)


def test_no_refusal_names_an_address(world: TenantWorld, tmp_path: Path) -> None:
    wanted, other = opened(world), opened(world)
    with pytest.raises(Refused) as refused:
        world.adapter.make_primary(identifier_of(world, wanted), other.primary)
    assert "@" not in str(refused.value)
