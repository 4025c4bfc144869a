"""What a load balancer and a Prometheus ask."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.domain.ingest.intake import RawEvent, store_event
from app.domain.ingest.models import InboundEvent
from tests.support.disks import broken_folder, storage_folder


def test_the_process_is_up(client: FlaskClient) -> None:
    assert client.get("/healthz").get_json() == {"status": "ok"}


def test_a_fresh_installation_is_ready(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert set(answer.get_json()["checks"].values()) == {"ok"}


def test_work_that_waits_too_long_is_not_ready_and_named(app_context: Flask, client: FlaskClient, db_session: Session) -> None:
    store_event(db_session, RawEvent(source="test", dedupe_key="1", body=b"x"))
    db_session.execute(sa.update(InboundEvent).values(run_at=utc_now() - timedelta(minutes=5)))
    db_session.commit()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "oldest waits" in answer.get_json()["checks"]["inbound_events"]


def test_a_database_behind_its_migrations_is_not_ready(client: FlaskClient, db_session: Session) -> None:
    db_session.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    db_session.commit()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["checks"]["migrations"].startswith("at 0001, head is ")


def test_a_file_store_that_cannot_be_written_is_not_ready_and_named(app: Flask, client: FlaskClient) -> None:
    with broken_folder(storage_folder(app)):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["checks"]["storage"]) == (503, "Not a directory")
    assert client.get("/readyz").status_code == 200


def test_numbers_are_for_loopback_or_the_token(client: FlaskClient) -> None:
    assert "switchyard_inbound_oldest_seconds" in client.get("/metrics").text
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code == 403
    guess = {"Authorization": "Bearer guess"}
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "203.0.113.9"}, headers=guess).status_code == 403
