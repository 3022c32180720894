"""What the doctor finds in Microsoft 365, and what it tells the administrator to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from estudent.adapters.microsoft365.certificate import read_certificate
from estudent.adapters.microsoft365.checks import ALWAYS, LICENCES, MEMBERS, PASSWORDS, Need
from estudent.adapters.microsoft365.ways import AliasSettings, Way
from estudent.domain.lifecycle import Standing
from estudent.domain.outcome import Result
from estudent.ports import Misconfigured
from estudent.services.examine import Finding, examine
from sandbox import certificates
from sandbox.certificates import LIFE_OF_CERTIFICATE, Application
from sandbox.microsoft365.options import CLIENT, GROUP, TENANT
from sandbox.microsoft365.permissions import GRANTED
from tests.contract.mailboxes_contract import a_mailbox, settle
from tests.contract.microsoft365_life import on_sqlite, refused
from tests.contract.test_aliases import program
from tests.contract.test_mailboxes import started

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1"]), pytest.mark.thorough]
ALL = ["User.Create", "User.ReadUpdate.All", "User.DeleteRestore.All", "LicenseAssignment.ReadWrite.All"]
ALL += ["User.EnableDisableAccount.All", "User.RevokeSessions.All"]
ALL += ["Domain.Read.All", "GroupMember.ReadWrite.All", "User-PasswordProfile.ReadWrite.All", "Exchange.ManageAsApp"]
Look = Callable[..., dict[str, Finding]]


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Application:
    return certificates.for_application(tmp_path_factory.mktemp("application"))


@pytest.fixture
def look(application: Application, tmp_path: Path) -> Iterator[Look]:
    """Return what the doctor finds in a tenant started with these options, under these settings."""
    with ExitStack() as stack:

        def found(*options: str, **settings: Any) -> dict[str, Finding]:
            uploaded = ("--app-certificate", str(application.public))
            stand_in = stack.enter_context(started(tmp_path / "tenant", *uploaded, *options))
            wanted: dict[str, Any] = {"certificate": application.credential, "retries": 0} | settings
            adapter = stack.enter_context(stand_in.adapter(**wanted))
            return {finding.system: finding for finding in examine(adapter.checks)}

        yield found


def only(findings: dict[str, Finding], system: str) -> str:
    """Return what is said of the one system that is not well."""
    assert [each.system for each in findings.values() if not each.well] == [system]
    return findings[system].sentence


def roles(*but: str, beside: tuple[str, ...] = ()) -> list[str]:
    return [word for role in [*ALL, *beside] if role not in but for word in ("--role", role)]


def test_everything_is_well_with_the_least_permissions(look: Look) -> None:
    findings = look(*roles())
    assert all(finding.well and not finding.warns for finding in findings.values())
    assert list(findings) == ["sign-in", "permissions", "domain", "seats", "aliases"]
    assert "good until" in findings["sign-in"].sentence


def test_a_certificate_that_nobody_uploaded(look: Look, tmp_path: Path) -> None:
    stranger = certificates.for_application(tmp_path / "stranger")
    sentence = look(certificate=stranger.credential)["sign-in"].sentence
    assert "does not know our certificate: upload the certificate to the application" in sentence


def test_a_certificate_that_has_expired(look: Look, tmp_path: Path) -> None:
    old = certificates.for_application(tmp_path / "old", now=datetime.now(UTC) - LIFE_OF_CERTIFICATE)
    finding = look("--app-certificate", str(old.public), certificate=old.credential)["sign-in"]
    assert not finding.well
    assert "expired on" in finding.sentence and "make a new one" in finding.sentence


def test_a_certificate_that_will_expire_within_30_days(look: Look, tmp_path: Path) -> None:
    then = datetime.now(UTC) - LIFE_OF_CERTIFICATE + timedelta(days=20, hours=1)
    ageing = certificates.for_application(tmp_path / "ageing", now=then)
    finding = look("--app-certificate", str(ageing.public), certificate=ageing.credential)["sign-in"]
    assert (finding.well, finding.warns) == (True, True)
    assert "expires in 20 days" in finding.sentence


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda file, _: file.unlink(), "cannot be read"),
        (lambda file, _: file.write_text("canary"), "must be a PEM file"),
        (lambda file, made: file.write_bytes(made.public.read_bytes()), "must be a PEM file"),
    ],
    ids=["absent", "nonsense", "without its key"],
)
def test_a_file_that_is_no_certificate_with_its_key(
    tmp_path: Path, application: Application, make: Callable[[Path, Application], Any], said: str
) -> None:
    file = tmp_path / "application.pem"
    file.touch()
    make(file, application)
    with pytest.raises(Misconfigured, match=said) as refused:
        read_certificate(file)
    assert "canary" not in str(refused.value)


def test_a_certificate_and_a_key_that_do_not_belong_together(tmp_path: Path, application: Application) -> None:
    other = certificates.for_application(tmp_path)
    key = application.credential.read_text().partition("-----BEGIN CERTIFICATE")[0]
    mixed = tmp_path / "mixed.pem"
    mixed.write_text(key + other.public.read_text())
    with pytest.raises(Misconfigured, match="do not belong together"):
        read_certificate(mixed)


@pytest.mark.parametrize(
    ("role", "settings"),
    [
        ("User.Create", {}),
        ("User.ReadUpdate.All", {}),
        ("User.EnableDisableAccount.All", {}),
        ("User.RevokeSessions.All", {}),
        ("User.DeleteRestore.All", {}),
        ("LicenseAssignment.ReadWrite.All", {}),
        ("Domain.Read.All", {}),
        ("User-PasswordProfile.ReadWrite.All", {}),
        ("GroupMember.ReadWrite.All", {"licence_group": GROUP}),
        ("Exchange.ManageAsApp", {}),
    ],
)
def test_each_missing_permission_is_named(look: Look, role: str, settings: dict[str, Any]) -> None:
    finding = look(*roles(role), **settings)["permissions"]
    assert not finding.well
    assert role in finding.sentence and "grant them" in finding.sentence


def test_all_missing_permissions_are_named_at_once(look: Look) -> None:
    sentence = look("--role", "Nothing.At.All")["permissions"].sentence
    for need in (*ALWAYS, LICENCES, PASSWORDS):
        assert need.permissions[0] in sentence
    assert "Exchange.ManageAsApp" in sentence


def test_what_the_settings_do_not_want_is_not_asked_for(look: Look) -> None:
    less = roles("User-PasswordProfile.ReadWrite.All", "GroupMember.ReadWrite.All", "Exchange.ManageAsApp")
    findings = look("--federated", *less, federated=True, aliases=AliasSettings(Way.MAIL))
    assert all(finding.well for finding in findings.values())


def test_the_least_permissions_are_enough_for_a_mailbox_s_whole_life(migrated: Path, tmp_path: Path) -> None:
    less = roles("User-PasswordProfile.ReadWrite.All", "GroupMember.ReadWrite.All")
    with on_sqlite(migrated, tmp_path, *less) as university:
        key = university.with_mailbox("100001").key
        university.becomes("100001", Standing.GRADUATED)
        while university.user("100001"):
            assert refused(university.daily.apply([key])) == refused(university.erasure.apply([key])) == []
            university.later(days=14)
        university.becomes("100001", Standing.STUDYING)
        assert refused(university.daily.apply([key])) == []
        assert university.enabled("100001")


def test_a_retry_that_needs_more_than_the_least_stops_nobody_else(tmp_path: Path) -> None:
    with started(tmp_path, *roles()) as stand_in, stand_in.adapter() as adapter:
        stuck, other = a_mailbox(), a_mailbox()
        stand_in.hinder(stuck.album.digits, "Something went wrong.")
        settle(adapter, stuck)
        outcomes = settle(adapter, replace(stuck, again=True), other)
    assert [outcome.result for outcome in outcomes if outcome.step.album == other.album] == [Result.DONE]
    (told,) = [outcome for outcome in outcomes if outcome.step.album == stuck.album]
    assert (told.result, "grant the application User.ReadWrite.All" in told.detail) == (Result.REFUSED, True)


def test_the_stand_in_grants_what_the_checks_ask_for() -> None:
    needs: tuple[Need, ...] = (*ALWAYS, LICENCES, MEMBERS, PASSWORDS)
    assert all(set(need.permissions) & set(GRANTED) for need in needs)


def test_an_application_without_a_role_in_exchange(look: Look) -> None:
    assert "Exchange Recipient Administrator" in only(look("--exchange-role", ""), "aliases")


def test_an_application_without_a_role_in_exchange_by_powershell(
    look: Look, application: Application, tmp_path: Path
) -> None:
    uploaded = ("--app-certificate", str(application.public))
    with started(tmp_path / "other", *uploaded, "--exchange-role", "") as other:
        pwsh = program(tmp_path / "pwsh", other.url)
        settings = AliasSettings(Way.POWERSHELL, str(pwsh), "studentexample.onmicrosoft.com")
        assert "Exchange" in only(look(aliases=settings), "aliases")


def test_no_seats(look: Look) -> None:
    assert "no free seats: an administrator must order more" in only(look("--seats", "0"), "seats")


def test_a_licence_that_was_never_ordered(look: Look) -> None:
    assert "must order it" in only(look(sku="NOTHING"), "seats")


def test_an_unverified_domain(look: Look) -> None:
    assert "into DNS" in only(look("--unverified"), "domain")


def test_a_domain_that_the_tenant_does_not_have(look: Look) -> None:
    assert "must add it" in only(look(domain="other.example.pl"), "domain")


@pytest.mark.parametrize("there", [True, False], ids=["federated", "managed"])
def test_a_domain_that_signs_in_otherwise_than_the_settings_say(look: Look, there: bool) -> None:
    sentence = only(look(*(["--federated"] if there else []), federated=not there), "domain")
    assert ("is federated in" if there else "is managed in") in sentence
    assert "ESTUDENT_MAILBOXES__SIGN_IN" in sentence


def test_a_licence_group_that_is_not_there(look: Look) -> None:
    assert "no group" in only(look(licence_group="11111111-2222-3333-4444-555555555555"), "licence group")


def test_a_licence_group_that_gives_the_licence(look: Look) -> None:
    assert look(licence_group=GROUP)["licence group"].well


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"tenant_id": "00000000-0000-0000-0000-0000000000aa"}, "TENANT"),
        ({"client_id": "00000000-0000-0000-0000-0000000000aa"}, "CLIENT_ID"),
        ({"certificate": None, "client_secret": "wrong"}, "CLIENT_SECRET"),
    ],
    ids=["tenant", "application", "secret"],
)
def test_a_wrong_identity_is_told_apart(look: Look, settings: dict[str, Any], said: str) -> None:
    assert said in look(**settings)["sign-in"].sentence


def test_no_finding_holds_an_identity_or_a_secret(look: Look) -> None:
    findings = look("--role", "Nothing.At.All", certificate=None, client_secret="canary")
    said = " ".join(finding.sentence for finding in findings.values())
    assert not [secret for secret in ("canary", CLIENT, TENANT) if secret in said]
