"""Reports of visits that go to customers, voice notes and follow-ups from the phone, small pictures, news for technicians."""

from __future__ import annotations

from alembic import op

revision = "0078"
down_revision = "0077"

ACTIONS = "'step', 'note', 'message', 'photo', 'checklist', 'serial', 'meter', 'signature', 'voice', 'follow_up'"
NEWS = (
    "'mention', 'assignment', 'message', 'held', 'unsent', 'team', 'escalation', 'channel', 'order_urgent', "
    "'technician_absent', 'rule', 'system_error', 'visit'"
)
STATEMENTS = (
    """
    CREATE TABLE visit_reports (
        appointment_id uuid CONSTRAINT pk_visit_reports PRIMARY KEY
            CONSTRAINT fk_visit_reports_appointment_id REFERENCES appointments ON DELETE CASCADE,
        task_id uuid CONSTRAINT fk_visit_reports_task_id REFERENCES tasks ON DELETE SET NULL,
        message_id uuid CONSTRAINT fk_visit_reports_message_id REFERENCES messages ON DELETE SET NULL,
        outcome varchar(40) CONSTRAINT ck_visit_reports_outcome CHECK (outcome IN ('sent', 'stopped')),
        reason text NOT NULL DEFAULT '',
        created_at timestamptz NOT NULL,
        ended_at timestamptz,
        CONSTRAINT ck_visit_reports_ended CHECK ((outcome IS NULL) = (ended_at IS NULL))
    )
    """,
    "CREATE INDEX ix_visit_reports_task_id ON visit_reports (task_id)",
    "CREATE INDEX ix_visit_reports_message_id ON visit_reports (message_id)",
    """
    ALTER TABLE brands
        ADD COLUMN sends_visit_reports boolean NOT NULL DEFAULT true,
        ADD COLUMN keeps_photo_place boolean NOT NULL DEFAULT false,
        ADD COLUMN recognises_speech boolean NOT NULL DEFAULT false
    """,
    f"""
    ALTER TABLE phone_actions
        DROP CONSTRAINT ck_phone_actions_kind, ADD CONSTRAINT ck_phone_actions_kind CHECK (kind IN ({ACTIONS}))
    """,
    "ALTER TABLE field_files ADD COLUMN thumbnail_key text, ADD COLUMN transcript text NOT NULL DEFAULT ''",
    *(
        f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} CHECK (kind IN ({NEWS}))"
        for table, name in (("notifications", "kind"), ("notification_choices", "ck_notification_choices_kind"))
    ),
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
