"""Know whose mailbox has the password."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Know whose mailbox has the password."""
    op.create_table(
        "mailbox_password",
        sa.Column("student_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("mailbox_id", sa.String(length=64), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["student_id"], ["student.id"], name=op.f("fk_mailbox_password_student_id")),
        sa.PrimaryKeyConstraint("student_id", name=op.f("pk_mailbox_password")),
    )


def downgrade() -> None:
    """Undo: Know whose mailbox has the password."""
    op.drop_table("mailbox_password")
