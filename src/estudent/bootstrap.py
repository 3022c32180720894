"""Wiring: the only place that knows which adapter stands behind which port.

Adapters that bring large libraries along are imported where they are first needed: a process for one far system, a
shard of a run for example, starts without what it takes to speak with the others.
"""

from __future__ import annotations

import functools
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, overload
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from anyascii import anyascii

from estudent.adapters.post import SmtpPost
from estudent.adapters.recaptcha import Recaptcha
from estudent.adapters.registry.accounts import SqlAccounts
from estudent.adapters.registry.admissions import SqlAdmissions
from estudent.adapters.registry.allowance import SqlAllowance
from estudent.adapters.registry.attempts import SqlAttempts
from estudent.adapters.registry.board import SqlBoard
from estudent.adapters.registry.codes import SqlCodes
from estudent.adapters.registry.corrections import SqlCorrections
from estudent.adapters.registry.database import Database
from estudent.adapters.registry.desk import SqlDesk
from estudent.adapters.registry.entries_seen import SqlEntriesSeen
from estudent.adapters.registry.exports import SqlBookingExports
from estudent.adapters.registry.fees import SqlFees
from estudent.adapters.registry.figures import SqlFigures
from estudent.adapters.registry.journal import Author, SqlJournal
from estudent.adapters.registry.letters import SqlLetters
from estudent.adapters.registry.mailbox_life import SqlPartings
from estudent.adapters.registry.mailbox_passwords import SqlMailboxPasswords
from estudent.adapters.registry.mailbox_renames import SqlRenames
from estudent.adapters.registry.mailboxes import SqlMailboxRegister
from estudent.adapters.registry.messages import SqlMessages
from estudent.adapters.registry.observations import SqlAccountNumbers
from estudent.adapters.registry.outbox import SqlOutbox
from estudent.adapters.registry.payment_desk import SqlPaymentDesk
from estudent.adapters.registry.people import People
from estudent.adapters.registry.receivables import SqlReceivables, SqlReminders
from estudent.adapters.registry.sessions import SqlSessions
from estudent.adapters.registry.shards import SqlShards
from estudent.adapters.registry.single_use import SqlSingleUse
from estudent.adapters.registry.students import SqlStudents
from estudent.adapters.registry.till import SqlTills
from estudent.adapters.registry.trail import SqlTrail
from estudent.adapters.registry.usos_links import SqlUsosRegister
from estudent.adapters.registry.watermarks import SqlWatermarks
from estudent.domain.album_number import AlbumNumber
from estudent.domain.allowance import paced
from estudent.domain.application import Vocabulary
from estudent.domain.asked_for import RowFault
from estudent.domain.booking_rules import Rules
from estudent.domain.brake import Brake
from estudent.domain.eduroam import Eduroam
from estudent.domain.fault import Column
from estudent.domain.fingerprint import Fingerprints
from estudent.domain.identity_document import DocumentKind
from estudent.domain.letter import activation_token
from estudent.domain.lifecycle import Standing
from estudent.domain.mailbox_life import Calendar, Deed
from estudent.domain.nrb import PaymentScheme
from estudent.domain.password import Strength, words_of
from estudent.domain.shard import Shard, how_many
from estudent.domain.student import Language, Student
from estudent.domain.usos_migrations import Migrations
from estudent.domain.whom import Whom
from estudent.ports import FarSideError, Misconfigured, NumberedStudent, Playbooks, Recruitment, SingleSignOn
from estudent.services.activate import Activate
from estudent.services.admit import Admit
from estudent.services.assign_account_numbers import AssignAccountNumbers
from estudent.services.book_payments import BookPayments
from estudent.services.change_password import ChangePassword
from estudent.services.choose_password import ChoosePassword
from estudent.services.close_mailboxes import DAILY, ERASING, ERASURE, LIFE, CloseMailboxes
from estudent.services.correct_contact import CorrectContact
from estudent.services.deploy_hosts import DeployHosts
from estudent.services.doorkeeper import Doorkeeper
from estudent.services.end_visits import EndVisits
from estudent.services.enter_desk import EnterDesk
from estudent.services.enter_desk_from_sso import EnterDeskFromSso
from estudent.services.even_time import EvenTime
from estudent.services.explain_fees import ExplainFees
from estudent.services.export_bookings import ExportBookings
from estudent.services.find_in_usos import FindAndLink
from estudent.services.follow_steps import FollowSteps
from estudent.services.hand_out_code import HandOutCode
from estudent.services.import_account_numbers import ImportAccountNumbers
from estudent.services.issue_code import IssueCode
from estudent.services.keep_accounts import SYSTEM as DIRECTORY
from estudent.services.keep_accounts import keep_accounts
from estudent.services.keep_pace import KeepPace
from estudent.services.let_go_on import LetGoOn, can_be_hurried, can_be_retried
from estudent.services.link_usos import link_usos
from estudent.services.one_password import OnePassword
from estudent.services.open_mailboxes import AskForMailbox, open_mailboxes, shortage
from estudent.services.reconcile import Forecast, Leash, Reconciler
from estudent.services.recover_password import RecoverPassword
from estudent.services.remind_of_fees import RemindOfFees
from estudent.services.rename_mailboxes import AskForNewAddress, RenameMailboxes
from estudent.services.resend_letter import ResendLetter
from estudent.services.send_letters import SendLetters
from estudent.services.send_messages import SendMessages
from estudent.services.serve_requests import ServeRequests
from estudent.services.share_out import ShareOut
from estudent.services.sign_in import SignIn
from estudent.services.take_receivables import TakeReceivables
from estudent.services.unlock_account import UnlockAccount
from estudent.services.watch_entries import WatchEntries
from estudent.services.watch_mailboxes import SYSTEM as DRIFT
from estudent.services.watch_mailboxes import WatchMailboxes
from estudent.services.watch_schemes import WatchSchemes
from estudent.services.watch_statements import WatchStatements
from estudent.settings import BankSettings, IrkSettings, Settings, settings

