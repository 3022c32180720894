"""Remind of each due date."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from estudent.adapters.registry.tables import Moment

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
RECEIVABLE = sa.table("receivable", *map(sa.column, ("id", "due_date", "reminded_at")))
REMINDER = sa.table("fee_reminder", *map(sa.column, ("receivable_id", "due_date", "made_at")))


def upgrade() -> None:
    """Remind of each due date."""
    op.create_table(
        "fee_reminder",
        sa.Column("receivable_id", KEY, nullable=False),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("receivable_id", "due_date", name="pk_fee_reminder"),
        sa.ForeignKeyConstraint(["receivable_id"], ["receivable.id"], name="fk_fee_reminder_receivable_id"),
    )
    # Which day a letter of old named is not known; whoever had one has no other for the day of now.
    reminded = sa.select(RECEIVABLE).where(RECEIVABLE.c.reminded_at.is_not(None))
    op.execute(sa.insert(REMINDER).from_select([column.name for column in REMINDER.c], reminded))
    # On SQLite, a batch would make the table anew, and may not take away the old one that reminders refer to.
    op.drop_column("receivable", "reminded_at")


def downgrade() -> None:
    """Undo: Remind of each due date."""
    with op.batch_alter_table("receivable") as batch:
        batch.add_column(sa.Column("reminded_at", Moment()))
    last = sa.select(sa.func.max(REMINDER.c.made_at)).where(REMINDER.c.receivable_id == RECEIVABLE.c.id)
    op.execute(sa.update(RECEIVABLE).values(reminded_at=last.scalar_subquery()))
    op.drop_table("fee_reminder")
