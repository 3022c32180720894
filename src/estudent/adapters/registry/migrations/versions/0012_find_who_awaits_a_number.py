"""Find who awaits an album number without looking at everybody."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

AWAITS_A_NUMBER = sa.text("number_awaited_since IS NOT NULL")


def upgrade() -> None:
    """Find who awaits an album number without looking at everybody."""
    op.create_index(
        "ix_student_awaits_number",
        "student",
        ["number_awaited_since"],
        sqlite_where=AWAITS_A_NUMBER,
        postgresql_where=AWAITS_A_NUMBER,
    )


def downgrade() -> None:
    """Undo: Find who awaits an album number without looking at everybody."""
    op.drop_index("ix_student_awaits_number", "student")
