"""`.mobileconfig` for iPhone, iPad and Mac (Apple's "Configuration Profile Reference")."""

from __future__ import annotations

import plistlib
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from estudent.domain.eduroam import SSID, Authority, Eduroam

EAP_TTLS = 21


def apple_profile(eduroam: Eduroam, identity: str) -> bytes:
    """Return the profile of one student; the device asks for the password while it is installed.

    Identifiers and UUIDs follow from the realm, so a new profile replaces the old one, and removing it removes all.
    """
    name = _identifier(eduroam)
    profile = {
        **_payload(name, "Configuration", "eduroam"),
        "PayloadDescription": f"eduroam, {eduroam.university}",
        "PayloadOrganization": eduroam.university,
        "PayloadRemovalDisallowed": False,
        "PayloadContent": [*(_certificate(name, each) for each in eduroam.authorities), _wifi(name, eduroam, identity)],
    }
    return plistlib.dumps(profile)


def _wifi(name: str, eduroam: Eduroam, identity: str) -> dict[str, Any]:
    return {
        **_payload(f"{name}.wifi", "com.apple.wifi.managed", SSID),
        "SSID_STR": SSID,
        "HIDDEN_NETWORK": False,
        "AutoJoin": True,
        "EncryptionType": "WPA",
        "ProxyType": "None",
        "EAPClientConfiguration": {
            "AcceptEAPTypes": [EAP_TTLS],
            "TTLSInnerAuthentication": "PAP",
            "OuterIdentity": eduroam.outer_identity,
            "UserName": identity,
            "TLSTrustedServerNames": list(eduroam.servers),
            "TLSAllowTrustExceptions": False,
            "PayloadCertificateAnchorUUID": [_certificate(name, each)["PayloadUUID"] for each in eduroam.authorities],
        },
    }


def _certificate(name: str, authority: Authority) -> dict[str, Any]:
    mark = authority.fingerprint.replace(":", "").lower()[:16]
    kind = "root" if authority.is_root else "pkcs1"
    return {
        **_payload(f"{name}.ca.{mark}", f"com.apple.security.{kind}", authority.name),
        "PayloadCertificateFileName": f"{mark}.cer",
        "PayloadContent": authority.certificate,
    }


def _payload(identifier: str, kind: str, shown: str) -> dict[str, Any]:
    return {
        "PayloadType": kind,
        "PayloadVersion": 1,
        "PayloadIdentifier": identifier,
        "PayloadUUID": str(uuid5(NAMESPACE_DNS, identifier)).upper(),
        "PayloadDisplayName": shown,
    }


def _identifier(eduroam: Eduroam) -> str:
    """Return the realm as Apple names things: the widest part first."""
    return ".".join([*reversed(eduroam.realm.split(".")), "eduroam"])
