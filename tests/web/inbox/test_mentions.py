"""`@Name` in a note: who is meant, who is not, and what follows."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from markupsafe import Markup
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.accounts.access import viewer_of
from app.domain.events.actions import Actor
from app.domain.threads.actions import add_note
from app.domain.threads.list_filters import ViewFilters, thread_filter
from app.domain.threads.mentions import find_mentions, highlighted
from app.domain.threads.models import Message, Thread
from app.domain.threads.people_models import Mention, ThreadWatcher
from app.domain.threads.queries import count_matching, list_threads
from app.domain.threads.watchers import set_watching
from app.web.inbox.words import linked
from tests.factories import NOW, make_brand, make_channel, make_contact, make_thread, make_user

SARAH_P, SARAH_J, BOB, ANN = (uuid.UUID(int=number) for number in range(1, 5))
PEOPLE = ((SARAH_P, "Sarah Peeters"), (SARAH_J, "Sarah Janssens"), (BOB, "Bob"), (ANN, "Ann-Marie O'Neill"))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("@Bob kun jij dit?", {BOB}),
        ("kun jij dit, @bob?", {BOB}),
        ("(@Bob)", {BOB}),
        ("@Sarah Peeters en @Bob", {SARAH_P, BOB}),
        ("@Sarah wie?", set()),
        ("@Ann-Marie kijk", {ANN}),
        ("@Ann-Marie O'Neill kijk", {ANN}),
        ("mail alice@bob.example", set()),
        ("https://x.example/@Bob", set()),
        ("@Bobby", set()),
        ("@ Bob", set()),
        ("Bob", set()),
        ("@nobody", set()),
    ],
)
def test_who_is_meant(text: str, meant: set[uuid.UUID]) -> None:
    assert set(find_mentions(text, PEOPLE)) == meant


def test_a_person_without_a_name_breaks_nothing() -> None:
    assert find_mentions("@Bob", ((ANN, " "), (BOB, "Bob"))) == {BOB: "Bob"}
    assert find_mentions("@Bob", ()) == {}


def test_names_are_marked_and_nothing_else_is_let_through() -> None:
    note = Message(meta={"mentions": ["Ann-Marie O'Neill", "Bob"]})
    text = "@bob <b>zie</b> https://x.example/@Bob en @Ann-Marie O'Neill"
    html = highlighted(linked(text), note)
    assert html.count('<mark class="mention">') == 2
    assert "<b>" not in html
    assert 'href="https://x.example/@Bob"' in html
    assert highlighted(Markup("@Bob"), Message(meta={})) == "@Bob"


@pytest.fixture
def thread(app_context: Flask, db_session: Session) -> Thread:
    channel = make_channel(db_session, make_brand(db_session), keyring=runtime().keyring)
    return make_thread(db_session, channel, make_contact(db_session))


def watchers(session: Session, thread: Thread) -> set[uuid.UUID]:
    query = sa.select(ThreadWatcher.user_id).where(ThreadWatcher.thread_id == thread.id)
    return set(session.execute(query).scalars())


def test_only_people_who_may_see_the_thread_are_mentioned_and_they_watch_it(db_session: Session, thread: Thread) -> None:
    brand, other = make_brand(db_session, "third"), make_brand(db_session, "other")
    thread.brand_id = brand.id
    alice, bob = make_user(db_session, brands=(brand,)), make_user(db_session, "Bob", brands=(brand,))
    make_user(db_session, "Mallory", brands=(other,))
    write = {"thread_id": thread.id, "actor": Actor(alice.id), "author_name": "Alice", "now": NOW}
    note = add_note(db_session, text="@Bob en @Mallory, graag", **write)
    mentioned = db_session.execute(sa.select(Mention.user_id).where(Mention.message_id == note.id)).scalars().all()
    assert mentioned == [bob.id]
    assert watchers(db_session, thread) == {bob.id}
    assert note.meta["mentions"] == ["Bob"]
    for user, found in ((bob, [thread.id]), (alice, [])):
        viewer = viewer_of(db_session, user)
        named = thread_filter(ViewFilters(view="mentions"), viewer, NOW)
        assert [row.thread.id for row in list_threads(db_session, viewer=viewer, filter=named).items] == found
        assert count_matching(db_session, viewer=viewer, filter=named) == len(found)
    add_note(db_session, text="@Bob nog eens", **write)
    assert watchers(db_session, thread) == {bob.id}


def test_a_form_that_comes_twice_is_one_note(db_session: Session, thread: Thread) -> None:
    write = {"thread_id": thread.id, "actor": Actor(make_user(db_session).id), "author_name": "Alice", "now": NOW}
    write["client_token"] = uuid.uuid4()
    note = add_note(db_session, text="Gebeld", **write)
    assert add_note(db_session, text="Gebeld", **write) is note


def test_watching_begins_ends_and_repeats_without_effect(db_session: Session, thread: Thread) -> None:
    alice = make_user(db_session)
    say = {"thread_id": thread.id, "user_id": alice.id, "actor": Actor(alice.id)}
    for is_watching, now_watching, changes in (
        (True, {alice.id}, 1),
        (True, {alice.id}, 0),
        (False, set(), 1),
        (False, set(), 0),
    ):
        before = thread.version
        set_watching(db_session, is_watching=is_watching, now=NOW + timedelta(minutes=1), **say)
        assert watchers(db_session, thread) == now_watching
        assert thread.version == before + changes
