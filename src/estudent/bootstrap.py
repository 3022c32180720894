"""Wiring: the only place that knows which adapter stands behind which port."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, partial
from typing import TypeVar
from zoneinfo import ZoneInfo

from anyascii import anyascii
from babel import Locale

from estudent.adapters.ldap.directory import LdapDirectory
from estudent.adapters.letter_texts import LetterTexts
from estudent.adapters.microsoft365 import Microsoft365
from estudent.adapters.post import SmtpPost
from estudent.adapters.recruitment.files import RecruitmentFiles
from estudent.adapters.recruitment.headers import POLISH_HEADERS
from estudent.adapters.registry.admissions import SqlAdmissions
from estudent.adapters.registry.database import Database
from estudent.adapters.registry.journal import Author, SqlJournal
from estudent.adapters.registry.letters import SqlLetters
from estudent.adapters.registry.mailboxes import SqlMailboxRegister
from estudent.adapters.registry.observations import SqlAccountNumbers, SqlUsosRegister
from estudent.adapters.registry.outbox import SqlOutbox
from estudent.adapters.registry.people import People
from estudent.adapters.registry.students import SqlStudents
from estudent.adapters.usos import UsosApi
from estudent.domain.application import Vocabulary
from estudent.domain.brake import Brake
from estudent.domain.fault import Column
from estudent.domain.fingerprint import Fingerprints
from estudent.domain.identity_document import DocumentKind
from estudent.domain.letter import activation_token
from estudent.domain.lifecycle import Standing
from estudent.domain.nrb import PaymentScheme
from estudent.domain.student import Language, Student
from estudent.ports import Misconfigured
from estudent.services.admit import Admit
from estudent.services.assign_account_numbers import AssignAccountNumbers
from estudent.services.keep_accounts import keep_accounts
from estudent.services.link_usos import link_usos
from estudent.services.open_mailboxes import AskForMailbox, open_mailboxes
from estudent.services.reconcile import Reconciler
from estudent.services.send_letters import SendLetters
from estudent.services.serve_requests import ServeRequests
from estudent.settings import Settings, settings

STATUSES: Mapping[str, Standing | None] = {
    "przyjęty": Standing.ADMITTED,
    "przyjęta": Standing.ADMITTED,
    "student": Standing.STUDYING,
    "urlop": Standing.ON_LEAVE,
    "absolwent": Standing.GRADUATED,
    "rezygnacja": Standing.RESIGNED,
    "skreślony": Standing.STRUCK_OFF,
    "skreślona": Standing.STRUCK_OFF,
    "zakwalifikowany": None,
    "zakwalifikowana": None,
    "nieprzyjęty": None,
    "nieprzyjęta": None,
}
DOCUMENTS = {
    "paszport": DocumentKind.PASSPORT,
    "dowód": DocumentKind.IDENTITY_CARD,
    "dowód osobisty": DocumentKind.IDENTITY_CARD,
    "inny": DocumentKind.OTHER,
}
NOT_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
"""Codes of CLDR that stand for groups, pseudo-languages and the unknown."""

LANGUAGES = {language.value: language for language in Language} | {
    "polski": Language.POLISH,
    "angielski": Language.ENGLISH,
    "ukraiński": Language.UKRAINIAN,
}


Closeable = TypeVar("Closeable", LdapDirectory, Microsoft365, UsosApi, SmtpPost)


def now() -> datetime:
    """Return this moment in UTC."""
    return datetime.now(UTC)


@dataclass
class Campus:
    """Everything wired together for one run under one author; parts are made when they are first asked for."""

    settings: Settings
    author: Author
    _open: ExitStack = field(default_factory=ExitStack)

    # the registry

    @cached_property
    def database(self) -> Database:
        """The registry's database."""
        database = Database(self.settings.registry.url.get_secret_value())
        self._open.callback(database.close)
        return database

    @cached_property
    def fingerprints(self) -> Fingerprints:
        """The keyed hashes."""
        try:
            return Fingerprints(self.settings.registry.fingerprint_key.get_secret_value().encode())
        except ValueError as error:
            raise Misconfigured(f"ESTUDENT_REGISTRY__FINGERPRINT_KEY: {error}") from None

    @cached_property
    def students(self) -> SqlStudents:
        """Students with album numbers."""
        return SqlStudents(self.database, self.author.clock, self.settings.payments.purpose)

    @cached_property
    def journal(self) -> SqlJournal:
        """The journal."""
        return SqlJournal(self.database, self.author)

    @cached_property
    def admissions(self) -> SqlAdmissions:
        """Recruitment's door."""
        people = People(self.author, self.domain, self.settings.payments.purpose)
        return SqlAdmissions(self.database, self.author, people)

    @cached_property
    def mailbox_register(self) -> SqlMailboxRegister:
        """Addresses and mailboxes' states."""
        return SqlMailboxRegister(self.database, self.author)

    @cached_property
    def outbox(self) -> SqlOutbox:
        """Students' requests."""
        return SqlOutbox(self.database, self.author.clock)

    @property
    def domain(self) -> str:
        """The domain of students' addresses."""
        return self.settings.university.mail_domain

    # the far systems

    @cached_property
    def recruitment(self) -> RecruitmentFiles:
        """Recruitment's files."""
        ours = self.settings.recruitment
        return RecruitmentFiles(
            ours.folder,
            _headers(ours.headers),
            settle=timedelta(seconds=ours.settle_seconds),
            encoding=ours.encoding,
            clock=self.author.clock,
        )

    @cached_property
    def directory(self) -> LdapDirectory:
        """The directory."""
        ours = self.settings.directory
        password = ours.password.get_secret_value()
        return self._kept(LdapDirectory(ours.uris, ours.bind_dn, password, ours.suffix, ours.ca_file))

    @cached_property
    def microsoft365(self) -> Microsoft365:
        """Microsoft 365."""
        ours = self.settings.mailboxes
        return self._kept(
            Microsoft365(
                tenant_id=ours.tenant,
                client_id=ours.client_id,
                client_secret=ours.client_secret.get_secret_value(),
                certificate=ours.certificate,
                graph_url=ours.graph_url,
                exchange_url=ours.exchange_url,
                authority=ours.authority,
                sku=ours.sku,
                domain=self.domain,
            )
        )

    @cached_property
    def usos(self) -> UsosApi:
        """USOS."""
        ours = self.settings.usos
        return self._kept(UsosApi(ours.url, ours.consumer_key, ours.consumer_secret.get_secret_value()))

    @cached_property
    def post(self) -> SmtpPost:
        """The post."""
        ours = self.settings.letters
        return self._kept(
            SmtpPost(
                host=ours.host,
                port=ours.port,
                security=ours.security,
                ca_file=ours.ca_file,
                user=ours.user,
                password=ours.password.get_secret_value(),
                sender_name=self.settings.university.name,
                sender_address=ours.sender,
                per_minute=ours.per_minute,
            )
        )

    # the use cases

    @cached_property
    def admit(self) -> Admit:
        """Take in recruitment's feeds."""
        return Admit(
            recruitment=self.recruitment,
            admissions=self.admissions,
            fingerprints=self.fingerprints,
            words=self._vocabulary(),
            today=self.today,
            full_feed=self.settings.recruitment.full_feed,
        )

    @cached_property
    def ask_for_mailbox(self) -> AskForMailbox:
        """What the portal calls when a student chooses a name."""
        return AskForMailbox(self.students, self.mailbox_register, anyascii, self.domain)

    @cached_property
    def serve_requests(self) -> ServeRequests:
        """Drain the outbox."""
        systems = self.systems
        followers = [systems["directory"], systems["usos"]]
        return ServeRequests(self.outbox, self.mailbox_register, systems["mailboxes"], followers)

    @cached_property
    def systems(self) -> dict[str, Reconciler]:
        """The far systems in the order in which a student needs them."""
        reconcilers: list[Reconciler] = [
            self._send_letters(),
            keep_accounts(self.directory, self.students, self.journal, self.domain),
            open_mailboxes(self.microsoft365, self.students, self.mailbox_register, self.journal, self.domain),
            link_usos(self.usos, self.students, SqlUsosRegister(self.database, self.author.clock), self.journal),
            self._assign_account_numbers(),
        ]
        return {reconciler.system: reconciler for reconciler in reconcilers}

    @property
    def checks(self) -> dict[str, Callable[[], str]]:
        """One check for each system, for the doctor; wiring a part is within its check, since it may fail too."""
        parts = {
            "registry": "database",
            "recruitment": "recruitment",
            "letters": "post",
            "directory": "directory",
            "mailboxes": "microsoft365",
            "usos": "usos",
        }
        return {system: partial(self._check, part) for system, part in parts.items()}

    def brake_with(self, share: float | None) -> Brake:
        """Return the brake of the settings, or one that lets `share` (0 to 1) through."""
        ours = self.settings.brake
        return Brake(ours.share if share is None else share, ours.spared)

    def today(self) -> date:
        """Return the university's date."""
        return self.author.clock().astimezone(ZoneInfo(self.settings.university.time_zone)).date()

    def close(self) -> None:
        """Close whatever was opened."""
        self._open.close()

    def _check(self, part: str) -> str:
        sentence: str = getattr(self, part).check()
        return sentence

    def _send_letters(self) -> SendLetters:
        letters = SqlLetters(
            self.database,
            self.author,
            self.students,
            identify=self._message_id,
            token=lambda message_id: activation_token(self.fingerprints, message_id),
        )
        return SendLetters(self.students, letters, self._letter_texts(), self.post, self.journal)

    def _message_id(self, student: Student) -> str:
        mark = self.fingerprints.of("letter", "album_number", str(student.album))[:32]
        return f"<{mark}@{self.domain}>"

    def _letter_texts(self) -> LetterTexts:
        ours = self.settings.university
        brand = {"university": ours.name, "office": ours.office, "contact": ours.contact}
        return LetterTexts(self.fingerprints, brand, ours.portal, self.domain)

    def _assign_account_numbers(self) -> AssignAccountNumbers:
        numbers = SqlAccountNumbers(self.database, self.author)
        return AssignAccountNumbers(
            self.students, self.usos, numbers, self.settings.payments.purpose, _scheme(self.settings)
        )

    def _vocabulary(self) -> Vocabulary:
        return Vocabulary(
            statuses={**STATUSES, **_statuses(self.settings.recruitment.statuses)},
            documents=DOCUMENTS,
            languages=LANGUAGES,
            countries=_countries(),
        )

    def _kept(self, part: Closeable) -> Closeable:
        self._open.callback(part.close)
        return part


