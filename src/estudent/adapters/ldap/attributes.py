"""Entries as LDAP attributes, and back.

All values of the attributes named here are ours, and others' values are replaced with them, but for two: object
classes are only ever added, and codes in schacPersonalUniqueCode that are no European Student Identifiers are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ldap3 import MODIFY_ADD, MODIFY_REPLACE

from estudent.domain.album_number import AlbumNumber
from estudent.domain.directory_entry import ESI, Entry
from estudent.domain.plan import Lock

OBJECT_CLASSES = (
    "inetOrgPerson",
    "eduPerson",
    "schacContactLocation",
    "schacLinkageIdentifiers",
    "inetLocalMailRecipient",
)
FIELDS = {
    "uid": ("uid",),
    "surname": ("sn",),
    "given_name": ("givenName",),
    "display_name": ("cn", "displayName"),
    "principal_name": ("eduPersonPrincipalName",),
    "home_organization": ("schacHomeOrganization",),
    "personal_unique_code": ("schacPersonalUniqueCode",),
    "language": ("preferredLanguage",),
    "affiliations": ("eduPersonAffiliation",),
    "scoped_affiliations": ("eduPersonScopedAffiliation",),
    "mail": ("mail",),
    "local_addresses": ("mailLocalAddress",),
}
ADDRESSES = ("mail", "local_addresses")
ALBUM = "employeeNumber"
CODE = "schacPersonalUniqueCode"
LOCK = "pwdAccountLockedTime"
LOCKED = "000001010000Z"
"""Locked until somebody unlocks (draft-behera-ldap-password-policy-10, section 5.3.3); any other time runs out."""

END = "pwdEndTime"
ENDED = "19700101000000Z"
"""Since when the password no longer counts (section 5.3.12): measured, a new password takes LOCK away but not this."""

READ = (ALBUM, LOCK, END, *(attribute for attributes in FIELDS.values() for attribute in attributes))

IDENTIFIER = f"{ESI}:".lower()

Found = Mapping[str, Sequence[bytes]]
Texts = Mapping[str, tuple[str, ...]]
Changes = dict[str, list[tuple[str, list[str]]]]


def attributes_of(entry: Entry) -> dict[str, list[str]]:
    """Return the attributes of a new entry, without those that have no value.

    slapd keeps their order and puts behind them what is replaced later. So the addresses come last: an entry that gets
    its mailbox later is in the same order as one that was new with it.
    """
    lasting = _fields(entry, [field for field in FIELDS if field not in ADDRESSES])
    own = {ALBUM: [entry.album.digits], **dict(lasting), **lock_values(entry.lock), **dict(_fields(entry, ADDRESSES))}
    return {"objectClass": list(OBJECT_CLASSES), **{name: values for name, values in own.items() if values}}


def changes_of(entry: Entry, fields: Iterable[str]) -> Changes:
    """Return how an entry gets the values of these fields, whatever it holds."""
    return {name: [(MODIFY_REPLACE, values)] for name, values in _fields(entry, fields)}


def changes_against(entry: Entry, fields: Iterable[str], found: Found) -> Changes:
    """Return the same for an entry that was read whole: it gets the object classes it lacks and keeps foreign codes."""
    changes = changes_of(entry, fields)
    if CODE in changes:
        foreign = [code for code in texts(found, CODE) if not _is_identifier(code)]
        changes[CODE] = [(MODIFY_REPLACE, [*foreign, *_values(entry.personal_unique_code)])]
    present = {name.casefold() for name in texts(found, "objectClass")}
    missing = [name for name in OBJECT_CLASSES if name.casefold() not in present]
    return {"objectClass": [(MODIFY_ADD, missing)], **changes} if missing else changes


def lock_changes(lock: Lock) -> Changes:
    """Return how an entry is locked until its activation, barred for good, or opened."""
    return {name: [(MODIFY_REPLACE, values)] for name, values in lock_values(lock).items()}


def lock_values(lock: Lock) -> dict[str, list[str]]:
    """Return the values of the attributes that are the lock."""
    return {LOCK: [] if lock is Lock.OPEN else [LOCKED], END: [ENDED] if lock is Lock.BARRED else []}


def entry_of(album: AlbumNumber, found: Texts) -> Entry:
    """Return what was read; where we want one value and there are others, the field differs from any we could want."""
    values = found.get
    return Entry(
        album=album,
        uid=_uid(album, values("uid", ())),
        surname=_one(values("sn", ())),
        given_name=_one(values("givenName", ())),
        display_name=_display_name(values("cn", ()), values("displayName", ())),
        mail=values("mail", ()),
        local_addresses=values("mailLocalAddress", ()),
        principal_name=_one(values("eduPersonPrincipalName", ())),
        affiliations=values("eduPersonAffiliation", ()),
        scoped_affiliations=values("eduPersonScopedAffiliation", ()),
        home_organization=_one(values("schacHomeOrganization", ())),
        personal_unique_code=_one([code for code in values(CODE, ()) if _is_identifier(code)]),
        language=_one(values("preferredLanguage", ())),
        lock=_lock(values(END, ()), values(LOCK, ())),
    )


def decoded(found: Found) -> Texts:
    """Return the values of all attributes as texts."""
    return {name: texts(found, name) for name in found}


def texts(found: Found, name: str) -> tuple[str, ...]:
    """Return an attribute's values as texts."""
    return tuple(map(text, found.get(name, ())))


def text(value: bytes) -> str:
    """Return a value as text; bytes that are no UTF-8 become characters that we never want."""
    return value.decode(errors="replace")


def _lock(ends: tuple[str, ...], locked: tuple[str, ...]) -> Lock:
    if ends == (ENDED,):
        return Lock.BARRED
    return Lock.UNTIL_ACTIVATED if LOCKED in locked else Lock.OPEN


def _fields(entry: Entry, fields: Iterable[str]) -> Iterable[tuple[str, list[str]]]:
    return ((name, _values(getattr(entry, field))) for field in fields for name in FIELDS[field])


def _values(value: str | tuple[str, ...]) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    return list(dict.fromkeys(value))


def _one(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else "\n".join(sorted(values))


def _uid(album: AlbumNumber, values: tuple[str, ...]) -> str:
    return album.login if album.login in values else _one(values)


def _display_name(common: tuple[str, ...], display: tuple[str, ...]) -> str:
    return _one(display) if common == display else _one((*common, *display, ""))


def _is_identifier(code: str) -> bool:
    return code.lower().startswith(IDENTIFIER)
