"""Technicians see what their visits are about, for a while."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.domain.accounts.models import Role, User
from app.domain.appointments.actions import set_appointment_state
from app.domain.appointments.models import AppointmentState
from app.domain.appointments.own_visits import AFTER, BEFORE, is_of_own_visit
from app.domain.connections.models import Channel
from app.domain.events.actions import SYSTEM
from app.domain.orders.actions import link_thread
from app.domain.threads.models import Thread
from tests.domain.appointments.conftest import Desk
from tests.factories import make_contact, make_message, make_thread, make_user


def test_a_visit_opens_its_conversation_and_those_of_its_order_with_the_same_customer(desk: Desk) -> None:
    session, theo = desk.session, make_user(desk.session, "Theo", role=Role.TECHNICIAN, brands=(desk.brand,))
    channel = session.get_one(Channel, desk.thread.channel_id)
    stranger = make_contact(session, "Otto", value="31600000001")
    of_order, of_another, unrelated = (make_thread(session, channel, who) for who in (desk.pieter, stranger, desk.pieter))
    for thread in (of_order, of_another):
        link_thread(session, desk.order, thread.id, now=desk.now)
    desk.make(technician_user_id=theo.id, order_id=desk.order.id)

    def sees(thread: Thread) -> bool:
        return is_of_own_visit(session, user_id=theo.id, now=desk.now, thread_id=thread.id)

    assert [sees(thread) for thread in (desk.thread, of_order, of_another, unrelated)] == [True, True, False, False]
    message = make_message(session, desk.thread)
    assert is_of_own_visit(session, user_id=theo.id, now=desk.now, message_id=message.id)
    assert not is_of_own_visit(session, user_id=theo.id, now=desk.now)


def test_a_visit_of_somebody_else_a_cancelled_one_and_one_long_ago_open_nothing(desk: Desk) -> None:
    session = desk.session
    theo, tess = (make_user(session, name, role=Role.TECHNICIAN, brands=(desk.brand,)) for name in ("Theo", "Tess"))
    visit = desk.make(technician_user_id=theo.id)

    def sees(user: User, now: datetime) -> bool:
        return is_of_own_visit(session, user_id=user.id, now=now, thread_id=desk.thread.id)

    begins = visit.starts_at
    assert [sees(theo, at) for at in (begins - BEFORE, begins, begins + AFTER)] == [True, True, True]
    assert not sees(tess, begins)
    assert not sees(theo, begins - BEFORE - timedelta(seconds=1))
    assert not sees(theo, begins + AFTER + timedelta(seconds=1))
    set_appointment_state(session, visit.id, AppointmentState.CANCELLED, now=desk.now, actor=SYSTEM)
    assert not sees(theo, begins)