if TYPE_CHECKING:
    from estudent.adapters.banks import BankFolder, BankScheme
    from estudent.adapters.ldap.directory import LdapDirectory
    from estudent.adapters.ldap.passwords import LdapPasswords
    from estudent.adapters.ldap.staff import LdapStaff
    from estudent.adapters.letter_texts import LetterTexts
    from estudent.adapters.microsoft365 import Microsoft365
    from estudent.adapters.recruitment.files import RecruitmentFiles
    from estudent.adapters.recruitment.irk import IrkApi, Meaning
    from estudent.adapters.usos import UsosApi, UsosFiles, UsosOracle

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


class _ToBeClosed(Protocol):
    def close(self) -> None: ...


Closeable = TypeVar("Closeable", bound=_ToBeClosed)
Part = TypeVar("Part")

SHARED = (
    "database", "fingerprints", "sessions", "passwords", "staff_directory", "recaptcha", "single_sign_on",
    "waiting_microsoft365",
)  # fmt: skip
"""What does not depend on whoever acts, and is costly to make: one for all requests of a process."""


def now() -> datetime:
    """Return this moment in UTC."""
    return datetime.now(UTC)


class cached_property(functools.cached_property[Part]):  # noqa: N801 - named like the one whose place it takes
    """A part of a campus that is made once, however many threads ask for it: since 3.12, Python's own has no lock."""

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> Part: ...
    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        """Make the part, or return what another thread has made meanwhile; once made, it is found without a call."""
        if instance is None:
            return self
        with instance.making:
            return super().__get__(instance, owner)


