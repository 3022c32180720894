"""The revisions of the registry's schema, by Alembic."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from estudent.ports import Misconfigured

MIGRATIONS = Path(__file__).parent / "migrations"


def current(connection: Connection) -> str | None:
    """Return the revision that the tables are at."""
    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """Return the newest revision of the migrations."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def upgrade(connection: Connection, revision: str) -> None:
    """Bring the tables up to a revision; raise Misconfigured for tables of a version that is not known here."""
    with _known():
        command.upgrade(alembic_config(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Take the tables down to a revision; raise Misconfigured for tables of a version that is not known here."""
    with _known():
        command.downgrade(alembic_config(connection), revision)


def alembic_config(connection: Connection) -> Config:
    """Return Alembic's configuration for this connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _known() -> Iterator[None]:
    try:
        yield
    except CommandError:
        raise Misconfigured("the registry's tables are of a version that this programme does not know") from None
