"""Webhooks by the API: connected, told, their log read, sent again; secrets told once."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.domain.accounts.models import IdempotencyRecord, Role
from app.domain.accounts.tokens import create_token
from app.domain.webhooks.engine import deliver
from app.domain.webhooks.models import WebhookDelivery
from tests.api.conftest import Caller, World
from tests.factories import NOW, make_user
from tests.support.receiver import answer, receiving


@pytest.fixture
def root(app: Flask, db_session: Session, world: World) -> Caller:
    user = make_user(db_session, "Root", role=Role.ADMIN)
    text = create_token(db_session, user, name="test", scopes=(), now=NOW)[1]
    db_session.commit()
    return Caller(app.test_client(), text)


def test_a_webhook_is_connected_tested_read_and_sent_again(app: Flask, db_session: Session, root: Caller, world: World) -> None:
    with receiving() as receiver:
        receiver.script = [answer(503, body=b"locked")]
        made = root.post("/webhooks", {"name": "Lager", "url": receiver.url, "brand": world.brand.key})
        assert made.status_code == 201, made.text
        path = f"/webhooks/{made.json['id']}"  # type: ignore[index]
        assert made.json["secret"].startswith("whsec_")  # type: ignore[index]
        assert root.get(path).json["secret"] is None  # type: ignore[index]
        sent = root.post(f"{path}/test")
        assert (sent.status_code, sent.json["state"]) == (202, "waiting")  # type: ignore[index]
        with app.app_context():
            deliver(db_session.execute(sa.select(WebhookDelivery.id)).scalar_one())
        (one,) = root.get(f"{path}/deliveries").json["items"]  # type: ignore[index]
        assert (one["state"], one["reason"]["code"], one["attempts"][0]["response_body"]) == ("waiting", "retry", "locked")
        assert json.loads(one["payload"])["test"] is True
        again = root.post(f"{path}/deliveries/{one['id']}/retry")
        assert again.status_code == 202, again.text
    assert root.get(f"{path}/deliveries?state=failed").json["items"] == []  # type: ignore[index]


def test_a_webhook_is_changed_paused_rotated_and_deleted(root: Caller, world: World) -> None:
    made = root.post("/webhooks", {"name": "Lager", "url": "https://example.com/", "brand": world.brand.key}).json
    path = f"/webhooks/{made['id']}"  # type: ignore[index]
    changed = root.patch(path, {"event_types": ["job.created"], "headers": {"X-Tenant": "7"}, "state": "paused"}).json
    assert (changed["event_types"], changed["header_names"], changed["state"]) == (["job.created"], ["X-Tenant"], "paused")  # type: ignore[index]
    renamed = root.patch(path, {"name": "Magazijn"}).json
    assert renamed["header_names"] == ["X-Tenant"]  # type: ignore[index]
    rotated = root.post(f"{path}/secret", {"overlap_seconds": 0}).json
    assert rotated["secret"] not in (None, made["secret"])  # type: ignore[index]
    assert root.call("DELETE", path).status_code == 200
    assert root.get(path).status_code == 404


def test_a_repeat_with_the_same_key_makes_one_webhook_and_does_not_keep_its_secret(
    db_session: Session, root: Caller, world: World
) -> None:
    body = {"name": "Lager", "url": "https://example.com/", "brand": world.brand.key}
    first, second = (root.post("/webhooks", body, headers={"Idempotency-Key": "k1"}) for _ in range(2))
    assert first.json["id"] == second.json["id"]  # type: ignore[index]
    assert (bool(first.json["secret"]), second.json["secret"]) == (True, None)  # type: ignore[index]
    kept = db_session.execute(sa.select(IdempotencyRecord.body)).scalar_one()
    assert first.json["secret"] not in json.dumps(kept)  # type: ignore[index]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"url": "https://user:pass@example.com/"}, "url"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"event_types": []}, "event_types"),
        ({"event_types": ["Not An Event"]}, "event_types.0"),
        ({"headers": {"Host": "evil"}}, "headers"),
        ({"brand": "nobody"}, "brand"),
        ({"name": ""}, "name"),
    ],
)
def test_what_cannot_be_names_its_field(root: Caller, world: World, more: dict[str, object], field: str) -> None:
    refused = root.post("/webhooks", {"name": "Lager", "url": "https://example.com/", "brand": world.brand.key, **more})
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, field)  # type: ignore[index]
