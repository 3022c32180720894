"""eduroam: what a device must know to join the universities' Wi-Fi and to give the password to nobody else."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from estudent.domain.album_number import AlbumNumber

SSID = "eduroam"


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority that vouches for the university's RADIUS servers; `is_root` when it vouches for itself."""

    name: str
    certificate: bytes = field(repr=False)
    is_root: bool

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in pairs of digits as devices show it."""
        return hashlib.sha256(self.certificate).digest().hex(":").upper()


@dataclass(frozen=True, slots=True)
class Eduroam:
    """The university in eduroam: EAP-TTLS with PAP inside, since the directory keeps nothing but hashes."""

    realm: str
    servers: tuple[str, ...]
    authorities: tuple[Authority, ...]
    university: str
    contact: str
    website: str

    def identity(self, album: AlbumNumber) -> str:
        """Return what a student types as user name; only the university's own server gets to see it."""
        return f"{album.login}@{self.realm}"

    @property
    def outer_identity(self) -> str:
        """What a visited university sees: where to ask, not who it is (RFC 7542)."""
        return f"anonymous@{self.realm}"

    @property
    def has_profiles(self) -> bool:
        """Whether ready-made profiles are safe to give out: one without an authority would trust anybody's server."""
        return bool(self.authorities and self.servers)
