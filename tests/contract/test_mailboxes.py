"""The port `Mailboxes`: one contract for the fake and for Microsoft 365, and what happens when Microsoft falters."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.core.credentials import AccessToken

from estudent.adapters.microsoft365 import Microsoft365
from estudent.adapters.microsoft365.graph import Graph
from estudent.adapters.microsoft365.limiter import Limiter, OwnAllowance, Quota
from estudent.adapters.microsoft365.tokens import Tokens
from estudent.domain.allowance import Budget, Portion
from estudent.domain.mailbox import Mailbox
from estudent.domain.outcome import Result
from estudent.domain.plan import Step, StepKind
from estudent.ports import Misconfigured, Unavailable
from sandbox.microsoft365.options import CLIENT, TENANT, read
from sandbox.microsoft365.web import running
from tests.contract.mailboxes_contract import DOMAIN, MailboxesContract, World, a_mailbox, settle
from tests.fakes import FakeMailboxes

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
RIGHT = "right"
DELAY = 60.0
TLS = ssl.create_default_context()  # Made once: it is slow, and never used with http.


class FakeWorld(World):
    """The fake and its levers."""

    def __init__(self, seats: int = 5000) -> None:
        self.mailboxes = self.fake = FakeMailboxes(seats)

    def open_mailboxes(self) -> None:
        self.fake.open_mailboxes()

    def occupy(self, address: str) -> None:
        self.fake.taken.add(address)


class TestFakeMailboxes(MailboxesContract):
    @pytest.fixture
    def world(self) -> World:
        return FakeWorld()

    @pytest.fixture
    def nearly_full(self) -> World:
        return FakeWorld(seats=1)


@dataclass(frozen=True)
class StandIn:
    """The stand-in's levers, which a real tenant does not have."""

    url: str
    http: httpx.Client = field(default_factory=lambda: httpx.Client(verify=TLS))

    def adapter(self, client_secret: str = RIGHT, **options: Any) -> Microsoft365:
        quick: dict[str, Any] = {"retries": 2, "retry_delay": 0.0, "settling": 0.2, "timeout": 5.0}
        quick |= {"tenant_id": TENANT, "client_id": CLIENT, "domain": DOMAIN}
        quick |= {"graph_url": f"{self.url}/v1.0", "exchange_url": self.url, "authority": self.url}
        return Microsoft365(**{**quick, "client_secret": client_secret, **options})

    def fail(self, path: str, **fault: Any) -> None:
        """Let the next POST to this path go wrong; status 0 cuts the connection."""
        wanted = {"method": "POST", "path_contains": path, **fault}
        self.http.post(f"{self.url}/sandbox/faults", json=wanted).raise_for_status()

    def later(self, seconds: float) -> None:
        """Let time pass at Microsoft."""
        self.http.post(f"{self.url}/sandbox/clock", json={"forward": seconds}).raise_for_status()

    def add_by_hand(self, album: str, name: str, **more: Any) -> None:
        """Create a user as an administrator would, without an immutable id unless it is given."""
        body = {
            "accountEnabled": True, "displayName": "By hand", "mailNickname": name.partition("@")[0],
            "userPrincipalName": name, "employeeId": album, "passwordProfile": {"password": "Canary-0815-by-hand"},
            **more,
        }  # fmt: skip
        self.http.post(f"{self.url}/v1.0/users", json=body, headers=self._headers()).raise_for_status()

    def withdraw(self, identifier: str, sku: str) -> None:
        """Take a licence away as an administrator would."""
        body = {"addLicenses": [], "removeLicenses": [sku]}
        address = f"{self.url}/v1.0/users/{identifier}/assignLicense"
        self.http.post(address, json=body, headers=self._headers()).raise_for_status()

    def delete(self, identifier: str) -> None:
        """Delete a user as an administrator would."""
        self.http.delete(f"{self.url}/v1.0/users/{identifier}", headers=self._headers()).raise_for_status()

    def property_of(self, identifier: str, name: str) -> Any:
        """Return one property of a user as Graph shows it."""
        address = f"{self.url}/v1.0/users/{identifier}?$select={name}"
        return self.http.get(address, headers=self._headers()).raise_for_status().json()[name]

    def _headers(self) -> dict[str, str]:
        form = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": RIGHT}
        form |= {"scope": "https://graph.microsoft.com/.default"}
        token = self.http.post(f"{self.url}/{TENANT}/oauth2/v2.0/token", data=form).json()["access_token"]
        return {"Authorization": f"Bearer {token}"}

    def throw_away(self, identifier: str) -> None:
        """Delete a user, who stays in the bin."""
        self.http.delete(f"{self.url}/v1.0/users/{identifier}", headers=self._headers()).raise_for_status()

    def change(self, identifier: str, **values: Any) -> None:
        """Change a user as an administrator would."""
        address = f"{self.url}/v1.0/users/{identifier}"
        self.http.patch(address, json=values, headers=self._headers()).raise_for_status()

    def hinder(self, album: str, reason: str) -> None:
        """Let the mailbox of one user not come."""
        obstacle = {"reason": reason, "employee_id": album}
        self.http.post(f"{self.url}/sandbox/obstacles", json=obstacle).raise_for_status()

    def users_of(self, album: str) -> list[dict[str, Any]]:
        users: list[dict[str, Any]] = self.http.get(f"{self.url}/sandbox/users").json()
        return [user for user in users if user["employeeId"] == album]


