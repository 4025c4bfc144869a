"""Connecting outside services: administrators alone, secrets shown once and sealed, what is wrong said at its field."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.models import Role
from app.domain.events.jobs import run_outbox_entry
from app.domain.events.models import OutboxEntry
from app.domain.integrations.models import Integration, Provider
from app.domain.integrations.queries import open_secrets
from app.sandbox.simulators.common import serve
from app.sandbox.simulators.fillout import FormAccount, create_fillout_app
from tests.domain.integrations.conftest import FORM_KEY, Outside, files_at, make_outside
from tests.factories import make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in

Post = Callable[..., TestResponse]


@pytest.fixture
def outside(app: Flask, client: FlaskClient, db_session: Session) -> Outside:
    """As elsewhere, but the context is not left open: requests would share one session over it."""
    with app.app_context():
        return make_outside(client, db_session)


@pytest.fixture
def post(page_client: PageClient, db_session: Session, outside: Outside) -> Post:
    sign_in(page_client.plain, db_session, make_user(db_session, "Root", role=Role.ADMIN))
    db_session.commit()

    def send(path: str, **fields: str) -> TestResponse:
        return page_client.post(path, data={**fields, "csrf_token": csrf_token(page_client.plain)})

    return send


def only(session: Session) -> Integration:
    query = sa.select(Integration).execution_options(populate_existing=True)
    return session.execute(query).scalar_one()


def opened(app: Flask, row: Integration) -> dict[str, str]:
    with app.app_context():
        return open_secrets(row, runtime().keyring)


def test_a_form_is_connected_its_address_shown_once_and_let_in(
    app: Flask, page_client: PageClient, post: Post, outside: Outside
) -> None:
    assert "Nothing is connected yet" in page_client.get("/settings/integrations").text
    assert page_client.get("/settings/integrations/new?provider=fillout").status_code == 200
    fields = {"provider": "fillout", "name": "Intake", "brand": str(outside.brand.id), "channel": str(outside.channel.id)}
    made = post("/settings/integrations", **fields)
    key = re.search(r"/api/v1/webhooks/fillout/([\w-]{20,})", made.text)
    assert key is not None
    assert outside.post(f"/webhooks/fillout/{key[1]}", {"submissionId": "1"}).status_code == 200
    row = only(outside.session)
    assert key[1].encode() not in row.sealed_secrets
    page = page_client.get(f"/settings/integrations/{row.id}").text
    assert key[1] not in page
    assert post("/settings/integrations", **fields).status_code == 422
    renewed = post(f"/settings/integrations/{row.id}/secrets").text
    assert key[1] not in renewed
    assert outside.post(f"/webhooks/fillout/{key[1]}", {"submissionId": "2"}).status_code == 401
    assert post(f"/settings/integrations/{row.id}/activity", active="0").status_code == 303
    assert only(outside.session).is_active is False


def test_secrets_of_make_are_sealed_kept_and_never_shown_again(
    app: Flask, page_client: PageClient, post: Post, outside: Outside
) -> None:
    fields = {"provider": "make", "name": "Scenario's", "brand": str(outside.brand.id), "channel": ""}
    hook = "https://hook.eu1.make.com/very-secret-path"
    made = post("/settings/integrations", **fields, hook_order_processing=hook, hook_key="hook-key-1")
    assert made.status_code == 200
    row = only(outside.session)
    secrets = opened(app, row)
    assert (secrets["hook_order_processing"], secrets["hook_key"], row.settings["hooks"]) == (
        hook, "hook-key-1", {"order_processing": "hook.eu1.make.com"},
    )  # fmt: skip
    path = f"/settings/integrations/{row.id}"
    assert post(path, **fields, hook_inventory_update="https://hook.eu2.make.com/other").status_code == 303
    row = only(outside.session)
    assert opened(app, row)["hook_order_processing"] == hook
    assert set(row.settings["hooks"]) == {"order_processing", "inventory_update"}
    text = page_client.get(path).text
    assert "hook.eu1.make.com" in text
    for secret in ("very-secret-path", *secrets.values()):
        assert secret not in text, secret


def test_what_is_called_is_listed_checked_now_and_says_what_to_do(
    app: Flask, page_client: PageClient, post: Post, outside: Outside
) -> None:
    with app.app_context():
        secrets = {"url_key": FORM_KEY, "api_key": "k"}
        row = outside.connect(Provider.FORMS, settings={"form_id": "f"}, secrets=secrets)
    before = page_client.get("/settings/integrations").text
    assert f'value="integration {row.id}"' in before
    assert "Fillout is unreachable" not in before
    assert post("/settings/integrations/checks", key=f"integration {row.id}").status_code == 303
    after = page_client.get("/settings/integrations").text
    assert "Fillout is unreachable" in after
    assert "Enter a new API key" in after
    assert post("/settings/integrations/checks", key="integration of nobody").status_code == 404


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"name": ""}, "name", "Enter a name."),
        ({"hook_order_processing": "ftp://x"}, "hook_order_processing", "beginning with https://"),
        ({"hook_order_processing": "https://u:p@x.nl/"}, "hook_order_processing", "beginning with https://"),
        ({"channel": "x"}, "channel", "Choose a channel of this brand."),
        ({"provider": "fillout", "form_id": "abc"}, "api_key", "Enter an API key"),
        ({"provider": "fillout", "form_id": "a/b"}, "form_id", "letters, digits, hyphens and underscores"),
        ({"provider": "fillout", "since": "yesterday"}, "since", "Enter a date after 2000-01-01"),
        ({"provider": "fillout", "since": "0001-01-01"}, "since", "Enter a date after 2000-01-01"),
        ({"provider": "fillout", "form_id": "abc", "api_key": "k"}, "api_key", "is unreachable"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(
    post: Post, outside: Outside, change: dict[str, str], field: str, words: str
) -> None:
    fields = {"provider": "make", "name": "A", "brand": str(outside.brand.id), "channel": ""}
    answer = post("/settings/integrations", **{**fields, **change})
    assert answer.status_code == 422
    assert words in answer.text
    assert f'href="#field-{field}"' in answer.text
    assert outside.session.execute(sa.select(Integration)).first() is None


def test_a_conversation_says_that_files_of_a_form_come_and_why_one_does_not(
    app: Flask, page_client: PageClient, db_session: Session, outside: Outside
) -> None:
    photos = [{"url": "http://127.0.0.1:9/a.png", "filename": "meterkast.png"}, {"url": "http://10.0.0.1/b", "filename": "b.png"}]
    with app.app_context():
        outside.connect(Provider.FORMS, settings={}, secrets={"url_key": FORM_KEY})
        outside.post(f"/webhooks/fillout/{FORM_KEY}", {"submissionId": "1", "responses": {"name": "Ann", "photo": photos}})
        outside.work()
        thread_id = outside.messages()[0].thread_id
        promise = sa.select(OutboxEntry.id).where(OutboxEntry.handler == "fetch_announced_media")
        entry_id = db_session.execute(promise).scalar_one()
    alice = make_user(db_session, brands=(outside.brand,))
    alice.locale = "nl"
    sign_in(page_client.plain, db_session, alice)
    assert page_client.get(f"/threads/{thread_id}").text.count("ophalen …") == 2
    with app.app_context(), files_at(app, "http://127.0.0.1:9"):
        run_outbox_entry(row_id=str(entry_id))
    dutch = page_client.get(f"/threads/{thread_id}").text
    assert dutch.count("ophalen …") == 1
    assert "Het adres van het bestand is niet toegestaan" in dutch


def test_a_file_that_was_given_up_is_fetched_again_when_somebody_asks(
    app: Flask, page_client: PageClient, db_session: Session, outside: Outside
) -> None:
    state = FormAccount(utc_now)
    store = serve(create_fillout_app(state))
    gone = {"filename": "meterkast.txt", "content": "", "is_gone": True}
    answers = {"name": "Ann", "photo": [state.upload(gone, base_url=f"{store.url}/")]}
    alice, promises = make_user(db_session, brands=(outside.brand,)), sa.select(OutboxEntry.id).order_by(OutboxEntry.id.desc())

    def fetch() -> str:
        with app.app_context(), files_at(app, store.url):
            promise = promises.where(OutboxEntry.handler == "fetch_announced_media").limit(1)
            run_outbox_entry(row_id=str(db_session.execute(promise).scalar_one()))
            db_session.commit()
        return page_client.get(f"/threads/{thread_id}").text

    with app.app_context():
        outside.connect(Provider.FORMS, settings={}, secrets={"url_key": FORM_KEY})
        outside.post(f"/webhooks/fillout/{FORM_KEY}", {"submissionId": "1", "responses": answers})
        outside.work()
        thread_id = outside.messages()[0].thread_id
    sign_in(page_client.plain, db_session, alice)
    assert "The file is no longer at its address" in fetch()
    (button,) = re.findall(r'action="(/attachments/[^"?]+/fetch)', fetch())
    state.files["file_000001"] = (b"Meterkast", "text/plain")
    for _again in range(2):  # the second finds nothing to do
        assert page_client.post(button, data={"csrf_token": csrf_token(page_client.plain)}).status_code == 303
        page = fetch()
    assert "meterkast.txt" in page
    assert "The file is no longer at its address" not in page
    assert button not in page
    store.stop()
