"""An e-mail address as it is shown to somebody who should recognise it and learn nothing new."""

from __future__ import annotations

DOTS = "•••"


def masked_address(address: str) -> str:
    """Return the first letters and the country alone, e.g. j•••@g•••.com; always equally many dots."""
    local, _, domain = address.rpartition("@")
    name, _, country = domain.rpartition(".")
    return f"{local[:1]}{DOTS}@{name[:1]}{DOTS}.{country}" if name else f"{local[:1]}{DOTS}@{DOTS}"
