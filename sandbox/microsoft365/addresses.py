"""How proxyAddresses is worked out (SupportArticles-docs, proxyaddresses-attribute-populate.md)."""

from __future__ import annotations

from sandbox.microsoft365.refusal import bad_request, conflict, invalid_value
from sandbox.microsoft365.tenant import Tenant
from sandbox.microsoft365.user import User


def open_ripe_mailboxes(tenant: Tenant, now: float) -> None:
    """Give every mailbox that is due its addresses."""
    for user in tenant.ripe(now):
        user.has_mailbox = True
        make_primary(user, user.upn)
        add(user, _routing_address(tenant, user))
        tenant.save(user)


def without_mailbox(user: User) -> None:
    """Take the mailbox away, and with it every address (scenario 4: they are worked out anew, aliases are lost)."""
    user.has_mailbox = False
    user.mailbox_due = None
    user.addresses = []
    user.written.pop("mail", None)


def renamed(user: User) -> None:
    """Let the primary address follow a new name; the old one stays (OfficeDocs-O365ITPro#939)."""
    if user.has_mailbox:
        make_primary(user, user.upn)


def with_mail(tenant: Tenant, user: User, mail: str) -> None:
    """Write `mail`, which lands in proxyAddresses; once Exchange owns the mailbox it is refused (docs-contrib#3564)."""
    if user.has_mailbox:
        message = "Unable to update the specified properties for objects that have originated within an external"
        raise bad_request(f"{message} service.")
    if mail.count("@") != 1 or not mail.isascii():
        raise invalid_value("mail")
    if tenant.first("address", mail) not in (None, user):
        raise conflict("proxyAddresses")
    make_primary(user, mail)
    user.written["mail"] = mail


def make_primary(user: User, address: str) -> None:
    """Put the address first, in capitals; the one before it becomes secondary (Set-Mailbox: exactly one `SMTP:`)."""
    others = [f"smtp:{each[5:]}" for each in user.addresses if each[5:].lower() != address.lower()]
    user.addresses = [f"SMTP:{address}", *others]


def add(user: User, address: str) -> None:
    """Put a secondary address last, unless the user has it."""
    if address.lower() not in (each[5:].lower() for each in user.addresses):
        user.addresses = [*user.addresses, f"smtp:{address}"]


def _routing_address(tenant: Tenant, user: User) -> str:
    """Return mailNickname@initial-domain, with four digits when somebody has it (scenario 6)."""
    nickname, domain = user.written["mailNickname"], tenant.options.initial_domain
    address = f"{nickname}@{domain}"
    while tenant.first("address", address) not in (None, user):
        address = f"{nickname}{tenant.four_digits()}@{domain}"
    return address
