"""Second addresses by each way, read back from proxyAddresses, and what a rename leaves behind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import Any

import pytest

import sandbox
from estudent.adapters.microsoft365 import Microsoft365
from estudent.adapters.microsoft365.ways import AliasSettings, Way
from estudent.domain.mailbox import Mailbox
from estudent.domain.outcome import Result
from estudent.domain.plan import plan
from estudent.ports import Misconfigured, NotFound, Refused, Unavailable
from sandbox import certificates
from sandbox.certificates import Application
from tests.contract.mailboxes_contract import ALBUMS, DOMAIN, a_mailbox, settle
from tests.contract.test_mailboxes import StandIn, TenantWorld, started

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.thorough]
IN_EXCHANGE = [Way.EXCHANGE, Way.POWERSHELL]
ORGANIZATION = "studentexample.onmicrosoft.com"


@dataclass(frozen=True)
class Place:
    """The stand-in, the application's certificate, and a program that stands in for pwsh."""

    stand_in: StandIn
    application: Application
    pwsh: Path

    def by(self, way: Way, **changes: Any) -> Microsoft365:
        settings = {"pwsh": str(self.pwsh), "organization": ORGANIZATION} | changes
        return self.stand_in.adapter(aliases=AliasSettings(way, **settings), certificate=self.application.credential)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("aliases")
    application = certificates.for_application(folder)
    with started(folder, "--app-certificate", str(application.public)) as stand_in:
        yield Place(stand_in, application, program(folder / "pwsh", stand_in.url))


def program(file: Path, url: str) -> Path:
    """Write an executable that behaves as pwsh does, at the tenant with this address."""
    root = Path(sandbox.__file__).resolve().parents[1]
    command = f'exec {quote(sys.executable)} -m sandbox.microsoft365.pwsh "$@"'
    file.write_text(f"#!/bin/sh\nexport MICROSOFT365_URL={quote(url)} PYTHONPATH={quote(str(root))}\n{command}\n")
    file.chmod(0o755)
    return file


@pytest.fixture(params=IN_EXCHANGE)
def world(request: pytest.FixtureRequest, place: Place) -> Iterator[TenantWorld]:
    """The tenant, by each way that goes through Exchange."""
    with place.by(request.param) as adapter:
        yield TenantWorld(adapter, place.stand_in)


@pytest.fixture
def by_mail(place: Place) -> Iterator[TenantWorld]:
    with place.by(Way.MAIL) as adapter:
        yield TenantWorld(adapter, place.stand_in)


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
    world.stand_in.add_by_hand("900001", f"no.mailbox.{next(ALBUMS)}@{DOMAIN}")
    (user,) = world.stand_in.users_of("900001")[-1:]
    with pytest.raises(NotFound):
        world.adapter.make_primary(user["id"], f"quick.{next(ALBUMS)}@{DOMAIN}")


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
    by_mail.stand_in.fail("/v1.0/users/", method="PATCH", status=500, times=9)
    assert [outcome.result for outcome in settle(by_mail.adapter, wanted)] == [Result.FAILED]
    by_mail.stand_in.http.delete(f"{by_mail.stand_in.url}/sandbox/faults")
    assert [outcome.result for outcome in settle(by_mail.adapter, wanted)] == [Result.DONE]
    assert by_mail.adapter.find([wanted])[wanted.album].aliased


def test_by_mail_nothing_is_written_to_a_mailbox_that_exchange_has(by_mail: TenantWorld, place: Place) -> None:
    with place.by(Way.EXCHANGE) as adapter:
        wanted = opened(TenantWorld(adapter, place.stand_in))
        adapter.remove_alias(identifier_of(by_mail, wanted), wanted.alias)
    (outcome,) = settle(by_mail.adapter, wanted)
    assert (outcome.result, "exchange or powershell" in outcome.detail) == (Result.REFUSED, True)


def test_by_mail_somebody_else_s_address_is_refused(by_mail: TenantWorld) -> None:
    wanted = a_mailbox()
    by_mail.stand_in.add_by_hand("999999", wanted.alias)
    (outcome,) = settle(by_mail.adapter, wanted)
    assert (outcome.result, "belongs to somebody else" in outcome.detail) == (Result.REFUSED, True)


def test_no_refusal_names_an_address(world: TenantWorld) -> None:
    wanted, other = opened(world), opened(world)
    with pytest.raises(Refused) as refused:
        world.adapter.make_primary(identifier_of(world, wanted), other.primary)
    assert "@" not in str(refused.value)


# PowerShell alone


def an_alias_by(adapter: Microsoft365) -> None:
    adapter.remove_alias("11111111-2222-3333-4444-555555555555", f"s1@{DOMAIN}")


def test_without_powershell_the_administrator_is_told_to_install_it(place: Place, tmp_path: Path) -> None:
    absent = place.by(Way.POWERSHELL, pwsh=str(tmp_path / "absent"))
    with absent as adapter, pytest.raises(Misconfigured, match="install PowerShell"):
        an_alias_by(adapter)


def test_powershell_needs_the_tenant_s_initial_domain(place: Place) -> None:
    with place.by(Way.POWERSHELL, organization="") as adapter, pytest.raises(Misconfigured, match="ORGANIZATION"):
        an_alias_by(adapter)
    with place.by(Way.POWERSHELL, organization=DOMAIN) as adapter, pytest.raises(Misconfigured, match="ORGANIZATION"):
        an_alias_by(adapter)


def test_powershell_with_a_certificate_that_nobody_uploaded_says_so(place: Place, tmp_path: Path) -> None:
    stranger = replace(place, application=certificates.for_application(tmp_path))
    with stranger.by(Way.POWERSHELL) as adapter, pytest.raises(Misconfigured, match="upload the certificate"):
        an_alias_by(adapter)


def test_a_powershell_that_says_nothing_is_ended_and_started_anew(place: Place, tmp_path: Path) -> None:
    silent, once = tmp_path / "pwsh", tmp_path / "was-here"
    again = place.pwsh.read_text().partition("\n")[2]
    silent.write_text(f"#!/bin/sh\nif ! test -e {once}; then touch {once}; exit 0; fi\n{again}")
    silent.chmod(0o755)
    with place.by(Way.POWERSHELL, pwsh=str(silent)) as adapter:
        with pytest.raises(Unavailable):
            an_alias_by(adapter)
        with pytest.raises(NotFound):
            an_alias_by(adapter)


def test_the_program_refuses_other_arguments_than_the_script_s(place: Place) -> None:
    for arguments in ([], ["-Command", "Get-Mailbox"], ["-NoLogo", "-NoProfile", "-NonInteractive", "-File", "absent"]):
        done = subprocess.run([place.pwsh, *arguments], capture_output=True, check=False)
        assert done.returncode != 0 and done.stdout == b""


def test_one_process_serves_many_aliases_and_ends_with_the_adapter(place: Place, tmp_path: Path) -> None:
    counted, starts = tmp_path / "pwsh", tmp_path / "starts"
    counted.write_text(f"#!/bin/sh\necho $$ >>{starts}\n{place.pwsh.read_text().partition(chr(10))[2]}")
    counted.chmod(0o755)
    with place.by(Way.POWERSHELL, pwsh=str(counted)) as adapter:
        world = TenantWorld(adapter, place.stand_in)
        wanted = [opened(world) for _ in range(3)]
        assert len(wanted) == 3
    (pid,) = starts.read_text().split()
    assert not Path(f"/proc/{pid}").exists()
