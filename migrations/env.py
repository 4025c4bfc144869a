"""Run migrations on the connection that app/core/migrate.py hands over, each in its own transaction with a short lock timeout."""

import sqlalchemy as sa
from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, transaction_per_migration=True)
with context.begin_transaction():
    connection.execute(sa.text("SET LOCAL lock_timeout = '10s'"))
    context.run_migrations()
