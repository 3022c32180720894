"""A real OpenLDAP directory for tests and the demo, configured by the templates that production uses."""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from argon2 import PasswordHasher

from estudent.adapters import ldap
from estudent.adapters.rendering import render
from sandbox import certificates, debian
from sandbox.daemon import SOCKET_PATH_LIMIT, Daemon, NotStarted, on_ports

PACKAGES = ("slapd", "ldap-utils")
SERVICES = ("provisioner", "portal", "sso", "radius")
# A search for the entry without a name (RFC 4511, 4.5.1): base object, any object class, every attribute.
ROOT_ENTRY = bytes.fromhex("3025020101632004000a01000a0100020100020100010100870b") + b"objectClass\x30\x00"
STAFF_USER = re.compile(r"[a-z][a-z0-9._-]{1,30}")
ALREADY_EXISTS, VALUE_EXISTS = "(68)", "(20)"
SUFFIX = re.compile(r"dc=[a-z0-9-]+(,dc=[a-z0-9-]+)*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Account:
    """A service account: the name and password to bind with."""

    dn: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tool:
    """A client program: how its command line begins, and its whole environment."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]


class Slapd:
    """A directory that lives in `folder`: made on the first start, found again, with its ports and passwords, later.

    With `durable=False` a power cut may cost data, and adding is much faster; `stats=True` logs every operation.
    """

    def __init__(
        self,
        folder: Path,
        suffix: str = "dc=student,dc=example,dc=pl",
        *,
        durable: bool = True,
        stats: bool = False,
        unpack: bool = False,
        find: Callable[..., debian.Program] = debian.find,
    ) -> None:
        if not SUFFIX.fullmatch(suffix):
            raise ValueError(f"a directory's suffix is made of domain components, dc=...,dc=..., not {suffix!r}")
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder.resolve()
        self.suffix = suffix
        self._durable, self._stats = durable, stats
        self._programs = partial(find, packages=PACKAGES, unpack=unpack)
        self._daemon = Daemon(self.folder, "slapd")
        self._ports: tuple[int, ...] = (0, 0)
        self._socket = self.folder / "ldapi"

    @property
    def ldaps_uri(self) -> str:
        """Where TLS begins at once."""
        return f"ldaps://127.0.0.1:{self._ports[0]}"

    @property
    def ldap_uri(self) -> str:
        """Where TLS begins with StartTLS; without it every password is refused."""
        return f"ldap://127.0.0.1:{self._ports[1]}"

    @property
    def ldapi_uri(self) -> str:
        """The unix socket; SASL EXTERNAL as this process's account, or as root, may manage everything."""
        return f"ldapi://{quote(str(self._socket), safe='')}"

    @property
    def ca_file(self) -> Path:
        """The authority to trust."""
        return self._certificates.ca

    @property
    def log(self) -> Path:
        """What slapd writes; empty unless something is wrong or `stats` was asked for."""
        return self._daemon.log

    @property
    def pid(self) -> int | None:
        """The process id while slapd runs."""
        return self._daemon.pid

    @property
    def accounts(self) -> Mapping[str, Account]:
        """The service accounts by name: provisioner, portal, sso and radius."""
        return {
            name: Account(f"cn={name},ou=services,{self.suffix}", password)
            for name, password in self._passwords().items()
        }

    def start(self) -> Self:
        """Run slapd and return once it answers; nothing happens if it runs already."""
        if self.pid is None:
            self._daemon.claim()
            try:
                self._prepare()
                self._run()
                self._complete()
            except BaseException:
                self.stop()
                raise
        return self

    def stop(self) -> None:
        """End slapd and wait until it is gone; the data stay."""
        self._daemon.stop()
        if self._socket.parent != self.folder:
            shutil.rmtree(self._socket.parent, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def tool(self, name: str) -> Tool:
        """Return how to call ldapsearch, ldapadd and their like; unless given -H they talk to this server's ldaps."""
        program = self._programs(name)
        own = {"LDAPURI": self.ldaps_uri, "LDAPTLS_CACERT": str(self.ca_file), "LDAPTLS_REQCERT": "demand"}
        return Tool((str(program.path),), {**os.environ, **program.environment, **own})

    def add_staff(self, user: str, password: str, name: str, *groups: str) -> None:
        """Let somebody sign in at the desk, as a member of `groups` (desk-clerks); known ones get the new password."""
        if not STAFF_USER.fullmatch(user):
            raise ValueError(f"a staff member's user name is of letters, digits, dots and hyphens, not {user!r}")
        dn, hashed = f"uid={user},ou=staff,{self.suffix}", _hash(password)
        names = {"uid": user, "cn": name, "sn": name.rpartition(" ")[2], "displayName": name}
        entry = {"objectClass": "inetOrgPerson", **names}
        self.manage(f"dn: {dn}\nchangetype: add\n{_lines(entry | {'userPassword': hashed})}", ALREADY_EXISTS)
        new = f"replace: userPassword\n{_lines({'userPassword': hashed})}-\nreplace: pwdReset\n"
        self.manage(f"dn: {dn}\nchangetype: modify\n{new}")
        for group in groups:
            member = f"dn: cn={group},ou=groups,{self.suffix}\nchangetype: modify\nadd: member\nmember: {dn}\n"
            self.manage(member, VALUE_EXISTS)

    @property
    def _certificates(self) -> certificates.Certificates:
        folder = self.folder / "tls"
        return certificates.Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")

    def _prepare(self) -> None:
        """Make what is missing: certificates, the configuration (again when it changed) and the first entries."""
        certificates.issue(self.folder / "tls")
        data, ready = self.folder / "data", self.folder / "data.ready"
        if not ready.exists():
            shutil.rmtree(data, ignore_errors=True)
        data.mkdir(mode=0o700, exist_ok=True)
        self._configure()
        if not ready.exists():
            self._slapadd("1", self._base())
            ready.write_text(self._entries({}, ""))

    def _complete(self) -> None:
        """Add the first entries that an older version of this project did not make."""
        ready, wanted = self.folder / "data.ready", self._entries({}, "")
        if ready.read_text() != wanted:
            self.manage(self._base(), ALREADY_EXISTS)
            ready.write_text(wanted)

    def _configure(self) -> None:
        config, kept = self.folder / "slapd.d", self.folder / "slapd.ldif"
        wanted = self._configuration()
        if kept.exists() and kept.read_text() == wanted:
            return
        kept.unlink(missing_ok=True)
        shutil.rmtree(config, ignore_errors=True)
        config.mkdir(mode=0o700)
        self._slapadd("0", wanted)
        kept.write_text(wanted)

    def _configuration(self) -> str:
        program = self._programs("slapd")
        return render(
            "hosts/directory/slapd.ldif.j2",
            directory_suffix=self.suffix,
            directory_module_path=program.modules,
            directory_schema_folder=str(program.schemas),
            directory_own_schema_folder=str(Path(ldap.__file__).parent / "schema"),
            directory_data_folder=self.folder / "data",
            directory_pid_file=self.folder / "slapd.own.pid",
            directory_args_file=self.folder / "slapd.args",
            directory_log_level="none",
            directory_tls_ca_file=self._certificates.ca,
            directory_tls_certificate_file=self._certificates.certificate,
            directory_tls_key_file=self._certificates.key,
            directory_admins=_administrators(),
            directory_size_limit=500,
            directory_max_size=4 << 30,
            directory_durable=self._durable,
            directory_session_log=100_000,
        )

    def _base(self) -> str:
        hashes = {name: _hash(password) for name, password in self._passwords().items()}
        return self._entries(hashes, _hash(secrets.token_urlsafe(24)))

    def _entries(self, hashes: Mapping[str, str], decoy: str) -> str:
        return render(
            "hosts/directory/base.ldif.j2",
            directory_suffix=self.suffix,
            directory_service_hashes=hashes,
            directory_decoy_hash=decoy,
        )

    def _slapadd(self, database: str, ldif: str) -> None:
        program = self._programs("slapd")
        done = subprocess.run(
            [program.path, "-T", "add", "-q", "-n", database, "-F", self.folder / "slapd.d"],
            input=ldif.encode(),
            env={**os.environ, **program.environment},
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise NotStarted(f"slapd refused its configuration or first entries: {done.stderr.decode()[-1500:]}")

    def manage(self, ldif: str, forgiven: str = "") -> None:
        """Change entries over the unix socket; a refusal that ends with the code `forgiven` is none."""
        tool = self.tool("ldapmodify")
        command = [*tool.argv, "-Q", "-Y", "EXTERNAL", "-H", self.ldapi_uri, "-a", "-c"]
        done = subprocess.run(
            command, input=ldif, env=dict(tool.environment), capture_output=True, text=True, check=False
        )
        refusals = [line for line in done.stderr.splitlines() if line.startswith("ldap_")]
        if any(not forgiven or not line.endswith(forgiven) for line in refusals) or (done.returncode and not refusals):
            raise NotStarted(f"slapd refused a change: {done.stderr[-1500:]}")

    def _run(self) -> None:
        self._socket = self._place_of_socket()
        on_ports(self.folder / "slapd.ports", 2, self._listen)

    def _listen(self, *ports: int) -> None:
        self._ports = ports
        program = self._programs("slapd")
        self._daemon.start(self._command(program), self._answers, env=program.environment)

    def _command(self, program: debian.Program) -> list[str]:
        urls = f"{self.ldaps_uri} {self.ldap_uri} {self.ldapi_uri}"
        level = "stats" if self._stats else "0"
        return [str(program.path), "-F", str(self.folder / "slapd.d"), "-h", urls, "-d", level]

    def _answers(self) -> bool:
        """Ask for the root entry, over the unix socket, which no other server can have taken."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(2)
                connection.connect(str(self._socket))
                connection.sendall(ROOT_ENTRY)
                return bool(connection.recv(1))
        except OSError:
            return False

    def _place_of_socket(self) -> Path:
        place = self.folder / "ldapi"
        if len(os.fsencode(place)) <= SOCKET_PATH_LIMIT:
            return place
        return Path(tempfile.mkdtemp(prefix="estudent-")) / "ldapi"

    def _passwords(self) -> dict[str, str]:
        """Return the service accounts' passwords, made up once and kept where only their owner reads."""
        file = self.folder / "accounts.json"
        if not file.exists():
            new = file.with_suffix(".new")
            new.unlink(missing_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
                json.dump({name: secrets.token_urlsafe(24) for name in SERVICES}, handle)
            new.rename(file)
        passwords: dict[str, str] = json.loads(file.read_text())
        return passwords


def _hash(password: str) -> str:
    return "{ARGON2}" + PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1).hash(password)


def _lines(attributes: Mapping[str, str]) -> str:
    """Return attributes as LDIF, in base64 (RFC 2849), so that any letter is allowed."""
    return "".join(f"{name}:: {base64.b64encode(value.encode()).decode()}\n" for name, value in attributes.items())


def _administrators() -> list[str]:
    """The names that root and this process's account have over the unix socket (SASL EXTERNAL)."""
    accounts = dict.fromkeys([(0, 0), (os.getgid(), os.getuid())])
    return [f"gidNumber={group}+uidNumber={user},cn=peercred,cn=external,cn=auth" for group, user in accounts]
