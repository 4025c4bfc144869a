"""What a fact of a report can be about; the numbers are stored and never used again for something else."""

from __future__ import annotations

from enum import IntEnum


class Kind(IntEnum):
    """One kind of fact. `met` says yes or no where the kind is a question, `open_seconds` how long it took where it is a time."""

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
    ORDER = 20  # an order was made
    ORDER_STEP = 21  # a time: how long an order was in the state it left
    SURVEY_SENT = 22  # met: the customer answered
    SATISFACTION = 23  # a score, 1 to 5; met: 4 or 5
    RECOMMENDS = 24  # a score, 0 to 10; met: 9 or 10; not met: up to 6; neither: between
    SOLVED = 25  # met: the customer says it was solved
    SPEED = 26  # a score, 1 to 5: how quick we were
    REACH = 27  # a score, 1 to 5: how easy we were to reach


TIMES = (Kind.FIRST_RESPONSE, Kind.NEXT_RESPONSE, Kind.RESOLVED)
SCORED = frozenset({Kind.SATISFACTION, Kind.RECOMMENDS, Kind.SPEED, Kind.REACH})


class SubjectKind(IntEnum):
    """What a fact is made from, and a mark names."""

    THREAD = 1
    TASK = 2
    SURVEY = 3
