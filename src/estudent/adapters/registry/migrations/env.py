"""Alembic's entry: the connection comes from `Database`, so that there is one place for URLs."""

from __future__ import annotations

from alembic import context

from estudent.adapters.registry.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
