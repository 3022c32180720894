"""Prefect's server: operators come by single sign-on, workers by password, nobody else; what it keeps is bounded."""

from __future__ import annotations

import shlex
import ssl
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import httpx
import pytest
import yaml
from testinfra.host import Host

from lab.inventory import PROJECT
from lab.running import Lab
from tests.hosts.conftest import HostNamed
from tests.hosts.orchestrating import URL, Prefect, ask_from, basic
from tests.hosts.signing_on import SSO, Browser, Person, trust

PAGES = "https://prefect.uczelnia.example"
CLEAN_UP = """
import asyncio
from prefect.server.database import provide_database_interface
from prefect.server.services.db_vacuum import vacuum_old_flow_runs
asyncio.run(vacuum_old_flow_runs(db=provide_database_interface()))
"""
OLD_RUN = """
WITH born AS (INSERT INTO flow (id, name) VALUES (gen_random_uuid(), 'of long ago') ON CONFLICT (name)
              DO UPDATE SET updated = now() RETURNING id)
INSERT INTO flow_run (id, flow_id, name, state_type, state_name, start_time, end_time)
SELECT gen_random_uuid(), born.id, 'run of long ago', 'COMPLETED', 'Completed', moment, moment
FROM born, (SELECT now() - interval '{days} days' AS moment) AS past
"""


@pytest.fixture
def ops1(host: HostNamed) -> Host:
    return host("ops1")


@pytest.fixture
def prefect(lab: Lab) -> Prefect:
    return Prefect(lab)


@pytest.fixture
def browser(host: HostNamed) -> Iterator[Browser]:
    with Browser(trust(host("ops1")), headers={"Accept": "text/html"}) as opened:
        yield opened


@pytest.fixture
def trusted(host: HostNamed) -> ssl.SSLContext:
    return trust(host("ops1"))


def staff(lab: Lab, uid: str) -> Person:
    """Return a member of the staff, with the password that the vault holds."""
    return Person(uid, lab.secret(f"vault_staff_{uid}_password"), staff=True)


def signed_in(browser: Browser, person: Person) -> httpx.Response:
    """Open Prefect's pages, sign in where this leads to, and return the page that comes at last."""
    form = browser.visit(PAGES)
    assert form.asks, form.text
    page = browser.send(form, user=person.uid, password=person.password)
    return browser.follow(page).answer


# Who gets in.


def test_the_pages_lead_a_stranger_to_single_sign_on(trusted: ssl.SSLContext) -> None:
    answer = httpx.get(PAGES, verify=trusted, headers={"Accept": "text/html"})
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(f"{SSO}/oauth2/authorize")


@pytest.mark.parametrize("path", ["/api/flow_runs/filter", "/api/health", "/api/admin/settings", "/ui-settings"])
def test_behind_the_pages_no_stranger_is_answered(trusted: ssl.SSLContext, path: str) -> None:
    answer = httpx.post(PAGES + path, verify=trusted, headers={"Accept": "application/json"}, json={})
    assert answer.status_code == 401


def test_an_operator_signs_in_and_sees_the_runs(lab: Lab, browser: Browser) -> None:
    page = signed_in(browser, staff(lab, "operator1"))
    assert page.status_code == 200
    assert urlsplit(str(page.url)).hostname == urlsplit(PAGES).hostname
    assert "Prefect" in page.text
    assert browser.client.get(f"{PAGES}/api/health").json() is True


def test_a_clerk_is_no_operator(lab: Lab, browser: Browser) -> None:
    page = signed_in(browser, staff(lab, "clerk1"))
    assert page.status_code == 403
    assert browser.client.get(f"{PAGES}/api/health").status_code in (401, 403)
    assert str(page.url).startswith(f"{SSO}/")
    assert "To konto nie ma dostępu do tego serwisu" in page.text
    answer = browser.client.get(f"{PAGES}/api/health", headers={"Accept": "application/json"})
    assert answer.status_code == 401


def test_who_signs_out_is_out(lab: Lab, browser: Browser) -> None:
    signed_in(browser, staff(lab, "operator1"))
    browser.visit(f"{PAGES}/oidc/callback?logout=https%3A%2F%2Fprefect.uczelnia.example%2Fsigned-out")
    answer = browser.client.get(f"{PAGES}/api/health", headers={"Accept": "application/json"})
    assert answer.status_code == 401


