"""All settings, one frozen tree, read once: environment `ESTUDENT_…__…` first, then the file `ESTUDENT_SETTINGS`."""

from __future__ import annotations

import os
import re
from datetime import time
from functools import cache
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from estudent.domain.booking_rules import Choice
from estudent.ports import Misconfigured


class Section(BaseModel):
    """A group of settings; an unknown name is an error, so that a typing error cannot pass unseen."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class UniversitySettings(Section):
    """The university, as students read of it."""

    name: str = Field("Politechnika Przykładowa", description="the university's name in letters and pages")
    mail_domain: str = Field("student.uczelnia.example", description="the domain of mail addresses and scoped names")
    office: str = Field("COS", description="the office that students turn to")
    contact: str = Field("cos@uczelnia.example", description="how students reach that office")
    portal: str = Field("https://estudent.uczelnia.example", description="the address of the eStudent portal")
    time_zone: str = Field("Europe/Warsaw", description="the zone in which days begin")

    @field_validator("mail_domain")
    @classmethod
    def _in_lower_case(cls, domain: str) -> str:
        """Addresses are compared in lower case everywhere."""
        return domain.lower()


class RegistrySettings(Section):
    """The registry."""

    url: SecretStr = Field(
        SecretStr("sqlite:///var/estudent.sqlite"), description="SQLAlchemy URL, e.g. postgresql+psycopg://…"
    )
    fingerprint_key: SecretStr = Field(
        description="secret of 32 characters or more that keys the hashes of PESELs and documents; never change it"
    )


class RecruitmentSettings(Section):
    """Recruitment's feeds (eRekrutacja)."""

    source: Literal["files", "irk"] = Field("files", description="files: a watched folder; irk: IRK's API")
    folder: Path = Field(Path("var/recruitment"), description="the watched folder")
    settle_seconds: float = Field(30, ge=0, description="a file changed less than this ago is still being written")
    encoding: str | None = Field(None, description="force an encoding, e.g. cp1250; empty: it is recognised")
    full_feed: bool = Field(True, description="a file is everything of its recruitment; whom it leaves out is listed")
    headers: dict[str, list[str]] = Field(
        default_factory=dict, description="our column = the headers of your export, added to the usual Polish ones"
    )
    statuses: dict[str, str] = Field(
        default_factory=dict, description="word of your export = standing, or 'not_admitted'; added to the usual ones"
    )


class IrkSettings(Section):
    """IRK's API, read where `recruitment.source` is irk."""

    url: str = Field("", description="the address of IRK, e.g. https://irk.uczelnia.example; /api/ is added")
    token: SecretStr = Field(SecretStr(""), description="the key of its API, with the right to read applicants")
    registrations: dict[str, str] = Field(
        default_factory=dict, description="code of each registration to read = first day of its studies (2026-10-01)"
    )
    fields: dict[str, str] = Field(
        default_factory=dict, description="our column = where your IRK keeps it, added to the usual places"
    )
    words: dict[str, dict[str, str]] = Field(
        default_factory=dict, description="our column = what IRK's values mean; added to the usual ones, * is any other"
    )
    changed_since: str = Field(
        "", description="the name of IRK's filter of applications by time of change; empty: it has none"
    )
    overlap_minutes: float = Field(10, ge=0, description="changes are read from so long before the last reading")
    everything_hours: float = Field(
        4, gt=0, description="everything is read anew after so long; without changed_since nothing is read before"
    )
    page_length: int = Field(100, ge=1, le=1000, description="applications asked for at once")
    per_minute: int = Field(300, ge=1, description="requests a minute at most")


class LetterSettings(Section):
    """Outgoing letters."""

    host: str = Field("localhost", description="the mail relay")
    port: int = Field(587, description="its port")
    security: Literal["none", "starttls", "tls"] = Field("starttls", description="TLS is always verified")
    ca_file: Path | None = Field(None, description="the CA that signed the relay's certificate; empty: the system's")
    user: str = Field("", description="user name at the relay; empty: none")
    password: SecretStr = Field(SecretStr(""), description="password at the relay")
    sender: str = Field("estudent@uczelnia.example", description="the sender's address")
    per_minute: int = Field(600, ge=0, description="letters a minute at most; 0: no limit")


