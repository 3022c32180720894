"""eduroam's profiles, read back as devices read them."""

from __future__ import annotations

import plistlib
import ssl
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from estudent.adapters.eduroam_profiles import apple_profile, authorities_in, eap_config
from estudent.domain.album_number import AlbumNumber
from estudent.domain.eduroam import Authority, Eduroam
from estudent.ports import Misconfigured
from sandbox.certificates import issue

ALBUM = AlbumNumber("123456")


def the_university(*authorities: Authority, **changes: Any) -> Eduroam:
    usual = {
        "realm": "student.example.pl",
        "servers": ("radius1.example.pl", "radius2.example.pl"),
        "authorities": authorities or (Authority("Root <CA> & Sons", b"\x30\x82der", True),),
        "university": 'Politechnika "Przykładowa" & <spółka>',
        "contact": "cos@example.pl",
        "website": "https://cos.example.pl/?a=1&b=2",
    }
    return Eduroam(**(usual | changes))


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return issue(tmp_path_factory.mktemp("ca")).ca


def parsed(eduroam: Eduroam) -> ElementTree.Element:
    profile = eap_config(eduroam, eduroam.identity(ALBUM))
    return ElementTree.fromstring(profile.decode())  # noqa: S314 - our own


def test_a_students_identity_says_whose_it_is_only_inside_the_tunnel() -> None:
    eduroam = the_university()
    assert eduroam.identity(ALBUM) == "s123456@student.example.pl"
    assert eduroam.outer_identity == "anonymous@student.example.pl"


def test_geteduroam_finds_what_it_reads() -> None:
    provider = parsed(the_university()).find("EAPIdentityProvider")
    assert provider is not None
    assert provider.attrib == {
        "ID": "student.example.pl",
        "namespace": "urn:RFC4282:realm",
        "lang": "pl",
        "version": "1",
    }
    method = "AuthenticationMethods/AuthenticationMethod/"
    assert provider.findtext(method + "EAPMethod/Type") == "21"
    assert provider.findtext(method + "InnerAuthenticationMethod/NonEAPAuthMethod/Type") == "1"
    assert provider.findtext(method + "ClientSideCredential/OuterIdentity") == "anonymous@student.example.pl"
    assert provider.findtext(method + "ClientSideCredential/InnerIdentitySuffix") == "student.example.pl"
    assert provider.findtext(method + "ClientSideCredential/UserName") == "s123456@student.example.pl"
    servers = [each.text for each in provider.findall(method + "ServerSideCredential/ServerID")]
    assert servers == ["radius1.example.pl", "radius2.example.pl"]
    assert provider.findtext("CredentialApplicability/IEEE80211/SSID") == "eduroam"
    assert provider.findtext("ProviderInfo/DisplayName") == 'Politechnika "Przykładowa" & <spółka>'
    assert provider.findtext("ProviderInfo/Helpdesk/EmailAddress") == "cos@example.pl"


SEQUENCES = {
    "EAPIdentityProvider": ["AuthenticationMethods", "CredentialApplicability", "ProviderInfo"],
    "AuthenticationMethod": ["EAPMethod", "ServerSideCredential", "ClientSideCredential", "InnerAuthenticationMethod"],
    "ServerSideCredential": ["CA", "ServerID", "ServerID"],
    "ClientSideCredential": ["OuterIdentity", "InnerIdentitySuffix", "InnerIdentityHint", "UserName"],
    "IEEE80211": ["SSID", "MinRSNProto"],
    "ProviderInfo": ["DisplayName", "Description", "Helpdesk"],
    "Helpdesk": ["EmailAddress", "WebAddress"],
}
"""The order of elements is part of GÉANT's schema eap-metadata.xsd."""


@pytest.mark.parametrize("tag", list(SEQUENCES))
def test_elements_stand_in_the_order_of_the_schema(tag: str) -> None:
    found = next(parsed(the_university()).iter(tag))
    assert [child.tag for child in found] == SEQUENCES[tag]


def test_a_contact_that_is_no_address_is_left_out() -> None:
    assert parsed(the_university(contact="room 12")).find(".//EmailAddress") is None


def test_apple_devices_find_what_they_read() -> None:
    eduroam = the_university()
    profile = plistlib.loads(apple_profile(eduroam, eduroam.identity(ALBUM)))
    certificate, wifi = profile["PayloadContent"]
    assert profile["PayloadType"] == "Configuration"
    assert profile["PayloadIdentifier"] == "pl.example.student.eduroam"
    assert wifi["PayloadType"] == "com.apple.wifi.managed"
    assert wifi["SSID_STR"] == "eduroam"
    told = wifi["EAPClientConfiguration"]
    assert told["AcceptEAPTypes"] == [21]
    assert told["TTLSInnerAuthentication"] == "PAP"
    assert told["TLSTrustedServerNames"] == ["radius1.example.pl", "radius2.example.pl"]
    assert told["TLSAllowTrustExceptions"] is False
    assert told["PayloadCertificateAnchorUUID"] == [certificate["PayloadUUID"]]
    assert told["UserName"] == "s123456@student.example.pl"
    assert certificate["PayloadContent"] == b"\x30\x82der"


def test_a_new_profile_replaces_the_old_one() -> None:
    eduroam = the_university()
    assert apple_profile(eduroam, "s1") == apple_profile(eduroam, "s1")
    marks = [each["PayloadUUID"] for each in plistlib.loads(apple_profile(eduroam, "s1"))["PayloadContent"]]
    other = [each["PayloadUUID"] for each in plistlib.loads(apple_profile(eduroam, "s2"))["PayloadContent"]]
    assert marks == other
    assert len(set(marks)) == len(marks)


def test_no_profile_holds_a_password() -> None:
    eduroam = the_university()
    for make in (eap_config, apple_profile):
        assert b"assword" not in make(eduroam, eduroam.identity(ALBUM))


def test_authorities_are_read_from_a_pem_file(ca_file: Path) -> None:
    (authority,) = authorities_in(ca_file)
    certificate = ssl.PEM_cert_to_DER_cert(ca_file.read_text())
    assert authority.certificate == certificate
    assert authority.is_root
    assert authority.fingerprint.replace(":", "").lower() == sha256(certificate).hexdigest()
    text = parsed(the_university(authority)).findtext(".//CA")
    assert text is not None and b64decode(text) == certificate


def test_without_an_authority_there_are_no_profiles(ca_file: Path) -> None:
    assert authorities_in(None) == ()
    assert not the_university(authorities=()).has_profiles
    assert not the_university(servers=()).has_profiles
    assert the_university(*authorities_in(ca_file)).has_profiles


@pytest.mark.parametrize(
    "content", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_file_that_holds_no_authority_is_misconfigured(tmp_path: Path, content: str) -> None:
    (tmp_path / "ca.pem").write_text(content)
    with pytest.raises(Misconfigured, match="ESTUDENT_EDUROAM__CA_FILE"):
        authorities_in(tmp_path / "ca.pem")
    with pytest.raises(Misconfigured):
        authorities_in(tmp_path / "missing.pem")
