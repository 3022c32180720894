"""Students in the lab's directory, and a browser without a screen that signs them in."""

from __future__ import annotations

import re
import ssl
import subprocess
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, quote, urljoin, urlsplit
from xml.etree import ElementTree as ET

import httpx
from argon2 import PasswordHasher
from testinfra.host import Host

from estudent.adapters.ldap.attributes import OBJECT_CLASSES
from lab.network import BRIDGE

SUFFIX = "dc=student,dc=uczelnia,dc=example"
MAIL = "student.uczelnia.example"
SSO = "https://sso.uczelnia.example"
USOSWEB = "https://usosweb.uczelnia.example"
LIBRARY = "https://biblioteka.uczelnia.example"
OFFICE = "https://office.uczelnia.example"
SERVICE = f"{USOSWEB}/proba"
"""An address of a declared service, at which nothing answers by itself."""

CAS = {"cas": "http://www.yale.edu/tp/cas"}
HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


@dataclass(frozen=True)
class Person:
    """Somebody with an entry in the directory."""

    uid: str
    password: str = "Dlugie haslo 7 sosen"
    mail: str = ""
    given_name: str = "Zośka"
    surname: str = "Próbna"
    attributes: Mapping[str, str] = field(default_factory=dict)
    staff: bool = False

    @property
    def name(self) -> str:
        """The entry's name."""
        return f"uid={self.uid},ou={'staff' if self.staff else 'people'},{SUFFIX}"

    def ldif(self) -> str:
        """The entry as LDIF."""
        common = f"{self.given_name} {self.surname}"
        addresses = [f"{self.uid}@{MAIL}", *([self.mail] if self.mail else [])]
        values: list[tuple[str, str]] = [
            *(("objectClass", each) for each in (("inetOrgPerson",) if self.staff else OBJECT_CLASSES)),
            *(("uid", self.uid), ("cn", common), ("displayName", common)),
            *(("sn", self.surname), ("givenName", self.given_name)),
            ("userPassword", "{ARGON2}" + HASHER.hash(self.password)),
            *((("mail", self.mail),) if self.mail else ()),
            *(
                ()
                if self.staff
                else (("employeeNumber", self.uid[1:]), *(("mailLocalAddress", each) for each in addresses))
            ),
            *self.attributes.items(),
        ]
        lines = [f"dn: {self.name}", *(_line(name, value) for name, value in values)]
        return "\n".join(lines) + "\n"


def _line(name: str, value: str) -> str:
    return f"{name}:: {b64encode(value.encode()).decode()}"


@contextmanager
def enrolled(directory: Host, *people: Person) -> Iterator[None]:
    """Have entries for these people, and none afterwards."""
    change(directory, "ldapdelete -c", "".join(f"{person.name}\n" for person in people), may_fail=True)
    change(directory, "ldapadd", "\n".join(person.ldif() for person in people))
    try:
        yield
    finally:
        change(directory, "ldapdelete -c", "".join(f"{person.name}\n" for person in people), may_fail=True)


def change(directory: Host, tool: str, text: str, *, may_fail: bool = False) -> None:
    """Change the directory as the administrator of its host."""
    done = directory.run(f"printf '%%s' %s | {tool} -Q -Y EXTERNAL -H ldapi:///", text)
    assert may_fail or done.rc == 0, done.stderr


def modify(directory: Host, person: Person, attribute: str, *values: str) -> None:
    """Give an attribute these values."""
    lines = [f"dn: {person.name}", "changetype: modify", f"replace: {attribute}"]
    change(directory, "ldapmodify", "\n".join([*lines, *(_line(attribute, each) for each in values)]))


def set_password(directory: Host, person: Person, password: str, secret: str) -> None:
    """Give somebody another password as the portal does, under the portal's name."""
    line = _line("userPassword", "{ARGON2}" + HASHER.hash(password))
    text = f"dn: {person.name}\nchangetype: modify\nreplace: userPassword\n{line}\n"
    portal = f"cn=portal,ou=services,{SUFFIX}"
    directory.check_output("printf '%%s' %s | ldapmodify -x -H ldapi:/// -D %s -w %s", text, portal, secret)


def trust(host: Host) -> ssl.SSLContext:
    """Return what believes the lab's authority and nobody else."""
    return ssl.create_default_context(cadata=host.file("/etc/ssl/estudent/ca.pem").content_string)


def have_address(number: int) -> str:
    """Return an address in the lab's network from which requests may come; what it takes goes with the lab."""
    address = f"10.77.0.{number}"
    subprocess.run(["ip", "address", "replace", f"{address}/24", "dev", BRIDGE], check=True)
    return address