class DirectorySettings(Section):
    """The LDAP directory."""

    uris: list[str] = Field(
        default_factory=lambda: ["ldaps://localhost"], description="ldaps://, ldap:// (StartTLS) or ldapi://, in order"
    )
    bind_dn: str = Field("", description="the provisioner's account, e.g. cn=provisioner,ou=services,…")
    password: SecretStr = Field(SecretStr(""), description="the provisioner's password")
    suffix: str = Field("dc=student,dc=uczelnia,dc=example", description="the directory's suffix")
    ca_file: Path | None = Field(None, description="the CA that signed the directory's certificate")


class MailboxSettings(Section):
    """Microsoft 365."""

    tenant: str = Field("", description="the tenant's id")
    client_id: str = Field("", description="the application's id")
    certificate: Path | None = Field(
        None, description="the certificate with which the application signs in, and its private key (PEM)"
    )
    client_secret: SecretStr = Field(
        SecretStr(""), description="the application's secret, where no certificate is named"
    )
    sign_in: Literal["federated", "managed"] = Field(
        "federated",
        description="federated: students sign in at our SSO; managed: at Microsoft, which gets their passwords",
    )
    aliases: Literal["exchange", "powershell", "mail"] = Field(
        "exchange",
        description="how the album alias is written: Exchange's REST call, its PowerShell module, or Graph's mail",
    )
    pwsh: str = Field("pwsh", description="the program PowerShell, for aliases = powershell")
    organization: str = Field("", description="the tenant's initial domain (….onmicrosoft.com), for PowerShell")
    sku: str = Field("STANDARDWOFFPACK_STUDENT", description="part number of the licence that students get")
    licence_group: str = Field(
        "", description="object id of the group that has the licence; empty: each student gets it"
    )
    graph_url: str = Field("https://graph.microsoft.com/v1.0", description="Microsoft Graph")
    exchange_url: str = Field("https://outlook.office365.com", description="Exchange Online")
    authority: str = Field("https://login.microsoftonline.com", description="where tokens come from")
    writes: int = Field(3000, ge=1, description="writing requests that Graph lets our application send in 150 seconds")
    units: int = Field(8000, ge=1, description="resource units that Graph lets our application use in 10 seconds")
    exchange_at_once: int = Field(3, ge=1, le=4, description="requests to Exchange at once, from all hosts together")
    reserve: float = Field(0.1, ge=0, lt=1, description="share of both that is kept for students who wait at a page")
    block_after: int = Field(
        0, ge=0, description="days from the end of the studies until Microsoft lets nobody in any more; 0: at once"
    )
    licence_after: int = Field(90, ge=1, description="days from the end of the studies until the licence is taken away")
    delete_after: int = Field(
        30, ge=1, description="days from the end of the licence until the user may be deleted, which somebody approves"
    )
    warn_before: int = Field(
        14, ge=1, description="days between the letter and the end of the licence, or the deletion"
    )
    for_everyone: bool = Field(False, description="open a mailbox with the default name for everyone, unasked")


class UsosSettings(Section):
    """USOS, by one of the ways into it."""

    way: Literal["api", "oracle", "files"] = Field(
        "api", description="how USOS is looked at and told: its API, the university's own Oracle objects, or files"
    )
    url: str = Field("https://usosapps.uczelnia.example", description="the installation's address")
    consumer_key: str = Field("", description="the administrative consumer key")
    consumer_secret: SecretStr = Field(SecretStr(""), description="its secret")
    calls_per_second: float = Field(
        20.0, ge=0, description="calls of USOS API that one run makes at most in a second; 0: as many as it can"
    )
    oracle_dsn: str = Field(
        "", description="for way = oracle: where the database is, e.g. usos.uczelnia.example:1521/USOS"
    )
    oracle_user: str = Field("", description="a user who may read the view and run the procedure, and nothing else")
    oracle_password: SecretStr = Field(SecretStr(""), description="that user's password")
    oracle_view: str = Field("estudent.osoby", description="the view of persons, see docs/usos.md")
    oracle_procedure: str = Field(
        "estudent.ustaw_adres", description="the procedure that takes addresses; empty: we only look"
    )
    folder: Path = Field(Path("var/usos"), description="for way = files: the folder with out and in, see docs/usos.md")
    migrations: list[time] = Field(
        default_factory=list,
        description="when USOSweb takes USOS's data over, e.g. 01:25 and 16:05; empty: at once",
    )
    migration_minutes: int = Field(30, ge=0, description="how long such a migration takes")


