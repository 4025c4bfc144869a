"""Orders duplicated, split and merged: nothing is lost, no cent either, and each is taken back while nothing changed since."""

from __future__ import annotations

from decimal import Decimal

import pytest
import sqlalchemy as sa

from app.contract.address_parts import read_line
from app.domain.events.actions import Actor
from app.domain.events.models import Event
from app.domain.orders.actions import NewLine, link_thread
from app.domain.orders.lines import set_discount
from app.domain.orders.models import LineItem, Order, OrderPayment, OrderSource, OrderStatus, OrderThread
from app.domain.orders.payments import NewPayment, add_payment
from app.domain.orders.regroup import UnableToRegroup, duplicate_order, merge_orders, split_order, undo_regroup
from app.domain.tasks.actions import TaskContent, create_task
from app.domain.tasks.models import Task
from app.domain.threads.order_threads import find_order_of_thread
from app.domain.threads.tickets import NewTicket, open_ticket
from tests.domain.orders.conftest import Desk
from tests.domain.orders.factories import make_order
from tests.factories import NOW, make_contact

LINES = (NewLine("Wallbox 11kW", unit_price=Decimal("849")), NewLine("Kabel", Decimal("12.5"), unit_price=Decimal("4.37")))


def an_order(desk: Desk, **more: object) -> Order:
    values = {"lines": LINES, "address": read_line("Kerkstraat 12, 1234AB Amsterdam"), **more}
    return make_order(desk.session, desk.brand, desk.pieter, **values)


def who(desk: Desk) -> dict[str, object]:
    return {"now": NOW, "actor": Actor(desk.alice.id)}


def said(desk: Desk, order: Order) -> tuple[list[str], str]:
    query = sa.select(LineItem.description).where(LineItem.order_id == order.id).order_by(LineItem.position)
    desk.session.refresh(order)
    return list(desk.session.execute(query).scalars()), str(order.gross_total)


def test_a_duplicate_has_what_was_ordered_and_nothing_of_what_happened(desk: Desk) -> None:
    order = an_order(desk, discount=Decimal(10), external_references={"partner_order_id": "X"}, status=OrderStatus.APPROVED)
    made, event = duplicate_order(desk.session, order.id, **who(desk))  # type: ignore[arg-type]
    assert said(desk, made) == said(desk, order)
    assert (made.status, made.external_references, made.address_id) == (OrderStatus.NEW, {}, order.address_id)
    undo_regroup(desk.session, event, **who(desk))  # type: ignore[arg-type]
    assert (made.status, order.status) == (OrderStatus.CANCELLED, OrderStatus.APPROVED)
    with pytest.raises(UnableToRegroup):
        undo_regroup(desk.session, event, **who(desk))  # type: ignore[arg-type]


def test_lines_are_split_off_and_come_back(desk: Desk) -> None:
    order = an_order(desk)
    before = said(desk, order)
    cable = desk.session.execute(sa.select(LineItem).where(LineItem.description == "Kabel")).scalar_one()
    made, event = split_order(desk.session, order.id, [cable.id], **who(desk))  # type: ignore[arg-type]
    assert said(desk, order) == (["Wallbox 11kW"], "1027.29")
    assert said(desk, made) == (["Kabel"], "66.10")
    undo_regroup(desk.session, event, **who(desk))  # type: ignore[arg-type]
    assert said(desk, order) == before
    assert made.status is OrderStatus.CANCELLED


def test_neither_all_lines_nor_none_nor_too_large_a_discount_is_split(desk: Desk) -> None:
    order = an_order(desk, discount=Decimal(800))
    wallbox, cable = desk.session.execute(sa.select(LineItem).order_by(LineItem.position)).scalars()
    for ids in ([], [wallbox.id, cable.id], [wallbox.id]):
        with pytest.raises(UnableToRegroup), desk.session.begin_nested():
            split_order(desk.session, order.id, ids, **who(desk))  # type: ignore[arg-type]


def test_two_orders_become_one_and_are_parted_again(desk: Desk) -> None:
    order, other = an_order(desk, discount=Decimal(5)), an_order(desk, discount=Decimal(20), external_references={"a": "b"})
    former = said(desk, order), said(desk, other)
    link_thread(desk.session, other, desk.thread.id, now=NOW)
    payment = NewPayment("test:1", Decimal(100), "EUR", "iDEAL", NOW)
    add_payment(desk.session, other, payment, **who(desk))  # type: ignore[arg-type]
    event = merge_orders(desk.session, order.id, other.id, **who(desk))  # type: ignore[arg-type]
    assert said(desk, order)[0] == ["Wallbox 11kW", "Kabel", "Wallbox 11kW", "Kabel"]
    assert (order.discount_amount, order.external_references) == (Decimal(25), {"a": "b"})
    assert other.status is OrderStatus.CANCELLED
    assert desk.session.execute(sa.select(OrderPayment.order_id)).scalar_one() == order.id
    assert desk.session.get(OrderThread, (order.id, desk.thread.id)) is not None
    undo_regroup(desk.session, event, **who(desk))  # type: ignore[arg-type]
    assert (said(desk, order), said(desk, other)) == former
    assert (other.status, order.external_references) == (OrderStatus.NEW, {})
    assert desk.session.execute(sa.select(OrderPayment.order_id)).scalar_one() == other.id
    assert desk.session.execute(sa.select(OrderThread.order_id)).scalar_one() == other.id


