"""Handing over with a note, watching from the page, and brands where only the assignee may answer."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.brands import BrandRule, set_rule
from app.domain.accounts.models import Brand, Role, User
from app.domain.events.actions import SYSTEM, Actor
from app.domain.events.models import AuditEntry
from app.domain.notifications.models import Notification
from app.domain.threads.handover import name_of_only_answerer
from app.domain.threads.models import Message, MessageType, Thread
from app.domain.threads.people_models import ThreadWatcher
from tests.factories import NOW, make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, post, sign_in


@dataclass
class Desk:
    client: PageClient
    session: Session
    brand: Brand
    alice: User
    bob: User
    thread: Thread

    @property
    def url(self) -> str:
        return f"/threads/{self.thread.id}"

    def count(self, message_type: MessageType) -> int:
        query = sa.select(sa.func.count()).where(Message.thread_id == self.thread.id, Message.message_type == message_type)
        return int(self.session.execute(query).scalar_one())

    def assignee(self) -> uuid.UUID | None:
        return self.session.execute(sa.select(Thread.assignee_user_id).where(Thread.id == self.thread.id)).scalar_one()

    def only_assignee(self, *, is_on: bool = True) -> None:
        self.session.execute(sa.update(Brand).where(Brand.id == self.brand.id).values(only_assignee_answers=is_on))
        self.session.commit()


@pytest.fixture
def desk(app: Flask, db_session: Session, page_client: PageClient) -> Desk:
    brand = make_brand(db_session)
    with app.app_context():
        channel = make_channel(db_session, brand, keyring=runtime().keyring)
    thread = make_thread(db_session, channel, make_contact(db_session))
    make_message(db_session, thread, "Hoe laat komt u?", at=utc_now())  # within the 24 hours of free text
    alice, bob = make_user(db_session, brands=(brand,)), make_user(db_session, "Bob", brands=(brand,))
    sign_in(page_client.plain, db_session, alice)
    return Desk(page_client, db_session, brand, alice, bob, thread)


def test_a_thread_is_handed_over_with_its_note_and_a_double_click_writes_one(desk: Desk) -> None:
    form = {"assignee": str(desk.bob.id), "note": "Hij belt om drie uur terug", "rendering": str(uuid.UUID(int=7))}
    for _click in range(2):
        assert post(desk.client.plain, f"{desk.url}/assignment", form).status_code == 303
    assert desk.assignee() == desk.bob.id
    assert desk.count(MessageType.INTERNAL_NOTE) == 1
    kinds = desk.session.execute(sa.select(Notification.kind).where(Notification.user_id == desk.bob.id)).scalars().all()
    assert [kind.value for kind in kinds] == ["assignment"]
    assert "Hij belt om drie uur terug" in desk.client.get(desk.url).text


def test_without_words_no_note_is_written(desk: Desk) -> None:
    post(desk.client.plain, f"{desk.url}/assignment", {"assignee": str(desk.bob.id), "note": "  "})
    assert desk.assignee() == desk.bob.id
    assert desk.count(MessageType.INTERNAL_NOTE) == 0


def test_watching_shows_in_the_head_and_beside_the_thread(desk: Desk) -> None:
    assert "Watchers" not in desk.client.get(desk.url).text
    post(desk.client.plain, f"{desk.url}/watching", {"watch": "on"})
    text = desk.client.get(desk.url).text
    assert "Watchers" in text
    assert 'value="off" data-key="w"' in text
    post(desk.client.plain, f"{desk.url}/watching", {"watch": "off"})
    assert desk.session.execute(sa.select(ThreadWatcher.user_id)).all() == []


def test_a_note_offers_the_people_who_may_see_the_thread(desk: Desk) -> None:
    make_user(desk.session, "Mallory", brands=(make_brand(desk.session, "other"),))
    desk.session.commit()
    text = desk.client.get(f"{desk.url}?kind=note").text
    assert 'data-name="Bob"' in text
    assert 'data-name="Mallory"' not in text
    assert 'id="mention-list"' not in desk.client.get(desk.url).text


def test_only_the_assignee_answers_where_the_brand_says_so(desk: Desk) -> None:
    desk.only_assignee()
    assert "may answer here" not in desk.client.get(desk.url).text, "a thread of nobody is open to all"
    post(desk.client.plain, f"{desk.url}/assignment", {"assignee": str(desk.bob.id)})
    assert "Only Bob may answer here." in desk.client.get(desk.url).text
    refused = desk.client.post(f"{desk.url}/messages", data={"text": "Om drie uur", "csrf_token": csrf_token(desk.client.plain)})
    assert refused.status_code == 422
    assert "Only Bob can answer this thread" in refused.text
    assert "Om drie uur" in refused.text, "what was typed stays"
    assert desk.count(MessageType.OUTGOING) == 0
    post(desk.client.plain, f"{desk.url}/assignment", {"assignee": str(desk.alice.id)})
    assert post(desk.client.plain, f"{desk.url}/messages", {"text": "Om drie uur"}).status_code == 303
    assert desk.count(MessageType.OUTGOING) == 1


def test_a_note_is_open_to_everybody_always(desk: Desk) -> None:
    desk.only_assignee()
    post(desk.client.plain, f"{desk.url}/assignment", {"assignee": str(desk.bob.id)})
    assert post(desk.client.plain, f"{desk.url}/notes", {"text": "Zal ik?"}).status_code == 303


def test_who_may_answer(desk: Desk) -> None:
    thread = desk.session.get_one(Thread, desk.thread.id)
    desk.only_assignee()
    alice = Actor(desk.alice.id)
    assert name_of_only_answerer(desk.session, thread, actor=alice) is None
    thread.assignee_user_id = desk.bob.id
    desk.session.flush()
    assert name_of_only_answerer(desk.session, thread, actor=alice) == "Bob"
    assert name_of_only_answerer(desk.session, thread, actor=Actor(desk.bob.id)) is None
    assert name_of_only_answerer(desk.session, thread, actor=SYSTEM) is None
    desk.only_assignee(is_on=False)
    assert name_of_only_answerer(desk.session, thread, actor=alice) is None


def test_leads_set_it_for_their_brands_and_it_is_audited(desk: Desk) -> None:
    lead = make_user(desk.session, "Leila", role=Role.LEAD, brands=(desk.brand,))
    sign_in(desk.client.plain, desk.session, lead)
    assert "Everyone with access" in desk.client.get(f"/settings/brands/{desk.brand.id}").text
    post(desk.client.plain, f"/settings/brands/{desk.brand.id}/answering", {"only_assignee": "on"})
    assert "Only the assignee" in desk.client.get(f"/settings/brands/{desk.brand.id}").text
    audited = desk.session.execute(sa.select(AuditEntry).where(AuditEntry.action == "BrandChanged")).scalars().all()
    assert [(entry.object_id, entry.detail) for entry in audited] == [(str(desk.brand.id), {"only_assignee_answers": True})]


def test_setting_what_is_set_changes_nothing(desk: Desk) -> None:
    for _time in range(2):
        set_rule(desk.session, desk.brand.id, BrandRule.ONLY_ASSIGNEE_ANSWERS, is_on=True, now=NOW, actor=Actor(desk.alice.id))
        desk.session.flush()
    audited = sa.select(sa.func.count()).where(AuditEntry.action == "BrandChanged")
    assert desk.session.execute(audited).scalar_one() == 1