class SchemeSettings(Section):
    """Account numbers for another purpose, or for the programmes of a faculty with a bank of its own."""

    purpose: str
    sort_code: str
    client_prefix: str
    programmes: list[str] = Field(default_factory=list)


class PaymentSettings(Section):
    """Individual payment accounts."""

    purpose: str = Field("tuition", description="what the accounts are for")
    sort_code: str = Field(
        "", description="the bank's sort code (8 digits); empty: USOS owns the numbers, none is made"
    )
    client_prefix: str = Field("", description="the digits that the bank gave the university after the sort code")
    key: SecretStr = Field(SecretStr(""), description="secret that hides who has which number; never change it")
    schemes: list[SchemeSettings] = Field(
        default_factory=list, description="further purposes, and faculties with a bank of their own, see docs/fees.md"
    )


class BankSettings(Section):
    """How one bank writes its files; the codes are those of the sub-fields of MT940's field 86."""

    own_accounts: list[str] = Field(default_factory=list)
    encoding: str | None = None
    account_fields: list[str] = Field(default_factory=lambda: ["38"])
    account_pattern: str = ""
    account_prefix: str = ""
    reference_pattern: str = ""
    title_fields: list[str] = Field(default_factory=lambda: ["20", "21", "22", "23", "24", "25", "26"])
    payer_fields: list[str] = Field(default_factory=lambda: ["32", "33"])
    columns: dict[str, str] = Field(default_factory=dict)
    trailer: str = ""


class StatementSettings(Section):
    """Banks' statements, and what becomes of their lines."""

    folder: Path = Field(Path("var/statements"), description="the watched folder, with a subfolder for each bank")
    settle_seconds: float = Field(30, ge=0, description="a file changed less than this ago is still being written")
    banks: dict[str, BankSettings] = Field(
        default_factory=dict, description="subfolder = how that bank writes its files, see docs/fees.md"
    )
    uncounted: list[str] = Field(
        default_factory=list, description="banks whose statements' numbers do not count statements (1, 2, 3), but days"
    )
    currencies: list[str] = Field(default_factory=lambda: ["PLN"], description="currencies of students' accounts")
    excess: Choice = Field(Choice.BOOK, description="a payment of more than is owed: book it, or ask a clerk")
    other_purpose: Choice = Field(
        Choice.BOOK, description="a payment to an account on which nothing is owed, but on another: book, or ask"
    )
    early: Choice = Field(Choice.BOOK, description="a payment before its receivable: book it in advance, or ask")
    refund: Choice = Field(Choice.BOOK, description="money given back from a student's account: book it, or ask")
    receivables: Path = Field(Path("var/receivables"), description="the watched folder of files with receivables")
    receivable_columns: dict[str, str] = Field(
        default_factory=dict, description="our column = the header of your export of receivables"
    )
    exports: Path | None = Field(
        None, description="the folder for files of bookings for USOS and FK; empty: none are written"
    )
    payer_days: int = Field(
        365, ge=1, description="so long after its file was read a line's payer and title are deleted, also if it waits"
    )
    remind_days: int = Field(3, ge=0, description="so many working days before the last safe day students are reminded")


