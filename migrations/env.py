"""Alembic runs here. `handover migrate` hands over its connection; there is no other way in."""

from alembic import context

from handover.record.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
