"""Sign-ins at a provider that are under way: what was sealed with them until the browser comes back."""

from __future__ import annotations

from alembic import op

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE sign_ins (
            state_hash text CONSTRAINT pk_sign_ins PRIMARY KEY,
            user_id uuid NOT NULL CONSTRAINT fk_sign_ins_user_id REFERENCES users,
            channel_id uuid CONSTRAINT fk_sign_ins_channel_id REFERENCES channels ON DELETE CASCADE,
            sealed bytea NOT NULL,
            created_at timestamptz NOT NULL
        )
        """
    )
