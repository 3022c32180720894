"""Services for students: eduroam with profiles for each device, Office 365, USOSweb, mail."""

from __future__ import annotations

import ssl

from flask import Blueprint, abort
from werkzeug.wrappers import Response

from estudent.portal.here import campus, for_students, student, this_student
from estudent.portal.language import language
from estudent.portal.page import show

pages = Blueprint("services", __name__, url_prefix="/services")


@pages.get("")
def all_services() -> Response:
    """List the services."""
    return show("portal/services.html")


@pages.get("/software")
def software() -> Response:
    """Tell what comes with Office 365."""
    return show("portal/software.html")


@pages.get("/eduroam")
def eduroam() -> Response:
    """Tell how to set up eduroam, for each device."""
    whose, network = student(), campus().eduroam
    identity = network.identity(whose.album) if whose else f"s123456@{network.realm}"
    return show("portal/eduroam.html", network=network, identity=identity)


@pages.get("/eduroam/eduroam.eap-config")
@for_students
def eap_config() -> Response:
    """Return the student's profile for geteduroam."""
    _offered()
    profile = campus().eap_config(this_student().album, language())
    return _file(profile, "application/eap-config", 'attachment; filename="eduroam.eap-config"')


@pages.get("/eduroam/eduroam.mobileconfig")
@for_students
def apple_profile() -> Response:
    """Return the student's profile for devices of Apple, which open it at once."""
    _offered()
    profile = campus().apple_profile(this_student().album)
    return _file(profile, "application/x-apple-aspen-config", 'inline; filename="eduroam.mobileconfig"')


@pages.get("/eduroam/eduroam-ca.pem")
def authorities() -> Response:
    """Return the certificates of the authorities, for those who set up by hand."""
    _offered()
    text = "".join(ssl.DER_cert_to_PEM_cert(each.certificate) for each in campus().eduroam.authorities)
    return _file(text.encode(), "application/x-pem-file", 'attachment; filename="eduroam-ca.pem"')


def _offered() -> None:
    if not campus().eduroam.has_profiles:
        abort(404)


def _file(content: bytes, kind: str, disposition: str) -> Response:
    return Response(content, content_type=kind, headers={"Content-Disposition": disposition})
