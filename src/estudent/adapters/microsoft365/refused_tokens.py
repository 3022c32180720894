"""Why Entra gives no token, by the number in its words (entra/identity-platform/reference-error-codes)."""

from __future__ import annotations

import re

from estudent.ports import Misconfigured

NUMBER = re.compile(r"AADSTS(\d+)")
EXPIRED = re.compile(r"key used is expired|assertion.*not within its valid time range", re.IGNORECASE | re.DOTALL)
REGISTER = "upload the certificate to the application (Entra admin centre, App registrations, Certificates & secrets)"
NO_TENANT = "there is no such tenant: correct ESTUDENT_MAILBOXES__TENANT"
NO_DISCOVERY = "check your tenant name"
"""Of msal's own words about a tenant that Entra answers nothing for (msal, authority.py)."""

NO_SECRET = "the application's secret is wrong: correct ESTUDENT_MAILBOXES__CLIENT_SECRET, or better use a certificate"  # noqa: S105
NO_APPLICATION = (
    "the tenant does not know the application: correct ESTUDENT_MAILBOXES__CLIENT_ID, "
    "or let an administrator consent to the application"
)
UNKNOWN_CERTIFICATE = f"the application does not know our certificate: {REGISTER}"
EXPIRED_CERTIFICATE = f"our certificate has expired: make a new one, {REGISTER}, then name it in the settings"
NO_TIME = "our certificate has expired or this host's clock is wrong: correct the clock, or renew the certificate"
BLOCKED = (
    "the application is disabled in the tenant: an administrator must enable its sign-in (Enterprise applications)"
)
MEANINGS = {
    90002: NO_TENANT, 900023: NO_TENANT, 700016: NO_APPLICATION, 7000229: NO_APPLICATION, 500011: NO_APPLICATION,
    7000215: NO_SECRET, 7000222: "the application's secret has expired: make a new one, or better use a certificate",
    7000216: "name ESTUDENT_MAILBOXES__CERTIFICATE: the application signs in with it",
    700027: UNKNOWN_CERTIFICATE, 700023: UNKNOWN_CERTIFICATE, 700024: NO_TIME, 7000112: BLOCKED, 500014: BLOCKED,
}  # fmt: skip


def token_refused(words: str) -> Misconfigured | None:
    """Return what an administrator must do by Entra's words, which are never passed on; None for an unknown number."""
    if NO_DISCOVERY in words:
        return Misconfigured(f"cannot sign in to Microsoft 365: {NO_TENANT}")
    found = NUMBER.search(words)
    number = int(found[1]) if found else 0
    if number == 700027 and EXPIRED.search(words):
        return Misconfigured(f"cannot sign in to Microsoft 365: {EXPIRED_CERTIFICATE}")
    meaning = MEANINGS.get(number)
    return Misconfigured(f"cannot sign in to Microsoft 365: {meaning}") if meaning else None
