"""Names in the directory: values that cannot break out of their place in a DN."""

from __future__ import annotations

import re

from estudent.domain.album_number import AlbumNumber

SPECIAL = frozenset('"#+,;<>\\=')
STUDENT_UID = re.compile(r"s[0-9]{3,7}")


def dn_of(album: AlbumNumber, suffix: str) -> str:
    """Return the name of a student's entry; only a uid that an album number can have is let in."""
    if not STUDENT_UID.fullmatch(album.login):
        raise ValueError("a student's uid is s and the album number")
    return f"uid={escaped(album.login)},{people_of(suffix)}"


def people_of(suffix: str) -> str:
    """Return the name of the entry under which all students' entries lie."""
    return f"ou=people,{suffix}"


def escaped(value: str) -> str:
    r"""Return any text as a value in a DN (RFC 4514, section 2.4); what needs an escape becomes \XX for each byte."""
    last = len(value) - 1
    return "".join(
        _hex(char) if _needs_escape(char, edge=index in (0, last)) else char for index, char in enumerate(value)
    )


def _needs_escape(char: str, *, edge: bool) -> bool:
    return char in SPECIAL or not char.isprintable() or (char == " " and edge)


def _hex(char: str) -> str:
    return "".join(f"\\{byte:02X}" for byte in char.encode())