class TenantWorld(World):
    """The adapter and the stand-in behind it."""

    def __init__(self, mailboxes: Microsoft365, stand_in: StandIn) -> None:
        self.mailboxes = self.adapter = mailboxes
        self.stand_in = stand_in

    def open_mailboxes(self) -> None:
        self.stand_in.later(DELAY)

    def occupy(self, address: str) -> None:
        stranger = replace(a_mailbox(), primary=address)
        list(self.mailboxes.carry_out([Step(StepKind.ADD, stranger)]))


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[StandIn]:
    usual = ["--folder", str(folder), "--mailbox-delay", str(DELAY), "--exchange-latency", "0.01"]
    options = read([*usual, *arguments], {"MICROSOFT365_CLIENT_SECRET": RIGHT})
    with running(options) as url, (stand_in := StandIn(url)).http:
        yield stand_in


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with started(tmp_path_factory.mktemp("microsoft365")) as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def slow_tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TenantWorld]:
    """A federated tenant where a new user is seen only after a while."""
    with (
        started(tmp_path_factory.mktemp("slow"), "--federated", "--visible-after", "0.3") as stand_in,
        stand_in.adapter(federated=True, settling=4.0) as adapter,
    ):
        yield TenantWorld(adapter, stand_in)


@pytest.fixture(scope="module")
def adapter(stand_in: StandIn) -> Iterator[Microsoft365]:
    with stand_in.adapter() as adapter:
        yield adapter


@pytest.fixture
def tenant(adapter: Microsoft365, stand_in: StandIn) -> Iterator[TenantWorld]:
    yield TenantWorld(adapter, stand_in)
    stand_in.http.delete(f"{stand_in.url}/sandbox/faults")


class TestMicrosoft365(MailboxesContract):
    @pytest.fixture
    def world(self, tenant: TenantWorld) -> World:
        return tenant

    @pytest.fixture
    def nearly_full(self, tmp_path: Path) -> Iterator[World]:
        with started(tmp_path, "--seats", "1") as stand_in, stand_in.adapter() as adapter:
            yield TenantWorld(adapter, stand_in)


def with_an_open_mailbox(world: TenantWorld) -> Mailbox:
    wanted = a_mailbox()
    settle(world.mailboxes, wanted)
    world.open_mailboxes()
    return wanted


@pytest.mark.parametrize("status", [0, 500, 502, 503, 504])
def test_a_user_whose_creation_was_done_but_not_answered_is_taken_as_created(tenant: TenantWorld, status: int) -> None:
    wanted = a_mailbox()
    tenant.stand_in.fail("/v1.0/users", status=status, after_effect=True)
    assert [outcome.result for outcome in settle(tenant.mailboxes, wanted)] == [Result.DONE]
    assert len(tenant.stand_in.users_of(wanted.album.digits)) == 1


def test_a_creation_that_timed_out_after_its_effect_is_taken_as_created(tenant: TenantWorld) -> None:
    wanted = a_mailbox()
    with tenant.stand_in.adapter(timeout=0.5) as hasty:
        settle(hasty)
        tenant.stand_in.fail("/v1.0/users", status=200, after_effect=True, delay=1.0)
        assert [outcome.result for outcome in settle(hasty, wanted)] == [Result.DONE]
    assert len(tenant.stand_in.users_of(wanted.album.digits)) == 1


def test_a_user_who_cannot_be_seen_at_once_gets_the_licence_a_little_later(slow_tenant: TenantWorld) -> None:
    assert [outcome.result for outcome in settle(slow_tenant.mailboxes, a_mailbox())] == [Result.DONE]


