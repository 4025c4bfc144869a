"""What became of a call, from its posts in any order."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.contract.calls import CallUpdate, LegState
from app.domain.threads.call_legs import CallLook, Leg, look_of_call, with_update
from app.domain.threads.calls import CallDirection, CallOutcome

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
JAN, OURS, DESK = "+31612345678", "+31201234567", "+31207654321"
IN, OUT = CallDirection.INCOMING, CallDirection.OUTGOING


def leg(
    leg_id: str, *states: str, incoming: bool = False, caller: str = JAN, called: str = DESK, seconds: int | None = None
) -> list[CallUpdate]:
    """The posts of one leg, numbered from 0; the last bears the duration."""
    news = [
        CallUpdate("CA1", leg_id, AT + timedelta(seconds=place), incoming, LegState(state), place, caller=caller, called=called)
        for place, state in enumerate(states)
    ]
    return [*news[:-1], replace(news[-1], seconds=seconds)]


def inbound(*states: str, **more: object) -> list[CallUpdate]:
    return leg("CA1", *states, incoming=True, called=OURS, **more)  # type: ignore[arg-type]


def look(news: list[CallUpdate]) -> CallLook | None:
    legs: dict[str, Leg] = {}
    for item in news:
        legs = with_update(legs, item)
    return look_of_call(legs, "CA1", ours=OURS)


def app_call(called: str) -> list[CallUpdate]:
    news = leg("CA1", "ringing", "talking", "completed", incoming=True, caller="", called=called, seconds=40)
    return [replace(item, by_phone_app=True, shown="client:alice") for item in news]


CALLS: dict[str, tuple[list[CallUpdate], tuple[CallDirection, CallOutcome, int | None]]] = {
    "answered": (
        [
            *inbound("ringing", "talking", "completed", seconds=95),
            *leg("CA2", "ringing", "talking", "completed", seconds=80),
        ],
        (IN, CallOutcome.REACHED, 80),
    ),
    "nobody there": (
        [*inbound("ringing", "talking", "completed", seconds=30), *leg("CA2", "ringing", "no_answer")],
        (IN, CallOutcome.NO_ANSWER, None),
    ),
    "all busy": (
        [*inbound("ringing", "completed"), *leg("CA2", "busy"), *leg("CA3", "ringing", "busy")],
        (IN, CallOutcome.BUSY, None),
    ),
    "one busy, one not there": (
        [*inbound("ringing", "completed"), *leg("CA2", "busy"), *leg("CA3", "no_answer")],
        (IN, CallOutcome.NO_ANSWER, None),
    ),
    "the second colleague took it": (
        [*inbound("ringing", "completed"), *leg("CA2", "no_answer"), *leg("CA3", "talking", "completed", seconds=12)],
        (IN, CallOutcome.REACHED, 12),
    ),
    "hung up while it rang": (inbound("ringing", "no_answer"), (IN, CallOutcome.NO_ANSWER, None)),
    "failed": (inbound("failed"), (IN, CallOutcome.FAILED, None)),
    "a machine took it": (inbound("ringing", "talking", "completed", seconds=20), (IN, CallOutcome.NO_ANSWER, None)),
    "put through, as the dial says": (
        [*inbound("ringing", "completed", seconds=50), CallUpdate("CA1", "CA1", AT, True, is_bridged=True)],
        (IN, CallOutcome.REACHED, 50),
    ),
    "the end of the dial alone": (
        [*inbound("ringing", "completed"), CallUpdate("CA1", "CA2", AT, False, LegState.COMPLETED, seconds=33)],
        (IN, CallOutcome.REACHED, 33),
    ),
    "still rings": ([*inbound("ringing"), *leg("CA2", "ringing")], (IN, CallOutcome.ONGOING, None)),
    "still talks": ([*inbound("ringing", "talking"), *leg("CA2", "ringing", "talking")], (IN, CallOutcome.ONGOING, None)),
    "ours, reached": (leg("CA1", "ringing", "talking", "completed", called=JAN, seconds=61), (OUT, CallOutcome.REACHED, 61)),
    "ours, busy": (leg("CA1", "ringing", "busy", called=JAN), (OUT, CallOutcome.BUSY, None)),
    "ours, not there": (leg("CA1", "ringing", "no_answer", called=JAN), (OUT, CallOutcome.NO_ANSWER, None)),
    "ours, a machine": (
        [*leg("CA1", "ringing", "completed", called=JAN, seconds=9), CallUpdate("CA1", "CA1", AT, False, by_machine=True)],
        (OUT, CallOutcome.VOICEMAIL, 9),
    ),
    "from our phone app, reached": (
        [*app_call(JAN), *leg("CA2", "talking", "completed", caller=OURS, called=JAN, seconds=31)],
        (OUT, CallOutcome.REACHED, 31),
    ),
    "from our phone app, busy": ([*app_call(JAN), *leg("CA2", "busy", caller=OURS, called=JAN)], (OUT, CallOutcome.BUSY, None)),
    "a phone app calls our own line": (app_call(OURS), (IN, CallOutcome.NO_ANSWER, None)),
}


@pytest.mark.parametrize(("news", "expected"), CALLS.values(), ids=CALLS)
def test_every_order_and_every_repeat_comes_to_the_same(
    news: list[CallUpdate], expected: tuple[CallDirection, CallOutcome, int | None]
) -> None:
    dice = random.Random(2)
    orders = list(itertools.permutations(news)) if len(news) < 6 else [dice.sample(news, len(news)) for _ in range(200)]
    for order in orders:
        repeated = [*order, *dice.choices(list(order), k=3)]
        for posts in (list(order), repeated):
            found = look(posts)
            assert found is not None
            assert (found.direction, found.outcome, found.seconds) == expected
            assert found.at == AT


def test_a_dialled_leg_alone_says_nothing_yet() -> None:
    assert look(leg("CA2", "ringing", "talking")) is None


def test_only_a_caller_nobody_spoke_to_was_missed() -> None:
    missed = {name for name, (news, _) in CALLS.items() if (found := look(news)) and found.is_missed}
    assert missed == {
        "nobody there", "all busy", "one busy, one not there", "hung up while it rang", "failed", "a machine took it",
        "a phone app calls our own line",
    }  # fmt: skip
