"""Know how far students are in USOS."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SEEN = ("person_at", "active_at", "linked_at", "verified_at")
MOMENTS = ("since", "expected_at", "awaited_at", "requested_at", *SEEN)
LINK = sa.table("usos_link", sa.column("email"), sa.column("observed_at"), *map(sa.column, MOMENTS))


def upgrade() -> None:
    """Know how far students are in USOS."""
    with op.batch_alter_table("usos_link", schema=None) as batch_op:
        batch_op.alter_column("email", existing_type=sa.String(length=254), nullable=True)
        # Who is in the table was seen with the address, most long ago, and was told where to sign in.
        batch_op.add_column(sa.Column("state", sa.String(length=10), server_default="verified", nullable=False))
        batch_op.add_column(sa.Column("asked_for", sa.String(length=254), nullable=True))
        batch_op.add_column(sa.Column("problem", sa.String(length=500), server_default="", nullable=False))
        for name in MOMENTS:
            batch_op.add_column(sa.Column(name, sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_usos_link_state"), ["state"], unique=False)
    known = dict.fromkeys(("since", *SEEN), LINK.c.observed_at)
    op.execute(sa.update(LINK).values(known))


def downgrade() -> None:
    """Undo: Know how far students are in USOS."""
    op.execute(sa.delete(LINK).where(LINK.c.email.is_(None)))
    with op.batch_alter_table("usos_link", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_usos_link_state"))
        for name in (*reversed(MOMENTS), "problem", "asked_for", "state"):
            batch_op.drop_column(name)
        batch_op.alter_column("email", existing_type=sa.String(length=254), nullable=False)
