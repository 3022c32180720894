"""Keep statements and what became of their lines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from estudent.adapters.registry.tables import Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WAITS_FOR_SOMEBODY = sa.text("state = 'unmatched'")


def upgrade() -> None:
    """Keep statements and what became of their lines."""
    op.create_table(
        "fee_file",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("bank", sa.String(100), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("read_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fee_file"),
        sa.UniqueConstraint("digest", name="uq_fee_file_digest"),
    )
    op.create_table(
        "statement",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("fee_file_id", KEY, nullable=False),
        sa.Column("account", sa.String(40), nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("opening", sa.Numeric(16, 2)),
        sa.Column("closing", sa.Numeric(16, 2)),
        sa.Column("closed_on", sa.Date()),
        sa.PrimaryKeyConstraint("id", name="pk_statement"),
        sa.ForeignKeyConstraint(["fee_file_id"], ["fee_file.id"], name="fk_statement_fee_file_id"),
    )
    op.create_index("ix_statement_fee_file_id", "statement", ["fee_file_id"])
    op.create_table(
        "statement_line",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("statement_id", KEY, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(64)),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("amount", sa.Numeric(14, 2), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("booking_date", sa.Date()),
        sa.Column("value_date", sa.Date()),
        sa.Column("account", sa.String(40), nullable=False),
        sa.Column("reference", sa.String(100), nullable=False),
        sa.Column("title", sa.String(500), nullable=False),
        sa.Column("payer", sa.String(200), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(60), nullable=False),
        sa.Column("decision", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_statement_line"),
        sa.ForeignKeyConstraint(["statement_id"], ["statement.id"], name="fk_statement_line_statement_id"),
        sa.UniqueConstraint("key", name="uq_statement_line_key"),
    )
    op.create_index("ix_statement_line_statement_id", "statement_line", ["statement_id"])
    op.create_index(
        "ix_statement_line_unmatched",
        "statement_line",
        ["id"],
        sqlite_where=WAITS_FOR_SOMEBODY,
        postgresql_where=WAITS_FOR_SOMEBODY,
    )
    op.create_table(
        "booking_export",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("made_at", Moment(), nullable=False),
        sa.Column("bookings", sa.Integer(), nullable=False),
        sa.Column("total", sa.Numeric(14, 2), nullable=False),
        sa.Column("acknowledged_at", Moment()),
        sa.Column("acknowledgement", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_booking_export"),
    )
    with op.batch_alter_table("receivable") as batch:
        batch.add_column(sa.Column("state", sa.String(10), nullable=False, server_default="owed"))
        batch.add_column(sa.Column("instalment", sa.Integer()))
        batch.add_column(sa.Column("instalments", sa.Integer()))
        batch.add_column(sa.Column("seen_at", Moment()))
        batch.add_column(sa.Column("reminded_at", Moment()))
    with op.batch_alter_table("booking") as batch:
        batch.add_column(sa.Column("statement_line_id", KEY))
        batch.add_column(sa.Column("undoes", KEY))
        batch.add_column(sa.Column("booking_export_id", KEY))
        batch.add_column(sa.Column("made_at", Moment()))
        batch.create_foreign_key("fk_booking_statement_line_id", "statement_line", ["statement_line_id"], ["id"])
        batch.create_foreign_key("fk_booking_undoes", "booking", ["undoes"], ["id"])
        batch.create_foreign_key("fk_booking_booking_export_id", "booking_export", ["booking_export_id"], ["id"])
        batch.create_unique_constraint("uq_booking_undoes", ["undoes"])
    op.create_index("ix_booking_statement_line_id", "booking", ["statement_line_id"])
    op.create_index("ix_booking_booking_export_id", "booking", ["booking_export_id"])


def downgrade() -> None:
    """Undo: Keep statements and what became of their lines."""
    op.drop_index("ix_booking_booking_export_id", table_name="booking")
    op.drop_index("ix_booking_statement_line_id", table_name="booking")
    with op.batch_alter_table("booking") as batch:
        batch.drop_constraint("uq_booking_undoes", type_="unique")
        batch.drop_constraint("fk_booking_booking_export_id", type_="foreignkey")
        batch.drop_constraint("fk_booking_undoes", type_="foreignkey")
        batch.drop_constraint("fk_booking_statement_line_id", type_="foreignkey")
        for name in ("made_at", "booking_export_id", "undoes", "statement_line_id"):
            batch.drop_column(name)
    with op.batch_alter_table("receivable") as batch:
        for name in ("reminded_at", "seen_at", "instalments", "instalment", "state"):
            batch.drop_column(name)
    for name in ("booking_export", "statement_line", "statement", "fee_file"):
        op.drop_table(name)
