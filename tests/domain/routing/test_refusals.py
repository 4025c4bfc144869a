"""Whoever gave a thread back is not given it again, whatever becomes of it."""

from __future__ import annotations

import sqlalchemy as sa

from app.domain.events.actions import Actor
from app.domain.routing.actions import refuse_thread
from app.domain.threads.merge import merge_threads, undo_merge
from app.domain.threads.models import Message
from app.domain.threads.move_models import ThreadMove
from app.domain.threads.split import split_thread
from tests.domain.routing.conftest import Desk
from tests.factories import make_message


def test_a_merge_and_its_undo_keep_who_gave_a_thread_back(desk: Desk) -> None:
    kept, gone = desk.thread(), desk.thread(wa_id="31687654321")
    refuse_thread(desk.session, thread_id=gone.id, user_id=desk.alice.id, now=desk.now)
    gone_id, actor = gone.id, Actor(user_id=desk.alice.id)
    merge_threads(desk.session, keep_id=kept.id, merge_id=gone_id, now=desk.now, actor=actor)
    assert desk.give() is None, "it holds what Alice gave back"
    move = desk.session.execute(sa.select(ThreadMove)).scalar_one()
    undo_merge(desk.session, move, now=desk.now, actor=actor)
    assert desk.give() is None
    bob = desk.there("Bob")
    assert {claim.user_id for claim in (desk.give(), desk.give()) if claim} == {bob.id}


def test_what_is_split_off_does_not_come_back_either(desk: Desk) -> None:
    thread = desk.thread()
    later = make_message(desk.session, thread, at=desk.now)
    refuse_thread(desk.session, thread_id=thread.id, user_id=desk.alice.id, now=desk.now)
    actor = Actor(user_id=desk.alice.id)
    split_thread(desk.session, thread_id=thread.id, from_message_id=later.id, subject="", now=desk.now, actor=actor)
    assert len(set(desk.session.execute(sa.select(Message.thread_id)).scalars())) == 2
    assert desk.give() is None
