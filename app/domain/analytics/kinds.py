"""List the kinds of facts; their numbers are stored and never reused."""

from __future__ import annotations

from enum import IntEnum


class Kind(IntEnum):
    """A kind of fact. A kind with "met" in its comment is yes or no (`ReportFact.met`). A kind with "a time" has a duration
    (`open_seconds`)."""

    RECEIVED = 1  # a matter began
    FIRST_RESPONSE = 2  # a time: the first answer
    NEXT_RESPONSE = 3  # a time: an answer to what was asked after an answer
    RESOLVED = 4  # a time: the end of a matter
    FIRST_PROMISE = 5  # met: the first answer came when it was promised
    NEXT_PROMISE = 6
    RESOLUTION_PROMISE = 7
    CLOSING = 8  # a person closed the thread; work done, whatever came later
    REOPENED = 9  # a closing that did not last
    ONE_TOUCH = 10  # met: resolved by exactly one answer
    FIRST_CONTACT = 11  # met: nothing had to be asked again, known seven days later
    ESCALATED = 12
    MESSAGE_IN = 13
    MESSAGE_OUT = 14  # met: written with a template
    CALL = 15
    AUTO_ANSWER = 16
    ASSIGNED = 17  # met: the first holder of a matter came by a rule
    ROUTED = 18  # met: who came by a rule kept it, known a day later
    TASK = 19  # met: completed when it was due
    ORDER = 20  # an order was made, with what it comes to; 21 was never written
    SURVEY_SENT = 22  # met: the customer answered
    SATISFACTION = 23  # a score, 1 to 5; met: 4 or 5
    RECOMMENDS = 24  # a score, 0 to 10; met: 9 or 10; not met: up to 6; neither: between
    SOLVED = 25  # met: the customer says it was solved
    SPEED = 26  # a score, 1 to 5: how quick we were
    REACH = 27  # a score, 1 to 5: how easy we were to reach
    ORDER_QUOTED = 28  # met: a price was named and approved; not met: cancelled; neither: not decided
    ORDER_DONE = 29  # a time: from an order to the end of the work
    IN_INTAKE = 30  # a time: how long an order was in the state it left, one kind for each
    IN_NEW = 31
    IN_QUOTED = 32
    IN_APPROVED = 33
    IN_SCHEDULED = 34
    IN_PROGRESS = 35
    ON_HOLD = 36


IN_STATE = {
    "intake_received": Kind.IN_INTAKE,
    "new": Kind.IN_NEW,
    "quoted": Kind.IN_QUOTED,
    "approved": Kind.IN_APPROVED,
    "scheduled": Kind.IN_SCHEDULED,
    "in_progress": Kind.IN_PROGRESS,
    "on_hold": Kind.ON_HOLD,
}
"""Of each state of an order that is left again: the kind that says how long it lasted."""
ORDER_KINDS = frozenset({Kind.ORDER, Kind.ORDER_QUOTED, Kind.ORDER_DONE, *IN_STATE.values()})
TIMES = (Kind.FIRST_RESPONSE, Kind.NEXT_RESPONSE, Kind.RESOLVED, Kind.ORDER_DONE, *IN_STATE.values())
SCORED = frozenset({Kind.SATISFACTION, Kind.RECOMMENDS, Kind.SPEED, Kind.REACH})


class SubjectKind(IntEnum):
    """The kind of a subject: an entity from which facts are derived. A mark stores this kind and the id of the subject."""

    THREAD = 1
    TASK = 2
    SURVEY = 3
    ORDER = 4
