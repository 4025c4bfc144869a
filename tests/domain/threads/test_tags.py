"""Tags: put on, taken off, found again, in step with the threads whoever writes them."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.access import Viewer, viewer_of
from app.domain.accounts.models import User
from app.domain.connections.models import Channel
from app.domain.events.models import Event
from app.domain.threads.actions import change_status
from app.domain.threads.merge import merge_threads
from app.domain.threads.models import Thread, ThreadStatus
from app.domain.threads.queries import ThreadFilter, list_threads
from app.domain.threads.tags import BadTag, change_tags, clean_tag, list_known_tags
from tests.factories import NOW, make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in


@dataclass
class Desk:
    client: PageClient
    session: Session
    alice: User
    mallory: User
    channel: Channel
    thread: Thread

    @property
    def viewer(self) -> Viewer:
        return viewer_of(self.session, self.alice)

    def post(self, path: str, *, htmx: bool = False, **fields: object) -> TestResponse:
        headers = {"HX-Request": "true"} if htmx else {}
        return self.client.post(path, data={**fields, "csrf_token": csrf_token(self.client.plain)}, headers=headers)

    def tag(self, **fields: object) -> TestResponse:
        return self.post(f"/threads/{self.thread.id}/tags", **fields)

    def tags(self, thread: Thread | None = None) -> list[str]:
        query = sa.select(Thread.tags).where(Thread.id == (thread or self.thread).id)
        return list(self.session.execute(query).scalar_one())

    def found(self, tag: str, view: str = "open", **more: object) -> list[str]:
        filter = ThreadFilter(view=view, tag=tag, **more)  # type: ignore[arg-type]
        return [str(row.thread.id) for row in list_threads(self.session, viewer=self.viewer, filter=filter).items]


@pytest.fixture
def desk(app: Flask, page_client: PageClient, db_session: Session) -> Desk:
    brand, other = make_brand(db_session), make_brand(db_session, "laderthuis")
    alice, mallory = make_user(db_session, "Alice", brands=(brand,)), make_user(db_session, "Mallory", brands=(other,))
    with app.app_context():
        channel = make_channel(db_session, brand, keyring=runtime().keyring)
    thread = make_thread(db_session, channel, make_contact(db_session), at=utc_now())
    make_message(db_session, thread, "De laadpaal knippert rood", at=utc_now())
    made = Desk(page_client, db_session, alice, mallory, channel, thread)
    sign_in(page_client.plain, db_session, alice)
    return made


def put_on(desk: Desk, *tags: str, thread: Thread | None = None) -> None:
    change_tags(desk.session, thread_id=(thread or desk.thread).id, add=tags, actor=desk.viewer.actor, now=NOW)
    desk.session.commit()


def test_a_tag_is_put_on_shown_found_and_taken_off(desk: Desk) -> None:
    assert desk.tag(add="Garantie").status_code == 303
    assert desk.tags() == ["Garantie"]
    assert "Garantie" in desk.client.get("/inbox").text
    assert "De laadpaal knippert rood" in desk.client.get("/inbox?tag=Garantie").text
    assert "Nothing is tagged retour" in desk.client.get("/inbox?tag=retour").text
    answer = desk.tag(remove="Garantie", htmx=True)
    assert desk.tags() == []
    assert "Tag Garantie removed" in answer.headers["HX-Trigger"]


def test_a_tag_known_in_other_letters_is_no_second_tag(desk: Desk) -> None:
    put_on(desk, "Garantie")
    other = make_thread(desk.session, desk.channel, make_contact(desk.session, "Els", value="31600000009"))
    desk.session.commit()
    desk.post(f"/threads/{other.id}/tags", add="  GARANTIE ")
    assert desk.tags(other) == ["Garantie"]
    desk.tag(add="garantie")
    assert desk.tags() == ["Garantie"]


@pytest.mark.parametrize("text", ["", "   ", "x" * 51, "#", "a\x00b"])
def test_what_is_no_tag_is_refused_beside_its_field(desk: Desk, text: str) -> None:
    with pytest.raises(BadTag):
        clean_tag(text)
    answer = desk.tag(add=text, htmx=True)
    assert answer.status_code == 422
    assert 'id="tag-error"' in answer.text
    assert desk.tag(add=text).status_code == 422


def test_the_row_shows_two_tags_and_counts_the_rest(desk: Desk) -> None:
    put_on(desk, "een", "twee", "drie", "vier")
    text = desk.client.get("/inbox").text
    assert "+2" in text
    assert 'title="drie, vier"' in text


def test_the_menu_offers_tags_of_the_threads_brand_alone(desk: Desk, app: Flask) -> None:
    put_on(desk, "garantie")
    sign_in(desk.client.plain, desk.session, desk.alice)
    other = make_thread(desk.session, desk.channel, make_contact(desk.session, "Els", value="31600000009"))
    desk.session.commit()
    text = desk.client.get(f"/threads/{other.id}/tags").text
    assert 'value="garantie"' in text
    assert list_known_tags(desk.session, brand_ids=viewer_of(desk.session, desk.mallory).brand_ids) == []
    sign_in(desk.client.plain, desk.session, desk.mallory)
    assert desk.client.get(f"/threads/{other.id}/tags").status_code == 404


def test_tagging_writes_one_event_and_shows_it(desk: Desk) -> None:
    desk.tag(add="garantie")
    desk.tag(add="garantie")
    events = desk.session.execute(sa.select(Event).where(Event.type == "ThreadTagged")).scalars().all()
    assert [event.payload for event in events] == [{"added": ["garantie"], "removed": []}]
    assert "Alice added the tag garantie" in desk.client.get(f"/threads/{desk.thread.id}").text


def test_a_tags_threads_stay_in_step_with_status_messages_and_merges(desk: Desk) -> None:
    put_on(desk, "garantie")
    other = make_thread(desk.session, desk.channel, make_contact(desk.session, "Els", value="31600000009"))
    put_on(desk, "retour", thread=other)
    change_status(desk.session, thread_id=desk.thread.id, status=ThreadStatus.CLOSED, actor=desk.viewer.actor, now=NOW)
    desk.session.flush()
    assert desk.found("garantie") == []
    assert desk.found("garantie", "all") == [str(desk.thread.id)]
    assert desk.found("garantie", "all", medium="email") == []
    make_message(desk.session, other, "Nog iets", at=utc_now())
    merge_threads(desk.session, keep_id=other.id, merge_id=desk.thread.id, now=NOW)
    desk.session.flush()
    assert desk.found("garantie") == desk.found("retour") == [str(other.id)]


def test_pages_of_a_tag_neither_repeat_nor_lose_a_thread(desk: Desk) -> None:
    contact = make_contact(desk.session)
    wanted = [desk.thread, *(make_thread(desk.session, desk.channel, contact, at=NOW) for _ in range(24))]
    for thread in wanted:
        put_on(desk, "druk", thread=thread)
    seen: list[str] = []
    cursor = None
    while True:
        page = list_threads(desk.session, viewer=desk.viewer, filter=ThreadFilter(tag="druk"), cursor=cursor, limit=7)
        seen += [str(row.thread.id) for row in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(seen) == sorted(str(thread.id) for thread in wanted)


def test_random_changes_of_tags_keep_the_lists_in_step(desk: Desk) -> None:
    dice = random.Random(3)
    tags = ["a", "B", "c d", "é"]
    for _ in range(40):
        add, remove = dice.sample(tags, dice.randint(0, 2)), dice.sample(tags, dice.randint(0, 2))
        change_tags(desk.session, thread_id=desk.thread.id, add=add, remove=remove, actor=desk.viewer.actor, now=NOW)
        desk.session.flush()
        kept = desk.session.execute(sa.text("SELECT tag FROM thread_tags ORDER BY tag")).scalars().all()
        assert sorted(kept) == sorted(desk.tags())
    assert {tag for tag in tags if desk.found(tag)} == set(desk.tags())