def test_tasks_tickets_and_conversations_follow_a_merge_and_come_back(desk: Desk) -> None:
    order, other = an_order(desk), an_order(desk)
    ticket = open_ticket(desk.session, NewTicket(desk.brand.id, "Meterkast", order=other), **who(desk), author_name="Alice")  # type: ignore[arg-type]
    task, own = (a_task(desk, one) for one in (other, order))
    event = merge_orders(desk.session, order.id, other.id, **who(desk))  # type: ignore[arg-type]
    assert [desk.session.get_one(Task, one.id, populate_existing=True).order_id for one in (task, own)] == [order.id, order.id]
    assert desk.session.get(OrderThread, (order.id, ticket.id)) is not None
    moved_since = a_task(desk, other)
    undo_regroup(desk.session, event, **who(desk))  # type: ignore[arg-type]
    found = [desk.session.get_one(Task, one.id, populate_existing=True).order_id for one in (task, own, moved_since)]
    assert found == [other.id, order.id, other.id]
    assert desk.session.get(OrderThread, (order.id, ticket.id)) is None


def test_what_was_put_elsewhere_since_stays_there(desk: Desk) -> None:
    order, other, third = an_order(desk), an_order(desk), an_order(desk)
    task = a_task(desk, other)
    event = merge_orders(desk.session, order.id, other.id, **who(desk))  # type: ignore[arg-type]
    desk.session.get_one(Task, task.id, populate_existing=True).order_id = third.id
    undo_regroup(desk.session, event, **who(desk))  # type: ignore[arg-type]
    assert desk.session.get_one(Task, task.id, populate_existing=True).order_id == third.id


def test_a_split_off_order_knows_the_conversations_and_its_tasks_go_home_when_it_is_undone(desk: Desk) -> None:
    order = an_order(desk)
    link_thread(desk.session, order, desk.thread.id, now=NOW)
    cable = desk.session.execute(sa.select(LineItem).where(LineItem.description == "Kabel")).scalar_one()
    stays = a_task(desk, order)
    made, event = split_order(desk.session, order.id, [cable.id], **who(desk))  # type: ignore[arg-type]
    assert desk.session.get(OrderThread, (made.id, desk.thread.id)) is not None
    assert find_order_of_thread(desk.session, desk.thread.id).id == order.id  # type: ignore[union-attr]
    task = a_task(desk, made)
    undo_regroup(desk.session, event, **who(desk))  # type: ignore[arg-type]
    assert [desk.session.get_one(Task, one.id, populate_existing=True).order_id for one in (task, stays)] == [order.id, order.id]
    assert desk.session.get(OrderThread, (made.id, desk.thread.id)) is None


def a_task(desk: Desk, order: Order) -> Task:
    return create_task(desk.session, TaskContent(desk.brand.id, "Onderdeel bestellen", order_id=order.id), **who(desk))  # type: ignore[arg-type]


def test_a_merge_is_not_taken_back_once_something_changed(desk: Desk) -> None:
    order, other = an_order(desk), an_order(desk)
    event = merge_orders(desk.session, order.id, other.id, **who(desk))  # type: ignore[arg-type]
    set_discount(desk.session, order.id, Decimal(1), **who(desk))  # type: ignore[arg-type]
    with pytest.raises(UnableToRegroup):
        undo_regroup(desk.session, event, **who(desk))  # type: ignore[arg-type]


@pytest.mark.parametrize("why", ["itself", "customer", "money", "ended", "partner"])
def test_what_are_two_orders_stay_two(desk: Desk, why: str) -> None:
    order = an_order(desk)
    more = {"money": {"prices_include_tax": True}, "ended": {"status": OrderStatus.CANCELLED}}.get(why, {})
    more |= {"source": OrderSource.PARTNER} if why == "partner" else {}
    other = an_order(desk, **more)
    if why == "customer":
        other = make_order(desk.session, desk.brand, make_contact(desk.session, "Emma", value="31600000002"), lines=LINES)
    with pytest.raises(UnableToRegroup):
        merge_orders(desk.session, order.id, order.id if why == "itself" else other.id, **who(desk))  # type: ignore[arg-type]
    assert desk.events("OrderRegrouped") == []


def test_pages_split_and_merge_and_offer_the_undo(desk: Desk) -> None:
    order, other = an_order(desk), an_order(desk)
    desk.session.commit()
    assert "There is no order with this number." in desk.post(f"/orders/{order.id}/merge", number="XX-1").text
    answer = desk.post(f"/orders/{order.id}/merge", number=other.order_number.lower())
    assert answer.status_code == 303
    text = desk.get(answer.location)
    assert f"Alice merged {other.order_number} into this order" in text
    assert f"{other.order_number}: Switchyard created the order" in text, "what happened to the other one is told here"
    assert f"{other.order_number}: Alice changed the status from" in text
    event = desk.session.execute(sa.select(Event).where(Event.payload.has_key("versions"))).scalar_one()
    path = f"/orders/{order.id}/regroupings/{event.id}/undo"
    assert path in text
    assert desk.post(path).status_code == 303
    assert desk.post(path).status_code == 409
    assert f"{other.order_number}: " not in desk.get(f"/orders/{order.id}")
    made = desk.post(f"/orders/{order.id}/duplicate")
    assert "Duplicate this order" in desk.get(made.location)
    desk.as_user(desk.mallory)
    for action in ("duplicate", "split", "merge"):
        assert desk.post(f"/orders/{order.id}/{action}").status_code == 404
