"""Know whose entry is as wanted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Know whose entry is as wanted."""
    op.add_column("account", sa.Column("entry_hash", sa.LargeBinary(16)))


def downgrade() -> None:
    """Undo: Know whose entry is as wanted."""
    op.drop_column("account", "entry_hash")