class BrandSettings(Section):
    """How the portal looks, and where it leads."""

    logo: Path | None = Field(None, description="the university's logo, SVG or PNG; empty: its name alone")
    colour: str = Field("#0b4f9c", description="the colour of headings and buttons, dark enough for white text")
    usosweb: str = Field("https://usosweb.uczelnia.example", description="USOSweb's address")
    mail: str = Field("https://outlook.office.com", description="where students read their mail")
    office_url: str = Field("https://cos.uczelnia.example", description="the student office's page")
    office_hours: str = Field(
        "", description="when the student office is open, e.g. Mon-Fri 8:00-15:00; empty: not shown"
    )
    privacy_url: str = Field("https://uczelnia.example/rodo", description="the privacy notice (GDPR)")
    accessibility_url: str = Field(
        "https://uczelnia.example/dostepnosc", description="the accessibility statement that Polish law demands"
    )
    links: dict[str, str] = Field(default_factory=dict, description="more links of the footer: text = address")

    @field_validator("colour")
    @classmethod
    def _readable_under_white(cls, colour: str) -> str:
        """WCAG 2.1 asks for a contrast of 4.5 between a button's text and its ground."""
        if not re.fullmatch("#[0-9a-fA-F]{6}", colour):
            raise ValueError("a colour is # and six hexadecimal digits, e.g. #0b4f9c")
        if 1.05 / (_luminance(colour) + 0.05) < 4.5:
            raise ValueError("the colour is too light for white text; WCAG 2.1 asks for a contrast of 4.5")
        return colour.lower()


class EduroamSettings(Section):
    """eduroam, the Wi-Fi of universities, as students' devices are told of it."""

    realm: str = Field("", description="what stands behind the @ of an eduroam identity; empty: the mail domain")
    servers: list[str] = Field(
        default_factory=lambda: ["radius.uczelnia.example"], description="names in the RADIUS servers' certificates"
    )
    ca_file: Path | None = Field(None, description="the CA that signed them (PEM); without it no profiles are offered")


class PortalSettings(Section):
    """The web portal eStudent."""

    secret_key: SecretStr = Field(SecretStr(""), description="secret of 32 characters or more that signs forms")
    bind_dn: str = Field("", description="the portal's own account in the directory, e.g. cn=portal,ou=services,…")
    password: SecretStr = Field(SecretStr(""), description="that account's password")
    idle_minutes: int = Field(30, ge=1, description="a session ends when nothing was done for so long")
    absolute_hours: int = Field(12, ge=1, description="a session ends after so long in any case")
    captcha: Literal["altcha", "recaptcha"] = Field(
        "altcha", description="altcha asks nobody outside; recaptcha is Google's"
    )
    recaptcha_site_key: str = Field("", description="the site's key at Google")
    recaptcha_secret: SecretStr = Field(SecretStr(""), description="its secret")
    limits: SecretStr = Field(
        SecretStr("memory://"),
        description="where request counts are kept; redis://… where several processes share them",
    )
    proxies: int = Field(0, ge=0, description="how many proxies of ours stand before the portal (X-Forwarded-For)")


class DeskSsoSettings(Section):
    """The staff's sign-in at the university's single sign-on (OpenID Connect)."""

    issuer: str = Field("", description="the single sign-on's issuer, exactly as it says itself; empty: not offered")
    client_id: str = Field("", description="the desk's name there")
    client_secret: SecretStr = Field(SecretStr(""), description="the desk's secret there")
    ca_file: Path | None = Field(None, description="the CA that signed its certificate; empty: the system's")
    password_form: bool = Field(True, description="the staff may also sign in with a password at the desk itself")


class DeploymentSettings(Section):
    """From where, and as whom, hosts are deployed; on the orchestration host."""

    project: Path | None = Field(None, description="the folder with playbooks/ in it; empty: nothing is deployed here")
    inventory: Path = Field(Path("inventories/production"), description="the inventory, seen from that folder")
    further_inventory: Path | None = Field(None, description="read after it: what this host alone knows, as the vault")
    vault_password_file: Path | None = Field(None, description="file with the password of Ansible's vault")
    private_key_file: Path | None = Field(None, description="the SSH key that opens the hosts")
    known_hosts_file: Path | None = Field(None, description="the hosts' own SSH keys; empty: ~/.ssh/known_hosts")
    lock_file: Path = Field(
        Path("/run/lock/estudent-deployment.lock"), description="keeps deployments of this host from running at once"
    )


