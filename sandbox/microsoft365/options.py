"""What the stand-in is told on its command line and in its environment."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from sandbox import listening
from sandbox.listening import Place
from sandbox.microsoft365.permissions import GRANTED

TENANT = "6f1d3c52-8b0a-4a57-9d0e-3b6a7c1e2f40"
CLIENT = "0c5e9b7a-2f64-4d1b-8a3d-71e4d0b9c6a5"
GROUP = "5d0f6a1e-93b7-4c28-a2f4-8e17c3d9b650"
"""The group whose members inherit Office 365 A1 for students."""


@dataclass(frozen=True)
class Options:
    """The tenant to play and how strictly; times are in seconds."""

    folder: Path
    client_secret: str = field(repr=False)
    place: Place = field(default_factory=Place)
    resource: str = ""
    tenant_id: str = TENANT
    client_id: str = CLIENT
    app_certificates: tuple[Path, ...] = ()
    roles: tuple[str, ...] = GRANTED
    exchange_role: str = "Exchange Recipient Administrator"
    domain: str = "student.example.pl"
    initial_domain: str = "studentexample.onmicrosoft.com"
    federated: bool = False
    verified: bool = True
    seats: int = 5000
    mailbox_delay: float = 2.0
    visible_after: float = 0.0
    alias_lag: float = 0.0
    group_delay: float = 0.0
    rename_moves_primary: bool = True
    exchange_latency: float = 0.05
    token_lifetime: int = 3599
    quota_scale: float = 1.0
    quota_windows: float = 1.0
    retry_after: float = 1.0
    throttled: float = 0.0
    failing: float = 0.0
    lost: float = 0.0
    seed: int = 1

    @property
    def verified_domains(self) -> tuple[str, ...]:
        """The domains in which users may be."""
        return (self.domain, self.initial_domain) if self.verified else (self.initial_domain,)


def read(arguments: Sequence[str], environment: Mapping[str, str]) -> Options:
    """Return what the command line says; the client's secret comes from the environment alone."""
    parser = _parser(environment)
    given = parser.parse_args(arguments)
    secret = environment.get("MICROSOFT365_CLIENT_SECRET", "")
    if not secret:
        parser.error("set MICROSOFT365_CLIENT_SECRET in the environment")
    names = {each.name for each in fields(Options)} - {"client_secret", "place"}
    told = {name: getattr(given, name) for name in names} | {
        "app_certificates": tuple(given.app_certificates or ()), "roles": tuple(given.roles or GRANTED),
    }  # fmt: skip
    return Options(client_secret=secret, place=Place.of(given), **told)


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser("sandbox.microsoft365", description=__doc__)
    add = parser.add_argument
    add("--folder", type=Path, required=True, help="where the state is kept")
    listening.describe(parser)
    add(
        "--resource", default=Options.resource, help="its own address, for which tokens of Graph and Exchange are given"
    )
    add("--tenant-id", default=environment.get("MICROSOFT365_TENANT_ID", TENANT))
    add("--client-id", default=environment.get("MICROSOFT365_CLIENT_ID", CLIENT))
    add("--app-certificate", dest="app_certificates", type=Path, action="append", help="PEM, uploaded to the app")
    add("--role", dest="roles", action="append", help="a permission of the app, instead of the usual ones")
    add("--exchange-role", default=Options.exchange_role, help="its role for Exchange; empty for none")
    add("--domain", default=Options.domain, help="the verified domain of the students")
    add("--initial-domain", default=Options.initial_domain)
    add("--federated", action="store_true", help="the domain signs in elsewhere, so onPremisesImmutableId is owed")
    add("--unverified", dest="verified", action="store_false", help="nobody proved yet that the domain is ours")
    add("--seats", type=int, default=Options.seats)
    add("--mailbox-delay", type=float, default=Options.mailbox_delay, help="from licence to mailbox")
    add("--visible-after", type=float, default=Options.visible_after, help="from creation to the first GET that finds")
    add("--alias-lag", type=float, default=Options.alias_lag, help="from Exchange's change to proxyAddresses in Graph")
    add("--group-delay", type=float, default=Options.group_delay, help="from membership to the group's licence")
    add(
        "--rename-adds-alias", dest="rename_moves_primary", action="store_false",
        help="a new name becomes a secondary address, not the primary",
    )  # fmt: skip
    add("--exchange-latency", type=float, default=Options.exchange_latency, help="how long one cmdlet takes")
    add("--token-lifetime", type=int, default=Options.token_lifetime)
    add("--quota-scale", type=float, default=Options.quota_scale, help="a factor for the quotas of Graph")
    add("--quota-windows", type=float, default=Options.quota_windows, help="a factor for the seconds they are for")
    add("--retry-after", type=float, default=Options.retry_after, help="the share of 429s that say when to come back")
    add("--no-retry-after", dest="retry_after", action="store_const", const=0.0, help="none of them does")
    add("--throttled", type=float, default=Options.throttled, help="the share of requests that get a 429")
    add("--failing", type=float, default=Options.failing, help="the share that get a 5xx and have no effect")
    add("--lost", type=float, default=Options.lost, help="the share whose answer is lost after the effect")
    add("--seed", type=int, default=Options.seed, help="the same seed gives the same ids and the same luck")
    return parser


def from_process(arguments: Sequence[str]) -> Options:
    """Return what this process was told."""
    return read(arguments, os.environ)
