"""Delete old rows in small batches: done outbox entries, raw events, idempotency records, and undo data of merges after a week.

Moves which tell that two threads are separate on purpose are kept (`domain/ingest/threading.py`).
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from app.core.db import transaction
from app.core.runtime import runtime
from app.core.storage import StorageFailed

BATCH = 5000
_RULES = (
    "DELETE FROM outbox_entries WHERE id IN"
    " (SELECT id FROM outbox_entries WHERE state = 'done' AND created_at < now() - interval '1 day' LIMIT :batch)",
    "DELETE FROM inbound_events WHERE id IN"
    " (SELECT id FROM inbound_events WHERE state = 'done' AND received_at < now() - interval '30 days' LIMIT :batch)",
    # What anybody may have posted without a key; locked, because a person may be sending it back to be processed right now.
    "DELETE FROM inbound_events WHERE id IN (SELECT id FROM inbound_events WHERE state = 'quarantined' AND channel_id IS NULL"
    " AND source = 'email_inbound' AND (meta ? 'unkeyed' OR reason = 'the key in the address is missing or wrong')"
    " AND received_at < now() - interval '7 days' LIMIT :batch FOR UPDATE SKIP LOCKED)",
    "DELETE FROM bulk_actions WHERE id IN (SELECT id FROM bulk_actions WHERE undoes_id IS NULL"
    " AND state IN ('done', 'failed') AND created_at < now() - interval '7 days' LIMIT 100)",
    "DELETE FROM automation_runs WHERE id IN"
    " (SELECT id FROM automation_runs WHERE run_at < now() - interval '120 days' LIMIT :batch)",
    "DELETE FROM auto_reply_decisions WHERE id IN"
    " (SELECT id FROM auto_reply_decisions WHERE decided_at < now() - interval '120 days' LIMIT :batch)",
    "DELETE FROM thread_move_items WHERE id IN (SELECT i.id FROM thread_moves m JOIN thread_move_items i ON i.move_id = m.id"
    " WHERE m.undo_until < now() - interval '7 days' LIMIT :batch)",
    "DELETE FROM thread_moves WHERE id IN (SELECT id FROM thread_moves WHERE undo_until < now() - interval '7 days'"
    " AND (kind = 'merge') = (undone_at IS NULL) LIMIT :batch)",
    "UPDATE thread_moves SET former = '{}', latter = '{}' WHERE id IN (SELECT id FROM thread_moves"
    " WHERE undo_until < now() - interval '7 days' AND former <> '{}' LIMIT :batch)",
    "DELETE FROM notification_dispatches WHERE id IN (SELECT id FROM notification_dispatches"
    " WHERE state IN ('done', 'failed') AND ended_at < now() - interval '7 days' LIMIT :batch)",
    "DELETE FROM notification_digests WHERE created_at < now() - interval '90 days'",
    "DELETE FROM report_sends WHERE id IN (SELECT id FROM report_sends"
    " WHERE state IN ('done', 'failed') AND created_at < now() - interval '90 days' LIMIT :batch)",
    "DELETE FROM chat_signals WHERE id IN (SELECT id FROM chat_signals"
    " WHERE state IN ('done', 'failed') AND created_at < now() - interval '40 days' LIMIT :batch)",
    "DELETE FROM pending_changes WHERE received_at < now() - interval '90 days'",
    "DELETE FROM push_subscriptions WHERE session_id IN (SELECT id FROM user_sessions WHERE revoked_at IS NOT NULL)",
    "DELETE FROM channel_occasions WHERE occurred_at < now() - interval '400 days'",
    "DELETE FROM webhook_attempts WHERE id IN"
    " (SELECT id FROM webhook_attempts WHERE ended_at < now() - interval '90 days' LIMIT :batch)",
    "DELETE FROM webhook_messages WHERE id IN (SELECT id FROM webhook_messages m WHERE created_at < now() - interval '90 days'"
    " AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.message_id = m.id AND d.state IN ('ready', 'running'))"
    " LIMIT :batch)",
    "DELETE FROM usage_days WHERE called_date < current_date - 100",
    "DELETE FROM partner_nonces WHERE expires_at < now()",
    "DELETE FROM partner_calls WHERE id IN"
    " (SELECT id FROM partner_calls WHERE called_at < now() - interval '400 days' LIMIT :batch)",
    "DELETE FROM address_lookups WHERE expires_at < now()",
    "DELETE FROM reconciliations WHERE created_at < now() - interval '90 days' AND state IN ('done', 'failed')",
    # Pictures whose phone never came back with the rest.
    "DELETE FROM field_file_parts WHERE (user_id, file_id) IN (SELECT user_id, file_id FROM field_file_parts"
    " GROUP BY user_id, file_id HAVING max(created_at) < now() - interval '3 days' LIMIT 500)",
    "DELETE FROM sign_ins WHERE created_at < now() - interval '1 day'",
    "DELETE FROM idempotency_records WHERE created_at < now() - interval '2 days'",
    "DELETE FROM login_throttles WHERE last_failed_at < now() - interval '7 days'",
    "DELETE FROM user_sessions WHERE expires_at < now() - interval '30 days'",
)


def prune(**_ignored: Any) -> int:
    """Delete every row and half-written file whose time is over. Return the number of deleted rows."""
    with suppress(StorageFailed):  # the watch reports it (app/process/health)
        runtime().storage.sweep()
    removed = 0
    for rule in _RULES:
        while True:
            with transaction() as session:
                count = session.execute(sa.text(rule), {"batch": BATCH} if ":batch" in rule else {}).rowcount  # type: ignore[attr-defined]
            removed += count
            if count < BATCH:
                break
    return removed
