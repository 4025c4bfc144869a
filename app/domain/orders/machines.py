"""The status machines of orders and of their lines. Pure."""

from __future__ import annotations

from app.core.transitions import REPORTERS, ActorKind, machine
from app.domain.orders.models import LineItemStatus, OrderStatus

ORDER, LINE_ITEM = "order", "line_item"
_S, _L = OrderStatus, LineItemStatus

ORDERS = machine(
    ORDER,
    OrderStatus,
    main_line=(_S.INTAKE_RECEIVED, _S.NEW, _S.QUOTED, _S.APPROVED, _S.SCHEDULED, _S.IN_PROGRESS, _S.COMPLETED),
    ways={
        _S.INTAKE_RECEIVED: (_S.NEW, _S.CANCELLED),
        _S.NEW: (_S.QUOTED, _S.APPROVED, _S.ON_HOLD, _S.CANCELLED),
        _S.QUOTED: (_S.APPROVED, _S.NEW, _S.ON_HOLD, _S.CANCELLED),
        _S.APPROVED: (_S.SCHEDULED, _S.QUOTED, _S.ON_HOLD, _S.CANCELLED),
        _S.SCHEDULED: (_S.IN_PROGRESS, _S.APPROVED, _S.ON_HOLD, _S.CANCELLED),
        _S.IN_PROGRESS: (_S.COMPLETED, _S.SCHEDULED, _S.ON_HOLD, _S.CANCELLED),
        _S.ON_HOLD: (_S.NEW, _S.QUOTED, _S.APPROVED, _S.SCHEDULED, _S.IN_PROGRESS, _S.CANCELLED),
        _S.COMPLETED: (_S.IN_PROGRESS,),
        _S.CANCELLED: (_S.NEW,),
    },
    guards={
        _S.QUOTED: ("lines", "priced"),
        _S.APPROVED: ("address",),
        _S.SCHEDULED: ("visit_planned",),
        _S.IN_PROGRESS: ("visit_begun",),
        _S.COMPLETED: ("no_visit_open",),
        _S.CANCELLED: ("no_visit_under_way",),
    },
    with_reason={
        ("*", _S.ON_HOLD),
        ("*", _S.CANCELLED),
        (_S.APPROVED, _S.QUOTED),
        (_S.COMPLETED, _S.IN_PROGRESS),
        (_S.CANCELLED, _S.NEW),
    },
    for_leads={(_S.COMPLETED, _S.IN_PROGRESS), (_S.CANCELLED, _S.NEW), (_S.IN_PROGRESS, _S.CANCELLED)},
    codes={
        _S.ON_HOLD: (
            "waiting_for_customer",
            "waiting_for_parts",
            "waiting_for_permit",
            "technical_problem",
            "payment_open",
            "other",
        ),
        _S.CANCELLED: ("customer_withdrew", "partner_withdrew", "not_possible", "duplicate", "other"),
    },
    initial=(_S.INTAKE_RECEIVED, _S.NEW, _S.QUOTED, _S.APPROVED),  # what comes later follows from visits
)

LINES = machine(
    LINE_ITEM,
    LineItemStatus,
    main_line=(_L.PRELIMINARY, _L.QUOTED, _L.ORDERED, _L.INSTALLED),
    ways={
        _L.PRELIMINARY: (_L.QUOTED, _L.ORDERED, _L.CANCELLED),
        _L.QUOTED: (_L.ORDERED, _L.CANCELLED),
        _L.ORDERED: (_L.INSTALLED, _L.CANCELLED),
        _L.INSTALLED: (_L.ORDERED,),
        _L.CANCELLED: (_L.PRELIMINARY, _L.QUOTED, _L.ORDERED),
    },
    with_reason={(_L.INSTALLED, _L.ORDERED)},
    jumpers=REPORTERS | {ActorKind.SYSTEM},  # it follows its order, which may be far ahead
)

# Lines follow their order forward, never back: by the order's status, how far at least.
_AT_LEAST = {
    _S.QUOTED: _L.QUOTED,
    _S.APPROVED: _L.ORDERED,
    _S.SCHEDULED: _L.ORDERED,
    _S.IN_PROGRESS: _L.ORDERED,
    _S.COMPLETED: _L.INSTALLED,
}


def follow(line: LineItemStatus, order: OrderStatus) -> LineItemStatus:
    """Return the status that a line with the status `line` gets when its order enters the status `order`."""
    if order is _S.CANCELLED:
        return line if line is _L.INSTALLED else _L.CANCELLED
    goal = _AT_LEAST.get(order)
    return goal if goal is not None and LINES.is_forward(line, goal) else line
