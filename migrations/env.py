"""How Alembic runs the steps: on the connection that adapters.postgres.migrations hands over, in one transaction."""

from alembic import context

from adapters.postgres.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_name=context.config.attributes["is_ours"],
    compare_type=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
