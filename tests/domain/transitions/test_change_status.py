"""The one door to a status: what it lets through, what it refuses and why, and what it writes down."""

from __future__ import annotations

import itertools
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from app.contract.address_parts import read_line
from app.core.ids import new_id
from app.core.transitions import ActorKind, replay
from app.domain.appointments.actions import set_appointment_state
from app.domain.appointments.models import AppointmentState
from app.domain.events.actions import SYSTEM, Actor
from app.domain.orders.actions import NewLine
from app.domain.orders.machines import ORDERS
from app.domain.orders.models import LineItem, Order, OrderStatus
from app.domain.transitions.actions import TransitionRefused, actor_kind_of, set_rule, undo_transition
from app.domain.transitions.queries import list_history, list_steps
from tests.domain.orders.factories import make_order
from tests.domain.transitions.conftest import Engine
from tests.factories import NOW

LINE = NewLine("Wallbox 11kW", unit_price=Decimal(749))


def ready(engine: Engine, status: OrderStatus = OrderStatus.NEW) -> Order:
    place = read_line("Kerkstraat 12, 1234AB Amsterdam")
    return make_order(engine.session, engine.desk.brand, engine.desk.pieter, lines=(LINE,), address=place, status=status)


def lines_of(engine: Engine, order: Order) -> list[str]:
    query = sa.select(LineItem.status).where(LineItem.order_id == order.id).order_by(LineItem.position)
    return [str(status) for status in engine.session.execute(query).scalars()]


def test_an_order_goes_its_way_and_everything_is_written_down(engine: Engine) -> None:
    order = ready(engine)
    engine.move(order, "quoted")
    engine.move(order, "approved", transition_reason="Akkoord per mail", business_context={"partner_order_id": "GRO-1"})
    visit = engine.visit(order)
    assert engine.status(order) is OrderStatus.SCHEDULED
    set_appointment_state(engine.session, visit.id, AppointmentState.ARRIVED, now=NOW, actor=engine.agent)
    assert engine.status(order) is OrderStatus.IN_PROGRESS
    set_appointment_state(engine.session, visit.id, AppointmentState.DONE, now=NOW, actor=engine.agent)
    last = engine.move(order, "completed", actor=Actor(by={"kind": "automation", "rule_id": str(new_id()), "name": "Klaar"}))
    assert replay(ORDERS, engine.steps(order)) == "completed" == engine.status(order)
    rows = list_history(engine.session, "order", [order.id])
    assert [row.transition.actor_kind.value for row in rows] == ["system", "user", "user", "system", "system", "rule"]
    assert [row.actor for row in rows] == ["", "Alice", "Alice", "", "", "Klaar"]
    assert rows[2].transition.business_context == {"partner_order_id": "GRO-1"}
    assert rows[3].transition.business_context == {"appointment_id": str(visit.id)}
    told = engine.desk.events("OrderStatusChanged")[-1].payload
    assert (told["from"], told["status"], told["transition_id"], told["seq"]) == ("in_progress", "completed", str(last.id), 6)
    assert lines_of(engine, order) == ["installed"]


def test_every_pair_happens_once_or_is_refused_with_its_reason(engine: Engine) -> None:
    for start, end in itertools.product(ORDERS.statuses, ORDERS.statuses):
        if start == end:
            continue
        order = ready(engine, OrderStatus(start))
        edge = ORDERS.edges.get((start, end))
        asked = {"actor": engine.lead, "transition_reason": "Zo is het"}
        blocked = end == "scheduled"  # no visit is planned
        if edge is None or blocked:
            with pytest.raises(TransitionRefused) as refused:
                engine.move(order, end, **asked)
            assert refused.value.code == ("guard" if edge else "transition_not_allowed"), (start, end)
            assert refused.value.allowed == tuple(one.to_status for one in ORDERS.edges_from(start))
            assert engine.steps(order) == [(None, start)]
        else:
            made = engine.move(order, end, **asked)
            assert engine.move(order, end, **asked).id == made.id
            assert engine.steps(order) == [(None, start), (start, end)]
        assert engine.status(order) == engine.steps(order)[-1][1]


