"""What colleagues do about an order on its page: tasks, comments, internal tickets."""

from __future__ import annotations

import sqlalchemy as sa

from app.core.ids import new_id
from app.domain.orders.models import Order, OrderThread
from app.domain.tasks.models import Task
from app.domain.threads.models import Message, Thread, ThreadStatus
from tests.domain.orders.conftest import Desk
from tests.domain.orders.factories import make_order

BLOCK = {"HX-Request": "true", "HX-Target": "order-comments"}


def placed(desk: Desk) -> Order:
    order = make_order(desk.session, desk.brand, desk.pieter)
    desk.session.commit()
    return order


def test_a_task_is_made_and_shown_on_the_orders_page(desk: Desk) -> None:
    order = placed(desk)
    page = desk.get(f"/orders/{order.id}")
    assert f'hx-get="/orders/{order.id}/tasks"' in page
    made = desk.post("/tasks", order_id=order.id, title="Onderdeel bestellen", back="order")
    assert (made.status_code, made.location) == (303, f"/orders/{order.id}")
    task = desk.session.execute(sa.select(Task)).scalar_one()
    assert (task.order_id, task.brand_id, task.thread_id) == (order.id, desk.brand.id, None)
    beside = desk.get(f"/orders/{order.id}/tasks")
    assert "Onderdeel bestellen" in beside
    assert f'name="order_id" value="{order.id}"' in beside
    refused = desk.post("/tasks", order_id=order.id, title="", headers={"HX-Request": "true", "HX-Target": "order-tasks"})
    assert refused.status_code == 422
    assert "Enter what must be done." in refused.text


def test_comments_stand_on_the_order_in_one_closed_thread(desk: Desk) -> None:
    order, token = placed(desk), str(new_id())
    for _again in range(2):
        answer = desk.post(f"/orders/{order.id}/comments", headers=BLOCK, text="Wie belt?", client_token=token)
        assert answer.status_code == 200, answer.text
    assert answer.text.count("Wie belt?") == 1
    desk.post(f"/orders/{order.id}/comments", text="Doe ik.", client_token=str(new_id()))
    found = desk.session.execute(sa.select(Thread).join(OrderThread, OrderThread.thread_id == Thread.id)).scalars().all()
    assert [(one.subject, one.status, one.message_count) for one in found] == [(order.order_number, ThreadStatus.CLOSED, 2)]
    page = desk.get(f"/orders/{order.id}/comments")
    assert page.index("Wie belt?") < page.index("Doe ik.")
    assert desk.session.execute(sa.select(sa.func.count()).select_from(Message)).scalar_one() == 2 + desk.thread.message_count
    assert f"/threads/{found[0].id}" not in desk.get(f"/orders/{order.id}")
    refused = desk.post(f"/orders/{order.id}/comments", headers=BLOCK, text=" ")
    assert refused.status_code == 422
    assert "Write a comment" in refused.text


def test_an_internal_ticket_is_about_the_order_it_was_opened_from(desk: Desk) -> None:
    order = placed(desk)
    form = desk.get(f"/tickets/new?order_id={order.id}")
    assert order.order_number in form
    assert 'name="brand"' not in form
    answer = desk.post("/tickets", order_id=order.id, subject="Meterkast te vol", text="Wie kijkt?")
    assert answer.status_code == 303
    ticket = desk.session.execute(sa.select(Thread).where(Thread.subject == "Meterkast te vol")).scalar_one()
    assert desk.session.get(OrderThread, (order.id, ticket.id)) is not None
    assert order.order_number in desk.get(f"/threads/{ticket.id}/orders")
    assert "Meterkast te vol" in desk.get(f"/orders/{order.id}")


def test_nobody_else_sees_or_writes_them(desk: Desk) -> None:
    order = placed(desk)
    desk.post(f"/orders/{order.id}/comments", text="Geheim", client_token=str(new_id()))
    desk.as_user(desk.mallory)
    for path in ("comments", "tasks"):
        assert desk.client.plain.get(f"/orders/{order.id}/{path}").status_code == 404
    assert desk.client.plain.get(f"/tickets/new?order_id={order.id}").status_code == 404
