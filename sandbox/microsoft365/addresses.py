"""How proxyAddresses is worked out (SupportArticles-docs, proxyaddresses-attribute-populate.md)."""

from __future__ import annotations

from sandbox.microsoft365.refusal import bad_request, conflict, invalid_value
from sandbox.microsoft365.tenant import Tenant
from sandbox.microsoft365.user import User


def open_mailbox(tenant: Tenant, user: User) -> None:
    """Let the mailbox appear: the name becomes the primary address, or a further one where there is a primary."""
    user.has_mailbox, user.stuck, user.errors = True, False, []
    if user.primary is None:
        make_primary(user, user.upn)
    add(user, user.upn)
    if not any(each.endswith(f"@{tenant.options.initial_domain}") for each in user.addresses):
        add(user, _routing_address(tenant, user))


def without_mailbox(user: User) -> None:
    """Take the mailbox away, and with it every address (scenario 4: they are worked out anew, aliases are lost)."""
    close_mailbox(user)
    user.addresses = []
    user.written.pop("mail", None)


def close_mailbox(user: User) -> None:
    """Take the mailbox away and leave the addresses."""
    user.has_mailbox = user.stuck = False
    user.mailbox_due = user.lag_until = None
    user.errors = []


def only_primary(tenant: Tenant, user: User) -> None:
    """Lose the aliases, as when one licence with Exchange takes the place of another (microsoft-graph-docs#460)."""
    kept = f"@{tenant.options.initial_domain}"
    user.addresses = [each for each in user.addresses if each.startswith("SMTP:") or each.endswith(kept)]


def renamed(tenant: Tenant, user: User) -> None:
    """Let the addresses follow a new name; the old one stays, and is primary or not (OfficeDocs-O365ITPro#939)."""
    if not user.has_mailbox:
        return
    (make_primary if tenant.options.rename_moves_primary else add)(user, user.upn)


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
