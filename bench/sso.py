"""How many people sign in per second (form, name and password, ticket), beside argon2 verifications of this machine.

Run it in the lab's network as root (it gives itself addresses, since one address may send only so many forms):
`python -m lab run -- python -m bench.sso`.
"""

from __future__ import annotations

import argparse
import os
import ssl
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import testinfra
from rich.console import Console

from bench.reference import CORES, verifications_per_core
from lab.running import Lab
from tests.hosts.signing_on import MAIL, Browser, Person, enrolled, have_address, trust, user_in

PEOPLE = [Person(f"s78{number:05}", mail=f"osoba{number}.mierzona@{MAIL}") for number in range(40)]
TARGET = 12.0
"""Full logins per second on two cores."""


def main() -> int:
    """Measure, and say whether it is enough."""
    chosen = _arguments()
    lab = Lab(chosen.lab)
    directory, edge = (_host(lab, name) for name in ("directory1", "edge1"))
    addresses = [have_address(200 + number) for number in range(chosen.at_once)]
    with enrolled(directory, *PEOPLE):
        trusted = trust(edge)
        _sign_in_many(trusted, addresses, 2 * chosen.at_once)  # every process has read its configuration
        begun = time.monotonic()
        times = _sign_in_many(trusted, addresses, chosen.logins)
        rate = len(times) / (time.monotonic() - begun)
    verified = verifications_per_core() * CORES
    Console().print(
        f"{len(times)} logins, {chosen.at_once} at once: {rate:.1f} per second,"
        f" median {statistics.median(times):.3f} s, slowest {max(times):.3f} s (at least {TARGET} wanted);"
        f" {rate / verified:.2f} of {verified:.0f} argon2id verifications per second"
    )
    return 0 if rate >= TARGET else 1


def _sign_in_many(trusted: ssl.SSLContext, addresses: list[str], logins: int) -> list[float]:
    def one(number: int) -> float:
        person = PEOPLE[number % len(PEOPLE)]
        begun = time.monotonic()
        with Browser(trusted, addresses[number % len(addresses)]) as browser:
            found = user_in(browser.validate(browser.sign_in(person).ticket))
        if found != person.mail:
            raise RuntimeError(f"{person.mail} was taken for {found}")
        return time.monotonic() - begun

    with ThreadPoolExecutor(len(addresses)) as pool:
        return list(pool.map(one, range(logins)))


def _host(lab: Lab, name: str) -> testinfra.host.Host:
    config: Path = lab.folder / "ssh_config"
    return testinfra.get_host(f"ssh://deploy@{name}", ssh_config=str(config), sudo=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--lab", default=os.environ.get("LAB", "lab"), help="which lab")
    parser.add_argument("--logins", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=8)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
