"""What each user wants to be told in which way, and when not; what was muted stays so in every way."""

from __future__ import annotations

from alembic import op

revision = "0031"
down_revision = "0030"

KINDS = "'mention', 'assignment', 'message', 'held', 'team', 'escalation'"
WAYS = "'app', 'push', 'email', 'teams'"
STATEMENTS = (
    "ALTER TABLE notifications ADD COLUMN in_app boolean NOT NULL DEFAULT true",
    f"""
    CREATE TABLE notification_choices (
        user_id uuid NOT NULL CONSTRAINT fk_notification_choices_user_id REFERENCES users ON DELETE CASCADE,
        kind varchar(40) NOT NULL CONSTRAINT ck_notification_choices_kind CHECK (kind IN ({KINDS})),
        way varchar(40) NOT NULL CONSTRAINT ck_notification_choices_way CHECK (way IN ({WAYS})),
        wanted boolean NOT NULL,
        CONSTRAINT pk_notification_choices PRIMARY KEY (user_id, kind, way)
    )
    """,
    "INSERT INTO notification_choices (user_id, kind, way, wanted)"
    f" SELECT user_id, kind, way, false FROM notification_mutes, unnest(ARRAY[{WAYS}]) AS way",
    "DROP TABLE notification_mutes",
    """
    CREATE TABLE notification_settings (
        user_id uuid CONSTRAINT pk_notification_settings PRIMARY KEY
            CONSTRAINT fk_notification_settings_user_id REFERENCES users ON DELETE CASCADE,
        quiet jsonb NOT NULL,
        shows_content boolean NOT NULL,
        digest_hour integer CONSTRAINT ck_notification_settings_digest_hour CHECK (digest_hour BETWEEN 0 AND 23)
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