def test_a_user_who_cannot_be_seen_at_once_is_not_taken_for_a_stranger(slow_tenant: TenantWorld) -> None:
    wanted = a_mailbox()
    slow_tenant.stand_in.fail("/v1.0/users", status=504, after_effect=True)
    assert [outcome.result for outcome in settle(slow_tenant.mailboxes, wanted)] == [Result.DONE]
    assert len(slow_tenant.stand_in.users_of(wanted.album.digits)) == 1


def test_a_federated_tenant_is_recognised(slow_tenant: TenantWorld) -> None:
    assert "free seats" in slow_tenant.mailboxes.check()


def test_a_request_that_is_throttled_is_repeated_when_microsoft_says(tenant: TenantWorld) -> None:
    tenant.stand_in.fail("/v1.0/users", status=429, retry_after=1)
    began = time.monotonic()
    assert [outcome.result for outcome in settle(tenant.mailboxes, a_mailbox())] == [Result.DONE]
    assert time.monotonic() - began >= 1


def test_a_creation_that_never_succeeds_is_left_for_later(tenant: TenantWorld) -> None:
    wanted = a_mailbox()
    tenant.stand_in.fail("/v1.0/users", status=500, times=9)
    (outcome,) = settle(tenant.mailboxes, wanted)
    assert (outcome.result, "try later" in outcome.detail) == (Result.FAILED, True)
    assert tenant.stand_in.users_of(wanted.album.digits) == []


def test_a_licence_that_failed_is_given_in_the_next_run(tenant: TenantWorld) -> None:
    wanted = a_mailbox()
    tenant.stand_in.fail("assignLicense", status=500, times=3)
    (outcome,) = settle(tenant.mailboxes, wanted)
    assert outcome.result is Result.FAILED
    assert [outcome.result for outcome in settle(tenant.mailboxes, wanted)] == [Result.DONE]
    assert tenant.mailboxes.find([wanted])[wanted.album].licensed


@pytest.mark.parametrize("fault", [{"status": 429}, {"status": 503}, {"status": 500, "after_effect": True}])
def test_an_alias_survives_a_busy_exchange(tenant: TenantWorld, fault: dict[str, Any]) -> None:
    wanted = with_an_open_mailbox(tenant)
    tenant.stand_in.fail("InvokeCommand", **fault)
    assert [outcome.result for outcome in settle(tenant.mailboxes, wanted)] == [Result.DONE]
    assert tenant.mailboxes.find([wanted])[wanted.album].aliased


def test_an_alias_that_another_mailbox_has_is_refused(tenant: TenantWorld) -> None:
    wanted = with_an_open_mailbox(tenant)
    thief = replace(a_mailbox(), primary=wanted.alias)
    settle(tenant.mailboxes, thief)
    (outcome,) = settle(tenant.mailboxes, wanted)
    assert outcome.result is Result.REFUSED
    assert "administrator must free it" in outcome.detail


def test_an_address_that_is_somebody_elses_alias_is_taken(tenant: TenantWorld) -> None:
    other = with_an_open_mailbox(tenant)
    settle(tenant.mailboxes, other)
    (outcome,) = settle(tenant.mailboxes, replace(a_mailbox(), primary=other.alias))
    assert outcome.detail.startswith("address taken: ")


def test_two_users_with_one_album_number_are_never_chosen_from(tenant: TenantWorld) -> None:
    wanted = a_mailbox()
    settle(tenant.mailboxes, wanted)
    tenant.stand_in.add_by_hand(wanted.album.digits, f"twin.{wanted.album}@{DOMAIN}")
    assert tenant.mailboxes.find([wanted])[wanted.album].identifier is None
    (outcome,) = settle(tenant.mailboxes, wanted)
    assert (outcome.result, "two users" in outcome.detail) == (Result.REFUSED, True)


def test_a_user_under_another_address_is_left_to_an_administrator(tenant: TenantWorld) -> None:
    wanted = a_mailbox()
    settle(tenant.mailboxes, wanted)
    (outcome,) = settle(tenant.mailboxes, replace(wanted, primary=f"other.{wanted.album}@{DOMAIN}"))
    assert (outcome.result, "rename the user" in outcome.detail) == (Result.REFUSED, True)


def test_no_outcome_names_an_address(tenant: TenantWorld) -> None:
    wanted = a_mailbox()
    tenant.occupy(wanted.primary)
    (outcome,) = settle(tenant.mailboxes, wanted)
    assert "@" not in outcome.detail


