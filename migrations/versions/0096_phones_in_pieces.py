"""Files of phones in pieces, the keys of phones, codes read from photos."""

from __future__ import annotations

from alembic import op

revision = "0096"
down_revision = "0095"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE field_file_parts (
            user_id uuid NOT NULL CONSTRAINT fk_field_file_parts_user_id REFERENCES users (id) ON DELETE CASCADE,
            file_id uuid NOT NULL,
            begins_at integer NOT NULL,
            content bytea NOT NULL,
            whole_bytes integer NOT NULL,
            whole_sha256 text NOT NULL,
            created_at timestamptz NOT NULL,
            CONSTRAINT pk_field_file_parts PRIMARY KEY (user_id, file_id, begins_at),
            CONSTRAINT ck_field_file_parts_content CHECK (begins_at >= 0 AND octet_length(content) > 0)
        )
        """
    )
    op.execute("CREATE INDEX ix_field_file_parts_created ON field_file_parts (created_at)")
    op.execute(
        """
        CREATE TABLE phone_keys (
            id uuid CONSTRAINT pk_phone_keys PRIMARY KEY,
            user_id uuid NOT NULL CONSTRAINT fk_phone_keys_user_id REFERENCES users (id) ON DELETE CASCADE,
            device_id uuid NOT NULL,
            sealed_key bytea NOT NULL,
            created_at timestamptz NOT NULL,
            CONSTRAINT uq_phone_keys_user_id_device_id UNIQUE (user_id, device_id)
        )
        """
    )
    op.execute("ALTER TABLE field_files ADD COLUMN codes text[] NOT NULL DEFAULT '{}'")
