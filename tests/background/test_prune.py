"""Pruning throws away what has served its time, and nothing that is still owed."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.background.prune import prune
from app.background.schedule import periodic_jobs
from app.core.clock import utc_now
from app.core.runtime import runtime
from app.ingest.intake import RawEvent, store_event
from app.ingest.models import InboundEvent


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