def test_a_wrong_secret_stops_everything(stand_in: StandIn) -> None:
    with stand_in.adapter("wrong") as adapter, pytest.raises(Misconfigured, match="CLIENT_SECRET"):
        adapter.check()


def test_a_missing_permission_is_named(tenant: TenantWorld) -> None:
    tenant.stand_in.fail("assignLicense", status=403)
    with pytest.raises(Misconfigured, match=r"LicenseAssignment\.ReadWrite\.All"):
        settle(tenant.mailboxes, a_mailbox())


def test_a_missing_exchange_role_is_named(tenant: TenantWorld) -> None:
    wanted = with_an_open_mailbox(tenant)
    tenant.stand_in.fail("InvokeCommand", status=403)
    with pytest.raises(Misconfigured, match=r"Exchange\.ManageAsApp"):
        settle(tenant.mailboxes, wanted)


def test_a_licence_that_the_tenant_did_not_order_is_named(stand_in: StandIn) -> None:
    with stand_in.adapter(sku="NOTHING") as adapter, pytest.raises(Misconfigured, match="NOTHING"):
        adapter.free_seats()


def test_a_tenant_that_is_not_federated_is_told_from_one_that_is(stand_in: StandIn) -> None:
    with stand_in.adapter(federated=True) as adapter, pytest.raises(Misconfigured, match="SIGN_IN"):
        adapter.check()


def test_a_tenant_that_does_not_answer_is_unavailable() -> None:
    with StandIn("http://127.0.0.1:9").adapter() as adapter, pytest.raises(Unavailable):
        adapter.check()


def test_an_adapter_that_was_never_used_closes(tmp_path: Path) -> None:
    StandIn("http://127.0.0.1:9").adapter(certificate=tmp_path / "absent.pem").close()


# in the way of a new user


def test_a_student_who_comes_back_gets_the_deleted_user_back(tenant: TenantWorld) -> None:
    wanted = with_an_open_mailbox(tenant)
    identifier = tenant.mailboxes.find([wanted])[wanted.album].identifier
    assert identifier
    tenant.stand_in.throw_away(identifier)
    assert tenant.mailboxes.find([wanted]) == {}
    assert [outcome.result for outcome in settle(tenant.mailboxes, wanted)] == [Result.DONE]
    found = tenant.mailboxes.find([wanted])[wanted.album]
    assert (found.identifier, found.licensed) == (identifier, True)


def test_a_deleted_user_comes_back_under_the_name_that_is_wanted_now(tenant: TenantWorld) -> None:
    wanted = with_an_open_mailbox(tenant)
    identifier = tenant.mailboxes.find([wanted])[wanted.album].identifier or ""
    tenant.stand_in.throw_away(identifier)
    other = replace(wanted, primary=f"lucja.nowak.{wanted.album}@{DOMAIN}")
    assert [outcome.result for outcome in settle(tenant.mailboxes, other)] == [Result.DONE]
    assert tenant.stand_in.property_of(identifier, "userPrincipalName") == other.primary


def test_addresses_that_somebody_else_has_by_now_do_not_keep_a_user_in_the_bin(tenant: TenantWorld) -> None:
    wanted = with_an_open_mailbox(tenant)
    settle(tenant.mailboxes, wanted)
    tenant.stand_in.throw_away(tenant.mailboxes.find([wanted])[wanted.album].identifier or "")
    settle(tenant.mailboxes, replace(a_mailbox(), primary=wanted.alias))
    assert [outcome.result for outcome in settle(tenant.mailboxes, wanted)] == [Result.DONE]
    assert tenant.mailboxes.find([wanted])[wanted.album].identifier


def test_a_deleted_user_of_whom_only_the_album_number_speaks_is_left_to_an_administrator(tenant: TenantWorld) -> None:
    wanted = a_mailbox()
    tenant.stand_in.add_by_hand(wanted.album.digits, f"by.hand.{wanted.album}@{DOMAIN}")
    tenant.stand_in.throw_away(tenant.stand_in.users_of(wanted.album.digits)[0]["id"])
    (outcome,) = settle(tenant.mailboxes, wanted)
    assert (outcome.result, "erase or restore" in outcome.detail) == (Result.REFUSED, True)
    assert tenant.mailboxes.find([wanted]) == {}


