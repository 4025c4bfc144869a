"""One change to many threads: chosen or matching, in batches, stopped, undone, in sight of the viewer alone."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.core.db import db
from app.core.promises import More, Overtaken
from app.core.runtime import runtime
from app.core.work import claim
from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import User
from app.domain.connections.models import Channel
from app.domain.events.actions import Actor
from app.domain.events.models import Event
from app.domain.threads.actions import assign_thread, change_status
from app.domain.threads.bulk import BATCH, TABLE, Change, NothingToUndo, run_batch, start_bulk_action, undo_bulk_action
from app.domain.threads.jobs import run_bulk_action
from app.domain.threads.models import Priority, Thread, ThreadStatus
from app.domain.threads.queries import ThreadFilter
from app.domain.threads.snooze import snooze_thread
from app.domain.threads.tags import change_tags
from app.domain.threads.triage_models import BulkAction, BulkTarget
from tests.factories import make_brand, make_channel, make_contact, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in


@dataclass
class Desk:
    client: PageClient
    session: Session
    app: Flask
    alice: User
    bob: User
    mallory: User
    channel: Channel
    foreign: Thread
    threads: list[Thread] = field(default_factory=list)

    def post(self, path: str, *, htmx: bool = True, **fields: object) -> TestResponse:
        headers = {"HX-Request": "true"} if htmx else {}
        return self.client.post(path, data={**fields, "csrf_token": csrf_token(self.client.plain)}, headers=headers)

    def start(self, change: Change, ids: list[uuid.UUID] | None = None, *, matching: ThreadFilter | None = None) -> uuid.UUID:
        viewer = viewer_of(self.session, self.alice)
        bulk = start_bulk_action(
            self.session, viewer=viewer, change=change, now=utc_now(), thread_ids=ids or (), matching=matching
        )
        self.session.commit()
        return bulk.id

    def undo(self, bulk_id: uuid.UUID) -> uuid.UUID:
        undo = undo_bulk_action(self.session, bulk_id=bulk_id, viewer=viewer_of(self.session, self.alice), now=utc_now())
        self.session.commit()
        return undo.id

    def work(self) -> None:
        with self.app.app_context():
            waiting = sa.select(BulkAction.id).where(BulkAction.state == "ready")
            while ids := self.session.execute(waiting).scalars().all():  # a slow machine needs more than one turn
                for bulk_id in ids:
                    run_bulk_action(row_id=str(bulk_id))
            db.session.remove()
        self.session.expire_all()

    def newest(self) -> BulkAction:
        query = sa.select(BulkAction).order_by(BulkAction.created_at.desc()).limit(1)
        return self.session.execute(query.execution_options(populate_existing=True)).scalar_one()

    def statuses(self) -> list[ThreadStatus]:
        return [self.session.get_one(Thread, thread.id).status for thread in self.threads]

    def ids(self) -> list[uuid.UUID]:
        return [thread.id for thread in self.threads]


@pytest.fixture
def desk(app: Flask, page_client: PageClient, db_session: Session) -> Desk:
    brand, other = make_brand(db_session), make_brand(db_session, "laderthuis")
    alice, bob = (make_user(db_session, name, brands=(brand,)) for name in ("Alice", "Bob"))
    mallory = make_user(db_session, "Mallory", brands=(other,))
    with app.app_context():
        channel = make_channel(db_session, brand, keyring=runtime().keyring)
        foreign_channel = make_channel(db_session, other, keyring=runtime().keyring, address="1066000000002")
    contact = make_contact(db_session)
    made = Desk(
        page_client,
        db_session,
        app,
        alice,
        bob,
        mallory,
        channel,
        make_thread(db_session, foreign_channel, contact, at=utc_now()),
    )
    made.threads = [make_thread(db_session, channel, contact, subject=f"Nummer {n}", at=utc_now()) for n in range(4)]
    sign_in(page_client.plain, db_session, alice)
    return made


def test_the_chosen_are_changed_and_the_undo_gives_back_what_each_had(desk: Desk) -> None:
    change_status(desk.session, thread_id=desk.threads[1].id, status=ThreadStatus.WAITING_INTERNAL, actor=Actor(), now=utc_now())
    change_status(desk.session, thread_id=desk.threads[2].id, status=ThreadStatus.CLOSED, actor=Actor(), now=utc_now())
    desk.session.commit()
    before = desk.statuses()
    answer = desk.post("/bulk", thread=[str(i) for i in desk.ids()], set_status="closed")
    assert answer.status_code == 200
    assert "hx-get" in answer.text
    assert desk.statuses() == before
    desk.work()
    assert desk.statuses() == [ThreadStatus.CLOSED] * 4
    bulk = desk.newest()
    assert (bulk.state, bulk.total, bulk.done, bulk.changed) == ("done", 4, 4, 3)
    shown = desk.client.get(f"/bulk/{bulk.id}", headers={"HX-Request": "true", "HX-Target": "bulk-progress"})
    assert "3 threads changed, 1 stayed as it was" in shown.text
    assert "bulk-done" in shown.headers["HX-Trigger"]
    assert desk.post(f"/bulk/{bulk.id}/undo").status_code == 200
    desk.work()
    assert desk.statuses() == before
    assert desk.post(f"/bulk/{bulk.id}/undo").status_code == 422


def test_all_that_match_means_the_list_with_its_filters(desk: Desk) -> None:
    change_tags(desk.session, thread_id=desk.threads[0].id, add=("druk",), actor=Actor(), now=utc_now())
    assign_thread(desk.session, thread_id=desk.threads[1].id, assignee_user_id=desk.alice.id, actor=Actor(), now=utc_now())
    desk.session.commit()
    assert desk.client.get("/bulk/count?tag=druk").json == {"count": 1, "text": "Select all 1 matching threads"}
    assert desk.client.get("/bulk/count").json["count"] == 4
    desk.post("/bulk?tag=druk", all="1", set_priority="urgent")
    desk.post("/bulk?view=mine", all="1", set_priority="low")
    desk.work()
    found = [desk.session.get_one(Thread, i).priority for i in desk.ids()]
    assert found == [Priority.URGENT, Priority.LOW, Priority.NORMAL, Priority.NORMAL]


def test_threads_of_other_brands_are_left_out_whoever_names_them(desk: Desk) -> None:
    desk.post("/bulk", thread=[str(desk.foreign.id), str(desk.threads[0].id)], set_status="closed")
    assert desk.newest().total == 1
    desk.work()
    assert desk.session.get_one(Thread, desk.foreign.id).status == ThreadStatus.OPEN
    bulk = desk.newest()
    sign_in(desk.client.plain, desk.session, desk.bob)
    assert desk.client.get(f"/bulk/{bulk.id}").status_code == 404
    assert desk.post(f"/bulk/{bulk.id}/undo").status_code == 404


def test_an_assignee_who_may_not_see_the_brand_is_refused_per_thread(desk: Desk) -> None:
    desk.start(Change("assignee", str(desk.mallory.id)), desk.ids())
    desk.work()
    assert {t.outcome for t in desk.session.execute(sa.select(BulkTarget)).scalars()} == {"refused"}
    assert desk.newest().changed == 0
    bulk_id = desk.start(Change("assignee", str(desk.bob.id)), desk.ids())
    desk.work()
    assert {desk.session.get_one(Thread, i).assignee_user_id for i in desk.ids()} == {desk.bob.id}
    desk.undo(bulk_id)
    desk.work()
    assert {desk.session.get_one(Thread, i).assignee_user_id for i in desk.ids()} == {None}


def test_an_undo_leaves_alone_what_somebody_changed_since(desk: Desk) -> None:
    bulk_id = desk.start(Change("status", "closed"), desk.ids())
    desk.work()
    change_status(desk.session, thread_id=desk.threads[0].id, status=ThreadStatus.ESCALATED, actor=Actor(), now=utc_now())
    desk.session.commit()
    desk.undo(bulk_id)
    desk.work()
    assert desk.statuses() == [ThreadStatus.ESCALATED, *[ThreadStatus.OPEN] * 3]


def test_tags_and_snoozes_are_put_on_and_undone(desk: Desk) -> None:
    change_tags(desk.session, thread_id=desk.threads[0].id, add=("oud", "druk"), actor=Actor(), now=utc_now())
    until = utc_now() + timedelta(hours=3)
    snooze_thread(desk.session, thread_id=desk.threads[0].id, until=until, actor=Actor(), now=utc_now())
    desk.session.commit()
    tagged = desk.start(Change("tag", "druk"), desk.ids())
    desk.work()
    assert [desk.session.get_one(Thread, i).tags for i in desk.ids()] == [["oud", "druk"], ["druk"], ["druk"], ["druk"]]
    closed = desk.start(Change("status", "closed"), desk.ids())
    desk.work()
    desk.undo(closed)
    desk.work()
    assert [desk.session.get_one(Thread, i).snoozed_until for i in desk.ids()] == [until, None, None, None]
    desk.undo(tagged)
    desk.work()
    assert [desk.session.get_one(Thread, i).tags for i in desk.ids()] == [["oud", "druk"], [], [], []]
    snoozed = desk.start(Change("snooze", (until + timedelta(days=1)).isoformat()), desk.ids())
    desk.work()
    desk.undo(snoozed)
    desk.work()
    assert [desk.session.get_one(Thread, i).snoozed_until for i in desk.ids()] == [until, None, None, None]


def test_two_hundred_are_closed_in_batches_and_undone(desk: Desk) -> None:
    contact = make_contact(desk.session)
    desk.threads += [make_thread(desk.session, desk.channel, contact, at=utc_now()) for _ in range(196)]
    desk.session.commit()
    bulk_id = desk.start(Change("status", "closed"), matching=ThreadFilter())
    desk.work()
    assert set(desk.statuses()) == {ThreadStatus.CLOSED}
    advanced = sa.select(sa.func.count()).select_from(Event).where(Event.type == "BulkActionAdvanced")
    assert desk.session.execute(advanced).scalar_one() == 200 // BATCH
    desk.undo(bulk_id)
    desk.work()
    assert set(desk.statuses()) == {ThreadStatus.OPEN}


def test_an_undo_stops_what_still_runs_and_a_lost_lease_changes_nothing(desk: Desk) -> None:
    contact = make_contact(desk.session)
    desk.threads += [make_thread(desk.session, desk.channel, contact, at=utc_now()) for _ in range(BATCH)]
    desk.session.commit()
    bulk_id = desk.start(Change("status", "closed"), desk.ids())
    lease = claim(desk.session, TABLE, bulk_id)
    assert lease is not None
    assert isinstance(run_batch(desk.session, lease, now=utc_now()), More)
    desk.undo(bulk_id)
    with pytest.raises(Overtaken):
        run_batch(desk.session, lease, now=utc_now())
    desk.work()
    assert set(desk.statuses()) == {ThreadStatus.OPEN}


def test_nothing_to_undo_is_said(desk: Desk) -> None:
    bulk_id = desk.start(Change("status", "open"), desk.ids())
    desk.work()
    with pytest.raises(NothingToUndo):
        desk.undo(bulk_id)


@pytest.mark.parametrize(
    "fields",
    [
        {"set_status": "closed"},
        {"all": "1", "set_status": "gone"},
        {"all": "1", "add_tag": " "},
        {"all": "1", "until": "gisteren"},
        {},
    ],
)
def test_what_cannot_be_done_is_refused_in_words(desk: Desk, fields: dict[str, str]) -> None:
    answer = desk.post("/bulk", **fields)
    assert answer.status_code == 422
    assert len(answer.text) > 20
    assert desk.session.execute(sa.select(sa.func.count()).select_from(BulkAction)).scalar_one() == 0


def test_it_works_without_scripts(desk: Desk) -> None:
    answer = desk.post("/bulk", htmx=False, thread=[str(desk.threads[0].id)], add_tag="retour")
    assert answer.status_code == 303
    assert "Tag retour: 0 of 1" in desk.client.get(answer.location).text
    desk.work()
    assert "Tag retour: 1 thread changed" in desk.client.get(answer.location).text
    assert 'value="retour"' in desk.client.get("/bulk/tags").text
    assert "Bob" in desk.client.get("/bulk/people").text