@dataclass
class Campus:
    """Everything wired together for one run under one author; parts are made when they are first asked for."""

    settings: Settings
    author: Author
    leash: Leash = field(default_factory=Leash)
    in_shard: bool = False
    making: AbstractContextManager[object] = field(default_factory=RLock, repr=False, compare=False)
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
        return SqlMailboxRegister(self.database, self.author, SqlMessages(self.database, self.author, self.domain))

    @cached_property
    def shards(self) -> SqlShards:
        """The shards of runs for many students."""
        return SqlShards(self.database, self.author.clock, timedelta(seconds=self.settings.shards.silent_seconds))

    @cached_property
    def share_out(self) -> ShareOut:
        """Share a run's work out in shards."""
        return ShareOut(self.shards, self.journal)

    @cached_property
    def outbox(self) -> SqlOutbox:
        """Students' requests."""
        return SqlOutbox(self.database, self.author.clock)

    @cached_property
    def sessions(self) -> SqlSessions:
        """The portal's sessions."""
        ours = self.settings.portal
        idle, absolute = timedelta(minutes=ours.idle_minutes), timedelta(hours=ours.absolute_hours)
        return SqlSessions(self.database, self.author.clock, idle, absolute)

    # passwords and robots

    @property
    def password_strength(self) -> Strength:
        """How hard a password is to guess."""
        from estudent.adapters.password_strength import strength  # of the extra [portal]

        return strength

    @property
    def passphrase(self) -> Callable[[], str]:
        """Makes a passphrase to offer."""
        from estudent.adapters.passphrase import passphrase  # of the extra [portal]

        return passphrase

    def words_in_passwords(self, whose: Student | None) -> list[str]:
        """Return what a password of theirs must not hold."""
        return words_of(whose, anyascii, self.settings.university.name)

    @cached_property
    def eduroam(self) -> Eduroam:
        """The university in eduroam."""
        from estudent.adapters.eduroam_profiles import authorities_in

        ours, university = self.settings.eduroam, self.settings.university
        return Eduroam(
            realm=ours.realm or university.mail_domain,
            servers=tuple(ours.servers),
            authorities=authorities_in(ours.ca_file),
            university=university.name,
            contact=university.contact,
            website=self.settings.brand.office_url,
        )

    def eap_config(self, album: AlbumNumber, language: Language) -> bytes:
        """Return a student's profile for geteduroam."""
        from estudent.adapters.eduroam_profiles import eap_config

        return eap_config(self.eduroam, self.eduroam.identity(album), language.value)

    def apple_profile(self, album: AlbumNumber) -> bytes:
        """Return a student's profile for devices of Apple."""
        from estudent.adapters.eduroam_profiles import apple_profile

        return apple_profile(self.eduroam, self.eduroam.identity(album))

    @cached_property
    def single_use(self) -> SqlSingleUse:
        """What is good for one use."""
        return SqlSingleUse(self.database, self.author.clock, self.fingerprints)

    @cached_property
    def recaptcha(self) -> Recaptcha:
        """Google reCAPTCHA."""
        host = urlsplit(self.settings.university.portal).hostname or ""
        return self._kept(Recaptcha(self.settings.portal.recaptcha_secret.get_secret_value(), host))

    @cached_property
    def attempts(self) -> SqlAttempts:
        """Tries at the portal's doors."""
        return SqlAttempts(self.database, self.author.clock, self.fingerprints)

    # accounts, one-time codes and messages

    @cached_property
    def messages(self) -> SqlMessages:
        """Letters that the portal causes."""
        return SqlMessages(self.database, self.author, self.domain)

    @cached_property
    def codes(self) -> SqlCodes:
        """One-time codes and links."""
        return SqlCodes(self.database, self.author, self.messages, self.fingerprints)

    @cached_property
    def accounts(self) -> SqlAccounts:
        """The registry's side of accounts."""
        return SqlAccounts(self.database, self.author, self.messages, self.domain)

    @cached_property
    def send_messages(self) -> SendMessages:
        """Send the letters that wait."""
        return SendMessages(self.messages, self.students, self._letter_texts(), self.post, self.journal)

    @cached_property
    def issue_code(self) -> IssueCode:
        """Issue a code at the desk."""
        return IssueCode(self.students, self.codes)

    @cached_property
    def doorkeeper(self) -> Doorkeeper:
        """Who may try a door now."""
        return Doorkeeper(self.attempts, self.codes, self.journal, EvenTime())

    @cached_property
    def activate(self) -> Activate:
        """Let a student choose the first password."""
        return Activate(
            self.accounts,
            self.codes,
            self.outbox,
            self.attempts,
            self.doorkeeper,
            self.fingerprints,
            anyascii,
            self.author.clock,
        )

    @cached_property
    def recover_password(self) -> RecoverPassword:
        """Let a student who has forgotten choose another password."""
        return RecoverPassword(
            self.accounts, self.codes, self.outbox, self.attempts, self.doorkeeper, self.fingerprints
        )

    @cached_property
    def sign_in(self) -> SignIn:
        """Sign students in."""
        even_time = EvenTime()
        return SignIn(self.passwords, self.attempts, self.students, self.journal, even_time, self.author.clock)

    @cached_property
    def enter_desk(self) -> EnterDesk:
        """Sign the student office's staff in."""
        return EnterDesk(self.staff_directory, self.attempts)

    @cached_property
    def enter_desk_from_sso(self) -> EnterDeskFromSso:
        """Let in who has signed in at the single sign-on."""
        return EnterDeskFromSso(self.offered_sso)

    @cached_property
    def end_visits(self) -> EndVisits:
        """End the desk's sessions that have ended at the single sign-on."""
        return EndVisits(self.offered_sso, self.sessions, self.single_use, self.fingerprints)

    @cached_property
    def change_password(self) -> ChangePassword:
        """Let a student who is signed in choose another password."""
        return ChangePassword(
            self.one_password or self.passwords, self.attempts, self.sessions, self.messages, self.journal
        )

    @cached_property
    def choose_password(self) -> ChoosePassword:
        """Store a password and all that goes with it."""
        passwords = self.one_password or self.passwords
        return ChoosePassword(self.accounts, passwords, self.sessions, self.outbox, self.attempts)

    @cached_property
    def one_password(self) -> OnePassword | None:
        """Write passwords at Microsoft as well, where students sign in there."""
        if self.waiting_microsoft365 is None:
            return None
        register = SqlMailboxPasswords(self.database, self.author.clock)
        there = self.waiting_microsoft365
        return OnePassword(self.passwords, there, register, self.students, self.attempts, self.journal)

    def acting(self, actor: str, run: str) -> Campus:
        """Return the same campus for another author, for one request of the portal; connections are shared."""
        other = Campus(self.settings, Author(actor, run, self.author.clock))
        other.__dict__ |= {name: getattr(self, name) for name in SHARED}
        return other

    @property
    def domain(self) -> str:
        """The domain of students' addresses."""
        return self.settings.university.mail_domain

    # the far systems

    @cached_property
    def recruitment(self) -> Recruitment:
        """Recruitment's files, or IRK."""
        return self._irk() if self.settings.recruitment.source == "irk" else self._recruitment_files()

    def _irk(self) -> IrkApi:
        from estudent.adapters.recruitment.irk import Client, IrkApi, Pace, Patience, Scope

        ours = self.settings.irk
        if not (ours.url and ours.token.get_secret_value()):
            raise Misconfigured("ESTUDENT_IRK__URL and ESTUDENT_IRK__TOKEN belong to ESTUDENT_RECRUITMENT__SOURCE=irk")
        scope = Scope(
            ours.registrations,
            page_length=ours.page_length,
            changed_since=ours.changed_since,
            overlap=timedelta(minutes=ours.overlap_minutes),
            everything_after=timedelta(hours=ours.everything_hours),
        )
        client = Client(ours.url, ours.token.get_secret_value(), Pace(ours.per_minute), Patience())
        last_read, clock = self.admissions.last_read, self.author.clock
        return self._kept(IrkApi(client, scope, _meaning(ours), last_read=last_read, clock=clock))

    def _recruitment_files(self) -> RecruitmentFiles:
        from estudent.adapters.recruitment.files import RecruitmentFiles

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
        from estudent.adapters.ldap.directory import LdapDirectory

        ours = self.settings.directory
        password = ours.password.get_secret_value()
        return self._kept(LdapDirectory(ours.uris, ours.bind_dn, password, ours.suffix, ours.ca_file))

    @cached_property
    def passwords(self) -> LdapPasswords:
        """Students' passwords, under the portal's own account."""
        from estudent.adapters.ldap.passwords import LdapPasswords

        ours, there = self.settings.portal, self.settings.directory
        password = ours.password.get_secret_value()
        return self._kept(LdapPasswords(there.uris, ours.bind_dn, password, there.suffix, there.ca_file))

    @cached_property
    def staff_directory(self) -> LdapStaff:
        """The staff's accounts, looked up under the portal's own account."""
        from estudent.adapters.ldap.staff import LdapStaff

        ours, there = self.settings.portal, self.settings.directory
        password = ours.password.get_secret_value()
        return self._kept(LdapStaff(there.uris, ours.bind_dn, password, there.suffix, there.ca_file))

    @cached_property
    def single_sign_on(self) -> SingleSignOn | None:
        """The university's single sign-on, where the settings name one."""
        ours = self.settings.desk_sso
        if not ours.issuer:
            return None
        if not (ours.client_id and ours.client_secret.get_secret_value()):
            raise Misconfigured("ESTUDENT_DESK_SSO__CLIENT_ID and …__CLIENT_SECRET belong to an issuer")
        from estudent.adapters.openid import Client, OpenIdProvider  # of the extra [portal]

        desk = f"{self.settings.university.portal.rstrip('/')}/desk"
        secret = ours.client_secret.get_secret_value()
        client = Client(ours.client_id, secret, f"{desk}/oidc/callback", f"{desk}/login")
        longest = timedelta(hours=self.settings.portal.absolute_hours)
        there = OpenIdProvider(ours.issuer, client, longest=longest, clock=self.author.clock, ca_file=ours.ca_file)
        self._open.callback(there.close)
        return there

    @property
    def offered_sso(self) -> SingleSignOn:
        """The single sign-on; raise Misconfigured where there is none."""
        if self.single_sign_on is None:
            raise Misconfigured("ESTUDENT_DESK_SSO__ISSUER is empty")
        return self.single_sign_on

    @cached_property
    def microsoft365(self) -> Microsoft365:
        """Microsoft 365."""
        return self._microsoft365()

    @cached_property
    def waiting_microsoft365(self) -> Microsoft365 | None:
        """Microsoft 365 for a student who waits for the page; None where students do not sign in there."""
        if self.settings.mailboxes.sign_in == "federated":
            return None
        return self._microsoft365(urgent=True, retries=1, retry_delay=1.0, timeout=10.0)

    @cached_property
    def urgent_microsoft365(self) -> Microsoft365:
        """Microsoft 365 for what students asked for and wait for; it overtakes the runs for everybody."""
        return self._microsoft365(urgent=True)

    def _microsoft365(self, **patience: Any) -> Microsoft365:
        from estudent.adapters.microsoft365 import AliasSettings, Microsoft365, Quota, Way

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
                licence_group=ours.licence_group,
                aliases=AliasSettings(Way(ours.aliases), ours.pwsh, ours.organization),
                federated=ours.sign_in == "federated",
                domain=self.domain,
                quota=Quota(
                    ours.writes, units=ours.units, exchange_at_once=ours.exchange_at_once, reserve=ours.reserve
                ),
                allowance=SqlAllowance(self.database),
                **patience,
            )
        )

    @cached_property
    def usos(self) -> UsosApi | UsosOracle | UsosFiles:
        """USOS, by the way that the settings name."""
        from estudent.adapters.usos import UsosApi, UsosFiles, UsosOracle, oracledb

        ours = self.settings.usos
        match ours.way:
            case "oracle":
                connect, api = oracledb(ours.oracle_dsn, ours.oracle_user, ours.oracle_password.get_secret_value())
                return self._kept(UsosOracle(connect, api, ours.oracle_view, ours.oracle_procedure))
            case "files":
                return UsosFiles(ours.folder)
        secret, pace = ours.consumer_secret.get_secret_value(), ours.calls_per_second
        turn = self._turn("usos", pace)
        return self._kept(UsosApi(ours.url, ours.consumer_key, secret, per_second=pace, turn=turn))

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
                turn=self._turn("post", ours.per_minute / 60),
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
    def ask_for_new_address(self) -> AskForNewAddress:
        """What the portal and the command line call when a mailbox is to have another address."""
        return AskForNewAddress(self.students, self._renames(), self.domain)

    @cached_property
    def trail(self) -> SqlTrail:
        """When students' steps were seen to be done."""
        return SqlTrail(self.database)

    @cached_property
    def follow_steps(self) -> FollowSteps:
        """Where a student stands."""
        fees = SqlFees(self.database, self.settings.payments.purpose)
        return FollowSteps(self.trail, fees, self.today, self.author.clock)

    @cached_property
    def explain_fees(self) -> ExplainFees:
        """What a student has to pay, by when, and how."""
        from estudent.adapters.holidays import is_holiday

        fees = SqlFees(self.database, self.settings.payments.purpose)
        return ExplainFees(fees, is_holiday, self.today, self.settings.university.name)

    @cached_property
    def banks(self) -> BankFolder:
        """The banks' statements."""
        from estudent.adapters.banks import BankFolder

        ours = self.settings.statements
        schemes = {name: _bank(name, bank) for name, bank in ours.banks.items()}
        settle = timedelta(seconds=ours.settle_seconds)
        return BankFolder(ours.folder, schemes, settle=settle, clock=self.author.clock)

    @cached_property
    def book_payments(self) -> BookPayments:
        """Book what the statements tell."""
        ours = self.settings.statements
        rules = Rules(frozenset(ours.currencies), ours.excess, ours.other_purpose, ours.early, ours.refund)
        kept = timedelta(days=ours.payer_days)
        return BookPayments(self.banks, self.tills, rules, self.today, kept)

    @cached_property
    def tills(self) -> SqlTills:
        """Where money is booked."""
        return SqlTills(self.database, self.author, self.settings.payments.purpose)

    @cached_property
    def watch_statements(self) -> WatchStatements:
        """Which statements are missing between others."""
        return WatchStatements(self.tills, self.today, self.settings.statements.uncounted)

    @cached_property
    def take_receivables(self) -> TakeReceivables:
        """Take in what students have to pay."""
        from estudent.adapters.banks import ReceivableFolder

        ours = self.settings.statements
        settle = timedelta(seconds=ours.settle_seconds)
        files = ReceivableFolder(ours.receivables, ours.receivable_columns, settle=settle, clock=self.author.clock)
        return TakeReceivables(files, SqlReceivables(self.database, self.author, self.settings.payments.purpose))

    @cached_property
    def remind_of_fees(self) -> RemindOfFees:
        """Remind students before the last safe day."""
        from estudent.adapters.holidays import is_holiday

        reminders = SqlReminders(self.database, self.author, self.messages)
        fees = SqlFees(self.database, self.settings.payments.purpose)
        return RemindOfFees(reminders, fees, is_holiday, self.today, self.settings.statements.remind_days)

    @cached_property
    def export_bookings(self) -> ExportBookings | None:
        """Hand bookings on, where the settings name a folder."""
        folder = self.settings.statements.exports
        if folder is None:
            return None
        from estudent.adapters.banks import ExportFolder

        return ExportBookings(SqlBookingExports(self.database, self.author), ExportFolder(folder))

    def draw_code(self, text: str) -> bytes:
        """Return a QR code as an SVG image."""
        from estudent.adapters.qr import svg_of  # of the extra [portal], which flows lack

        return svg_of(text)

    # the desk

    @cached_property
    def desk(self) -> SqlDesk:
        """What the student office looks up."""
        return SqlDesk(self.database, self.students, self.board, anyascii)

    @cached_property
    def payment_desk(self) -> SqlPaymentDesk:
        """What the desk decides of statements' lines."""
        return SqlPaymentDesk(self.database, self.author, self.settings.payments.purpose)

    @cached_property
    def board(self) -> SqlBoard:
        """How far everybody has got."""
        return SqlBoard(self.database, self.settings.payments.purpose)

    @cached_property
    def figures(self) -> SqlFigures:
        """What is counted for whoever watches."""
        return SqlFigures(self.database, self.author.clock, self.board)

    def draw_bars(self, rows: Sequence[tuple[str, int]]) -> bytes:
        """Return horizontal bars in the brand's colour as an SVG image."""
        from estudent.adapters.chart import svg_of  # of the extra [portal], which flows lack

        return svg_of(rows, self.settings.brand.colour)

    @cached_property
    def corrections(self) -> SqlCorrections:
        """What the desk puts right."""
        return SqlCorrections(
            self.database,
            self.author,
            identify=lambda: f"<{secrets.token_hex(16)}@{self.domain}>",
            token=lambda message_id: activation_token(self.fingerprints, message_id),
        )

    @cached_property
    def correct_contact(self) -> CorrectContact:
        """Correct a contact address."""
        return CorrectContact(self.students, self.corrections, self._send_letters(), self.domain)

    @cached_property
    def resend_letter(self) -> ResendLetter:
        """Send the album number letter again."""
        return ResendLetter(self.students, self.corrections, self._send_letters())

    @cached_property
    def hurry_mailbox(self) -> LetGoOn:
        """Let a request for a mailbox have its turn."""
        return LetGoOn(self.students, can_be_hurried, self.corrections.hurry_mailbox, "mailbox on its way")

    @cached_property
    def retry_link(self) -> LetGoOn:
        """Let a stuck way into USOS go on."""
        return LetGoOn(self.students, can_be_retried, self.corrections.retry_link, "way into USOS that is stuck")

    @cached_property
    def unlock_account(self) -> UnlockAccount:
        """End a lock by wrong passwords."""
        return UnlockAccount(self.students, self.passwords, self.attempts, self.journal)

    @cached_property
    def hand_out_code(self) -> HandOutCode:
        """Hand out a code at the desk."""
        return HandOutCode(self.students, self.issue_code, self.journal)

    @cached_property
    def serve_requests(self) -> ServeRequests:
        """Drain the outbox."""
        systems = self.systems
        followers = [systems["directory"], systems["usos"]]
        mailboxes = self._open_mailboxes(self.urgent_microsoft365)
        return ServeRequests(self.outbox, self.mailbox_register, mailboxes, followers)

    @cached_property
    def systems(self) -> dict[str, Reconciler]:
        """The far systems in the order in which a student needs them."""
        reconcilers: list[Reconciler] = [
            self._send_letters(),
            self.keep_accounts,
            self._open_mailboxes(self.microsoft365),
            self.link_usos,
            self._assign_account_numbers(),
        ]
        return {reconciler.system: reconciler for reconciler in reconcilers}

    @cached_property
    def keep_accounts(self) -> Reconciler:
        """Keep the directory in line; like `link_usos`, without the libraries of other far systems."""
        seen = self._entries_seen()
        return keep_accounts(self.directory, self.students, seen, self.journal, self.domain, leash=self.leash)

    @cached_property
    def link_usos(self) -> Reconciler:
        """Bring students into USOS; it needs no other far system, whose libraries take seconds to load."""
        register = self._usos_register()
        links = link_usos(self.usos, self.students, register, self.journal, leash=self.leash)
        return FindAndLink(self.usos, self.students, register, links)

    @cached_property
    def life(self) -> dict[str, Reconciler]:
        """What brings the lives of mailboxes in line; it has runs of its own, and no part in those for everything."""
        reconcilers: list[Reconciler] = [
            self._close_mailboxes(LIFE, DAILY),
            self._close_mailboxes(ERASURE, ERASING),
            self._rename_mailboxes(),
            self.watch_mailboxes,
        ]
        return {reconciler.system: reconciler for reconciler in reconcilers}

    @cached_property
    def watch_entries(self) -> WatchEntries:
        """See whose entries may be otherwise than wanted."""
        marks = SqlWatermarks(self.database, self.author.clock)
        return WatchEntries(self.directory, self._entries_seen(), marks, self.today)

    @cached_property
    def watch_mailboxes(self) -> WatchMailboxes:
        """See and repair what others have changed about mailboxes."""
        there = self.microsoft365
        opening = open_mailboxes(there, self.students, self.mailbox_register, self.journal, self.domain)
        marks = SqlWatermarks(self.database, self.author.clock)
        return WatchMailboxes(self.students, there, marks, opening, self.journal, self.domain)

    def reconciler(self, system: str) -> Reconciler:
        """Return the reconciler of this name."""
        if system == DIRECTORY:
            return self.keep_accounts
        return self.life[system] if system in self.life else self.systems[system]

    @property
    def checks(self) -> dict[str, Callable[[], str]]:
        """One check for each system, for the doctor; wiring a part is within its check, since it may fail too."""
        parts = {
            "registry": "database",
            "recruitment": "recruitment",
            "letters": "post",
            "directory": "directory",
            "usos": "usos",
        }
        if self.settings.payments.sort_code or self.settings.payments.schemes:
            parts["payment_accounts"] = "schemes"
        if self.settings.statements.banks:
            parts["statements"] = "banks"
        if self.settings.portal.bind_dn:
            parts["portal"] = "passwords"
        if self.settings.desk_sso.issuer:
            parts["desk_sso"] = "offered_sso"
        if self.settings.deployment.project:
            parts["deployment"] = "playbooks"
        return {**{system: partial(self._check, part) for system, part in parts.items()}, **self._checks_of_mailboxes()}

    # the hosts

    @cached_property
    def playbooks(self) -> Playbooks:
        """Our plays, for the hosts of the inventory."""
        from estudent.adapters.ansible import AnsiblePlaybooks  # of the extra [deploy]

        ours = self.settings.deployment
        if ours.project is None:
            raise Misconfigured("ESTUDENT_DEPLOYMENT__PROJECT is empty: nothing is deployed from here")
        project = ours.project.resolve()
        return AnsiblePlaybooks(
            project=project,
            inventory=project / ours.inventory,
            further_inventory=_absolute(ours.further_inventory),
            vault_password=_absolute(ours.vault_password_file),
            private_key=_absolute(ours.private_key_file),
            known_hosts=_absolute(ours.known_hosts_file),
            lock=ours.lock_file.absolute(),
        )

    @cached_property
    def deploy_hosts(self) -> DeployHosts:
        """Deploy to the hosts."""
        return DeployHosts(self.playbooks)

    def brake_with(self, share: float | None) -> Brake:
        """Return the brake of the settings, or one that lets `share` (0 to 1) through."""
        ours = self.settings.brake
        return Brake(ours.share if share is None else share, ours.spared)

    def obstacle(self, forecast: Forecast, share: float | None = None) -> str | None:
        """Return what a plan needs somebody's agreement for: too few seats, or a brake that holds."""
        lacking = shortage(self.microsoft365, forecast) if forecast.licences else None
        # Whatever is erased for good is approved by somebody, be it one mailbox.
        brake = Brake(share=0.0, spared=0) if forecast.system == ERASURE else self.brake_with(share)
        return lacking or brake.holds(forecast.steps.elements(), self._of_how_many(forecast))

    def lets_through(self, forecast: Forecast, share: float | None = None) -> int:
        """Return how many steps of a plan may take something away without anybody's agreement."""
        return self.brake_with(share).lets_through(self._of_how_many(forecast))

    def in_how_many(self, students: int) -> int:
        """Return into how many shards so many students are split."""
        return how_many(students, self.settings.shards.students, self.settings.shards.most)

    def left_of(self, shard: Shard, reached: int) -> list[int]:
        """Return the students of a shard that come after the key `reached`, ascending."""
        return [key for key in self.looked_at(shard.system, Whom()) if shard.holds(key) and key > reached]

    def _of_how_many(self, forecast: Forecast) -> int:
        """Return of how many students a plan's share counts: those who changed are few, and mostly to be repaired."""
        if forecast.system != DRIFT:
            return forecast.looked_at
        return self._partings().with_mailbox(self.students.keys(Whom()))

    def looked_at(self, system: str, whom: Whom) -> list[int]:
        """Return whom a run looks at: those who were named, or everybody whose mailbox is due."""
        keys = self.students.keys(whom)
        return self.mailbox_register.due(keys) if system == "mailboxes" and whom.everyone else keys

    def today(self) -> date:
        """Return the university's date."""
        return self.author.clock().astimezone(ZoneInfo(self.settings.university.time_zone)).date()

    def close(self) -> None:
        """Close whatever was opened."""
        self._open.close()

    def _turn(self, far: str, per_second: float) -> Callable[[], None]:
        """Return what waits for this process's turn at a far side whose pace all shards keep together."""
        if not (self.in_shard and per_second):
            return lambda: None
        return KeepPace(SqlAllowance(self.database), paced(far, per_second)).wait

    def _check(self, part: str) -> str:
        sentence: str = getattr(self, part).check()
        return sentence

    def _checks_of_mailboxes(self) -> Mapping[str, Callable[[], str]]:
        try:
            return {f"mailboxes: {name}": check for name, check in self.microsoft365.checks.items()}
        except FarSideError as error:
            return {"mailboxes": partial(_fail, error)}

    def _entries_seen(self) -> SqlEntriesSeen:
        return SqlEntriesSeen(self.database, self.domain)

    def _open_mailboxes(self, there: Microsoft365) -> Reconciler:
        return open_mailboxes(there, self.students, self.mailbox_register, self.journal, self.domain, leash=self.leash)

    def _close_mailboxes(self, system: str, deeds: frozenset[Deed]) -> Reconciler:
        return CloseMailboxes(
            system,
            deeds,
            self.students,
            self._partings(),
            self.microsoft365,
            self.journal,
            self._calendar(),
            self.today,
        )

    def _rename_mailboxes(self) -> Reconciler:
        directory, usos = self.systems["directory"], self.systems["usos"]
        return RenameMailboxes(
            self.students, self._renames(), self._partings(), self.microsoft365, directory, [usos], self.journal
        )

    def _partings(self) -> SqlPartings:
        return SqlPartings(self.database, self.author, self.messages)

    def _renames(self) -> SqlRenames:
        return SqlRenames(self.database, self.author, self.students, self.messages)

    def _usos_register(self) -> SqlUsosRegister:
        ours, zone = self.settings.usos, ZoneInfo(self.settings.university.time_zone)
        migrations = Migrations(tuple(ours.migrations), zone, timedelta(minutes=ours.migration_minutes))
        return SqlUsosRegister(self.database, self.author, self.messages, migrations)

    def _calendar(self) -> Calendar:
        ours = self.settings.mailboxes
        return Calendar(ours.block_after, ours.licence_after, ours.delete_after, ours.warn_before)

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
        from estudent.adapters.letter_texts import LetterTexts

        ours = self.settings.university
        where = {"mail": self.settings.brand.mail, "usosweb": self.settings.brand.usosweb}
        brand = {"university": ours.name, "office": ours.office, "contact": ours.contact} | where
        managed = self.settings.mailboxes.sign_in == "managed"
        return LetterTexts(self.fingerprints, brand, ours.portal, self.domain, managed, self._calendar())

    def _assign_account_numbers(self) -> AssignAccountNumbers:
        numbers = SqlAccountNumbers(self.database, self.author)
        scheme, further = _scheme(self.settings), _further_schemes(self.settings)
        if any(not each.key for each in (scheme, *further) if each):
            raise Misconfigured(NO_KEY)
        purpose = self.settings.payments.purpose
        return AssignAccountNumbers(self.students, self.usos, numbers, purpose, scheme, further)

    @cached_property
    def import_account_numbers(self) -> ImportAccountNumbers:
        """Take over account numbers of old."""
        return ImportAccountNumbers(self.students, SqlAccountNumbers(self.database, self.author))

    def numbered_students(self, file: Path) -> Iterator[NumberedStudent | RowFault]:
        """Read a list of account numbers; what names no purpose is for the main one."""
        from estudent.adapters.banks.account_numbers import numbered_students

        return numbered_students(file, self.settings.payments.purpose)

    @cached_property
    def schemes(self) -> WatchSchemes:
        """How much is left of the schemes of account numbers."""
        ours = [each for each in (_scheme(self.settings), *_further_schemes(self.settings)) if each]
        return WatchSchemes(SqlAccountNumbers(self.database, self.author), ours, self.author.clock)

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
def campus(actor: str, run: str, leash: Leash | None = None) -> Iterator[Campus]:
    """Wire everything for one run: `actor` and `run` stand in the journal; raise Misconfigured for wrong settings.

    With a leash it is for a shard, which keeps the paces of far sides together with the others.
    """
    wired = Campus(settings(), Author(actor, run, now), leash or Leash(), in_shard=leash is not None)
    try:
        yield wired
    finally:
        wired.close()