def test_a_lost_answer_about_a_restored_user_is_cleared_up_in_the_next_run(tenant: TenantWorld) -> None:
    wanted = with_an_open_mailbox(tenant)
    tenant.stand_in.throw_away(tenant.mailboxes.find([wanted])[wanted.album].identifier or "")
    tenant.stand_in.fail("/restore", status=504, after_effect=True)
    assert [outcome.result for outcome in settle(tenant.mailboxes, wanted)] == [Result.FAILED]
    assert [outcome.result for outcome in settle(tenant.mailboxes, wanted)] == [Result.DONE]
    assert len(tenant.stand_in.users_of(wanted.album.digits)) == 1


def test_another_name_after_a_lost_answer_makes_no_second_user(tmp_path: Path) -> None:
    wanted = a_mailbox()
    with started(tmp_path, "--visible-after", "60") as stand_in, stand_in.adapter(settling=0.0) as hasty:
        stand_in.fail("/v1.0/users", status=504, after_effect=True)
        first = settle(hasty, wanted)
        second = settle(hasty, replace(wanted, primary=f"other.{wanted.album}@{DOMAIN}"))
        assert [outcome.result for outcome in [*first, *second]] == [Result.FAILED, Result.FAILED]
        assert len(stand_in.users_of(wanted.album.digits)) == 1


def test_an_address_held_by_nobody_whom_we_can_see_is_looked_at_again_before_the_student_is_asked(
    tmp_path: Path,
) -> None:
    wanted = a_mailbox()
    with started(tmp_path, "--visible-after", "60") as stand_in, stand_in.adapter(settling=0.0) as hasty:
        stand_in.add_by_hand("no student", wanted.primary)
        (outcome,) = hasty.carry_out([Step(StepKind.ADD, wanted)])
        assert (outcome.result, "cannot be seen yet" in outcome.detail) == (Result.FAILED, True)
        (outcome,) = hasty.carry_out([Step(StepKind.ADD, replace(wanted, looks=6))])
    assert outcome.detail.startswith("address taken: ")


# a mailbox that does not come


def test_what_keeps_a_mailbox_from_coming_is_told_without_names(tenant: TenantWorld) -> None:
    wanted = a_mailbox()
    tenant.stand_in.hinder(wanted.album.digits, f"The proxy address smtp:{wanted.primary} is already being used.")
    settle(tenant.mailboxes, wanted)
    tenant.open_mailboxes()
    found = tenant.mailboxes.find([wanted])[wanted.album]
    assert (found.ready, "an administrator must free it" in found.trouble) == (False, True)
    assert "@" not in found.trouble


def test_the_desk_s_retry_has_the_mailbox_made_once_more(tenant: TenantWorld) -> None:
    wanted = a_mailbox()
    tenant.stand_in.hinder(wanted.album.digits, "Something went wrong.")
    settle(tenant.mailboxes, wanted)
    tenant.open_mailboxes()
    assert settle(tenant.mailboxes, wanted) == []
    assert [outcome.result for outcome in settle(tenant.mailboxes, replace(wanted, again=True))] == [Result.DONE]
    tenant.open_mailboxes()
    assert tenant.mailboxes.find([wanted])[wanted.album].ready


# the quota


