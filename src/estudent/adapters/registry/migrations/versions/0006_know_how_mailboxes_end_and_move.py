"""Know how mailboxes end and move."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ADDRESS = sa.table("address", sa.column("kind"))


def _student() -> sa.Column[int]:
    return sa.Column("student_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False)


def upgrade() -> None:
    """Know how mailboxes end and move."""
    op.create_table(
        "mailbox_parting",
        _student(),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("reached", sa.Date(), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["student_id"], ["student.id"], name=op.f("fk_mailbox_parting_student_id")),
        sa.PrimaryKeyConstraint("student_id", name=op.f("pk_mailbox_parting")),
    )
    op.create_table(
        "mailbox_rename",
        _student(),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("before", sa.String(length=254), nullable=True),
        sa.Column("wanted", sa.String(length=254), nullable=True),
        sa.Column("problem", sa.String(length=500), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["before"], ["address.address"], name=op.f("fk_mailbox_rename_before")),
        sa.ForeignKeyConstraint(["student_id"], ["student.id"], name=op.f("fk_mailbox_rename_student_id")),
        sa.ForeignKeyConstraint(["wanted"], ["address.address"], name=op.f("fk_mailbox_rename_wanted")),
        sa.PrimaryKeyConstraint("student_id", name=op.f("pk_mailbox_rename")),
    )
    op.create_table(
        "watermark",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_watermark")),
    )


def downgrade() -> None:
    """Undo: Know how mailboxes end and move."""
    op.drop_table("watermark")
    op.drop_table("mailbox_rename")
    op.drop_table("mailbox_parting")
    op.execute(sa.update(ADDRESS).where(ADDRESS.c.kind == "former").values(kind="primary"))