def test_all_that_is_lacking_is_told_at_once(engine: Engine) -> None:
    order = make_order(engine.session, engine.desk.brand, engine.desk.pieter, lines=())
    with pytest.raises(TransitionRefused, match="The order is empty: add a line"):
        engine.move(order, "quoted")
    unpriced = make_order(engine.session, engine.desk.brand, engine.desk.pieter)
    with pytest.raises(TransitionRefused, match="A line has no price"):
        engine.move(unpriced, "quoted")
    with pytest.raises(TransitionRefused, match="No address is known"):
        engine.move(unpriced, "approved")
    engine.move(unpriced, "approved", transition_reason="Wordt opgehaald")
    steps = {step.to_status: step for step in list_steps(engine.session, "order", unpriced, may_reopen=False)}
    assert list(steps) == ["quoted", "scheduled", "on_hold", "cancelled"]
    assert steps["quoted"].lacks == ("A line has no price.",)
    assert not steps["quoted"].is_allowed
    assert steps["on_hold"].needs_reason
    assert "waiting_for_parts" in steps["on_hold"].codes


@pytest.mark.parametrize(
    ("start", "end", "more", "code"),
    [
        ("new", "on_hold", {}, "needs_reason"),
        ("new", "cancelled", {"reason_code": "because"}, "needs_reason"),
        ("in_progress", "cancelled", {"transition_reason": "Klant wil niet meer"}, "needs_lead"),
        ("completed", "in_progress", {"transition_reason": "Lekt"}, "needs_lead"),
        ("new", "approved", {"expected_from": "quoted"}, "status_moved_on"),
        ("new", "in_progress", {"transition_reason": "Nu"}, "transition_not_allowed"),
    ],
)
def test_an_agent_is_refused(engine: Engine, start: str, end: str, more: dict[str, str], code: str) -> None:
    order = ready(engine, OrderStatus(start))
    with pytest.raises(TransitionRefused) as refused:
        engine.move(order, end, **more)
    assert refused.value.code == code
    assert refused.value.reasons
    assert engine.desk.events("OrderStatusChanged") == []


def test_a_partner_passes_over_statuses_forward_only_and_opens_nothing_again(engine: Engine) -> None:
    partner = Actor(by={"kind": "partner", "id": str(engine.desk.brand.id), "name": "Groendus"})
    order = ready(engine)
    made = engine.move(order, "completed", actor=partner)
    assert made.business_context["skipped"] == ["quoted", "approved", "scheduled", "in_progress"]
    assert (made.actor_kind, made.actor_id, made.actor_name) == (ActorKind.PARTNER, engine.desk.brand.id, "Groendus")
    for status in ("in_progress", "new", "cancelled"):
        with pytest.raises(TransitionRefused):
            engine.move(order, status, actor=partner, transition_reason="Toch niet")
    planned = ready(engine, OrderStatus.APPROVED)
    engine.visit(planned)
    with pytest.raises(TransitionRefused, match="A visit is still open"):
        engine.move(planned, "completed", actor=partner)


def test_the_same_request_again_is_the_same_transition(engine: Engine) -> None:
    order = ready(engine)
    first = engine.move(order, "quoted", request_key="r1")
    engine.move(order, "new")
    assert engine.move(order, "quoted", request_key="r1").id == first.id
    assert engine.status(order) is OrderStatus.NEW


def test_what_is_undone_stays_in_the_history_and_takes_the_lines_back(engine: Engine) -> None:
    order = ready(engine)
    made = engine.move(order, "approved")
    assert lines_of(engine, order) == ["ordered"]
    back = undo_transition(engine.session, made.id, now=NOW + timedelta(seconds=5), actor=engine.agent)
    assert back.undoes_id == made.id
    assert undo_transition(engine.session, made.id, now=NOW, actor=engine.agent).id == back.id
    assert engine.steps(order) == [(None, "new"), ("new", "approved"), ("approved", "new")]
    assert (engine.status(order), lines_of(engine, order)) == (OrderStatus.NEW, ["quoted"])
    assert engine.desk.events("OrderStatusChanged")[-1].payload["undoes_id"] == str(made.id)


