"""What each channel costs, from a day on."""

from __future__ import annotations

from alembic import op

revision = "0105"
down_revision = "0104"


def upgrade() -> None:
    op.execute(
        """CREATE TABLE channel_costs (
        channel_id uuid NOT NULL,
        from_date date NOT NULL,
        currency text NOT NULL,
        per_month numeric(12, 4) NOT NULL,
        per_message numeric(12, 4) NOT NULL,
        per_call numeric(12, 4) NOT NULL,
        minutes numeric(12, 4) NOT NULL,
        per_hour numeric(12, 4) NOT NULL,
        set_at timestamptz NOT NULL,
        set_by_user_id uuid,
        CONSTRAINT pk_channel_costs PRIMARY KEY (channel_id, from_date),
        CONSTRAINT ck_channel_costs_amounts CHECK (least(per_month, per_message, per_call, minutes, per_hour) >= 0),
        CONSTRAINT fk_channel_costs_channel_id_channels FOREIGN KEY (channel_id) REFERENCES channels (id) ON DELETE CASCADE,
        CONSTRAINT fk_channel_costs_set_by_user_id_users FOREIGN KEY (set_by_user_id) REFERENCES users (id) ON DELETE SET NULL)"""
    )
