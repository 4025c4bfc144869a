"""Appointments with their reminders and their places in mailboxes' calendars, and the days on which people are absent."""

from __future__ import annotations

from alembic import op

revision = "0054"
down_revision = "0053"

_CLAIMED = """
        state text NOT NULL CONSTRAINT ck_{table}_state CHECK (state IN ('ready', 'running', 'done', 'failed')),
        run_at timestamptz NOT NULL DEFAULT now(),
        attempts integer NOT NULL,
        lease_token uuid,
        lease_until timestamptz,
        hinted_at timestamptz"""

STATEMENTS = (
    """
    CREATE TABLE appointments (
        id uuid CONSTRAINT pk_appointments PRIMARY KEY,
        brand_id uuid NOT NULL CONSTRAINT fk_appointments_brand_id REFERENCES brands,
        contact_id uuid NOT NULL CONSTRAINT fk_appointments_contact_id REFERENCES contacts,
        thread_id uuid CONSTRAINT fk_appointments_thread_id REFERENCES threads ON DELETE SET NULL,
        order_id uuid CONSTRAINT fk_appointments_order_id REFERENCES orders ON DELETE SET NULL,
        technician_user_id uuid CONSTRAINT fk_appointments_technician_user_id REFERENCES users ON DELETE SET NULL,
        kind varchar(40) NOT NULL CONSTRAINT ck_appointments_kind CHECK (kind IN ('visit', 'call', 'other')),
        state varchar(40) NOT NULL CONSTRAINT ck_appointments_state CHECK (state IN ('planned', 'done', 'cancelled')),
        title text NOT NULL CONSTRAINT ck_appointments_title CHECK (title <> ''),
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        zone text NOT NULL,
        place text NOT NULL,
        notes text NOT NULL,
        created_by_user_id uuid CONSTRAINT fk_appointments_created_by_user_id REFERENCES users ON DELETE SET NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        version integer NOT NULL,
        CONSTRAINT ck_appointments_times CHECK (starts_at < ends_at)
    )
    """,
    "CREATE INDEX ix_appointments_starts ON appointments (brand_id, starts_at, id)",
    "CREATE INDEX ix_appointments_technician ON appointments (technician_user_id, starts_at)",
    "CREATE INDEX ix_appointments_thread ON appointments (thread_id)",
    "CREATE INDEX ix_appointments_contact ON appointments (contact_id)",
    "CREATE INDEX ix_appointments_order ON appointments (order_id)",
    f"""
    CREATE TABLE calendar_entries (
        id uuid CONSTRAINT pk_calendar_entries PRIMARY KEY,
        appointment_id uuid NOT NULL CONSTRAINT uq_calendar_entries_appointment_id UNIQUE
            CONSTRAINT fk_calendar_entries_appointment_id REFERENCES appointments ON DELETE CASCADE,
        channel_id uuid NOT NULL CONSTRAINT fk_calendar_entries_channel_id REFERENCES channels ON DELETE CASCADE,
        event_id text,
        tried_at timestamptz,
        changed_at timestamptz,
        problem text NOT NULL,
        {_CLAIMED.format(table="calendar_entries")},
        CONSTRAINT uq_calendar_entries_channel_id_event_id UNIQUE (channel_id, event_id)
    )
    """,
    "CREATE INDEX ix_calendar_entries_due ON calendar_entries (run_at) WHERE state IN ('ready', 'running')",
    f"""
    CREATE TABLE appointment_reminders (
        id uuid CONSTRAINT pk_appointment_reminders PRIMARY KEY,
        appointment_id uuid NOT NULL
            CONSTRAINT fk_appointment_reminders_appointment_id REFERENCES appointments ON DELETE CASCADE,
        starts_at timestamptz NOT NULL,
        outcome varchar(40) CONSTRAINT ck_appointment_reminders_outcome CHECK (outcome IN ('sent', 'stopped', 'too_late')),
        reason text NOT NULL,
        message_id uuid CONSTRAINT fk_appointment_reminders_message_id REFERENCES messages ON DELETE SET NULL,
        created_at timestamptz NOT NULL,
        ended_at timestamptz,
        {_CLAIMED.format(table="appointment_reminders")},
        CONSTRAINT ck_appointment_reminders_outcome_pair CHECK ((state = 'done') = (outcome IS NOT NULL))
    )
    """,
    "CREATE INDEX ix_appointment_reminders_due ON appointment_reminders (run_at) WHERE state IN ('ready', 'running')",
    "CREATE INDEX ix_appointment_reminders_message_id ON appointment_reminders (message_id)",
    """
    CREATE UNIQUE INDEX uq_appointment_reminders_open ON appointment_reminders (appointment_id)
        WHERE state IN ('ready', 'running')
    """,
    """
    CREATE UNIQUE INDEX uq_appointment_reminders_sent ON appointment_reminders (appointment_id, starts_at)
        WHERE outcome = 'sent'
    """,
    """
    CREATE TABLE absences (
        user_id uuid NOT NULL CONSTRAINT fk_absences_user_id REFERENCES users ON DELETE CASCADE,
        absent_date date NOT NULL,
        note text NOT NULL,
        created_by_user_id uuid CONSTRAINT fk_absences_created_by_user_id REFERENCES users ON DELETE SET NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT pk_absences PRIMARY KEY (user_id, absent_date)
    )
    """,
    "CREATE INDEX ix_absences_date ON absences (absent_date)",
    "ALTER TABLE contact_consents DROP CONSTRAINT purpose",
    """
    ALTER TABLE contact_consents ADD CONSTRAINT ck_contact_consents_purpose CHECK (
        purpose IN ('marketing_email', 'marketing_whatsapp', 'survey', 'share_with_partners', 'visit_reminder'))
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
