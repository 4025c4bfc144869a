"""What a conversation is about: order, customer, partner and subject from the head, by macros and rules, and of many at once."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.contract.address_parts import read_line
from app.core.clock import utc_now
from app.core.db import db
from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.accounts.access import Viewer, viewer_of
from app.domain.accounts.models import Brand, User
from app.domain.automation.actions import switch_rule
from app.domain.automation.dry_run import dry_run
from app.domain.automation.models import AutomationRun
from app.domain.automation.run_rules import run_past
from app.domain.contacts.models import ConsentPurpose, Contact, ContactConsent
from app.domain.orders.models import Order, OrderLinkRefusal, OrderThread
from app.domain.partners.models import Partner
from app.domain.threads.actions import lock_thread
from app.domain.threads.edit import edit_thread
from app.domain.threads.jobs import run_bulk_action
from app.domain.threads.macros import MacroSteps, create_macro
from app.domain.threads.merge import merge_threads
from app.domain.threads.models import Message, Thread
from app.domain.threads.triage_models import BulkAction
from app.domain.threads.view_models import SavedView
from tests.domain.automation.factories import make_rule
from tests.domain.orders.factories import make_order
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in


@dataclass
class Desk:
    app: Flask
    client: PageClient
    session: Session
    brand: Brand
    alice: User
    leila: User
    pieter: Contact
    maria: Contact
    partner: Contact
    threads: list[Thread]
    order: Order

    @property
    def path(self) -> str:
        return f"/threads/{self.threads[0].id}"

    @property
    def viewer(self) -> Viewer:
        return viewer_of(self.session, self.alice)

    def post(self, path: str, *, target: str = "", **fields: object) -> TestResponse:
        headers = {"HX-Request": "true", "HX-Target": target} if target else {}
        answer = self.client.plain.post(path, data={"csrf_token": csrf_token(self.client.plain), **fields}, headers=headers)
        self.session.expire_all()
        return answer

    def in_bulk(self, **fields: object) -> None:
        """Ask for it of all threads, and do it."""
        answer = self.post("/bulk", target="bulk-progress", thread=[str(one.id) for one in self.threads], **fields)
        assert answer.status_code == 200, answer.text
        self.work()

    def undo(self) -> None:
        newest = self.session.execute(sa.select(BulkAction.id).order_by(BulkAction.created_at.desc()).limit(1)).scalar_one()
        assert self.post(f"/bulk/{newest}/undo", target="bulk-progress").status_code == 200
        self.work()

    def work(self) -> None:
        with self.app.app_context():
            for bulk_id in self.session.execute(sa.select(BulkAction.id).where(BulkAction.state == "ready")).scalars().all():
                run_bulk_action(row_id=str(bulk_id))
            db.session.remove()
        self.session.expire_all()

    def links(self) -> set[object]:
        return set(self.session.execute(sa.select(OrderThread.thread_id)).scalars())

    def said(self) -> list[tuple[object, ...]]:
        """(subject, customer, partner) of each thread."""
        found = [self.session.get_one(Thread, thread.id, populate_existing=True) for thread in self.threads]
        return [(one.subject, one.contact_id, one.partner_contact_id) for one in found]


@pytest.fixture
def desk(app: Flask, page_client: PageClient, db_session: Session) -> Desk:
    brand = make_brand(db_session, name="ChargeCars")
    alice, leila = make_user(db_session, "Alice", brands=(brand,)), make_user(db_session, "Leila", brands=(brand,), role="lead")
    with app.app_context():
        channel = make_channel(db_session, brand, keyring=runtime().keyring)
    pieter, maria = make_contact(db_session, "Pieter"), make_contact(db_session, "Maria", value="31600000777")
    groendus = make_contact(db_session, "Groendus", value="31600000778")
    db_session.add(
        Partner(
            id=new_id(),
            brand_id=brand.id,
            contact_id=groendus.id,
            name="Groendus",
            slug="groendus",
            created_at=utc_now(),
            updated_at=utc_now(),
        )
    )
    threads = [make_thread(db_session, channel, one, subject=f"Vraag van {one.name}", at=utc_now()) for one in (pieter, maria)]
    for thread in threads:
        make_message(db_session, thread, at=utc_now())
    order = make_order(db_session, brand, pieter)
    db_session.commit()
    sign_in(page_client.plain, db_session, alice)
    return Desk(app, page_client, db_session, brand, alice, leila, pieter, maria, groendus, threads, order)


def toast(answer: TestResponse) -> dict[str, str]:
    said: dict[str, str] = json.loads(answer.headers["HX-Trigger"])["toast"]
    return said


def test_an_order_is_linked_by_a_dialog_and_taken_off_again(desk: Desk) -> None:
    fragment = desk.client.plain.get(f"{desk.path}/link-order", headers={"HX-Request": "true", "HX-Target": "move-place"}).text
    assert 'role="option"' in fragment
    assert desk.order.order_number in fragment
    assert "<dialog" in fragment
    assert desk.order.order_number in desk.client.get(f"{desk.path}/link-order?q={desk.order.order_number[-4:]}").text
    done = desk.post(f"{desk.path}/orders", target="move-place", order_id=desk.order.id)
    assert desk.links() == {desk.threads[0].id}
    assert desk.order.order_number not in desk.client.get(f"{desk.path}/link-order").text
    assert desk.post(toast(done)["undo_url"], target="toast").status_code == 200
    assert desk.links() == set()


def test_the_customer_is_found_by_name_changed_with_an_undo_and_told_in_the_thread(desk: Desk) -> None:
    assert str(desk.maria.id) in desk.client.get(f"{desk.path}/customer?q=maria").text
    done = desk.post(f"{desk.path}/customer", target="move-place", choice=desk.maria.id)
    assert desk.said()[0][1] == desk.maria.id
    assert "Alice changed the customer from Pieter to Maria" in desk.client.get(desk.path).text
    assert desk.post(toast(done)["undo_url"]).status_code == 303
    assert desk.said()[0][1] == desk.pieter.id
    assert desk.post(f"{desk.path}/customer", choice=new_id()).status_code == 422
    assert desk.post(f"{desk.path}/customer", choice="").status_code == 422


def test_the_partner_is_chosen_and_taken_off(desk: Desk) -> None:
    assert "Groendus" in desk.client.get(f"{desk.path}/partner").text
    assert desk.post(f"{desk.path}/partner", choice=desk.partner.id).status_code == 303
    assert desk.said()[0][2] == desk.partner.id
    assert "Alice set the partner to Groendus" in desk.client.get(desk.path).text
    assert desk.post(f"{desk.path}/partner", choice="").status_code == 303
    assert desk.said()[0][2] is None


@pytest.mark.parametrize("kind", ["customer", "partner", "subject"])
def test_many_are_told_whose_and_what_they_are_at_once_and_it_is_undone(desk: Desk, kind: str) -> None:
    before = desk.said()
    typed = {"customer": "+31600000777", "partner": str(desk.partner.id), "subject": "Storing in Utrecht"}[kind]
    desk.in_bulk(about=kind, **{f"about_{kind}": typed})
    place = {"subject": 0, "customer": 1, "partner": 2}[kind]
    wanted = {"customer": desk.maria.id, "partner": desk.partner.id, "subject": typed}[kind]
    assert [row[place] for row in desk.said()] == [wanted, wanted]
    thread = lock_thread(desk.session, desk.threads[1].id)
    column, mine = {"subject": ("subject", "Anders"), "customer": ("contact_id", desk.pieter.id)}.get(
        kind, ("partner_contact_id", desk.pieter.id)
    )
    edit_thread(desk.session, thread, {column: mine}, actor=desk.viewer.actor, now=utc_now())
    desk.session.commit()
    desk.undo()
    assert desk.said()[0] == before[0]
    assert desk.said()[1][place] == mine, "what somebody changed since stays"


def test_many_are_linked_with_an_order_at_once_and_the_undo_leaves_what_was_linked_before(desk: Desk) -> None:
    desk.post(f"{desk.path}/orders", order_id=desk.order.id)
    desk.in_bulk(about="order", about_order=desk.order.order_number.lower())
    assert desk.links() == {thread.id for thread in desk.threads}
    newest = desk.session.execute(sa.select(BulkAction).order_by(BulkAction.created_at.desc()).limit(1)).scalar_one()
    assert f"Order {desk.order.order_number}: 1 thread changed" in desk.client.get(f"/bulk/{newest.id}").text
    desk.undo()
    assert desk.links() == {desk.threads[0].id}
    assert not desk.session.execute(sa.select(OrderLinkRefusal)).all(), "messages may link it again"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"about": "order", "about_order": "XX-1"}, "There is no order with this number."),
        ({"about": "customer", "about_customer": "niemand@example.com"}, "No contact has this email or phone number."),
        ({"about": "subject", "about_subject": " "}, "Enter a subject of at most 300 characters."),
    ],
)
def test_what_names_nothing_is_said_and_changes_nothing(desk: Desk, fields: dict[str, str], said: str) -> None:
    answer = desk.post("/bulk", target="bulk-progress", thread=[str(desk.threads[0].id)], **fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert not desk.session.execute(sa.select(BulkAction)).all()


STEPS = {"subject": "Storing", "order": "open"}


def test_a_macro_says_what_a_thread_is_about_and_takes_it_back(desk: Desk) -> None:
    steps = MacroSteps.model_validate({**STEPS, "partner_id": desk.partner.id})
    macro = create_macro(desk.session, name="Storing", brand_id=None, steps=steps, viewer=desk.viewer, now=utc_now())
    desk.session.commit()
    shown = desk.client.get(f"{desk.path}/macros").text
    assert "subject “Storing” · partner Groendus · link the customer’s only open order" in shown
    before = desk.said()
    ran = desk.post(f"{desk.path}/macros/{macro.id}", target="thread-head", macro_token=str(new_id()))
    assert desk.said()[0] == ("Storing", desk.pieter.id, desk.partner.id)
    assert desk.links() == {desk.threads[0].id}
    desk.post(toast(ran)["undo_url"], target="thread-head")
    assert desk.said() == before
    assert desk.links() == set()


def test_a_macro_that_cannot_link_says_why_and_does_nothing(desk: Desk) -> None:
    steps = MacroSteps.model_validate(STEPS)
    macro = create_macro(desk.session, name="Storing", brand_id=None, steps=steps, viewer=desk.viewer, now=utc_now())
    desk.session.commit()
    ran = desk.post(f"/threads/{desk.threads[1].id}/macros/{macro.id}", target="thread-head", macro_token=str(new_id()))
    assert toast(ran)["text"] == "Order: The customer has no open order. Nothing was changed."
    make_order(desk.session, desk.brand, desk.pieter)
    desk.session.commit()
    ran = desk.post(f"{desk.path}/macros/{macro.id}", target="thread-head", macro_token=str(new_id()))
    assert "more than one open order" in toast(ran)["text"]
    assert desk.said()[0][0] == "Vraag van Pieter"


def test_the_form_of_a_macro_keeps_it_and_names_its_people(desk: Desk) -> None:
    sign_in(desk.client.plain, desk.session, desk.leila)
    fields = {
        "name": "Uitval",
        "subject": "Uitval",
        "customer": "+31600000777",
        "partner": str(desk.partner.id),
        "order": "number",
    }
    refused = desk.post("/settings/macros", **{**fields, "order_number": "XX-1", "customer": "niemand@example.com"})
    assert refused.status_code == 422
    assert "There is no order with this number." in refused.text
    assert "No contact has this email or phone number." in refused.text
    assert desk.post("/settings/macros", **{**fields, "order_number": desk.order.order_number.lower()}).status_code == 303
    page = desk.client.get("/settings/macros").text
    told = f"subject “Uitval” · customer Maria · partner Groendus · link order {desk.order.order_number}"
    assert told in page


def test_a_rule_says_it_and_its_dry_run_shows_the_same(desk: Desk) -> None:
    steps = MacroSteps.model_validate({**STEPS, "customer_id": desk.pieter.id})
    rule = make_rule(desk.session, desk.viewer, steps, trigger="MessageReceived", is_on=False)
    shown = dry_run(desk.session, rule, brand_ids=desk.viewer.brand_ids, now=utc_now())
    foreseen = {found.thread_id: (found.outcome, found.after) for found in shown.foreseen}
    assert {outcome for outcome, _after in foreseen.values()} == {"changed"}
    sign_in(desk.client.plain, desk.session, desk.leila)
    page = desk.client.get(f"/settings/automation/{rule.id}/dry-run").text
    assert "Customer: Maria → Pieter" in page
    assert f"linked to order {desk.order.order_number}" in page
    switch_rule(desk.session, rule, is_on=True, viewer=desk.viewer, now=utc_now(), past=True)
    desk.session.commit()
    with desk.app.app_context():
        run_past(rule.id, until=utc_now())
        db.session.remove()
    desk.session.expire_all()
    did = {run.thread_id: (run.outcome, run.detail["after"]) for run in desk.session.execute(sa.select(AutomationRun)).scalars()}
    assert did == foreseen
    assert desk.links() == {thread.id for thread in desk.threads}


def test_lists_are_narrowed_to_a_person_and_a_channel_account(desk: Desk) -> None:
    thread = desk.session.get_one(Thread, desk.threads[0].id)
    thread.assignee_user_id = desk.alice.id
    desk.session.commit()
    mine, other = "Vraag van Pieter", "Vraag van Maria"
    channel = thread.channel_id
    for asked, seen, hidden in (
        (f"assignee={desk.alice.id}", mine, other),
        ("assignee=nobody", other, mine),
        (f"assignee={desk.alice.id}&channel={channel}", mine, other),
    ):
        page = desk.client.get(f"/inbox?{asked}").text
        assert (seen in page, hidden in page) == (True, False), asked
    assert desk.client.get(f"/inbox?channel={channel}").text.count("data-row") >= 2
    assert mine not in desk.client.get(f"/inbox?channel={new_id()}").text
    more = desk.client.plain.get("/inbox/more-filters", headers={"HX-Request": "true"}).text
    assert f"assignee={desk.leila.id}" in more
    assert f"channel={channel}" in more


def test_a_view_shows_type_and_channel_where_it_says_so(desk: Desk) -> None:
    desk.post("/inbox/views?view=open", name="Accounts", columns="1", column=["type", "channel", "order"], **{"for": "private"})
    address = f"/inbox/views/{desk.session.execute(sa.select(SavedView.id)).scalar_one()}"
    assert "thread-row__type" in desk.client.get(address).text
    assert "thread-row__channel" in desk.client.get(address).text
    assert "thread-row__type" not in desk.client.get("/inbox").text


def test_a_merged_thread_keeps_its_order_in_the_row_and_in_the_filter(desk: Desk) -> None:
    desk.post(f"/threads/{desk.threads[1].id}/orders", order_id=desk.order.id)
    ids = {"keep_id": desk.threads[0].id, "merge_id": desk.threads[1].id}
    merge_threads(desk.session, **ids, now=utc_now(), actor=desk.viewer.actor)
    desk.session.commit()
    page = desk.client.get(f"/inbox?order={desk.order.id}").text
    assert "Vraag van Pieter" in page
    assert f'<span class="thread-row__order num" title="Order">{desk.order.order_number}</span>' in page


def test_the_customers_places_consents_and_forms_stand_beside_the_thread(desk: Desk) -> None:
    place = read_line("Kerkstraat 12, 1234AB Amsterdam")
    make_order(desk.session, desk.brand, desk.pieter, address=place)
    said = {"contact_id": desk.pieter.id, "purpose": ConsentPurpose.ORDER_UPDATES, "is_given": False}
    desk.session.add(ContactConsent(**said, basis="", changed_at=utc_now()))
    message = desk.session.execute(sa.select(Message).where(Message.thread_id == desk.threads[0].id)).scalar_one()
    message.meta = {"form": {"name": "Intake thuislader"}}
    message.sender_contact_id = desk.pieter.id
    desk.session.commit()
    beside = desk.client.get(f"{desk.path}/customer-facts").text
    for known in ("Kerkstraat 12", "Order updates by email and WhatsApp", "refused", "Intake thuislader"):
        assert known in beside, known
    assert "<section" not in desk.client.get(f"/threads/{desk.threads[1].id}/customer-facts").text.split("customer-facts")[1]
