"""The portal as its tests see it: an application, browsers, students who are in the registry and in the directory."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from html import unescape
from itertools import count
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from werkzeug.test import TestResponse

from estudent.adapters.registry.journal import Author
from estudent.bootstrap import Campus
from estudent.domain.album_number import AlbumNumber
from estudent.domain.directory_entry import entry_of
from estudent.domain.pesel import Pesel
from estudent.domain.plan import Step, StepKind
from estudent.domain.student import Student
from estudent.portal.app import create_app
from estudent.ports import StaffMember
from estudent.settings import DirectorySettings, PortalSettings, RegistrySettings, Settings, UniversitySettings
from sandbox.slapd import Slapd
from tests.builders import a_pesel
from tests.contract.registry_world import Clock, Registry, a_feed, an_admission, an_application
from tests.portal.solving import answers

LEFT_OUT = {name: info.annotation for name, info in Settings.model_fields.items() if isinstance(info.annotation, type)}
KEY = "the portal's key in tests, which is long enough"
FINGERPRINT_KEY = "a key of the tests, long enough for it"
DOMAIN = "student.example.pl"
TRIES_UNTIL_BARRED = 30
"""Wrong passwords that the directory takes before it bars somebody for a while (its policy's pwdMaxFailure)."""
NUMBERS = count(200_001)
"""Album numbers for tests: the directory is shared, so nobody gets one twice."""


@dataclass
class Portal:
    """One portal with its own registry."""

    campus: Campus
    app: Flask
    clock: Clock
    slapd: Slapd
    registry: Registry = field(repr=False)

    def browser(self, language: str = "en") -> FlaskClient:
        """Return a browser of somebody who is not signed in."""
        browser = self.app.test_client()
        browser.set_cookie("language", language)
        return browser

    def a_student(self, *, in_directory: bool = True, active: bool = False, **changes: Any) -> Student:
        """Admit somebody; `changes` are those of `an_application`; the PESEL is `pesel_of(album)` unless given."""
        number = str(next(NUMBERS))
        email = f"{number}@poczta.example"
        wanted: dict[str, Any] = {"album": AlbumNumber(number), "pesel": pesel_of(number), "email": email}
        application = an_application(number, **(wanted | changes))
        feed = self.registry.admissions.open(a_feed())
        self.registry.admissions.begin_to_admit(feed, [an_admission(application)])()
        admitted = self.load(str(application.album))
        if in_directory:
            self.put_into_directory(admitted)
        if active:
            self.activate(admitted)
        return self.load(str(application.album))

    def load(self, album: str) -> Student:
        """Return a student as the registry holds them now."""
        return self.campus.students.by_album(AlbumNumber(album))

    def put_into_directory(self, whose: Student) -> None:
        """Make the entry, as the nightly run would."""
        wanted = entry_of(whose, DOMAIN)
        outcomes = list(self.campus.directory.carry_out([Step(StepKind.ADD, wanted)]))
        assert [outcome.detail for outcome in outcomes] == [""]
        self.campus.students.observe_entries([whose.key])

    def activate(self, whose: Student, password: str = "correct horse battery staple") -> None:
        """Give a student a password, as if the account had been activated."""
        self.campus.passwords.set(whose.album, password)
        self.campus.students.observe_activations([whose.key])

    def signed_in(self, whose: Student, language: str = "en") -> FlaskClient:
        """Return a browser in which this student is signed in."""
        browser = self.browser(language)
        with browser.session_transaction() as session:
            session.update(student=whose.key, album=str(whose.album))
        return browser

    def at_the_desk(self, member: StaffMember, language: str = "en") -> FlaskClient:
        """Return a browser in which this member of the staff is signed in."""
        browser = self.browser(language)
        with browser.session_transaction() as session:
            session.update(staff=member.user, staff_name=member.name, staff_role=member.role.value)
            session["staff_seen"] = int(self.clock().timestamp())
        return browser

    def submit(self, browser: FlaskClient, page: str, /, to: str = "", **typed: str) -> TestResponse:
        """Open a page, fill in its form that posts `to` (or the first one), solve its challenge and send it."""
        html = browser.get(page).get_data(as_text=True)
        action, hidden = form_in(html, to)
        return browser.post(action or page, data=hidden | answers(html, KEY) | typed)


def form_in(html: str, to: str = "") -> tuple[str, dict[str, str]]:
    """Return the address and the hidden fields of a page's form: the one that posts `to`, else the last one."""
    forms = re.findall(r'<form[^>]*method="post"[^>]*action="([^"]*)"[^>]*>(.*?)</form>', html, re.DOTALL)
    action, inside = max(enumerate(forms), key=lambda each: (unescape(each[1][0]) == to, each[0]))[1]
    fields = re.findall(r'<input type="hidden" name="([^"]+)"[^>]*? value="([^"]*)"', inside)
    return unescape(action), {name: unescape(value) for name, value in fields}


def pesel_of(album: str) -> Pesel:
    """Return the PESEL of the test student with this album number."""
    return Pesel(a_pesel(date(2007, 3, 14), int(album) % 10_000))


def a_portal(slapd: Slapd, file: Path, **settings: Any) -> Portal:
    """Return a portal on this registry and directory; `settings` are whole sections."""
    clock = Clock(datetime.now(UTC).replace(microsecond=0))
    campus = Campus(_settings(slapd, file, settings), Author("test", "test", clock))
    registry = Registry(f"sqlite:///{file}", clock)
    app = create_app(campus)
    app.testing = True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return Portal(campus, app, clock, slapd, registry)


def _settings(slapd: Slapd, file: Path, sections: dict[str, Any]) -> Settings:
    provisioner, portal = slapd.accounts["provisioner"], slapd.accounts["portal"]
    usual = {
        "university": UniversitySettings(mail_domain=DOMAIN, portal="http://localhost"),
        "registry": RegistrySettings(url=SecretStr(f"sqlite:///{file}"), fingerprint_key=SecretStr(FINGERPRINT_KEY)),
        "directory": DirectorySettings(
            uris=[slapd.ldaps_uri],
            bind_dn=provisioner.dn,
            password=SecretStr(provisioner.password),
            suffix=slapd.suffix,
            ca_file=slapd.ca_file,
        ),
        "portal": PortalSettings(secret_key=SecretStr(KEY), bind_dn=portal.dn, password=SecretStr(portal.password)),
    }
    # Every section is given, so that nothing of another university in the environment gets in.
    rest = {name: LEFT_OUT[name]() for name in LEFT_OUT if name not in usual}
    return Settings(**(rest | usual | sections))
