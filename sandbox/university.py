"""A whole university on loopback: directory, Microsoft 365, USOS, post and portal, with one settings file."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox import certificates
from sandbox.irk.entries import FIRST_DAY, LOCAL_FIELDS, REGISTRATION
from sandbox.microsoft365.options import CLIENT, TENANT
from sandbox.portal import ServedPortal
from sandbox.processes import Running, start
from sandbox.settings_file import as_toml
from sandbox.slapd import Slapd

MAIL_DOMAIN = "student.uczelnia.example"
SUFFIX = "dc=student,dc=uczelnia,dc=example"
SECRETS = ("fingerprints", "microsoft365", "usos", "payments", "portal", "irk")
SORT_CODE, CLIENT_PREFIX = "10901014", "71234"
CHANGED_SINCE = "modified_after"


class University:
    """Starts the systems in `folder` and writes `settings.toml` there; what they hold survives a restart."""

    def __init__(
        self,
        folder: Path,
        *,
        mailbox_delay: float = 2.0,
        registry: str = "",
        durable: bool = True,
        portal: bool = False,
        more: Mapping[str, Mapping[str, object]] | None = None,
        cloud: Sequence[str] = (),
        register: Sequence[str] = (),
        irk: bool = False,
    ) -> None:
        """Keep everything in `folder`; `more` are settings that prevail over the usual ones, by section.

        `cloud` are further options of Microsoft's stand-in, `register` of that for USOS. With `irk` recruitment is read
        from there, not from files.
        """
        self.folder, self.mailbox_delay, self.durable = folder.resolve(), mailbox_delay, durable
        self.more, self.cloud, self.register, self.reads_irk = more or {}, cloud, register, irk
        self.irk: Running | None = None
        self.registry = registry or f"sqlite:///{self.folder / 'registry.sqlite'}"
        self.portal = ServedPortal(self.folder / "portal", self.environment) if portal else None
        self._running = ExitStack()

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.feeds.mkdir(exist_ok=True)
        self.secrets = _secrets(self.folder / "secrets.json")
        with ExitStack() as undo:
            undo.callback(self._running.close)
            self._start()
            undo.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._running.close()

    @property
    def feeds(self) -> Path:
        """The folder that recruitment exports into."""
        return self.folder / "recruitment"

    @property
    def bank(self) -> Path:
        """The folder into which the bank's statements come."""
        return self.folder / "bank"

    @property
    def receivables(self) -> Path:
        """The folder that USOS or the bursar's office exports receivables into."""
        return self.folder / "receivables"

    @property
    def settings(self) -> Path:
        """The settings file of everything that runs here."""
        return self.folder / "settings.toml"

    @property
    def environment(self) -> dict[str, str]:
        """The environment by which our programs find the settings."""
        return {"ESTUDENT_SETTINGS": str(self.settings)}

    def post_options(self) -> tuple[str, ...]:
        """Return how the mail sink is started: with TLS, and with Exchange to ask whose mailbox an address leads to."""
        issued = certificates.issue(self.folder / "certificates")
        tls = ("--certificate", str(issued.certificate), "--key", str(issued.key))
        return (*tls, "--exchange", self.microsoft365.url, "--exchange-domain", MAIL_DOMAIN)

    def _start(self) -> None:
        self.slapd = Slapd(self.folder / "slapd", SUFFIX, durable=self.durable)
        self.slapd.start()
        self._running.callback(self.slapd.stop)
        issued = certificates.issue(self.folder / "certificates")
        self.microsoft365 = self._stand_in(
            "microsoft365",
            *("--federated", "--domain", MAIL_DOMAIN, "--mailbox-delay", str(self.mailbox_delay), *self.cloud),
            env={"MICROSOFT365_CLIENT_SECRET": self.secrets["microsoft365"]},
        )
        usos = {"USOS_CONSUMER_KEY": "estudent", "USOS_CONSUMER_SECRET": self.secrets["usos"]}
        self.usos = self._stand_in("usos", *self.register, env=usos)
        self.post = self._stand_in("mail", *self.post_options())
        if self.reads_irk:
            token = {"IRK_TOKEN": self.secrets["irk"]}
            self.irk = self._stand_in("irk", "--changed-since", CHANGED_SINCE, env=token)
        self._write_settings(issued.ca, "https://estudent.uczelnia.example")
        if self.portal:
            self._running.callback(self.portal.stop)
            self.portal.start(lambda url: self._write_settings(issued.ca, url))

    def _write_settings(self, post_ca: Path, portal: str) -> None:
        self.settings.touch(mode=0o600)
        tree = self._tree(post_ca, portal)
        merged = {name: tree.get(name, {}) | dict(self.more.get(name, {})) for name in {**tree, **self.more}}
        self.settings.write_text(as_toml(merged), encoding="utf-8")

    def _stand_in(self, name: str, *arguments: str, env: Mapping[str, str] | None = None) -> Running:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        running = start(f"sandbox.{name}", "--folder", str(folder), *arguments, env=env, log=folder / "log.txt")
        self._running.callback(running.stop)
        return running

    def smtp_port(self) -> str:
        """Return where the mail sink takes letters."""
        lines = (self.folder / "mail" / "log.txt").read_text(encoding="utf-8").splitlines()
        return [line for line in lines if line.startswith("smtp on ")][-1].rpartition(":")[2]

    def _recruitment(self) -> dict[str, dict[str, object]]:
        if self.irk is None:
            return {"recruitment": {"folder": str(self.feeds), "settle_seconds": 0}}
        irk: dict[str, object] = {"url": self.irk.url, "token": self.secrets["irk"], "changed_since": CHANGED_SINCE}
        irk |= {"registrations": {REGISTRATION: FIRST_DAY}, "fields": LOCAL_FIELDS, "per_minute": 100_000}
        return {"recruitment": {"source": "irk"}, "irk": irk}

    def _tree(self, post_ca: Path, portal: str) -> dict[str, dict[str, object]]:
        provisioner, doorkeeper = self.slapd.accounts["provisioner"], self.slapd.accounts["portal"]
        return {
            "university": {"mail_domain": MAIL_DOMAIN, "portal": portal},
            "registry": {"url": self.registry, "fingerprint_key": self.secrets["fingerprints"]},
            **self._recruitment(),
            "letters": {
                "host": "localhost",
                "port": int(self.smtp_port()),
                "security": "starttls",
                "ca_file": str(post_ca),
                "per_minute": 0,
            },
            "directory": {
                "uris": [self.slapd.ldaps_uri],
                "bind_dn": provisioner.dn,
                "password": provisioner.password,
                "suffix": SUFFIX,
                "ca_file": str(self.slapd.ca_file),
            },
            "mailboxes": {
                "tenant": TENANT,
                "client_id": CLIENT,
                "client_secret": self.secrets["microsoft365"],
                "graph_url": f"{self.microsoft365.url}/v1.0",
                "exchange_url": self.microsoft365.url,
                "authority": self.microsoft365.url,
            },
            "usos": {
                "url": self.usos.url,
                "consumer_key": "estudent",
                "consumer_secret": self.secrets["usos"],
                "calls_per_second": 0,
            },
            "portal": {
                "secret_key": self.secrets["portal"],
                "bind_dn": doorkeeper.dn,
                "password": doorkeeper.password,
            },
            "statements": {"folder": str(self.bank), "receivables": str(self.receivables), "settle_seconds": 0},
            "payments": {"sort_code": SORT_CODE, "client_prefix": CLIENT_PREFIX, "key": self.secrets["payments"]},
        }


def _secrets(file: Path) -> dict[str, str]:
    known: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    made = {name: secrets.token_hex(32) for name in SECRETS if name not in known}
    if made:
        file.touch(mode=0o600)
        file.write_text(json.dumps(known | made), encoding="utf-8")
    return known | made