class BrakeSettings(Section):
    """When a plan must be agreed to."""

    share: float = Field(0.02, ge=0, le=1, description="share of students that a plan may lock unasked")
    spared: int = Field(5, ge=0, description="so many locks are always let through")


class ShardSettings(Section):
    """How runs for many students are split among workers."""

    students: int = Field(
        10_000,
        ge=0,
        description="a shard has so many students or more; with fewer than twice as many there is one; 0: never",
    )
    most: int = Field(4, ge=1, le=64, description="shards of one run at most")
    busy: float = Field(
        0.8,
        ge=0,
        description="others are asked to help while the run that shares out keeps so much of a core busy; 0: at once",
    )
    silent_seconds: float = Field(
        60, ge=1, description="a shard of whose process nothing is heard for so long is taken up by another one"
    )


class Settings(BaseSettings):
    """The whole tree."""

    model_config = SettingsConfigDict(
        env_prefix="ESTUDENT_",
        env_nested_delimiter="__",
        frozen=True,
        extra="ignore",
        nested_model_default_partial_update=True,
    )

    university: UniversitySettings = UniversitySettings()
    registry: RegistrySettings
    recruitment: RecruitmentSettings = RecruitmentSettings()
    irk: IrkSettings = IrkSettings()
    letters: LetterSettings = LetterSettings()
    directory: DirectorySettings = DirectorySettings()
    mailboxes: MailboxSettings = MailboxSettings()
    usos: UsosSettings = UsosSettings()
    payments: PaymentSettings = PaymentSettings()
    statements: StatementSettings = StatementSettings()
    brake: BrakeSettings = BrakeSettings()
    shards: ShardSettings = ShardSettings()
    brand: BrandSettings = BrandSettings()
    eduroam: EduroamSettings = EduroamSettings()
    portal: PortalSettings = PortalSettings()
    desk_sso: DeskSsoSettings = DeskSsoSettings()
    deployment: DeploymentSettings = DeploymentSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments, then the environment, then the file; nothing else."""
        named = os.environ.get("ESTUDENT_SETTINGS")
        file = [TomlConfigSettingsSource(settings_cls, Path(named))] if named else []
        return (init_settings, env_settings, *file)


@cache
def settings() -> Settings:
    """Return the settings, read once; raise Misconfigured naming each wrong one, never its value."""
    named = os.environ.get("ESTUDENT_SETTINGS")
    if named and not Path(named).is_file():
        raise Misconfigured(f"ESTUDENT_SETTINGS names {named}, which is not a file")
    try:
        return Settings()
    except TOMLDecodeError as error:
        # Its text names line and column; the line itself may hold a secret and is not repeated.
        raise Misconfigured(f"{named} is not TOML: {error}") from None
    except SettingsError as error:
        raise Misconfigured(f"{error}; lists and tables are written as JSON") from None
    except ValidationError as error:
        faults = (f"{setting_name(fault['loc'])}: {fault['msg']}" for fault in error.errors(include_input=False))
        raise Misconfigured("; ".join([*faults, "`estudent settings` lists all settings"])) from None


def setting_name(path: tuple[int | str, ...]) -> str:
    """Return the environment variable of a setting, e.g. ESTUDENT_REGISTRY__URL."""
    return "ESTUDENT_" + "__".join(str(part).upper() for part in path)


def described() -> list[tuple[str, str, str]]:
    """Return every setting's name, default and meaning, for the docs and `estudent settings`."""
    return [
        (setting_name((section, name)), _default(info), info.description or "")
        for section, group in Settings.model_fields.items()
        if isinstance(group.annotation, type) and issubclass(group.annotation, Section)
        for name, info in group.annotation.model_fields.items()
    ]


def _luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.1)."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _default(info: FieldInfo) -> str:
    default = info.get_default(call_default_factory=True, validated_data={})
    if default is PydanticUndefined:
        return "required"
    return str(default.get_secret_value() if isinstance(default, SecretStr) else default)