def test_a_page_of_another_site_opens_no_socket_in_an_operators_name(lab: Lab, browser: Browser) -> None:
    signed_in(browser, staff(lab, "operator1"))
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": "prefect",
    }
    foreign = browser.client.get(f"{PAGES}/api/events/out", headers=upgrade | {"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    with browser.client.stream("GET", f"{PAGES}/api/events/out", headers=upgrade | {"Origin": PAGES}) as own:
        assert own.status_code == 101


def test_workers_are_let_in_by_their_password_alone(lab: Lab, prefect: Prefect) -> None:
    def status(path: str, headers: Mapping[str, str]) -> int:
        return ask_from(lab, "ops1", "GET", URL.removesuffix("/api") + path, headers).status

    assert status("/api/health", {}) == 403
    assert status("/api/health", basic("worker", "wrong")) == 403
    assert status("/api/health", prefect.password) == 200
    assert status("/", prefect.password) == 403


@pytest.mark.parametrize("what", ["clear", "drop", "create"])
def test_nobody_empties_the_database_by_the_api(lab: Lab, prefect: Prefect, what: str) -> None:
    assert ask_from(lab, "ops1", "POST", f"{URL}/admin/database/{what}", prefect.password, body="{}").status == 403


def test_only_workers_hosts_reach_the_workers_door(lab: Lab, prefect: Prefect) -> None:
    assert ask_from(lab, "outside1", "GET", f"{URL}/health", prefect.password).status == 0
    assert ask_from(lab, "data1", "GET", f"{URL}/health", prefect.password).status == 0


def test_no_other_program_of_the_host_gets_past_apache(ops1: Host) -> None:
    assert not ops1.socket("tcp://127.0.0.1:4200").is_listening
    connect = "import socket; socket.socket(socket.AF_UNIX).connect('/run/prefect/api.sock')"
    as_somebody = shlex.join(["runuser", "-u", "{}", "--", "python3", "-c", connect])
    assert ops1.run(as_somebody.replace("{}", "www-data")).succeeded
    assert ops1.run(as_somebody.replace("{}", "estudent")).failed


def test_a_change_needs_prefects_own_token_too(lab: Lab, browser: Browser) -> None:
    signed_in(browser, staff(lab, "operator1"))
    refused = browser.client.post(f"{PAGES}/api/flow_runs/filter", json={}, headers={"Prefect-Csrf-Client": "a page"})
    assert refused.status_code == 403
    assert "CSRF" in refused.text


def test_pages_say_what_browsers_may_do_with_them(lab: Lab, browser: Browser) -> None:
    headers = signed_in(browser, staff(lab, "operator1")).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "max-age" in headers["strict-transport-security"]
    assert headers["x-content-type-options"] == "nosniff"


# What it knows and keeps.


def test_what_prefect_yaml_declares_is_registered_and_nothing_else(prefect: Prefect) -> None:
    declared = yaml.safe_load((PROJECT / "prefect.yaml").read_text())["deployments"]
    found = prefect.ask("POST", "/deployments/filter", {})
    assert {each["name"]: each["work_pool_name"] for each in found} == {
        each["name"]: each["work_pool"]["name"] for each in declared
    }


def test_registering_again_changes_nothing(ops1: Host) -> None:
    asking = "set -a; . /etc/estudent/prefect-client.env; exec .venv/bin/python -m flows.registration --pools {}"
    as_prefect = "cd /opt/estudent/current && runuser -u prefect -- sh -c "
    assert ops1.check_output(as_prefect + shlex.quote(asking.format("estudent=8,deployments=1"))) == ""


def test_runs_are_kept_so_long_and_no_longer(ops1: Host, host: HostNamed) -> None:
    """The server cleans up every hour; here its cleaning is done at once, with its settings."""

    def at_the_database(statement: str) -> str:
        psql = f"runuser -u postgres -- psql -Atq prefect -c {shlex.quote(statement)}"
        return str(host("data1").check_output(psql.replace("%", "%%")))

    forget = "DELETE FROM flow_run WHERE name = 'run of long ago'"
    at_the_database(forget)
    for days in (59, 61, 400):
        at_the_database(OLD_RUN.format(days=days))
    as_the_server = (
        "systemd-run --quiet --pipe --wait -p User=prefect -p EnvironmentFile=/etc/estudent/prefect-server.env"
    )
    ops1.check_output(f"{as_the_server} /opt/estudent/current/.venv/bin/python -c {shlex.quote(CLEAN_UP)}")
    assert at_the_database("SELECT count(*) FROM flow_run WHERE name = 'run of long ago'") == "1"
    at_the_database(forget)


def test_it_cleans_up_by_itself(prefect: Prefect) -> None:
    server = prefect.ask("GET", "/admin/settings")["server"]
    assert set(server["services"]["db_vacuum"]["enabled"]) == {"events", "flow_runs"}
    assert server["services"]["db_vacuum"]["loop_seconds"] <= 3600
    assert str(server["events"]["retention_period"]) in ("P7D", "604800.0")


def test_its_makers_are_told_nothing(prefect: Prefect) -> None:
    settings = prefect.ask("GET", "/admin/settings")
    assert settings["server"]["analytics_enabled"] is False
    assert settings["server"]["ui"]["show_promotional_content"] is False
    assert settings["cloud"]["enable_orchestration_telemetry"] is False


def test_events_go_through_the_cache_and_nothing_waits_in_memory(prefect: Prefect) -> None:
    server = prefect.ask("GET", "/admin/settings")["server"]
    assert server["events"]["messaging_broker"] == server["events"]["messaging_cache"] == "prefect_redis.messaging"
    assert server["events"]["causal_ordering"] == "prefect_redis.ordering"
    assert server["concurrency"]["lease_storage"] == "prefect_redis.lease_storage"
    assert server["docket"]["url"].startswith("rediss://")


@pytest.mark.parametrize("service", ["prefect-server", "apache2"])
def test_its_services_run_and_start_at_boot(ops1: Host, service: str) -> None:
    assert ops1.service(service).is_running
    assert ops1.service(service).is_enabled


def test_runs_are_looked_for_that_the_server_does_not_miss(ops1: Host) -> None:
    assert ops1.service("prefect-lost-runs.timer").is_enabled
    assert ops1.service("prefect-lost-runs.timer").is_running
    ops1.check_output("systemctl start --no-block prefect-lost-runs.service && sleep 30")
    shown = ops1.check_output("systemctl show -p Result -p SubState -p NRestarts prefect-lost-runs.service")
    # It waits for signs of life, or is done where no run goes on; it has not failed to reach the server.
    found = dict(line.split("=") for line in shown.splitlines())
    assert (found["Result"], found["NRestarts"], found["SubState"] in ("start", "dead")) == ("success", "0", True)


def test_secrets_are_read_by_root_alone(ops1: Host) -> None:
    for path in ("/etc/estudent/prefect-server.env", "/etc/apache2/sites-enabled/orchestration.conf"):
        file = ops1.file(path)
        assert (file.user, file.mode & 0o077) == ("root", 0)