@pytest.mark.parametrize(("by", "seconds", "code"), [("system", 31, "undo_too_late"), ("bob", 5, "undo_not_yours")])
def test_an_undo_is_for_whoever_did_it_and_not_for_long(engine: Engine, by: str, seconds: int, code: str) -> None:
    made = engine.move(ready(engine), "approved", actor=engine.lead)
    actor = engine.agent if by == "bob" else engine.lead
    with pytest.raises(TransitionRefused) as refused:
        undo_transition(engine.session, made.id, now=NOW + timedelta(seconds=seconds), actor=actor)
    assert refused.value.code == code


def test_an_undo_is_of_the_last_transition_only(engine: Engine) -> None:
    order = ready(engine)
    first = engine.move(order, "quoted")
    engine.move(order, "approved")
    with pytest.raises(TransitionRefused, match="has since changed"):
        undo_transition(engine.session, first.id, now=NOW, actor=engine.agent)


def test_a_brand_forbids_a_step_or_asks_why(engine: Engine) -> None:
    rule = {"brand_id": engine.desk.brand.id, "entity_type": "order", "from_status": "new"}
    set_rule(engine.session, **rule, to_status="approved", is_forbidden=True, needs_reason=False)
    set_rule(engine.session, **rule, to_status="quoted", is_forbidden=False, needs_reason=True)
    order = ready(engine)
    with pytest.raises(TransitionRefused, match="The brand does not allow this status change"):
        engine.move(order, "approved")
    with pytest.raises(TransitionRefused, match="Enter a reason"):
        engine.move(order, "quoted")
    steps = {step.to_status: step for step in list_steps(engine.session, "order", order, may_reopen=True)}
    assert "approved" not in steps
    assert steps["quoted"].needs_reason
    set_rule(engine.session, **rule, to_status="approved", is_forbidden=False, needs_reason=False)
    engine.move(order, "approved")


def test_a_visit_that_falls_away_takes_the_order_back_and_an_open_one_holds_it(engine: Engine) -> None:
    order = ready(engine, OrderStatus.APPROVED)
    visit = engine.visit(order)
    set_appointment_state(engine.session, visit.id, AppointmentState.CANCELLED, now=NOW, actor=SYSTEM)
    assert engine.status(order) is OrderStatus.APPROVED
    set_appointment_state(engine.session, visit.id, AppointmentState.PLANNED, now=NOW, actor=SYSTEM)
    assert engine.status(order) is OrderStatus.SCHEDULED
    set_appointment_state(engine.session, visit.id, AppointmentState.IN_PROGRESS, now=NOW, actor=SYSTEM)
    with pytest.raises(TransitionRefused, match="A visit is under way"):
        engine.move(order, "cancelled", actor=engine.lead, reason_code="not_possible")


def test_a_visit_that_is_said_to_be_done_straight_away_has_begun_its_order_and_completes_nothing(engine: Engine) -> None:
    order = ready(engine, OrderStatus.APPROVED)
    visit = engine.visit(order)
    set_appointment_state(engine.session, visit.id, AppointmentState.DONE, now=NOW, actor=engine.agent)
    assert engine.status(order) is OrderStatus.IN_PROGRESS
    steps = {step.to_status: step for step in list_steps(engine.session, "order", order, may_reopen=False)}
    assert steps["completed"].is_allowed


def test_a_cancelled_order_that_is_opened_again_has_its_lines_back(engine: Engine) -> None:
    order = ready(engine, OrderStatus.APPROVED)
    engine.move(order, "cancelled", reason_code="duplicate")
    assert lines_of(engine, order) == ["cancelled"]
    engine.move(order, "new", actor=engine.lead, transition_reason="Toch niet dubbel")
    assert lines_of(engine, order) == ["ordered"]


def test_who_acts_is_known_by_what_acts(engine: Engine) -> None:
    kinds = {kind: actor_kind_of(Actor(by={"kind": kind})) for kind in ("automation", "partner", "form", "scenario", "sync")}
    assert [kind.value for kind in kinds.values()] == ["rule", "partner", "form", "scenario", "sync"]
    assert (actor_kind_of(engine.agent), actor_kind_of(SYSTEM)) == (ActorKind.USER, ActorKind.SYSTEM)
