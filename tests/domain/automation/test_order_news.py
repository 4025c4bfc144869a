"""What customers hear of their orders: once for each thing that happened, in their language, if they want it and it holds."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.automation.conditions import Condition
from app.domain.automation.dry_run import dry_run
from app.domain.automation.models import AutomationRule, AutomationRun, OutsideIntent
from app.domain.automation.shipped import SHIPPED, list_shipped, take_shipped
from app.domain.connections.models import ChannelType
from app.domain.contacts.actions import IdentityInput, find_or_create_contact
from app.domain.contacts.details import set_consent
from app.domain.contacts.models import ConsentPurpose, Contact
from app.domain.delivery.models import Delivery
from app.domain.delivery.recipient import find_objection
from app.domain.events.actions import Actor
from app.domain.orders.actions import NewLine, link_thread, set_order_status
from app.domain.orders.models import Order, OrderSource, OrderStatus
from app.domain.orders.payments import NewPayment, add_payment
from app.domain.threads.macros import MacroSteps, OutsideCall
from app.domain.threads.models import Priority, ThreadStatus
from app.domain.transitions.actions import undo_transition
from app.domain.transitions.queries import find_last_transition
from tests.domain.automation.conftest import Desk
from tests.domain.automation.factories import condition
from tests.domain.orders.factories import make_order
from tests.factories import make_channel

APPROVED = [
    {"name": name, "language": language, "status": "APPROVED", "components": [{"type": "BODY", "text": text}]}
    for name, language, text in (
        ("order_status_update", "nl", "Uw bestelling {{1}} is nu: {{2}}."),
        ("order_status_update", "fr", "Votre commande {{1}} : {{2}}."),
        ("order_completion_notification", "nl", "Bestelling {{1}} is {{2}}. Dank u wel!"),
    )
]


@pytest.fixture
def lotte(desk: Desk) -> Contact:
    """A French speaker with a mail address and a phone; a mailbox and a number with templates to reach her by."""
    make_channel(
        desk.session, desk.brand, ChannelType.EMAIL_OUTLOOK, keyring=runtime().keyring, address="info@chargecars.example"
    )
    desk.channel.settings = {**desk.channel.settings, "templates": APPROVED}
    ways = [IdentityInput("email", "lotte@example.nl"), IdentityInput("phone", "+31687654321")]
    lotte = find_or_create_contact(desk.session, ways, name="Lotte Vermeulen", now=utc_now())
    lotte.language = "fr"
    desk.session.commit()
    return lotte


def shipped(desk: Desk, *keys: str, is_on: bool = True) -> list[AutomationRule]:
    made = [
        take_shipped(desk.session, one, name=one.name, viewer=desk.viewer, now=utc_now()) for one in SHIPPED if one.key in keys
    ]
    for rule in made:
        rule.is_on = is_on
    desk.session.commit()
    return made


def order_of(desk: Desk, contact: Contact, **more: Any) -> Order:
    order = make_order(desk.session, desk.brand, contact, **more)
    desk.session.commit()
    desk.react()
    return order


def move(desk: Desk, order: Order, status: OrderStatus) -> None:
    set_order_status(desk.session, order.id, status, reason="x", now=utc_now(), actor=Actor(desk.alice.id))
    desk.session.commit()
    desk.react()


def told(desk: Desk) -> list[tuple[str, str, str]]:
    """(medium, subject, text) of what was written by itself, in order."""
    return [(message.medium, message.subject, message.text) for message in desk.messages("auto_response")]


def why(desk: Desk) -> list[str]:
    desk.session.expire_all()
    rows = desk.session.execute(sa.select(AutomationRun.detail).order_by(AutomationRun.id)).scalars()
    return [str(detail.get("why", detail.get("untold", ""))) for detail in rows]


def test_a_new_order_is_confirmed_by_mail_once_though_nobody_wrote(desk: Desk, lotte: Contact) -> None:
    (rule,) = shipped(desk, "order_confirmation")
    order = order_of(desk, lotte)
    ((medium, subject, text),) = told(desk)
    assert (medium, subject) == ("email", f"Votre commande {order.order_number}")
    for words in ("Bonjour Lotte Vermeulen", "Commandé : Wallbox 11kW", "Total : suit dans notre devis"):
        assert words in text
    thread = desk.now_of(desk.messages("auto_response")[0].thread_id)
    assert (thread.status, thread.contact_id, thread.subject) == (ThreadStatus.RESOLVED, lotte.id, subject)
    desk.again(desk.events("OrderCreated")[0])
    assert len(told(desk)) == 1
    order_of(desk, lotte, source=OrderSource.PARTNER)
    assert len(told(desk)) == 1, "partners tell their own"
    assert desk.runs() == [(rule.name, "changed")]


def test_a_change_of_status_is_told_by_whatsapp_in_the_conversation_about_the_order(desk: Desk, lotte: Contact) -> None:
    shipped(desk, "order_confirmation", "order_status_update", "order_completion_notification")
    order = order_of(desk, lotte)
    move(desk, order, OrderStatus.APPROVED)
    move(desk, order, OrderStatus.ON_HOLD)
    number = order.order_number
    assert [row[2] for row in told(desk)[1:]] == [
        f"Votre commande {number} : approuvée.",
        f"Votre commande {number} : en attente.",
    ]
    assert len({message.thread_id for message in desk.messages("auto_response")}) == 1
    delivery = desk.session.execute(sa.select(Delivery).order_by(Delivery.created_at, Delivery.id)).scalars().all()[-1]
    assert delivery.outgoing["template"]["language"] == "fr"
    assert delivery.outgoing["to"][0]["identities"][0]["value"] == "31687654321"
    assert delivery.run_at > utc_now() + timedelta(seconds=20), "it waits as long as the change can be undone"


def test_an_undo_takes_back_what_waits_and_tells_nothing_itself(desk: Desk, lotte: Contact) -> None:
    shipped(desk, "order_status_update")
    order = order_of(desk, lotte)
    move(desk, order, OrderStatus.APPROVED)
    (delivery,) = desk.session.execute(sa.select(Delivery)).scalars()
    outgoing = dict(delivery.outgoing)
    last = find_last_transition(desk.session, "order", order.id)
    assert last is not None
    assert len(told(desk)) == 1
    undo_transition(desk.session, last.id, now=utc_now(), actor=Actor(desk.alice.id))
    desk.session.commit()
    desk.react()
    assert (told(desk), desk.session.execute(sa.select(Delivery)).all()) == ([], [])
    desk.again(desk.events("OrderStatusChanged")[0])  # a worker that comes late
    assert told(desk) == []
    message: Any = type("Nobody", (), {"to": ()})()
    late = find_objection(desk.session, desk.channel, message, outgoing)
    assert late is not None
    assert late.code == "undone", "one that was written in the same moment does not leave either"


def test_who_wants_no_news_of_orders_gets_none(desk: Desk, lotte: Contact) -> None:
    (rule,) = shipped(desk, "order_confirmation")
    actor = Actor(desk.alice.id)
    set_consent(desk.session, lotte, ConsentPurpose.ORDER_UPDATES, is_given=False, basis="call", actor=actor, now=utc_now())
    order_of(desk, lotte)
    assert (told(desk), desk.runs(), why(desk)) == ([], [(rule.name, "failed")], ["The customer does not want order updates"])


def test_a_template_that_cannot_go_holds_nothing_else_up_and_says_why(desk: Desk, lotte: Contact) -> None:
    calls = (
        OutsideCall(kind="sync", target="external_crm"),
        OutsideCall(kind="whatsapp_template", target="nobody_approved_this", words="{{order.number}}"),
    )
    rule = desk.rule(MacroSteps(calls=calls), trigger="OrderStatusChanged", is_on=False)
    order = order_of(desk, lotte)
    link_thread(desk.session, order, desk.thread.id, now=utc_now())
    move(desk, order, OrderStatus.APPROVED)
    (foreseen,) = dry_run(desk.session, rule, brand_ids=[desk.brand.id], now=utc_now()).foreseen
    reason = "The WhatsApp template nobody_approved_this is missing, is not approved, or has fields that we cannot fill in"
    assert (foreseen.outcome, foreseen.untold) == ("changed", (reason,))
    rule.is_on = True
    desk.session.commit()
    desk.again(desk.events("OrderStatusChanged")[0])
    states = {row.kind: row.state for row in desk.session.execute(sa.select(OutsideIntent)).scalars()}
    assert states == {"sync": "noted", "whatsapp_template": "failed"}
    assert (why(desk), desk.runs()) == ([str([reason])], [("Regel", "changed")])
    assert desk.events("OutsideCallAsked")[1].payload["why_not"] == reason


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (
            "{{order.number}}",
            "The template order_status_update needs 2 values, but the rule has 1. Separate the values with a semicolon (;).",
        ),
        ("{{order.number}}; {{visit.date}}", "The template has fields that we cannot fill in"),
    ],
)
def test_values_that_do_not_fit_are_told_before_and_after(desk: Desk, lotte: Contact, words: str, reason: str) -> None:
    call = OutsideCall(kind="whatsapp_template", target="order_status_update", words=words)
    rule = desk.rule(MacroSteps(calls=(call,)), trigger="OrderCreated", is_on=False)
    order_of(desk, lotte)
    assert [row.why for row in dry_run(desk.session, rule, brand_ids=[desk.brand.id], now=utc_now()).foreseen] == [reason]
    rule.is_on = True
    desk.session.commit()
    desk.again(desk.events("OrderCreated")[0])
    assert (told(desk), why(desk), desk.runs()) == ([], [reason], [("Regel", "failed")])


def test_nobody_reads_of_an_order_in_somebody_elses_conversation(desk: Desk, lotte: Contact) -> None:
    shipped(desk, "order_confirmation")
    order = order_of(desk, lotte, thread_id=desk.thread.id)
    (message,) = desk.messages("auto_response")
    assert message.thread_id != desk.thread.id, "that is Pieter's"
    assert desk.now_of(message.thread_id).contact_id == order.customer_contact_id


def test_a_template_goes_to_whoever_wrote_without_an_order_too(desk: Desk, lotte: Contact) -> None:
    hello = {"name": "hello", "language": "nl", "status": "APPROVED", "components": [{"type": "BODY", "text": "Dag {{1}}!"}]}
    desk.channel.settings = {**desk.channel.settings, "templates": [hello]}
    desk.rule(MacroSteps(calls=(OutsideCall(kind="whatsapp_template", target="hello", words="{{contact.first_name}}"),)))
    desk.message()
    desk.react()
    assert told(desk) == [("whatsapp", "", "Dag Pieter!")]


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        (condition("order_status", "is", "new"), True),
        (condition("order_source", "is_not", "user"), False),
        (condition("order_total", "more_than", "100"), True),
        (condition("order_open", "less_than", "1"), False),
        (condition("order_type", "is", "installation"), True),
    ],
)
def test_conditions_ask_about_the_order_of_the_event_or_of_the_thread(desk: Desk, asked: Condition, fits: bool) -> None:
    desk.rule(MacroSteps(priority=Priority.HIGH), asked)
    pieter, lines = desk.session.get_one(Contact, desk.thread.contact_id), (NewLine("Wallbox", unit_price=Decimal(1000)),)
    order = make_order(desk.session, desk.brand, pieter, thread_id=desk.thread.id, lines=lines)
    payment = NewPayment("p1", Decimal(200), "EUR", "", utc_now())
    add_payment(desk.session, order, payment, now=utc_now(), actor=Actor())
    desk.message()
    desk.react()
    assert (desk.now_of().priority == Priority.HIGH) is fits


def test_a_ready_made_rule_is_taken_once_with_its_texts(desk: Desk) -> None:
    (rule,) = shipped(desk, "order_confirmation", is_on=False)
    (again,) = shipped(desk, "order_confirmation", is_on=False)
    assert (again.id, again.is_on) == (rule.id, False)
    assert "order_confirmation" not in [one.key for one in list_shipped(desk.session)]
    names = desk.session.execute(sa.text("SELECT language FROM reply_templates WHERE name = 'Order confirmation'")).scalars()
    assert sorted(names) == ["en", "fr", "nl"]
