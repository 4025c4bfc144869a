"""300 messages that speak of orders: what they are linked with, and never with somebody else's order or another brand's."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact
from app.domain.events.actions import SYSTEM
from app.domain.events.models import Event
from app.domain.orders.models import Order, OrderStatus, OrderThread
from app.domain.threads.models import MessageKey
from app.domain.threads.order_links import link_orders_of_messages, unlink_order
from app.domain.threads.order_mentions import Because
from app.domain.threads.spam import mark_spam
from tests.domain.orders.factories import make_order
from tests.factories import NOW, make_brand, make_channel, make_contact, make_message, make_thread

MESSAGES = 300
GREETING = ("Goedemiddag,", "Hallo,", "Hi,", "Bonjour,", "Beste,")
NOISE = (
    "U kunt mij bellen op 06-12345678.",
    "Ons adres is Dorpsstraat 12, 3511 AB Utrecht.",
    "Ik betaalde 1.249,50 op 12-11-2026.",
    "KvK 12345678, BTW NL001234567B01.",
    "",
)


@dataclass(frozen=True)
class Customer:
    contact: Contact
    orders: tuple[Order, ...]


@dataclass(frozen=True)
class Written:
    """A message, and the orders it is about; `kind` says what makes it hard."""

    kind: str
    customer: Customer
    subject: str
    text: str
    right: frozenset[str]


@dataclass(frozen=True)
class World:
    session: Session
    channel: Channel
    customers: tuple[Customer, ...]
    foreign: Order

    def write(self, rng: random.Random) -> Written:
        customer = rng.choice(self.customers)
        own, other = rng.choice(customer.orders), rng.choice([c for c in self.customers if c is not customer])
        opened = [order for order in customer.orders if order.status != OrderStatus.COMPLETED]
        alone = frozenset({opened[0].order_number}) if len(opened) == 1 else frozenset[str]()
        theirs, number = rng.choice(other.orders).order_number, own.order_number
        prefix, year, counter = number.split("-")
        one = frozenset({number})
        two = rng.sample(customer.orders, 2) if len(customer.orders) > 1 else [own, own]
        kinds = {
            "number": (f"Graag een update over {number}.", one),
            "small letters": (f"when will {number.lower()} arrive?", one),
            "spaces": (f"Het gaat om {prefix} {year} {counter}.", one),
            "no dashes": (f"order {prefix}{year}{counter} is defect", one),
            "no zeros": (f"Concerne {prefix}-{year}-{int(counter)}, merci", one),
            "counter alone": (f"Mijn bestelling nr. {int(counter)} is er nog niet", one),
            "counter with year": (f"ordernummer {year}-{counter}", one),
            "reference": (f"Uw kenmerk {own.external_references['shop']} a.u.b. bellen", one),
            "digit left out": (f"status van {prefix}-{year}-{_without(counter, rng)}?", one),
            "digits swapped": (f"status van {prefix}-{year}-{_swapped(counter)}?", one),
            "two orders": (f"{two[0].order_number} en {two[1].order_number}", frozenset(o.order_number for o in two)),
            "theirs and mine": (f"Niet {theirs} maar {number}!", one),
            "somebody else's": (f"Hoe staat het met {theirs}?", frozenset[str]()),
            "another brand's": (f"Hoe staat het met {self.foreign.order_number}?", frozenset[str]()),
            "nobody's": (f"Hoe staat het met {prefix}-{year}-98765?", frozenset[str]()),
            "quoted": (f"Prima, tot dan!\n\nOp ma 9 nov. 2026 schreef ChargeCars:\n> Uw order {number} is gepland.\n", one),
            "quoted footer": (f"Dank u wel.\n\n> Referentie {theirs}\n> ChargeCars, KvK 12345678\n", alone),
            "nothing named": ("Wanneer komt de monteur?", alone),
        }
        kind = rng.choice(list(kinds))
        said, right = kinds[kind]
        text = f"{rng.choice(GREETING)}\n\n{said}\n{rng.choice(NOISE)}".strip() if "quoted" not in kind else said
        subject = f"Re: {number}" if kind == "number" and rng.random() < 0.5 else rng.choice(("Vraag", "Laadpaal", ""))
        return Written(kind, customer, subject, text, right)


def _without(digits: str, rng: random.Random) -> str:
    place = rng.randrange(len(digits) - 3, len(digits))
    return digits[:place] + digits[place + 1 :]


def _swapped(digits: str) -> str:
    pairs = [i for i in range(len(digits) - 1) if digits[i] != digits[i + 1]]
    place = pairs[-1]
    return digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]


@pytest.fixture
def world(app_context: Flask, db_session: Session) -> World:
    brand, foreign = make_brand(db_session, name="ChargeCars"), make_brand(db_session, "laderthuis", "LaderThuis")
    channel = make_channel(db_session, brand, keyring=runtime().keyring)
    rng, customers = random.Random(7), []
    people = [make_contact(db_session, f"Klant {n}", value=f"3160000{n:04d}") for n in range(12)]
    mine: dict[int, list[Order]] = {n: [] for n in range(12)}
    wanted = [n for n in range(12) for _ in range(1 + n % 3)]
    rng.shuffle(wanted)
    for place, n in enumerate(wanted):
        done = OrderStatus.COMPLETED if rng.random() < 0.25 else OrderStatus.NEW
        order = make_order(db_session, brand, people[n], status=done, external_references={"shop": f"WEB-{7000 + 31 * place}"})
        order.order_number = f"CC-2026-{137 * (place + 3):05d}"
        mine[n].append(order)
    customers = [Customer(people[n], tuple(mine[n])) for n in range(12)]
    db_session.flush()
    return World(db_session, channel, tuple(customers), make_order(db_session, foreign, people[0]))


def test_messages_are_linked_with_the_order_they_are_about_and_never_with_a_wrong_one(world: World) -> None:
    rng, session, wrong = random.Random(2026), world.session, Counter[str]()
    written = [world.write(rng) for _ in range(MESSAGES)]
    linked = _links_of(world, written)
    owners = {order.order_number: order.customer_contact_id for order in session.execute(sa.select(Order)).scalars()}
    for one, found in zip(written, linked, strict=True):
        assert all(owners[number] == one.customer.contact.id for number in found), one
        assert world.foreign.order_number not in found, one
        wrong[one.kind] += found != one.right
    assert len({one.kind for one in written}) == 18
    assert sum(wrong.values()) <= MESSAGES * 0.03, dict(wrong)
    reasons = [
        event.payload["because"] for event in session.execute(sa.select(Event).where(Event.type == "OrderLinked")).scalars()
    ]
    assert set(reasons) == {because.value for because in Because} - {"reply", "hand"}


def test_a_link_that_was_taken_back_is_not_made_again(world: World) -> None:
    session, customer = world.session, next(one for one in world.customers if len(one.orders) == 1)
    thread, order = make_thread(session, world.channel, customer.contact), customer.orders[0]
    for expected in (1, 0):
        link_orders_of_messages(session, [_event(make_message(session, thread, f"Over {order.order_number}"))])
        session.flush()
        links = session.execute(sa.select(OrderThread).where(OrderThread.thread_id == thread.id)).scalars().all()
        assert len(links) == expected
        unlink_order(session, order, thread, now=NOW, actor=SYSTEM)


def test_a_mail_that_answers_in_a_new_thread_is_linked_with_the_order_of_what_it_answers(world: World) -> None:
    session, customer = world.session, next(one for one in world.customers if len(one.orders) == 3)
    for number, order in enumerate(customer.orders):
        thread = make_thread(session, world.channel, customer.contact)
        ours = make_message(session, thread, "Wij komen dinsdag.")
        session.add(OrderThread(order_id=order.id, thread_id=thread.id, linked_at=NOW))
        session.add(MessageKey(brand_id=order.brand_id, value=f"ours {number}", message_id=ours.id, role="own"))
    answer = make_message(session, make_thread(session, world.channel, customer.contact), "Prima!")
    answer.medium = "email"
    session.add(MessageKey(brand_id=customer.orders[1].brand_id, value="ours 1", message_id=answer.id, role="named"))
    session.flush()
    link_orders_of_messages(session, [_event(answer)])
    session.flush()
    linked = session.execute(sa.select(OrderThread.order_id).where(OrderThread.thread_id == answer.thread_id)).scalars()
    assert list(linked) == [customer.orders[1].id]


def test_a_text_from_a_machine_or_in_the_spam_is_linked_with_nothing(world: World) -> None:
    session, customer = world.session, world.customers[0]
    number = customer.orders[0].order_number
    bounce, spam = (make_thread(session, world.channel, customer.contact) for _ in range(2))
    texts = [make_message(session, bounce, number), make_message(session, spam, number)]
    texts[0].automatic = "bounce"
    mark_spam(session, thread_id=spam.id, now=NOW, because="sender")
    link_orders_of_messages(session, [_event(message) for message in texts])
    assert session.execute(sa.select(sa.func.count()).select_from(OrderThread)).scalar_one() == 0


def _event(message: object) -> Event:
    return Event(type="MessageReceived", message_id=message.id, occurred_at=NOW)  # type: ignore[attr-defined]


def _links_of(world: World, written: list[Written]) -> list[frozenset[str]]:
    """Each message in a conversation of its own, thirty in a transaction."""
    session, threads = world.session, []
    for start in range(0, len(written), 30):
        events = []
        for one in written[start : start + 30]:
            thread = make_thread(session, world.channel, one.customer.contact, subject=one.subject)
            message = make_message(session, thread, one.text)
            message.subject = one.subject
            events.append(_event(message))
            threads.append(thread.id)
        link_orders_of_messages(session, events)
    session.flush()
    query = sa.select(OrderThread.thread_id, Order.order_number).join(Order, Order.id == OrderThread.order_id)
    found: dict[object, set[str]] = {thread_id: set() for thread_id in threads}
    for row in session.execute(query.where(OrderThread.thread_id.in_(threads))):
        found[row.thread_id].add(row.order_number)
    return [frozenset(found[thread_id]) for thread_id in threads]