class Watching(OwnAllowance):
    """Notes what was taken, and the pauses that were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []
        self.taken: Counter[str] = Counter()

    def take(self, budget: Budget, most: int, *, urgent: bool) -> Portion:
        portion = super().take(budget, most, urgent=urgent)
        self.taken[budget.name] += portion.tokens
        return portion

    def pause(self, budget: Budget, seconds: float) -> None:
        self.pauses.append(seconds)
        super().pause(budget, seconds)


@pytest.mark.parametrize("asked, pause", [(1, 1.0), (None, 0.0)], ids=["with Retry-After", "without"])
def test_being_throttled_again_and_again_is_told_to_all_processes(
    tenant: TenantWorld, asked: int | None, pause: float
) -> None:
    watching = Watching()
    with tenant.stand_in.adapter(allowance=watching, retries=4) as adapter:
        tenant.stand_in.fail("/v1.0/users", status=429, retry_after=asked, times=3)
        assert [outcome.result for outcome in settle(adapter, a_mailbox())] == [Result.DONE]
    assert watching.pauses == [pause, pause]


def test_one_request_that_is_throttled_among_others_waits_alone_and_the_outcome_tells(tenant: TenantWorld) -> None:
    watching = Watching()
    with tenant.stand_in.adapter(allowance=watching) as adapter:
        tenant.stand_in.fail("/v1.0/users", status=429, retry_after=1, times=2)
        tenant.stand_in.fail("assignLicense", status=503)
        (outcome,) = settle(adapter, a_mailbox())
    assert watching.pauses == []
    assert outcome.tries.split("; ") == [
        "tried again 2×: could not create users: our quota is used up (429)",
        "tried again 1×: could not assign licences: Microsoft 365 asks to wait or is disturbed"
        " (503 ServiceUnavailable)",
    ]


def test_a_long_wait_is_told_to_all_processes_at_once(tenant: TenantWorld) -> None:
    watching = Watching()
    with tenant.stand_in.adapter(allowance=watching) as adapter:
        tenant.stand_in.fail("/v1.0/users", status=429, retry_after=300)
        assert [outcome.result for outcome in settle(adapter, a_mailbox())] == [Result.FAILED]
    assert watching.pauses == [300.0, 300.0]


def test_every_try_is_paid_for(tenant: TenantWorld) -> None:
    watching, one_by_one = Watching(), Quota(writes=100, writes_seconds=100.0)
    with tenant.stand_in.adapter(allowance=watching, quota=one_by_one) as adapter:
        tenant.stand_in.fail("assignLicense", status=503, times=2)
        assert [outcome.result for outcome in settle(adapter, a_mailbox())] == [Result.DONE]
    assert watching.taken["graph writes"] == 1 + 3


def test_a_pause_longer_than_a_worker_waits_leaves_the_step_for_later(tenant: TenantWorld) -> None:
    with tenant.stand_in.adapter() as adapter:
        tenant.stand_in.fail("/v1.0/users", status=429, retry_after=300)
        adapter.find([a_mailbox()])
        outcomes = list(adapter.carry_out([Step(StepKind.ADD, a_mailbox())]))
    assert [outcome.result for outcome in outcomes] == [Result.FAILED]


def test_work_for_everybody_says_that_it_may_wait(tenant: TenantWorld) -> None:
    async def priority(limiter: Limiter) -> list[str]:
        seen: list[str] = []

        async def note(request: httpx.Request) -> httpx.Response:
            seen.append(request.headers.get("x-ms-throttle-priority", ""))
            return httpx.Response(200, json={"value": []})

        graph = Graph(
            "http://127.0.0.1/v1.0", Tokens(a_token), limiter,
            retries=0, retry_delay=0.0, timeout=1.0, transport=httpx.MockTransport(note),
        )  # fmt: skip
        await graph.subscriptions()
        return seen

    async def a_token(_scope: str) -> AccessToken:
        return AccessToken("token", 2**40)

    for urgent, said in ((False, ["low"]), (True, [""])):
        assert asyncio.run(priority(Limiter(OwnAllowance(), Quota(), urgent=urgent))) == said


class Counting(OwnAllowance):
    """Counts how often places were taken, and how many are taken now."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = self.inside = self.most = 0

    def enter(self, room: str, places: int, seconds: float) -> int | None:
        number = super().enter(room, places, seconds)
        if number is not None:
            self.entered, self.inside = self.entered + 1, self.inside + 1
            self.most = max(self.most, self.inside)
        return number

    def leave(self, room: str, number: int) -> None:
        self.inside -= 1
        super().leave(room, number)


def test_a_place_in_exchange_is_handed_on_and_given_back_at_the_end() -> None:
    counting = Counting()

    async def run() -> None:
        limiter = Limiter(counting, Quota(exchange_at_once=3), urgent=False)

        async def cmdlet() -> None:
            async with limiter.place():
                await asyncio.sleep(0)

        await asyncio.gather(*(cmdlet() for _ in range(20)))

    asyncio.run(run())
    assert (counting.entered, counting.most, counting.inside) == (2, 2, 0)


def test_a_quota_that_we_know_is_never_overrun(tmp_path: Path) -> None:
    wanted = [a_mailbox() for _ in range(31)]
    quota = Quota(writes=60, writes_seconds=37.5, units=160)
    with (
        started(tmp_path, "--quota-scale", "0.02", "--quota-windows", "0.25") as stand_in,
        stand_in.adapter(quota=quota) as adapter,
    ):
        outcomes = list(adapter.carry_out(Step(StepKind.ADD, each) for each in wanted))
        requests = stand_in.http.get(f"{stand_in.url}/sandbox/requests").json()
    assert [outcome.result for outcome in outcomes] == [Result.DONE] * 31
    assert "429" not in str(requests)
