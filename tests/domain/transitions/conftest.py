"""The desk of orders, with a lead and ways to bring an order where a test begins."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain.accounts.models import Role
from app.domain.appointments.actions import AppointmentContent, plan_appointment
from app.domain.appointments.models import Appointment
from app.domain.events.actions import SYSTEM, Actor
from app.domain.orders.models import Order, OrderStatus
from app.domain.transitions.actions import change_entity_status
from app.domain.transitions.models import Transition
from app.domain.transitions.queries import list_history
from tests.domain.orders.conftest import Desk, desk
from tests.factories import NOW, make_user

__all__ = ["desk"]


class Engine:
    """Moves things of the desk through the engine; an order is ready for every guard but those of visits."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.session, self.now = desk, desk.session, NOW
        self.agent = Actor(desk.alice.id)
        self.lead = Actor(make_user(desk.session, "Lotte", role=Role.LEAD, brands=(desk.brand,)).id)

    def move(self, order: Order, status: str, *, actor: Actor | None = None, **more: object) -> Transition:
        values = {"entity_type": "order", "entity_id": order.id, "to_status": status, "now": self.now, **more}
        return change_entity_status(self.session, actor=actor or self.agent, **values)  # type: ignore[arg-type]

    def visit(self, order: Order, *, days: int = 1) -> Appointment:
        starts_at = self.now + timedelta(days=days)
        content = AppointmentContent(
            brand_id=order.brand_id,
            contact_id=order.customer_contact_id,
            title="Installatie",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=2),
            order_id=order.id,
        )
        return plan_appointment(self.session, content, now=self.now, actor=SYSTEM)

    def steps(self, order: Order) -> list[tuple[str | None, str]]:
        rows = list_history(self.session, "order", [order.id])
        assert [row.transition.seq for row in rows] == list(range(1, len(rows) + 1))
        return [(row.transition.from_status, row.transition.to_status) for row in rows]

    def status(self, order: Order) -> OrderStatus:
        self.session.refresh(order)
        return order.status


@pytest.fixture
def engine(desk: Desk) -> Engine:
    return Engine(desk)