def _fail(error: FarSideError) -> str:
    raise error


def _absolute(path: Path | None) -> Path | None:
    return path and path.absolute()


def _bank(name: str, ours: BankSettings) -> BankScheme:
    from estudent.adapters.banks import BankScheme

    where = f"ESTUDENT_STATEMENTS__BANKS: {name}"
    try:
        patterns = [re.compile(text) if text else None for text in (ours.account_pattern, ours.reference_pattern)]
        " ".encode(ours.encoding or "utf-8")
    except re.error as error:
        raise Misconfigured(f"{where}: a pattern is no regular expression ({error})") from None
    except LookupError:
        raise Misconfigured(f"{where}: there is no encoding {ours.encoding!r}, e.g. cp1250") from None
    if not re.fullmatch("([0-9]{8,24})?", ours.account_prefix):
        raise Misconfigured(f"{where}: account_prefix is the sort code and what follows it, 8 to 24 digits")
    return BankScheme(
        name,
        own_accounts=tuple(ours.own_accounts),
        encoding=ours.encoding,
        account_fields=tuple(ours.account_fields),
        account_pattern=patterns[0],
        account_prefix=ours.account_prefix,
        reference_pattern=patterns[1],
        title_fields=tuple(ours.title_fields),
        payer_fields=tuple(ours.payer_fields),
        columns=ours.columns,
        trailer=ours.trailer,
    )


