"""List the triggers of rules: events and times, with names for people."""

from __future__ import annotations

from app.core.text import mark as N_

UNANSWERED, SILENT, CLOCK = "unanswered", "silent", "clock"
ORDER_CREATED, ORDER_STATUS_CHANGED = "OrderCreated", "OrderStatusChanged"

EVENTS = {
    "MessageReceived": N_("A message comes in"),
    "MessageQueued": N_("We answer"),
    "NoteAdded": N_("A note is written"),
    "CallLogged": N_("A phone call is logged"),
    "ThreadAssigned": N_("The assignee changes"),
    "ThreadHandedOver": N_("The thread is assigned to a team"),
    "ThreadStatusChanged": N_("The status changes"),
    "ThreadPriorityChanged": N_("The priority changes"),
    "ThreadTypeChanged": N_("The type changes"),
    "ThreadTagged": N_("Tags change"),
    "SnoozeEnded": N_("The snooze ends"),
    "TaskCreated": N_("A task is added"),
    "TaskCompleted": N_("A task is completed"),
    ORDER_CREATED: N_("An order is added"),
    ORDER_STATUS_CHANGED: N_("The status of an order changes"),
    "PaymentReceived": N_("A payment comes in"),
    "AppointmentPlanned": N_("An appointment is planned"),
    "AppointmentDone": N_("An appointment is done"),
}
BY_TIME = {
    UNANSWERED: N_("No answer from us for some hours"),
    SILENT: N_("No reply from the customer for some hours"),
    CLOCK: N_("At a time of day"),
}
TRIGGERS = {**EVENTS, **BY_TIME}
# Their occasions are the messages themselves, so that what came in before there were rules counts as well.
MESSAGES = {
    "MessageReceived": "incoming",
    "MessageQueued": "outgoing",
    "NoteAdded": "internal_note",
    "CallLogged": "phone_call",
}

# What they are about is an order, or a visit of one.
OF_ORDERS = frozenset({ORDER_CREATED, ORDER_STATUS_CHANGED, "PaymentReceived", "AppointmentPlanned", "AppointmentDone"})


def value_of(payload: dict[str, object]) -> str:
    """Return the new value in an event's payload, such as a status, priority, assignee or tags. Return "" if the payload has
    none."""
    for name in ("outcome", "status", "to", "title"):
        if payload.get(name):
            return str(payload[name])
    return ", ".join(str(tag) for tag in payload.get("added") or ())  # type: ignore[attr-defined]
