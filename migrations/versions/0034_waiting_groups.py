"""What a waiting thread needs stands together in one index, the language of its contact included."""

from __future__ import annotations

from alembic import op

revision = "0034"
down_revision = "0033"

STATEMENTS = (
    "ALTER TABLE threads ADD COLUMN contact_language text NOT NULL DEFAULT ''",
    # The lock lets a change of the language and a new thread of the contact see each other, whichever comes first.
    """
    CREATE FUNCTION keep_contact_language() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        SELECT c.language INTO NEW.contact_language FROM contacts c WHERE c.id = NEW.contact_id FOR SHARE;
        NEW.contact_language := coalesce(NEW.contact_language, '');
        RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER keep_contact_language BEFORE INSERT OR UPDATE OF contact_id, contact_language ON threads"
    " FOR EACH ROW EXECUTE FUNCTION keep_contact_language()",
    """
    CREATE FUNCTION follow_contact_language() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE threads SET contact_language = coalesce(NEW.language, '')
        WHERE id IN (SELECT id FROM threads WHERE contact_id = NEW.id ORDER BY id FOR UPDATE);
        RETURN NULL;
    END $$
    """,
    "CREATE TRIGGER follow_contact_language AFTER UPDATE OF language ON contacts"
    " FOR EACH ROW WHEN (OLD.language IS DISTINCT FROM NEW.language) EXECUTE FUNCTION follow_contact_language()",
    "UPDATE threads SET contact_language = c.language FROM contacts c"
    " WHERE c.id = threads.contact_id AND c.language IS NOT NULL AND c.language <> ''",
    "CREATE INDEX ix_threads_waiting_groups ON threads"
    " (channel_id, thread_type, coalesce(team_id, '00000000-0000-0000-0000-000000000000'::uuid), priority_rank,"
    " contact_language, response_due_at, created_at, id)"
    " WHERE is_open AND snoozed_until IS NULL AND assignee_user_id IS NULL AND status <> 'waiting_customer'"
    " AND (last_inbound_at IS NOT NULL OR medium <> 'email')",
    "DROP INDEX ix_threads_waiting",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