@dataclass
class Page:
    """An answer, with its form."""

    answer: httpx.Response

    @property
    def text(self) -> str:
        """What it says."""
        return self.answer.text

    @property
    def fields(self) -> dict[str, str]:
        """The hidden fields of its form."""
        inputs = [dict(re.findall(r'([\w-]+)="([^"]*)"', tag)) for tag in re.findall(r"<input[^>]*>", self.text)]
        return {each["name"]: unescape(each.get("value", "")) for each in inputs if each.get("type") == "hidden"}

    @property
    def buttons(self) -> list[str]:
        """What the buttons of a question send."""
        return [unescape(each) for each in re.findall(r'name="confirm" value="([^"]*)"', self.text)]

    @property
    def action(self) -> str:
        """Where its form goes."""
        found = re.search(r'<form[^>]*action="([^"]*)"', self.text)
        return urljoin(str(self.answer.url), unescape(found[1])) if found else str(self.answer.url)

    @property
    def asks(self) -> bool:
        """Whether it wants a password."""
        return 'name="password"' in self.text

    @property
    def location(self) -> str:
        """Where it leads."""
        return str(self.answer.headers.get("location", ""))

    @property
    def ticket(self) -> str:
        """The ticket that it carries to a service."""
        return parse_qs(urlsplit(self.location).query).get("ticket", [""])[0]


class Browser:
    """A browser of one's own, at an address of one's own if need be."""

    def __init__(self, trusted: ssl.SSLContext, source: str = "", **options: Any) -> None:
        transport = httpx.HTTPTransport(verify=trusted, local_address=source or None, retries=1)
        headers = {"Accept-Language": "pl", "User-Agent": "Mozilla/5.0"} | options.pop("headers", {})
        self.client = httpx.Client(transport=transport, headers=headers, timeout=60, **options)
        self.service = httpx.Client(verify=trusted, timeout=60)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self.client.close()
        self.service.close()

    def get(self, url: str, **options: Any) -> Page:
        """Ask for a page and go nowhere else."""
        return Page(self.client.get(urljoin(SSO, url), **options))

    def form(self, service: str = SERVICE, **more: str) -> Page:
        """Ask to be signed in to a CAS service."""
        return self.get(f"/cas/login?service={quote(service, safe='')}" + "".join(f"&{k}={v}" for k, v in more.items()))

    def send(self, page: Page, **typed: str) -> Page:
        """Fill in a form and send it."""
        return Page(self.client.post(page.action, data=page.fields | typed))

    def sign_in(self, person: Person, name: str = "", service: str = SERVICE, **more: str) -> Page:
        """Type name and password, and return what comes: for a declared service, the way back to it."""
        return self.send(self.form(service), user=name or person.mail or person.uid, password=person.password, **more)

    def follow(self, page: Page, limit: int = 12) -> Page:
        """Go wherever a page leads, sending forms that send themselves."""
        for _ in range(limit):
            if page.location:
                page = Page(self.client.get(urljoin(str(page.answer.url), page.location)))
            elif "data-at-once" in page.text:
                page = self.send(page)
            else:
                return page
        raise AssertionError(f"led around for ever, at last to {page.answer.url}")

    def visit(self, url: str) -> Page:
        """Open an address and follow it to the end."""
        return self.follow(Page(self.client.get(url)))

    def validate(self, ticket: str, service: str = SERVICE, how: str = "p3/serviceValidate", **more: str) -> str:
        """Ask, as a service does without the person's cookies, whose ticket this is."""
        return self.service.get(f"{SSO}/cas/{how}", params={"service": service, "ticket": ticket, **more}).text


def user_in(answer: str) -> str | None:
    """Return who a validation names, or None."""
    return ET.fromstring(answer).findtext(".//cas:user", None, CAS)  # noqa: S314


def attributes_in(answer: str) -> dict[str, list[str]]:
    """Return the attributes of a validation."""
    found: dict[str, list[str]] = {}
    for each in ET.fromstring(answer).findall(".//cas:attributes/*", CAS):  # noqa: S314
        found.setdefault(each.tag.partition("}")[2], []).append(each.text or "")
    return found


def refusal_in(answer: str) -> str | None:
    """Return by which code a validation is refused."""
    failure = ET.fromstring(answer).find(".//cas:authenticationFailure", CAS)  # noqa: S314
    return failure.get("code") if failure is not None else None
