"""A running stand-in for Microsoft's cloud, and plain HTTP clients for each of its doors."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from sandbox import processes
from sandbox.microsoft365.options import CLIENT, TENANT

DOMAIN = "student.example.pl"
INITIAL = "studentexample.onmicrosoft.com"
A1 = "314c4481-f395-4525-be8b-2ec4bb1e9d91"
POWER_BI = "a403ebcc-fae0-4ca2-8c8c-7a907fd6c235"
GRAPH = "https://graph.microsoft.com/.default"
EXCHANGE = "https://outlook.office365.com/.default"
ENVIRONMENT = {"MICROSOFT365_CLIENT_SECRET": "the sandbox's secret"}
NUMBERS = count(100_000)
TLS = ssl.create_default_context()  # Made once: it is slow, and never used with http.

Json = dict[str, Any]


class Campus:
    """A running stand-in and a client for each of its doors."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.running = processes.start(
            "sandbox.microsoft365", "--folder", str(folder), *arguments, env=ENVIRONMENT, log=folder / "log"
        )
        self.sandbox = httpx.Client(base_url=self.running.url, verify=TLS)
        self.graph = httpx.Client(base_url=f"{self.running.url}/v1.0", verify=TLS)
        self.exchange = httpx.Client(base_url=self.running.url, verify=TLS)

    def sign_in(self) -> None:
        self.graph.headers.update(self.bearer(GRAPH))
        self.exchange.headers.update(self.bearer(EXCHANGE))

    def ask_for_token(self, tenant: str = TENANT, **changes: str) -> httpx.Response:
        form = {
            "grant_type": "client_credentials", "client_id": CLIENT, "scope": GRAPH,
            "client_secret": ENVIRONMENT["MICROSOFT365_CLIENT_SECRET"],
        }  # fmt: skip
        return self.sandbox.post(f"/{tenant}/oauth2/v2.0/token", data={**form, **changes})

    def bearer(self, scope: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.ask_for_token(scope=scope).json()['access_token']}"}

    def add(self, **changes: object) -> Json:
        answer = self.graph.post("/users", json=student(**changes))
        assert answer.status_code == 201, answer.text
        user: Json = answer.json()
        return user

    def license(self, user: str, *add: str, remove: tuple[str, ...] = ()) -> httpx.Response:
        body = {"addLicenses": [{"skuId": sku} for sku in add], "removeLicenses": list(remove)}
        return self.graph.post(f"/users/{user}/assignLicense", json=body)

    def add_with_mailbox(self, **changes: object) -> Json:
        user = self.add(**changes)
        assert self.license(user["id"], A1).status_code == 200
        eventually(lambda: self.graph.get(f"/users/{user['id']}/mailboxSettings").status_code == 200)
        return user

    def addresses(self, user: Json) -> list[str]:
        answer = self.graph.get(f"/users/{user['id']}", params={"$select": "proxyAddresses"})
        addresses: list[str] = answer.json()["proxyAddresses"]
        return addresses

    def invoke(self, cmdlet: str, **parameters: object) -> httpx.Response:
        body = {"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters}}
        return self.exchange.post(f"/adminapi/beta/{TENANT}/InvokeCommand", json=body)

    def set_addresses(self, user: Json, **change: list[str]) -> httpx.Response:
        table = {"@odata.type": "#Exchange.GenericHashTable", **change}
        return self.invoke("Set-Mailbox", Identity=user["id"], EmailAddresses=table)

    def go_wrong(self, **fault: object) -> None:
        assert self.sandbox.post("/sandbox/faults", json=fault).status_code == 201

    def find(self, condition: str, **more: str) -> httpx.Response:
        return self.graph.get("/users", params={"$filter": condition, "$select": "id", **more})

    def close(self) -> None:
        for client in (self.sandbox, self.graph, self.exchange):
            client.close()
        self.running.stop()


def student(**changes: object) -> Json:
    number = next(NUMBERS)
    body = {
        "accountEnabled": True, "displayName": "Łucja Żółć", "mailNickname": f"s{number}", "usageLocation": "PL",
        "userPrincipalName": f"s{number}@{DOMAIN}", "employeeId": str(number),
        "passwordProfile": {"password": "Zazolc-1234", "forceChangePasswordNextSignIn": False}, **changes,
    }  # fmt: skip
    return {name: value for name, value in body.items() if value != "absent"}


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline, "it did not happen within five seconds"
        time.sleep(0.02)


def complaint(answer: httpx.Response) -> tuple[int, str, list[tuple[str, str]]]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], [(each["code"], each["target"]) for each in error.get("details", ())]


Start = Callable[..., Campus]
