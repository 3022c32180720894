"""Find what the staff did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STAFF_WROTE_IT = sa.text("substr(actor, 1, 6) = 'staff '")


def upgrade() -> None:
    """Find what the staff did."""
    op.create_index("ix_journal_staff", "journal", ["at"], sqlite_where=STAFF_WROTE_IT, postgresql_where=STAFF_WROTE_IT)


def downgrade() -> None:
    """Undo: Find what the staff did."""
    op.drop_index("ix_journal_staff", table_name="journal")
