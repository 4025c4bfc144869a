"""Webhooks on the pages: connected with a secret that is shown once, tested, their log read as a story, sent again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from standardwebhooks.webhooks import Webhook
from werkzeug.test import TestResponse

from app.domain.accounts.models import Brand, Role
from app.domain.webhooks.engine import deliver
from app.domain.webhooks.models import WebhookDelivery, WebhookEndpoint
from tests.factories import make_brand, make_user
from tests.support.pages import PageClient
from tests.support.receiver import FINE, Receiver, answer, receiving
from tests.support.signing_in import csrf_token, sign_in

Post = Callable[..., TestResponse]


@pytest.fixture
def brand(db_session: Session) -> Brand:
    brand = make_brand(db_session)
    db_session.commit()
    return brand


@pytest.fixture
def post(page_client: PageClient, db_session: Session, brand: Brand) -> Post:
    sign_in(page_client.plain, db_session, make_user(db_session, "Root", role=Role.ADMIN))
    db_session.commit()

    def send(path: str, **fields: object) -> TestResponse:
        return page_client.post(path, data={**fields, "csrf_token": csrf_token(page_client.plain)})

    return send


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def fields(brand: Brand, url: str, **more: object) -> dict[str, object]:
    return {"name": "Lager", "url": url, "brand": str(brand.id), "hears_all": "y", "schedule": "webhook", **more}


def only(session: Session) -> WebhookEndpoint:
    return session.execute(sa.select(WebhookEndpoint).execution_options(populate_existing=True)).scalar_one()


def deliver_all(app: Flask, session: Session) -> None:
    session.execute(sa.update(WebhookDelivery).values(run_at=sa.text("now() - interval '1 hour'")))
    session.commit()
    with app.app_context():
        for delivery_id in session.execute(sa.select(WebhookDelivery.id)).scalars().all():
            deliver(delivery_id)


def test_from_connecting_to_a_story_of_two_tries(
    app: Flask, db_session: Session, page_client: PageClient, post: Post, brand: Brand, receiver: Receiver
) -> None:
    assert "No webhook yet" in page_client.get("/settings/webhooks").text
    assert page_client.get("/settings/webhooks/new").status_code == 200
    made = post("/settings/webhooks", **fields(brand, receiver.url))
    secret = re.search(r"whsec_[\w+/=]+", made.text)
    assert (made.status_code, secret is not None) == (201, True)
    endpoint = only(db_session)
    base = f"/settings/webhooks/{endpoint.id}"
    assert "whsec_" not in page_client.get(base).text
    assert "No request yet" in page_client.get(f"{base}/deliveries").text
    receiver.script = [answer(503, "Retry-After: 600", "X-Why: locked", body=b'{"error":"<b>locked</b>"}'), FINE]
    story = post(f"{base}/test").location
    assert "sending soon" in page_client.get(story).text
    deliver_all(app, db_session)
    waiting = page_client.get(story).text
    assert "Not delivered yet. 1 of 6 tries made" in waiting
    assert "the receiver asked us to wait 10 min (Retry-After) instead of 1 s" in waiting
    assert "&lt;b&gt;locked&lt;/b&gt;" in waiting
    assert "webhook-signature: v1," in waiting
    assert post(f"{story}/retry").status_code == 303
    deliver_all(app, db_session)
    assert "after 2 tries" in page_client.get(story).text
    assert "503" in page_client.get(f"{story}?try=1").text
    Webhook(secret[0]).verify(receiver.got[1].body, receiver.got[1].headers)  # type: ignore[index]
    assert "1 of 1" not in page_client.get("/settings/webhooks").text  # test events count for nothing


def test_what_is_wrong_is_said_at_its_field_and_headers_stay_hidden(
    db_session: Session, page_client: PageClient, post: Post, brand: Brand
) -> None:
    refused = post("/settings/webhooks", **fields(brand, "ftp://x", hears_all="", headers="Host: evil"))
    assert refused.status_code == 422
    for words in ("Invalid URL", "Choose at least one event", "We set this header"):
        assert words in refused.text
    post("/settings/webhooks", **fields(brand, "https://example.com/", headers="X-Tenant: seven"))
    endpoint = only(db_session)
    shown = page_client.get(f"/settings/webhooks/{endpoint.id}").text
    assert "X-Tenant: ••••" in shown
    assert "seven" not in shown
    saved = post(f"/settings/webhooks/{endpoint.id}", **fields(brand, "https://example.com/2", headers="X-Tenant: ••••"))
    assert saved.status_code == 303
    assert only(db_session).url == "https://example.com/2"


def test_it_is_paused_resumed_rotated_and_deleted(db_session: Session, page_client: PageClient, post: Post, brand: Brand) -> None:
    post("/settings/webhooks", **fields(brand, "https://example.com/"))
    endpoint = only(db_session)
    base = f"/settings/webhooks/{endpoint.id}"
    assert post(f"{base}/activity", active="0").status_code == 303
    assert "Paused" in page_client.get("/settings/webhooks").text
    assert "Paused" in page_client.get(f"{base}/deliveries").text
    assert post(f"{base}/activity", active="1").status_code == 303
    assert "whsec_" in post(f"{base}/secret", leaked="1").text
    assert post(f"{base}/deletion").status_code == 303
    assert page_client.get(base).status_code == 404


def test_many_are_counted_first_and_then_sent_again(
    app: Flask, db_session: Session, page_client: PageClient, post: Post, brand: Brand, receiver: Receiver
) -> None:
    post("/settings/webhooks", **fields(brand, receiver.url))
    endpoint = only(db_session)
    base = f"/settings/webhooks/{endpoint.id}"
    assert "Nothing to resend" in page_client.get(f"{base}/replay").text
    post(f"{base}/test")
    deliver_all(app, db_session)
    db_session.execute(sa.update(WebhookDelivery).values(trigger="event"))
    db_session.commit()
    assert "1 delivery" in page_client.get(f"{base}/replay?what=all&hours=1").text
    assert post(f"{base}/replay", what="all", hours="1").status_code == 303
    deliver_all(app, db_session)
    assert len(set(receiver.ids)) == 1
    assert len(receiver.got) == 2
    for query in ("state=delivered", "hours=24", "event=test.ping", "q=msg_", "state=failed", "cursor=x"):
        assert page_client.get(f"{base}/deliveries?{query}").status_code == 200


def test_a_try_that_was_cut_off_on_our_side_is_said(
    app: Flask, db_session: Session, page_client: PageClient, post: Post, brand: Brand, receiver: Receiver
) -> None:
    post("/settings/webhooks", **fields(brand, receiver.url))
    story = post(f"/settings/webhooks/{only(db_session).id}/test").location
    db_session.execute(sa.update(WebhookDelivery).values(attempts=1))  # a process died over the first
    db_session.commit()
    deliver_all(app, db_session)
    assert "Interrupted on our side (attempt 1): the message may have arrived." in page_client.get(story).text
