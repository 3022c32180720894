"""Watch mailboxes on their way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SEEN = ("created_at", "licensed_at", "opened_at", "aliased_at", "verified_at")
MOMENTS = (*SEEN, "waits_since", "next_look_at")
MAILBOX = sa.table(
    "mailbox", sa.column("address"), sa.column("state"), sa.column("observed_at"), *map(sa.column, MOMENTS)
)
ADDRESS = sa.table("address", sa.column("address"), sa.column("kind"))


def upgrade() -> None:
    """Watch mailboxes on their way."""
    with op.batch_alter_table("mailbox", schema=None) as batch_op:
        for name in MOMENTS:
            batch_op.add_column(sa.Column(name, sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("looks", sa.Integer(), server_default="0", nullable=False))
        batch_op.create_index(batch_op.f("ix_mailbox_next_look_at"), ["next_look_at"], unique=False)
    _tell_what_was_seen()
    op.create_table(
        "allowance",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("level", sa.Double(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("paused_until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_allowance")),
    )
    op.create_table(
        "place",
        sa.Column("room", sa.String(length=60), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("room", "number", name=op.f("pk_place")),
    )


def downgrade() -> None:
    """Undo: Watch mailboxes on their way."""
    op.drop_table("place")
    op.drop_table("allowance")
    on_the_way = MAILBOX.c.state.in_(("created", "opened", "aliased", "stuck", "retried"))
    op.execute(sa.update(MAILBOX).where(on_the_way).values(state="awaited"))
    op.execute(sa.update(ADDRESS).where(ADDRESS.c.kind == "blocked").values(kind="primary"))
    with op.batch_alter_table("mailbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mailbox_next_look_at"))
        for name in ("looks", *reversed(MOMENTS)):
            batch_op.drop_column(name)


def _tell_what_was_seen() -> None:
    """Give old rows the moments that are known; all are due, and the next look says how far each one is."""
    seen_at = MAILBOX.c.observed_at
    working = dict.fromkeys(SEEN, seen_at)
    op.execute(sa.update(MAILBOX).where(MAILBOX.c.state == "verified").values(working))
    # Until now a user without a licence was awaited too, so no more than the user is certain.
    op.execute(sa.update(MAILBOX).where(MAILBOX.c.state == "awaited").values(state="created", created_at=seen_at))
    in_conflict = sa.select(MAILBOX.c.address).where(MAILBOX.c.state == "conflict")
    op.execute(sa.update(ADDRESS).where(ADDRESS.c.address.in_(in_conflict)).values(kind="blocked"))
