"""Looking whether the directory is as we need it, for the doctor."""

from __future__ import annotations

import re

from ldap3 import Connection

from estudent.adapters.ldap.attributes import OBJECT_CLASSES, texts
from estudent.adapters.ldap.connection import Access, connect_to, hang_up, tls_version
from estudent.adapters.ldap.errors import SCHEMA, SUFFIX, OutOfReach
from estudent.adapters.ldap.escaping import people_of
from estudent.adapters.ldap.reading import one
from estudent.adapters.ldap.servers import Servers
from estudent.ports import Misconfigured

NAMES = re.compile(r"NAME\s+(?:'([^']+)'|\(([^)]*)\))")


def check(access: Access, suffix: str) -> str:
    """Return in one sentence what was found, or raise Misconfigured or Unavailable."""
    connection = Servers(access).connect().connection
    try:
        _check_suffix(connection, suffix)
        _check_people(connection, suffix)
        _check_schema(connection)
        return (
            f"{connection.server.name} through {tls_version(connection)} holds {people_of(suffix)} and the schemas"
            f" of eduPerson and SCHAC{_silent(access)}"
        )
    finally:
        hang_up(connection)


def _check_suffix(connection: Connection, suffix: str) -> None:
    root = one(connection, "", ["namingContexts"])
    held = texts(root or {}, "namingContexts")
    if not any(f",{_plain(suffix)}".endswith(f",{_plain(each)}") for each in held):
        seen = " and ".join(held) or "nothing we may see"
        raise Misconfigured(f"the directory holds {seen}; correct ESTUDENT_DIRECTORY__SUFFIX")


def _check_people(connection: Connection, suffix: str) -> None:
    if one(connection, people_of(suffix), ["1.1"]) is None:
        raise Misconfigured(f"{people_of(suffix)} is not to be seen; {SUFFIX}")


def _check_schema(connection: Connection) -> None:
    root = one(connection, "", ["subschemaSubentry"])
    place = texts(root or {}, "subschemaSubentry") or ("cn=Subschema",)
    schema = one(connection, place[0], ["objectClasses"])
    known = {name.casefold() for each in texts(schema or {}, "objectClasses") for name in _names(each)}
    if missing := [name for name in OBJECT_CLASSES if name.casefold() not in known]:
        raise Misconfigured(f"the directory does not know the object classes {', '.join(missing)}; {SCHEMA}")


def _names(description: str) -> list[str]:
    """Return the names of an object class as its description gives them (RFC 4512, section 4.1.1)."""
    found = NAMES.search(description)
    return re.findall(r"[\w-]+", found[1] or found[2]) if found else []


def _silent(access: Access) -> str:
    """Return the rest of the sentence when there are servers that would not help if the first failed."""
    silent = [uri for uri in access.uris if not _answers(uri, access)]
    return f", but {', '.join(silent)} did not answer" if silent else ""


def _answers(uri: str, access: Access) -> bool:
    try:
        hang_up(connect_to(uri, access))
    except OutOfReach:
        return False
    return True


def _plain(name: str) -> str:
    return re.sub(r"\s*([,=])\s*", r"\1", name.strip().casefold())
