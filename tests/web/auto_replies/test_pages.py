"""The settings of automatic answers: written, previewed, tried, and the log that says why one did not go out."""

from __future__ import annotations

import html
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.domain.accounts.models import Role
from app.domain.auto_replies.models import AutoReplyKind
from app.domain.auto_replies.queries import read_auto_replies
from app.domain.auto_replies.texts import DEFAULTS, LANGUAGES
from tests.domain.auto_replies.conftest import Desk
from tests.factories import make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in

FORM = {f"{kind.value}_{language}": DEFAULTS[kind][language] for kind in AutoReplyKind for language in LANGUAGES}


class Settings:
    """The pages as Root, an administrator, sees them."""

    def __init__(self, desk: Desk, client: PageClient) -> None:
        self.desk, self.client = desk, client
        sign_in(client.plain, desk.session, make_user(desk.session, "Root", role=Role.ADMIN))

    def get(self, path: str) -> str:
        self.desk.session.commit()
        return html.unescape(self.client.get(path).text)

    def post(self, path: str, **fields: object) -> TestResponse:
        self.desk.session.commit()
        self.desk.session.expire_all()
        return self.client.post(path, data={**fields, "csrf_token": csrf_token(self.client.plain)})


@pytest.fixture
def page(desk: Desk, page_client: PageClient) -> Settings:
    return Settings(desk, page_client)


def url(desk: Desk, tail: str = "") -> str:
    return f"/settings/auto-replies/{desk.mail.id}{tail}"


def test_everything_is_off_until_somebody_switches_it_on(page: Settings, desk: Desk) -> None:
    assert page.get("/settings/auto-replies").count("Off") >= 2
    assert page.post(url(desk), **FORM, closed_on="yes").status_code == 303
    saved = read_auto_replies(desk.session, desk.mail.id)
    assert {kind: row.is_on for kind, row in saved.items()} == {AutoReplyKind.CLOSED: True, AutoReplyKind.ORDER_STATUS: False}
    assert "Outside opening hours" in page.get("/settings/auto-replies")


def test_the_form_shows_each_text_as_the_customer_reads_it(page: Settings, desk: Desk) -> None:
    texts = {**FORM, "closed_nl": "Hoi {{contact.first_name|}}, tot {{opening.at}}!"}
    shown = page.post(url(desk), **texts, closed_on="yes", preview="yes")
    assert shown.status_code == 200
    assert "Hoi Fatima, tot " in html.unescape(shown.text)
    assert read_auto_replies(desk.session, desk.mail.id) == {}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"closed_on": "yes", "closed_fr": ""}, "Write a text, or switch this automatic answer off."),
        ({"closed_nl": "Hallo {{klant}}"}, "There is no variable {{klant}}."),
        ({"order_status_en": "Order {{order.number}}"}, "{{order.number}} may be empty"),
        ({"closed_en": "Back {{ soon"}, "One {{ is not part of a pair: write {{ before each variable and }} after it."),
        ({"closed_en": "x" * 1501}, "1501 characters; the maximum is 1500."),
    ],
)
def test_what_cannot_be_sent_is_refused_by_its_field(page: Settings, desk: Desk, values: dict[str, Any], said: str) -> None:
    answer = page.post(url(desk), **{**FORM, **values})
    assert answer.status_code == 422
    assert said in html.unescape(answer.text)
    assert read_auto_replies(desk.session, desk.mail.id) == {}


def test_the_trial_says_what_would_happen_and_why_not(page: Settings, desk: Desk) -> None:
    desk.switch_on(AutoReplyKind.CLOSED)
    desk.write("Hoe laat komt u?", at="2026-03-09 11:00")
    desk.write("Ik ben er niet", at="2026-03-09 11:00", sender="weg@example.nl", automatic="auto_reply", name="Wim")
    desk.session.commit()
    shown = page.get(url(desk, "/trial?when=closed"))
    assert "Would be answered: Outside opening hours" in shown
    assert "We do not answer automatic email" in shown
    assert desk.answers() == []


def test_the_log_says_why_one_did_not_go_out(page: Settings, desk: Desk) -> None:
    desk.switch_on(AutoReplyKind.CLOSED)
    event = desk.write(automatic="bounce")
    desk.answer(event)
    desk.answer(desk.write(sender="anna@example.nl", name="Anna Smit"))
    desk.session.commit()
    shown = page.get("/settings/auto-replies")
    assert "We do not answer automatic email" in shown
    assert "Anna Smit" in shown
    thread = page.get(f"/threads/{desk.answers()[0].thread_id}")
    assert "Automatic answer: outside opening hours" in thread