def _countries() -> frozenset[str]:
    from babel import Locale

    codes = {str(code) for code in Locale("en").territories}
    return frozenset(code for code in codes if re.fullmatch("[A-Z]{2}", code)) - NOT_COUNTRIES


def _refuse_unknown_columns(setting: str, named: Mapping[str, object]) -> None:
    unknown = ", ".join(sorted(set(named) - {column.value for column in Column}))
    if unknown:
        raise Misconfigured(f"{setting}: no such column: {unknown}; there are {', '.join(Column)}")


def _meaning(ours: IrkSettings) -> Meaning:
    from estudent.adapters.recruitment.irk import FIELDS, WORDS, Meaning

    _refuse_unknown_columns("ESTUDENT_IRK__FIELDS", ours.fields)
    _refuse_unknown_columns("ESTUDENT_IRK__WORDS", ours.words)
    fields = {**FIELDS, **{Column(name): path for name, path in ours.fields.items()}}
    # The usual words belong to the usual places.
    usual = {column: words for column, words in WORDS.items() if column.value not in ours.fields}
    words = {column: {**usual.get(column, {}), **ours.words.get(column.value, {})} for column in Column}
    try:
        return Meaning(fields, words, ours.registrations)
    except ValueError as error:
        raise Misconfigured(f"ESTUDENT_IRK__FIELDS: {error}") from None


