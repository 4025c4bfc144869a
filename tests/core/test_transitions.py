"""Machines as data: which pairs are allowed for whom, and that a history leads to the present status."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.transitions import REPORTERS, ActorKind, Machine, machine, replay
from app.domain.appointments.machine import APPOINTMENTS
from app.domain.orders.machines import LINES, ORDERS, follow
from app.domain.orders.models import LineItemStatus, OrderStatus

MACHINES = (ORDERS, LINES, APPOINTMENTS)
names = [one.entity_type for one in MACHINES]
LEADS = {("completed", "in_progress"), ("cancelled", "new"), ("in_progress", "cancelled")}


@pytest.mark.parametrize("one", MACHINES, ids=names)
def test_each_pair_and_actor_is_an_edge_a_jump_forward_or_refused(one: Machine) -> None:
    for start, end, actor in itertools.product(one.statuses, one.statuses, ActorKind):
        edge = one.find(start, end, actor)
        line = one.main_line
        jumps = start in line and end in line and start != line[-1] and line.index(end) > line.index(start)
        is_for_leads = one is ORDERS and (start, end) in LEADS
        if (start, end) in one.edges:
            assert (edge is not None) == (not is_for_leads or actor in (ActorKind.USER, ActorKind.SYSTEM)), (start, end, actor)
        else:
            assert (edge is not None) == (jumps and actor in one.jumpers), (start, end, actor)


def test_the_orders_have_thirty_edges_of_seventy_two() -> None:
    assert (len(ORDERS.edges), len(ORDERS.statuses)) == (30, 9)
    assert {pair for pair, edge in ORDERS.edges.items() if edge.needs_lead} == LEADS


@pytest.mark.parametrize("one", MACHINES, ids=names)
def test_every_status_can_be_reached_and_has_a_way_on(one: Machine) -> None:
    reached, todo = set[str](), [one.statuses[0]]
    while todo:
        status = todo.pop()
        reached.add(status)
        todo += [edge.to_status for edge in one.edges_from(status) if edge.to_status not in reached]
    assert reached == set(one.statuses)
    assert all(one.edges_from(status) for status in one.statuses)


def test_only_those_who_report_from_outside_pass_over_statuses() -> None:
    assert ORDERS.skipped("new", "completed") == ("quoted", "approved", "scheduled", "in_progress")
    assert ORDERS.skipped("completed", "new") is None
    assert ORDERS.find("on_hold", "completed", ActorKind.PARTNER) is None
    assert {kind for kind in ActorKind if ORDERS.find("new", "completed", kind)} == set(REPORTERS)


def test_a_machine_knows_its_statuses_only() -> None:
    with pytest.raises(ValueError, match="sold"):
        machine("order", ("new",), ways={"new": ("sold",)}, main_line=("new",))


@given(st.data())
def test_a_history_replayed_gives_the_present_status(data: st.DataObject) -> None:
    one = data.draw(st.sampled_from(MACHINES))
    status = data.draw(st.sampled_from(one.statuses))
    steps: list[tuple[str | None, str]] = [(None, status)]
    for _ in range(data.draw(st.integers(0, 12))):
        following = data.draw(st.sampled_from([edge.to_status for edge in one.edges_from(status)]))
        steps.append((status, following))
        status = following
    assert replay(one, steps) == status
    if len(steps) > 2:
        with pytest.raises(ValueError, match="goes from"):
            replay(one, [*steps[:1], *steps[2:], (one.statuses[0], status), (one.statuses[1], status)])


@pytest.mark.parametrize("order", OrderStatus)
@pytest.mark.parametrize("line", LineItemStatus)
def test_lines_follow_their_order_forward_and_never_back(line: LineItemStatus, order: OrderStatus) -> None:
    after = follow(line, order)
    assert after is line or after is LineItemStatus.CANCELLED or LINES.is_forward(line, after)
    assert LINES.find(line, after, ActorKind.SYSTEM) is not None or after is line
    assert order is not OrderStatus.CANCELLED or after in (LineItemStatus.CANCELLED, LineItemStatus.INSTALLED)
