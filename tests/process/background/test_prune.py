"""Pruning throws away what has served its time, and nothing that is still owed."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.connections.models import Channel
from app.domain.events.actions import SYSTEM
from app.domain.ingest.intake import RawEvent, store_event
from app.domain.ingest.models import InboundEvent
from app.domain.ingest.threading import were_parted
from app.domain.threads.move_models import ThreadMove, ThreadMoveItem
from app.domain.threads.split import split_thread
from app.process.background.prune import prune
from app.process.background.schedule import periodic_jobs
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread


@pytest.mark.parametrize(
    ("state", "age_days", "kept"), [("done", 31, 0), ("done", 29, 1), ("quarantined", 400, 1), ("ready", 400, 1)]
)
def test_only_old_finished_events_go(app_context: Flask, db_session: Session, state: str, age_days: int, kept: int) -> None:
    store_event(db_session, RawEvent(source="test", dedupe_key="1", body=b"x"))
    old = utc_now() - timedelta(days=age_days)
    db_session.execute(sa.update(InboundEvent).values(state=state, received_at=old))
    db_session.commit()
    prune()
    assert db_session.execute(sa.select(sa.func.count()).select_from(InboundEvent)).scalar_one() == kept


def test_every_periodic_job_has_a_name_of_its_own_and_can_be_imported(app_context: Flask) -> None:
    from werkzeug.utils import import_string

    jobs = periodic_jobs(runtime().settings)
    assert len({job.name for job in jobs}) == len(jobs)
    assert all(callable(import_string(job.job)) for job in jobs)


@pytest.mark.parametrize(("age", "is_kept"), [(timedelta(days=9), False), (timedelta(days=7), True)])
def test_what_a_move_needs_for_its_undo_goes_and_what_tells_threads_apart_stays(
    app_context: Flask, db_session: Session, age: timedelta, is_kept: bool
) -> None:
    moves = {}
    for number, (kind, undone) in enumerate((("merge", False), ("merge", True), ("split", False), ("split", True))):
        thread = make_thread(
            db_session, _channel(db_session), make_contact(db_session, value=f"3160000000{number}"), at=utc_now()
        )
        first = make_message(db_session, thread, "Een", at=utc_now() - timedelta(minutes=1))
        second = make_message(db_session, thread, "Twee", at=utc_now())
        assert first.seq < second.seq
        split = {"subject": "Nieuw", "now": utc_now(), "actor": SYSTEM}
        split_thread(db_session, thread_id=thread.id, from_message_id=second.id, **split)
        move = db_session.execute(sa.select(ThreadMove).where(ThreadMove.from_thread_id == thread.id)).scalar_one()
        move.kind, move.undone_at = kind, utc_now() if undone else None
        move.undo_until = utc_now() - age + timedelta(days=1)
        moves[(kind, undone)] = move.id
    db_session.commit()
    prune()
    left = set(db_session.execute(sa.select(ThreadMove.id)).scalars())
    parted = {moves["merge", True], moves["split", False]}
    assert left == (set(moves.values()) if is_kept else parted)
    items = db_session.execute(sa.select(sa.func.count()).select_from(ThreadMoveItem)).scalar_one()
    snapshots = db_session.execute(sa.select(ThreadMove.former)).scalars().all()
    assert (items > 0, all(snapshots)) == (is_kept, is_kept)
    apart = db_session.get_one(ThreadMove, moves["split", False])
    assert were_parted(db_session, apart.from_thread_id, apart.to_thread_id)


def _channel(session: Session) -> Channel:
    found = session.execute(sa.select(Channel)).scalar_one_or_none()
    return found or make_channel(session, make_brand(session), keyring=runtime().keyring)
