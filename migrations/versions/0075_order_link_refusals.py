"""Orders a conversation is not to be linked with again; the orders on an account, and those that came through somebody."""

from __future__ import annotations

from alembic import op

revision = "0075"
down_revision = "0074"

STATEMENTS = (
    "CREATE TABLE order_link_refusals ("
    "order_id uuid NOT NULL CONSTRAINT fk_order_link_refusals_order_id REFERENCES orders (id) ON DELETE CASCADE,"
    " thread_id uuid NOT NULL, refused_at timestamptz NOT NULL,"
    " CONSTRAINT pk_order_link_refusals PRIMARY KEY (order_id, thread_id))",
    "CREATE INDEX ix_order_link_refusals_thread ON order_link_refusals (thread_id)",
    "CREATE INDEX ix_orders_account ON orders (account_contact_id) WHERE account_contact_id IS NOT NULL",
    "CREATE INDEX ix_orders_channel_contacts ON orders USING gin (channel_contact_ids)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
