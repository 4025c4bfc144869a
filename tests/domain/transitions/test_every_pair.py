"""Every pair of statuses of every kind of entity, by every kind of actor, with a reason and without: what the tables below allow
happens once, everything else is refused with its reason named and changes nothing.

The tables are written out here, apart from the machines they are about. A letter says what a step takes:
`y` nothing, `r` a reason, `L` a lead and a reason, `.` it is not allowed. Jumps forward are in a list of their own.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa

from app.contract.address_parts import read_line
from app.core.ids import new_id
from app.core.transitions import ActorKind, Machine, replay
from app.domain.appointments.machine import APPOINTMENTS
from app.domain.appointments.models import Appointment
from app.domain.events.actions import SYSTEM, Actor
from app.domain.orders.machines import LINES, ORDERS
from app.domain.orders.models import LineItem, Order, OrderStatus
from app.domain.transitions.actions import (
    FOR_LEADS,
    NEEDS_REASON,
    NOT_ALLOWED,
    TransitionRefused,
    change_entity_status,
    record_creation,
)
from app.domain.transitions.models import Transition
from app.domain.transitions.queries import list_history
from tests.domain.orders.factories import make_order
from tests.domain.transitions.conftest import Engine
from tests.domain.transitions.test_change_status import LINE
from tests.factories import NOW
from tests.support.full import IS_FULL

ORDER_TABLE = """
                intake new quoted approved scheduled in_progress on_hold completed cancelled
intake_received -      y   .      .        .         .           .       .         r
new             .      -   y      y        .         .           r       .         r
quoted          .      y   -      y        .         .           r       .         r
approved        .      .   r      -        y         .           r       .         r
scheduled       .      .   .      y        -         y           r       .         r
in_progress     .      .   .      .        y         -           r       y         L
on_hold         .      y   y      y        y         y           -       .         r
completed       .      .   .      .        .         L           .       -         .
cancelled       .      L   .      .        .         .           .       .         -
"""
LINE_TABLE = """
            preliminary quoted ordered installed cancelled
preliminary -           y      y       .         y
quoted      .           -      y       .         y
ordered     .           .      -       y         y
installed   .           .      r       -         .
cancelled   y           y      y       .         -
"""
VISIT_TABLE = """
            planned on_the_way arrived in_progress done not_home aborted cancelled
