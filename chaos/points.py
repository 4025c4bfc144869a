"""The named places where a process is killed, and which fault brings a process there.

tests/chaos compares this list with the calls of `crash_point` in the code, and with the tables that `app/core/promises.py` keeps.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.core.promises import STEPS


@dataclass(frozen=True)
class Point:
    """A place in the code. `after`: a point that must have killed first, for a place only the aftermath of a crash passes."""

    name: str
    process: str  # whose death it is: web | live | send | scheduler
    after: str | None = None


# Tables whose promises are kept by `app/core/promises.py`, and die at each of its steps.
KEPT = (
    "addresses",
    "appointment_reminders",
    "bulk_actions",
    "calendar_entries",
    "chat_signals",
    "imports",
    "mailing_recipients",
    "notification_digests",
    "notification_dispatches",
    "reconciliations",
    "report_sends",
    "sla_recomputes",
    "survey_invitations",
    "webhook_deliveries",
)

POINTS = (
    Point("intake.before_commit", "web"),
    Point("intake.after_commit", "web"),
    Point("relay.after_hint", "scheduler"),
    Point("relay.after_enqueue", "scheduler"),
    Point("ingest.after_claim", "live"),
    Point("ingest.before_commit", "live"),
    Point("ingest.after_commit", "live"),
    Point("ingest.after_claim_of_many", "live"),
    Point("ingest.before_commit_of_many", "live"),
    Point("ingest.after_commit_of_many", "live"),
    Point("outbox.after_claim", "live"),
    Point("outbox.after_handler", "live"),
    Point("outbox.after_claim_of_many", "live"),
    Point("outbox.after_handler_of_many", "live"),
    Point("media.after_store", "send"),
    Point("poll.before_commit", "send"),
    Point("poll.after_commit", "send"),
    Point("delivery.after_claim", "send"),
    Point("delivery.after_attempt", "send"),
    Point("delivery.after_progress", "send"),
    Point("delivery.after_send", "send"),
    Point("delivery.before_commit", "send"),
    Point("delivery.after_record", "send"),
    Point("delivery.found_out", "send", after="delivery.after_send"),
    *(Point(f"{table}.{step}", "live" if table == "bulk_actions" else "send") for table in KEPT for step in STEPS),
)
