"""`.eap-config`, which geteduroam's apps and the CAT installers read (draft-winter-opsawg-eap-metadata)."""

from __future__ import annotations

from base64 import b64encode
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from estudent.domain.eduroam import SSID, Authority, Eduroam

EAP_TTLS, PAP = "21", "1"
"""IANA's number of the EAP method; the draft's number of the way in which the password goes inside it."""

DESCRIPTIONS = {"pl": "Wi-Fi eduroam dla studentów", "uk": "Wi-Fi eduroam для студентів"}
ENGLISH = "eduroam Wi-Fi for students"
SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"


def eap_config(eduroam: Eduroam, identity: str, language: str = "pl") -> bytes:
    """Return the profile of one student; the app asks for the password.

    It keeps to what GÉANT's CAT writes: geteduroam for Android refuses a file with an attribute that it does not know.
    """
    root = Element(
        "EAPIdentityProviderList",
        {"xmlns:xsi": SCHEMA_INSTANCE, "xsi:noNamespaceSchemaLocation": "eap-metadata.xsd"},
    )
    attributes = {"ID": eduroam.realm, "namespace": "urn:RFC4282:realm", "lang": language, "version": "1"}
    provider = SubElement(root, "EAPIdentityProvider", attributes)
    _method(SubElement(SubElement(provider, "AuthenticationMethods"), "AuthenticationMethod"), eduroam, identity)
    network = SubElement(SubElement(provider, "CredentialApplicability"), "IEEE80211")
    _put(network, "SSID", SSID)
    _put(network, "MinRSNProto", "CCMP")
    _provider_info(SubElement(provider, "ProviderInfo"), eduroam, language)
    indent(root)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _method(method: Element, eduroam: Eduroam, identity: str) -> None:
    _put(SubElement(method, "EAPMethod"), "Type", EAP_TTLS)
    server = SubElement(method, "ServerSideCredential")
    for authority in eduroam.authorities:
        _put(server, "CA", _base64(authority), format="X.509", encoding="base64")
    for name in eduroam.servers:
        _put(server, "ServerID", name)
    client = SubElement(method, "ClientSideCredential")
    _put(client, "OuterIdentity", eduroam.outer_identity)
    _put(client, "InnerIdentitySuffix", eduroam.realm)
    _put(client, "InnerIdentityHint", "true")
    _put(client, "UserName", identity)
    inner = SubElement(SubElement(method, "InnerAuthenticationMethod"), "NonEAPAuthMethod")
    _put(inner, "Type", PAP)


def _provider_info(info: Element, eduroam: Eduroam, language: str) -> None:
    _put(info, "DisplayName", eduroam.university)
    _put(info, "Description", DESCRIPTIONS.get(language, ENGLISH))
    helpdesk = SubElement(info, "Helpdesk")
    if "@" in eduroam.contact:
        _put(helpdesk, "EmailAddress", eduroam.contact)
    _put(helpdesk, "WebAddress", eduroam.website)


def _put(parent: Element, tag: str, text: str, **attributes: str) -> None:
    SubElement(parent, tag, attributes).text = text


def _base64(authority: Authority) -> str:
    return b64encode(authority.certificate).decode()