planned     -       y          y       y           y    y        r       y
on_the_way  y       -          y       y           .    y        r       y
arrived     .       .          -       y           y    y        r       .
in_progress .       .          .       -           y    .        r       .
done        y       .          .       y           -    .        .       .
not_home    y       .          y       .           .    -        .       y
aborted     y       .          .       y           .    .        -       y
cancelled   y       .          .       .           .    .        .       -
"""
OUTSIDE = {ActorKind.PARTNER, ActorKind.SCENARIO, ActorKind.SYNC}
EACH = {ActorKind.PARTNER, ActorKind.RULE, ActorKind.FORM, ActorKind.SCENARIO, ActorKind.SYNC}


@dataclass(frozen=True)
class Entity:
    """A machine and what is expected of it: its table, who may jump along which line, and how one comes to be."""

    machine: Machine
    model: type[Order | LineItem | Appointment]
    column: str
    table: str
    line: tuple[str, ...]
    jumpers: set[ActorKind] = field(default_factory=lambda: set(OUTSIDE))

    def takes(self, start: str, end: str) -> str:
        """The letter in the table."""
        row = next(one.split() for one in self.table.strip().splitlines()[1:] if one.split()[0] == start)
        return row[1 + self.machine.statuses.index(end)]

    def expected(self, start: str, end: str, kind: ActorKind, *, is_lead: bool, says_why: bool) -> str:
        """The code it is refused with; "" where it happens."""
        takes = self.takes(start, end)
        if takes == ".":
            return "" if kind in self.jumpers and self.is_ahead(start, end) else "transition_not_allowed"
        if takes == "L" and not (is_lead or kind is ActorKind.SYSTEM):
            return "needs_lead"
        return "needs_reason" if takes in "rL" and not says_why else ""

    def is_ahead(self, start: str, end: str) -> bool:
        return start in self.line[:-1] and end in self.line and self.line.index(start) < self.line.index(end)


KINDS = (
    Entity(
        ORDERS,
        Order,
        "status",
        ORDER_TABLE,
        ("intake_received", "new", "quoted", "approved", "scheduled", "in_progress", "completed"),
    ),
    Entity(
        LINES,
        LineItem,
        "status",
        LINE_TABLE,
        ("preliminary", "quoted", "ordered", "installed"),
        jumpers=OUTSIDE | {ActorKind.SYSTEM},
    ),
    Entity(APPOINTMENTS, Appointment, "state", VISIT_TABLE, ("planned", "on_the_way", "arrived", "in_progress", "done")),
)
WORDS = {"transition_not_allowed": NOT_ALLOWED, "needs_lead": FOR_LEADS, "needs_reason": NEEDS_REASON}
Pairs = list[tuple[str, str]]


def actors(engine: Engine) -> list[tuple[ActorKind, bool, Actor]]:
    """One of each kind, a colleague and a lead among them; and whether they are a lead."""
    made = [(kind, False, Actor(by={"kind": kind.value, "id": str(new_id()), "name": "x"})) for kind in sorted(EACH)]
    return [(ActorKind.USER, False, engine.agent), (ActorKind.USER, True, engine.lead), (ActorKind.SYSTEM, False, SYSTEM), *made]


def an_order(engine: Engine) -> Order:
    """Of which nothing is lacking but a visit."""
    place = read_line("Kerkstraat 12, 1234AB Amsterdam")
    return make_order(engine.session, engine.desk.brand, engine.desk.pieter, lines=(LINE,), address=place)


def made(engine: Engine, entity: Entity, start: str, end: str) -> uuid.UUID:
    """One that is in `start` and lacks nothing for `end`: an order that is to be scheduled has a visit planned, any other one
    that is done."""
    order = an_order(engine)
    if entity.model is LineItem:
        found = engine.session.execute(sa.select(LineItem.id).where(LineItem.order_id == order.id)).scalar_one()
    else:
        visit = engine.visit(order)
        if entity.model is Order and end != OrderStatus.SCHEDULED:
            put(engine, KINDS[2], visit.id, "done")
        found = order.id if entity.model is Order else visit.id
    put(engine, entity, found, start)
    return found


def put(engine: Engine, entity: Entity, entity_id: uuid.UUID, status: str) -> None:
    """As if it had been made so."""
    engine.session.execute(sa.delete(Transition).where(Transition.entity_id == entity_id))
    engine.session.execute(sa.update(entity.model).where(entity.model.id == entity_id).values({entity.column: status}))
    record_creation(engine.session, entity.machine.entity_type, entity_id, status, now=NOW, actor=SYSTEM)
    engine.session.expire_all()


def history(engine: Engine, entity: Entity, entity_id: uuid.UUID) -> list[tuple[str | None, str]]:
    rows = list_history(engine.session, entity.machine.entity_type, [entity_id])
    assert [row.transition.seq for row in rows] == list(range(1, len(rows) + 1))
    steps = [(row.transition.from_status, row.transition.to_status) for row in rows]
    column = getattr(entity.model, entity.column)
    now = engine.session.execute(sa.select(column).where(entity.model.id == entity_id)).scalar_one()
    assert replay(entity.machine, steps) == str(now), "the history leads to the present status"
    return steps


def attempt(engine: Engine, entity: Entity, entity_id: uuid.UUID, start: str, end: str, asked: dict[str, Any]) -> str:
    """The code it was refused with; "" where it happened, once, though it was asked for twice."""
    values = {"entity_type": entity.machine.entity_type, "entity_id": entity_id, "to_status": end, "now": NOW, **asked}
    savepoint, before = engine.session.begin_nested(), list[tuple[str | None, str]]([(None, start)])
    refused: TransitionRefused | None = None
    try:
        first = change_entity_status(engine.session, **values)
    except TransitionRefused as error:
        refused = error
    if refused is None:
        assert change_entity_status(engine.session, **values).id == first.id
        before.append((start, end))
    else:
        assert refused.reasons == (WORDS[refused.code],)
        assert (refused.from_status, refused.to_status) == (start, end)
    assert history(engine, entity, entity_id) == before
    savepoint.rollback()
    return refused.code if refused else ""


def pairs(entity: Entity) -> Pairs:
    return [(start, end) for start in entity.machine.statuses for end in entity.machine.statuses if start != end]


@pytest.mark.parametrize("entity", KINDS, ids=lambda entity: entity.machine.entity_type)
def test_what_the_table_allows_happens_once_and_all_else_is_refused(engine: Engine, entity: Entity) -> None:
    wrong, tried, happened = [], 0, 0
    for start, end in pairs(entity):
        entity_id = made(engine, entity, start, end)
        says = ("Zo is het", "") if IS_FULL or entity.takes(start, end) != "." else ("Zo is het",)
        for kind, is_lead, actor in actors(engine):
            for reason in says:
                expected = entity.expected(start, end, kind, is_lead=is_lead, says_why=bool(reason))
                asked = {"actor": actor, "transition_reason": reason}
                found = attempt(engine, entity, entity_id, start, end, asked)
                tried, happened = tried + 1, happened + (found == "")
                if found != expected:
                    wrong.append(f"{start} → {end} by {kind}{' (lead)' * is_lead}, {reason!r}: {found!r}, not {expected!r}")
    assert wrong == []
    assert tried >= len(pairs(entity)) * len(actors(engine))
    assert 0 < happened < tried


@pytest.mark.parametrize("entity", KINDS, ids=lambda entity: entity.machine.entity_type)
def test_the_status_it_has_is_no_transition(engine: Engine, entity: Entity) -> None:
    for status in entity.machine.statuses:
        entity_id = made(engine, entity, status, status)
        for _kind, _is_lead, actor in actors(engine):
            values: dict[str, Any] = {"entity_type": entity.machine.entity_type, "entity_id": entity_id, "now": NOW}
            change_entity_status(engine.session, to_status=status, actor=actor, **values)
            assert history(engine, entity, entity_id) == [(None, status)]
