"""What the inbox does by the clock and in the background."""

from __future__ import annotations

from typing import Any

from app.core.batches import run_batches, take_turn
from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.threads import search_words
from app.domain.threads.bulk import TABLE, give_up, run_batch
from app.domain.threads.snooze import wake_due_threads

BATCH = 100
WORDS_OF, WORD_BATCHES = 2000, 30  # messages at once, and how often in a round
MOST_TURNS = 200


def wake_snoozed_threads(**_ignored: Any) -> int:
    """Bring back every thread whose snooze is over; returns how many. Twice at once is harmless: locked threads are left out."""
    return run_batches(lambda session: wake_due_threads(session, now=utc_now(), limit=BATCH), size=BATCH)


def note_new_words(**_ignored: Any) -> None:
    """Note when words were last written, of the messages that have come since: for a while, the next round goes on. Twice at once
    is harmless."""
    for _batch in range(WORD_BATCHES):
        with transaction() as session:
            more = search_words.note_new_words(session, now=utc_now(), limit=WORDS_OF)
        if not more:
            return


def run_bulk_action(*, row_id: str, **_ignored: Any) -> None:
    """Carry out a bulk action for a while and put it back until it is done. At least once; each batch is one commit."""
    take_turn(
        TABLE,
        row_id,
        lambda session, lease: run_batch(session, lease, now=utc_now()),
        most_turns=MOST_TURNS,
        give_up=lambda session, lease: give_up(session, lease, now=utc_now()),
    )
