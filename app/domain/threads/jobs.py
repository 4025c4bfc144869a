"""Jobs of threads: wake snoozed threads, run bulk actions, note when each word was last written."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy.orm import Session

from app.core.batches import run_batches
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.promises import Ended, in_database, keep
from app.core.work import FAILED, Lease
from app.domain.threads import search_words
from app.domain.threads.bulk import TABLE, run_batch
from app.domain.threads.snooze import wake_due_threads

BATCH = 100
WORDS_OF, WORD_BATCHES = 2000, 30  # messages at once, and how often in a round
MOST_TURNS = 200


def wake_snoozed_threads(**_ignored: Any) -> int:
    """Periodic job: wake every thread whose snooze is over; returns how many. Parallel runs skip locked threads."""
    return run_batches(lambda session: wake_due_threads(session, now=utc_now(), limit=BATCH), size=BATCH)


def note_new_words(**_ignored: Any) -> None:
    """Periodic job: for each word of new messages, store when it was last written. Handles up to WORD_BATCHES batches.

    Parallel runs are harmless.
    """
    for _batch in range(WORD_BATCHES):
        with transaction() as session:
            more = search_words.note_new_words(session, now=utc_now(), limit=WORDS_OF)
        if not more:
            return


def run_bulk_action(*, row_id: str, **_ignored: Any) -> None:
    """RQ entry point: run some batches of a bulk action and enqueue it again until it is done.

    Each batch is one commit. A batch may run more than once if it is interrupted before its commit.
    """
    keep(BULK_ACTIONS, uuid.UUID(row_id))


def _give_up(_session: Session, lease: Lease) -> Lease | Ended:
    """Return `Ended` if a bulk action failed too often, otherwise its lease. Changed threads stay changed and can be undone."""
    return lease if lease.attempts <= MOST_TURNS else Ended({"ended_at": utc_now()}, FAILED)


BULK_ACTIONS = in_database(TABLE, lambda session, lease: run_batch(session, lease, now=utc_now()), prepare=_give_up)