@contextmanager
def campus(actor: str, run: str) -> Iterator[Campus]:
    """Wire everything for one run: `actor` and `run` stand in the journal; raise Misconfigured for wrong settings."""
    wired = Campus(settings(), Author(actor, run, now))
    try:
        yield wired
    finally:
        wired.close()


def _countries() -> frozenset[str]:
    codes = {str(code) for code in Locale("en").territories}
    return frozenset(code for code in codes if re.fullmatch("[A-Z]{2}", code)) - NOT_COUNTRIES


def _headers(added: Mapping[str, list[str]]) -> dict[Column, list[str]]:
    unknown = ", ".join(sorted(set(added) - {column.value for column in Column}))
    if unknown:
        raise Misconfigured(f"ESTUDENT_RECRUITMENT__HEADERS: no such column: {unknown}; there are {', '.join(Column)}")
    return {column: [*added.get(column.value, []), *usual] for column, usual in POLISH_HEADERS.items()}


def _statuses(added: Mapping[str, str]) -> dict[str, Standing | None]:
    try:
        return {word.lower(): None if means == "not_admitted" else Standing(means) for word, means in added.items()}
    except ValueError as error:
        known = ", ".join([*Standing, "not_admitted"])
        raise Misconfigured(f"ESTUDENT_RECRUITMENT__STATUSES: {error}; there are {known}") from None


def _scheme(ours: Settings) -> PaymentScheme | None:
    payments = ours.payments
    if not payments.sort_code:
        return None
    key = payments.key.get_secret_value().encode()
    if len(key) < 32:
        raise Misconfigured("ESTUDENT_PAYMENTS__KEY needs 32 characters or more")
    try:
        return PaymentScheme(payments.purpose, payments.sort_code, payments.client_prefix, key)
    except ValueError as error:
        raise Misconfigured(f"ESTUDENT_PAYMENTS__…: {error}") from None
