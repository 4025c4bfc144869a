"""Macros: several steps on a thread under one name, all of them or none, once however often the button is pressed."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import Brand, Role, Team, User
from app.domain.connections.models import Channel
from app.domain.events.models import AuditEntry, Event
from app.domain.reply_templates.actions import TemplateContent, create_template
from app.domain.reply_templates.models import TemplateCategory
from app.domain.threads.actions import save_draft
from app.domain.threads.jobs import run_bulk_action
from app.domain.threads.macro_models import Macro, MacroRun
from app.domain.threads.macros import MacroSteps, create_macro
from app.domain.threads.models import Draft, Message, MessageType, Priority, Thread, ThreadStatus
from app.domain.threads.triage_models import BulkAction
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in

TOKEN = "018f0000-0000-7000-8000-000000000001"
ALL_STEPS = MacroSteps(
    assignee="me",
    priority=Priority.HIGH,
    add_tags=("storing",),
    remove_tags=("nieuw",),
    note="Monteur is gebeld",
    status=ThreadStatus.WAITING_INTERNAL,
    snooze="week",
)


@dataclass
class Desk:
    client: PageClient
    session: Session
    brand: Brand
    alice: User
    leila: User
    channel: Channel
    thread: Thread

    def macro(self, steps: MacroSteps = ALL_STEPS, *, name: str = "Storing", brand_id: uuid.UUID | None = None) -> Macro:
        viewer = viewer_of(self.session, self.leila)
        made = create_macro(self.session, name=name, brand_id=brand_id, steps=steps, viewer=viewer, now=utc_now())
        self.session.commit()
        return made

    def template(self, text: str) -> uuid.UUID:
        content = TemplateContent("Monteur komt", TemplateCategory.FOLLOW_UP, "nl", text)
        made = create_template(self.session, content, now=utc_now())
        self.session.commit()
        return made.id

    def post(self, path: str, *, htmx: bool = True, **fields: object) -> TestResponse:
        headers = {"HX-Request": "true"} if htmx else {}
        return self.client.post(path, data={**fields, "csrf_token": csrf_token(self.client.plain)}, headers=headers)

    def run(self, macro: Macro, *, token: str = TOKEN, htmx: bool = True, **fields: object) -> TestResponse:
        url = f"/threads/{self.thread.id}/macros/{macro.id}"
        answer = self.post(url, htmx=htmx, macro_token=token, **fields)
        self.session.expire_all()
        return answer

    def messages(self, kind: MessageType) -> list[Message]:
        query = sa.select(Message).where(Message.message_type == kind).order_by(Message.created_at)
        return list(self.session.execute(query).scalars())

    def notes(self) -> list[str]:
        return [note.text for note in self.messages(MessageType.INTERNAL_NOTE)]

    def toast(self, answer: TestResponse) -> str:
        return str(json.loads(answer.headers["HX-Trigger"])["toast"]["text"])

    def events(self) -> list[str]:
        query = sa.select(Event.type).where(Event.thread_id == self.thread.id).order_by(Event.occurred_at, Event.id)
        return list(self.session.execute(query).scalars())


@pytest.fixture
def desk(app: Flask, page_client: PageClient, db_session: Session) -> Desk:
    brand = make_brand(db_session)
    alice = make_user(db_session, "Alice", brands=(brand,))
    leila = make_user(db_session, "Leila", role=Role.LEAD, brands=(brand,))
    with app.app_context():
        channel = make_channel(db_session, brand, keyring=runtime().keyring)
    thread = make_thread(db_session, channel, make_contact(db_session), at=utc_now())
    thread.tags = ["nieuw"]
    make_message(db_session, thread, "De laadpaal knippert", at=utc_now())
    sign_in(page_client.plain, db_session, alice)
    return Desk(page_client, db_session, brand, alice, leila, channel, thread)


def test_every_step_is_taken_through_the_actions_people_take(desk: Desk) -> None:
    macro = desk.macro()
    offered = desk.client.get(f"/threads/{desk.thread.id}/macros", headers={"HX-Request": "true"}).text
    assert "assign to me · priority high · tag storing · remove the tag nieuw · note: Monteur is gebeld" in offered
    answer = desk.run(macro)
    assert desk.toast(answer) == "Macro: Storing"
    thread = desk.session.get_one(Thread, desk.thread.id)
    assert (thread.assignee_user_id, thread.priority, thread.tags) == (desk.alice.id, Priority.HIGH, ["storing"])
    assert thread.status == ThreadStatus.WAITING_INTERNAL
    assert thread.snoozed_until is not None
    assert desk.notes() == ["Monteur is gebeld"]
    taken = ["MacroRun", "ThreadAssigned", "ThreadPriorityChanged", "ThreadTagged", "NoteAdded", "ThreadStatusChanged"]
    assert desk.events()[-7:] == [*taken, "ThreadSnoozed"]
    audited = desk.session.execute(sa.select(AuditEntry.action)).scalars().all()
    assert {"MacroCreated", "MacroRun", "ThreadAssigned"} <= set(audited)
    assert "Alice ran the macro Storing" in desk.client.get(f"/threads/{desk.thread.id}").text


def test_pressed_twice_it_runs_once_and_from_a_new_menu_again(desk: Desk) -> None:
    macro = desk.macro()
    first, second = desk.run(macro), desk.run(macro)
    assert (first.status_code, second.status_code) == (200, 200)
    assert (desk.notes(), desk.events().count("MacroRun")) == (["Monteur is gebeld"], 1)
    desk.run(macro, token=str(new_id()))
    assert len(desk.notes()) == 2


@pytest.mark.parametrize("step", ["assignee", "team_id", "template_id"])
def test_a_step_that_cannot_be_taken_is_named_and_nothing_is_changed(desk: Desk, step: str) -> None:
    gone = new_id()
    steps = ALL_STEPS.model_copy(update={step: str(gone) if step == "assignee" else gone})
    answer = desk.run(desk.macro(steps))
    words = {
        "assignee": "Assignee: This person no longer has an account",
        "team_id": "Team: This team",
        "template_id": "Reply: The template",
    }
    assert desk.toast(answer).startswith(words[step])
    assert desk.toast(answer).endswith("Nothing was changed.")
    thread = desk.session.get_one(Thread, desk.thread.id)
    assert (thread.status, thread.priority, thread.tags, desk.notes()) == (ThreadStatus.OPEN, Priority.NORMAL, ["nieuw"], [])
    assert "MacroRun" not in desk.events()
    assert desk.session.execute(sa.select(sa.func.count()).select_from(MacroRun)).scalar_one() == 0


def test_a_reply_is_sent_with_the_rest_and_the_draft_stays(desk: Desk) -> None:
    steps = MacroSteps(template_id=desk.template("Dag {{contact.first_name|klant}}"), sends=True, status=ThreadStatus.RESOLVED)
    where = {"user_id": desk.alice.id, "thread_id": desk.thread.id, "kind": "reply"}
    save_draft(desk.session, **where, text="Nog niet af", attachment_ids=[], now=utc_now())  # type: ignore[arg-type]
    macro = desk.macro(steps)
    desk.run(macro)
    desk.run(macro)
    sent = desk.messages(MessageType.OUTGOING)
    assert [message.text for message in sent] == ["Dag Pieter"]
    thread = desk.session.get_one(Thread, desk.thread.id)
    assert (thread.status, thread.assignee_user_id) == (ThreadStatus.RESOLVED, desk.alice.id)
    assert desk.session.execute(sa.select(Draft.text)).scalars().all() == ["Nog niet af"]


def test_a_reply_waits_where_something_newer_came_and_nothing_else_happens_either(desk: Desk) -> None:
    seen = desk.messages(MessageType.INCOMING)[0]
    make_message(desk.session, desk.session.get_one(Thread, desk.thread.id), "Toch niet", at=utc_now())
    steps = ALL_STEPS.model_copy(update={"template_id": desk.template("Tot dan"), "sends": True})
    answer = desk.run(desk.macro(steps), last_seen_message_id=str(seen.id))
    assert desk.toast(answer) == "Reply: A newer message came in. Read it, then run the macro again. Nothing was changed."
    assert (desk.messages(MessageType.OUTGOING), desk.notes()) == ([], [])


def test_a_blank_nobody_fills_in_is_not_sent(desk: Desk) -> None:
    steps = MacroSteps(template_id=desk.template("Bij {{contact.organization}}"), sends=True)
    assert "We have no value for contact.organization in the template" in desk.toast(desk.run(desk.macro(steps)))
    assert desk.messages(MessageType.OUTGOING) == []


def test_a_template_is_put_into_the_composer_with_and_without_scripts(desk: Desk) -> None:
    template_id = desk.template("Tot dan")
    macro = desk.macro(MacroSteps(template_id=template_id, priority=Priority.LOW))
    answer = desk.run(macro)
    assert json.loads(answer.headers["HX-Trigger"])["insert-template"] == {"id": str(template_id)}
    assert "insert-template" not in json.loads(desk.run(macro).headers["HX-Trigger"])
    assert desk.session.execute(sa.select(Draft)).first() is None
    assert "Run a macro" in desk.client.get(f"/threads/{desk.thread.id}/macros").text
    assert desk.run(macro, htmx=False, token=str(new_id())).status_code == 303
    assert desk.session.execute(sa.select(Draft.text)).scalars().all() == ["Tot dan"]


def test_a_template_is_put_nowhere_where_no_reply_is_being_written(desk: Desk) -> None:
    macro = desk.macro(MacroSteps(template_id=desk.template("Tot dan"), priority=Priority.LOW))
    assert "You are writing a note" in desk.toast(desk.run(macro, composer_kind="note"))
    thread = desk.session.get_one(Thread, desk.thread.id)
    thread.window_opened_at = utc_now() - timedelta(days=2)
    desk.session.commit()
    assert "The 24-hour window is closed" in desk.toast(desk.run(macro))
    assert desk.session.get_one(Thread, desk.thread.id).priority == Priority.NORMAL


def test_a_macro_of_another_brand_is_neither_offered_nor_run(desk: Desk) -> None:
    other = make_brand(desk.session, "laderthuis")
    foreign = desk.macro(name="Van hen", brand_id=other.id)
    assert "Van hen" not in desk.client.get(f"/threads/{desk.thread.id}/macros").text
    assert "Van hen" not in desk.client.get("/bulk/macros").text
    assert desk.run(foreign).status_code == 404
    ours = desk.macro(name="Van ons", brand_id=desk.brand.id)
    assert "Van ons" in desk.client.get(f"/threads/{desk.thread.id}/macros").text
    assert desk.run(ours).status_code == 200


def test_who_sees_both_brands_runs_a_macro_on_the_threads_of_its_own_alone(desk: Desk, app: Flask) -> None:
    foreign = desk.macro(name="Van hen", brand_id=make_brand(desk.session, "laderthuis").id)
    sign_in(desk.client.plain, desk.session, make_user(desk.session, "Root", role=Role.ADMIN))
    assert "Van hen" not in desk.client.get(f"/threads/{desk.thread.id}/macros").text
    assert desk.toast(desk.run(foreign)) == "Brand: This macro is for another brand. Nothing was changed."
    assert desk.post("/bulk", thread=str(desk.thread.id), macro=str(foreign.id), macro_token=TOKEN).status_code == 200
    bulk = desk.session.execute(sa.select(BulkAction)).scalar_one()
    with app.app_context():
        run_bulk_action(row_id=str(bulk.id))
    desk.session.expire_all()
    assert (bulk.done, bulk.changed, desk.notes()) == (1, 0, [])


def test_many_threads_at_once_without_the_reply_and_the_undo_gives_back_all_but_the_notes(desk: Desk, app: Flask) -> None:
    team = Team(id=new_id(), name="Monteurs")
    desk.session.add(team)
    desk.session.flush()
    other = make_thread(desk.session, desk.channel, make_contact(desk.session, "Sjaak"), at=utc_now())
    other.assignee_user_id = desk.leila.id
    steps = MacroSteps(
        team_id=team.id, add_tags=("storing",), note="Netbeheerder", template_id=desk.template("Tot dan"), sends=True
    )
    macro = desk.macro(steps.model_copy(update={"status": ThreadStatus.RESOLVED}))
    chosen = [str(desk.thread.id), str(other.id)]

    def threads() -> list[tuple[str, list[str], uuid.UUID | None, uuid.UUID | None]]:
        desk.session.expire_all()
        found = [desk.session.get_one(Thread, uuid.UUID(row_id)) for row_id in chosen]
        return [(thread.status.value, thread.tags, thread.team_id, thread.assignee_user_id) for thread in found]

    def work() -> BulkAction:
        newest = desk.session.execute(sa.select(BulkAction).order_by(BulkAction.created_at.desc()).limit(1)).scalar_one()
        with app.app_context():
            run_bulk_action(row_id=str(newest.id))
        desk.session.expire_all()
        return newest

    before = threads()
    for _press in range(2):
        assert desk.post("/bulk", thread=chosen, macro=str(macro.id), macro_token=TOKEN).status_code == 200
        done = work()
        if done.changed:
            first = done.id
    assert threads() == [("resolved", ["nieuw", "storing"], team.id, None), ("resolved", ["storing"], team.id, None)]
    assert (desk.notes(), desk.messages(MessageType.OUTGOING)) == (["Netbeheerder"] * 2, [])
    assert "Macro Storing: 2 threads changed" in desk.client.get(f"/bulk/{first}").text
    assert desk.post(f"/bulk/{first}/undo").status_code == 200
    work()
    assert threads() == before


def test_leads_make_change_and_delete_macros(desk: Desk) -> None:
    assert desk.post("/settings/macros", htmx=False, name="Storing", status="resolved").status_code == 403
    sign_in(desk.client.plain, desk.session, desk.leila)
    empty = desk.post("/settings/macros", htmx=False, name="Leeg")
    assert (empty.status_code, "Choose at least one step." in empty.text) == (422, True)
    unfit = desk.post("/settings/macros", htmx=False, name="Zo niet", status="closed", snooze="week", add_tags="a" * 51)
    assert (unfit.status_code, "A tag is one to fifty" in unfit.text) == (422, True)
    both = desk.post("/settings/macros", htmx=False, name="Zo niet", status="closed", snooze="week")
    assert (both.status_code, "cannot be snoozed" in both.text) == (422, True)
    made = desk.post(
        "/settings/macros",
        htmx=False,
        name=" Storing  melden",
        brand=str(desk.brand.id),
        add_tags="storing, net",
        status="resolved",
    )
    assert made.status_code == 303
    macro = desk.session.execute(sa.select(Macro)).scalar_one()
    assert (macro.name, macro.steps) == ("Storing melden", {"add_tags": ["storing", "net"], "status": "resolved"})
    assert "tag storing, net · status resolved" in desk.client.get("/settings/macros").text
    assert 'value="storing, net"' in desk.client.get(f"/settings/macros/{macro.id}").text
    assert desk.post(f"/settings/macros/{macro.id}", htmx=False, name="Storing", priority="urgent").status_code == 303
    desk.session.expire_all()
    changed = desk.session.execute(sa.select(Macro)).scalar_one()
    assert (changed.name, changed.brand_id, changed.steps) == ("Storing", None, {"priority": "urgent"})
    assert desk.post(f"/settings/macros/{macro.id}/deletion", htmx=False).status_code == 303
    desk.session.expire_all()
    assert desk.session.execute(sa.select(Macro)).first() is None
    audited = desk.session.execute(sa.select(AuditEntry.action).where(AuditEntry.object_type == "macro").order_by(AuditEntry.id))
    assert audited.scalars().all() == ["MacroCreated", "MacroChanged", "MacroDeleted"]
