"""Certificate authorities, read from a PEM file."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from estudent.domain.eduroam import Authority
from estudent.ports import Misconfigured


def authorities_in(file: Path | None) -> tuple[Authority, ...]:
    """Return the authorities of a PEM file, none without a file; raise Misconfigured where it holds none."""
    if file is None:
        return ()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=file)
    except OSError as error:
        raise Misconfigured(
            f"ESTUDENT_EDUROAM__CA_FILE: {file} cannot be read as PEM: {type(error).__name__}"
        ) from None
    found = [Authority(_name(told), der, told["subject"] == told["issuer"]) for told, der in _certificates(context)]
    if not found:
        raise Misconfigured(f"ESTUDENT_EDUROAM__CA_FILE: {file} holds no authority's certificate")
    return tuple(found)


def _certificates(context: ssl.SSLContext) -> list[tuple[dict[str, Any], bytes]]:
    return list(zip(context.get_ca_certs(), context.get_ca_certs(binary_form=True), strict=True))


def _name(told: dict[str, Any]) -> str:
    """Return an authority's common name, or else whatever it calls itself."""
    parts = {kind: value for group in told["subject"] for kind, value in group}
    return str(parts.get("commonName") or ", ".join(parts.values()))
