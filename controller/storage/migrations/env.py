"""Run migrations on the connection that `controller.storage.migrate` hands over."""

from alembic import context

from controller.storage.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
