"""Surveys: what a brand asks afterwards, whom it asked, what they said; and scores among the facts of reports."""

from __future__ import annotations

from alembic import op

revision = "0081"
down_revision = "0080"

KINDS = (
    "'mention', 'assignment', 'message', 'held', 'unsent', 'team', 'channel', 'escalation', 'order_urgent', "
    "'technician_absent', 'verdict', 'rule', 'system_error'"
)
STATEMENTS = (
    """CREATE TABLE surveys (
        id uuid CONSTRAINT pk_surveys PRIMARY KEY,
        brand_id uuid NOT NULL CONSTRAINT fk_surveys_brand_id_brands REFERENCES brands (id) ON DELETE CASCADE,
        kind varchar(40) NOT NULL CONSTRAINT ck_surveys_kind CHECK (kind IN ('csat', 'nps')),
        is_on boolean NOT NULL, questions jsonb NOT NULL, delay_hours integer NOT NULL, chat_delay_minutes integer NOT NULL,
        min_days integer NOT NULL, sample_percent integer NOT NULL, reminder_days integer NOT NULL,
        from_hour integer NOT NULL, until_hour integer NOT NULL, zone text NOT NULL, updated_at timestamptz NOT NULL,
        updated_by_user_id uuid CONSTRAINT fk_surveys_updated_by_user_id_users REFERENCES users (id) ON DELETE SET NULL,
        CONSTRAINT uq_surveys_brand_id_kind UNIQUE (brand_id, kind),
        CONSTRAINT ck_surveys_delay CHECK (delay_hours BETWEEN 0 AND 168 AND chat_delay_minutes BETWEEN 0 AND 1380),
        CONSTRAINT ck_surveys_min_days CHECK (min_days BETWEEN 1 AND 365),
        CONSTRAINT ck_surveys_sample CHECK (sample_percent BETWEEN 1 AND 100),
        CONSTRAINT ck_surveys_reminder CHECK (reminder_days BETWEEN 0 AND 10),
        CONSTRAINT ck_surveys_hours
            CHECK (from_hour BETWEEN 0 AND 23 AND until_hour BETWEEN 1 AND 24 AND from_hour < until_hour))""",
    """CREATE TABLE survey_invitations (
        id uuid CONSTRAINT pk_survey_invitations PRIMARY KEY,
        survey_id uuid NOT NULL CONSTRAINT fk_survey_invitations_survey_id_surveys REFERENCES surveys (id) ON DELETE CASCADE,
        kind varchar(40) NOT NULL CONSTRAINT ck_survey_invitations_kind CHECK (kind IN ('csat', 'nps')),
        brand_id uuid NOT NULL CONSTRAINT fk_survey_invitations_brand_id_brands REFERENCES brands (id),
        thread_id uuid CONSTRAINT fk_survey_invitations_thread_id_threads REFERENCES threads (id) ON DELETE SET NULL,
        contact_id uuid CONSTRAINT fk_survey_invitations_contact_id_contacts REFERENCES contacts (id) ON DELETE SET NULL,
        channel_id uuid CONSTRAINT fk_survey_invitations_channel_id_channels REFERENCES channels (id) ON DELETE SET NULL,
        medium text NOT NULL,
        rated_user_id uuid CONSTRAINT fk_survey_invitations_rated_user_id_users REFERENCES users (id) ON DELETE SET NULL,
        team_id uuid, thread_type text NOT NULL, priority text NOT NULL, language text NOT NULL,
        outcome varchar(40)
            CONSTRAINT ck_survey_invitations_outcome CHECK (outcome IN ('sent', 'withheld', 'cancelled', 'failed')),
        reason text NOT NULL, planned_at timestamptz NOT NULL, sent_at timestamptz, reminded_at timestamptz,
        expires_at timestamptz, message_id uuid,
        token_hash text NOT NULL CONSTRAINT uq_survey_invitations_token_hash UNIQUE, ended_at timestamptz,
        state text NOT NULL CONSTRAINT ck_survey_invitations_state CHECK (state IN ('ready', 'running', 'done', 'failed')),
        run_at timestamptz NOT NULL DEFAULT now(), attempts integer NOT NULL, lease_token uuid, lease_until timestamptz,
        hinted_at timestamptz,
        CONSTRAINT ck_survey_invitations_outcome_pair CHECK ((state = 'done') = (outcome IS NOT NULL)),
        CONSTRAINT ck_survey_invitations_sent_pair CHECK ((sent_at IS NULL) = (expires_at IS NULL)))""",
    "CREATE INDEX ix_survey_invitations_due ON survey_invitations (run_at) WHERE state IN ('ready', 'running')",
    "CREATE INDEX ix_survey_invitations_thread ON survey_invitations (thread_id)",
    "CREATE INDEX ix_survey_invitations_contact ON survey_invitations (contact_id, brand_id, sent_at)",
    "CREATE INDEX ix_survey_invitations_log ON survey_invitations (brand_id, planned_at DESC, id DESC)",
    """CREATE TABLE survey_answers (
        invitation_id uuid CONSTRAINT pk_survey_answers PRIMARY KEY
            CONSTRAINT fk_survey_answers_invitation_id_survey_invitations REFERENCES survey_invitations (id) ON DELETE CASCADE,
        score smallint NOT NULL, is_solved boolean, speed smallint, reach smallint, comment text NOT NULL,
        is_suspect boolean NOT NULL, is_followed_up boolean NOT NULL,
        way varchar(40) NOT NULL CONSTRAINT ck_survey_answers_way CHECK (way IN ('page', 'chat', 'import')),
        first_at timestamptz NOT NULL, changed_at timestamptz NOT NULL,
        CONSTRAINT ck_survey_answers_score CHECK (score BETWEEN 0 AND 10),
        CONSTRAINT ck_survey_answers_parts CHECK (speed BETWEEN 1 AND 5 AND reach BETWEEN 1 AND 5))""",
    "CREATE INDEX ix_survey_answers_changed ON survey_answers (changed_at)",
    """CREATE TABLE survey_answer_versions (
        id uuid CONSTRAINT pk_survey_answer_versions PRIMARY KEY,
        invitation_id uuid NOT NULL CONSTRAINT fk_survey_answer_versions_invitation_id_survey_invitations
            REFERENCES survey_invitations (id) ON DELETE CASCADE,
        said jsonb NOT NULL,
        way varchar(40) NOT NULL CONSTRAINT ck_survey_answer_versions_way CHECK (way IN ('page', 'chat', 'import')),
        is_suspect boolean NOT NULL, said_at timestamptz NOT NULL)""",
    "CREATE INDEX ix_survey_answer_versions_invitation ON survey_answer_versions (invitation_id, said_at)",
    "ALTER TABLE report_facts ADD COLUMN score smallint",
    *(
        f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} CHECK (kind IN ({KINDS}))"
        for table, name in (("notifications", "kind"), ("notification_choices", "ck_notification_choices_kind"))
    ),
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