def _headers(added: Mapping[str, list[str]]) -> dict[Column, list[str]]:
    from estudent.adapters.recruitment.headers import POLISH_HEADERS

    _refuse_unknown_columns("ESTUDENT_RECRUITMENT__HEADERS", added)
    return {column: [*added.get(column.value, []), *usual] for column, usual in POLISH_HEADERS.items()}


def _statuses(added: Mapping[str, str]) -> dict[str, Standing | None]:
    try:
        return {word.lower(): None if means == "not_admitted" else Standing(means) for word, means in added.items()}
    except ValueError as error:
        known = ", ".join([*Standing, "not_admitted"])
        raise Misconfigured(f"ESTUDENT_RECRUITMENT__STATUSES: {error}; there are {known}") from None


NO_KEY = "ESTUDENT_PAYMENTS__KEY needs 32 characters or more"


def _scheme(ours: Settings) -> PaymentScheme | None:
    payments = ours.payments
    if not payments.sort_code:
        return None
    return _made(ours, payments.purpose, payments.sort_code, payments.client_prefix)


def _further_schemes(ours: Settings) -> list[PaymentScheme]:
    return [
        _made(ours, each.purpose, each.sort_code, each.client_prefix, frozenset(each.programmes))
        for each in ours.payments.schemes
    ]


def _made(
    ours: Settings, purpose: str, sort_code: str, prefix: str, programmes: frozenset[str] = frozenset()
) -> PaymentScheme:
    key = ours.payments.key.get_secret_value().encode()
    # The portal has none: it gives no numbers, and tells how many are left.
    if len(key) < 32 and (key or not ours.portal.bind_dn):
        raise Misconfigured(NO_KEY)
    if not 0 < len(purpose) <= 30:
        raise Misconfigured("ESTUDENT_PAYMENTS__…: a purpose has 1 to 30 characters")
    try:
        return PaymentScheme(purpose, sort_code, prefix, key, programmes)
    except ValueError as error:
        raise Misconfigured(f"ESTUDENT_PAYMENTS__…: {error}") from None
