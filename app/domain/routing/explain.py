"""Explain why a thread waits for an assignee: find the first condition that nobody fulfils.

Pure. `pick_next.py` assigns threads by the same conditions.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.routing.models import AvailabilityState, RoutingRule
from app.domain.routing.queries import WaitingThread, Worker


class Hindrance(StrEnum):
    """The cause that keeps a thread waiting. The members go from rare causes to causes that change every minute."""

    NOBODY_SEES_IT = "nobody_sees_it"
    GIVEN_BACK = "given_back"
    NOBODY_OF_TEAM = "nobody_of_team"
    NO_SKILL = "no_skill"
    NO_LANGUAGE = "no_language"
    OUTSIDE_HOURS = "outside_hours"
    NOBODY_THERE = "nobody_there"
    ALL_FULL = "all_full"
    TIER_WAITS = "tier_waits"
    NONE = "none"  # it is given away at the next look


@dataclass(frozen=True)
class Reason:
    """Why a thread waits. `names`: the users who could take it without this hindrance; `away`: how many of them are away.

    `until`: the time at which the next tier of the rule is asked.
    """

    hindrance: Hindrance
    names: tuple[str, ...] = ()
    away: int = 0
    until: datetime | None = None


def why_waiting(thread: WaitingThread, *, rule: RoutingRule, workers: Sequence[Worker], now: datetime) -> Reason:
    """Return the first hindrance that keeps the thread waiting now."""
    left = [worker for worker in workers if worker.capacity > 0]
    for hindrance, passes in _sieves(thread, rule):
        before, left = left, [worker for worker in left if passes(worker)]
        if not left:
            away = sum(worker.state == AvailabilityState.AWAY for worker in before)
            return Reason(hindrance, tuple(worker.name for worker in before), away)
    return _among_present(thread, rule, left, now)


def _among_present(thread: WaitingThread, rule: RoutingRule, present: list[Worker], now: datetime) -> Reason:
    names = tuple(worker.name for worker in present)
    free = [worker for worker in present if worker.has_room(thread.weight)]
    if not free:
        return Reason(Hindrance.ALL_FULL, names)
    opens_at = [_asked_at(thread, rule, worker, present) for worker in free]
    if min(opens_at) <= now:
        return Reason(Hindrance.NONE, tuple(worker.name for worker in free))
    return Reason(Hindrance.TIER_WAITS, names, until=min(opens_at))


def _asked_at(thread: WaitingThread, rule: RoutingRule, worker: Worker, present: list[Worker]) -> datetime:
    """Return the time from which routing may give the thread to this worker.

    This is the time at which the thread began to wait. If the worker belongs to a later tier and somebody of an earlier tier
    is present, the minutes of the worker's tier are added.
    """
    tier = tier_of(rule, worker)
    if thread.team_id is not None or worker.user_id == thread.owner_id or tier is None:
        return thread.waiting_since
    earlier = [found for found in (tier_of(rule, other) for other in present) if found is not None and found < tier]
    minutes = rule.tiers[tier]["after_minutes"] if earlier else 0
    return thread.waiting_since + timedelta(minutes=minutes)


def tier_of(rule: RoutingRule, worker: Worker) -> int | None:
    """Return the index of the first tier to which the worker belongs. Return None if there is none."""
    for place, tier in enumerate(rule.tiers):
        if tier["team_id"] is None or uuid.UUID(tier["team_id"]) in worker.teams:
            return place
    return None


def _sieves(thread: WaitingThread, rule: RoutingRule) -> tuple[tuple[Hindrance, Callable[[Worker], bool]], ...]:
    language = thread.language if rule.speaks_language else None
    return (
        (Hindrance.NOBODY_SEES_IT, lambda w: thread.brand_id in w.brands),
        (Hindrance.NOBODY_OF_TEAM, lambda w: _is_asked(thread, rule, w)),
        (Hindrance.GIVEN_BACK, lambda w: w.user_id not in thread.refused_by),
        (Hindrance.NO_SKILL, lambda w: set(rule.skills) <= set(w.skills)),
        (Hindrance.NO_LANGUAGE, lambda w: language is None or language in w.languages),
        (Hindrance.OUTSIDE_HOURS, lambda w: w.is_at_work),
        (Hindrance.NOBODY_THERE, lambda w: w.is_present),
    )


def _is_asked(thread: WaitingThread, rule: RoutingRule, worker: Worker) -> bool:
    if thread.team_id is not None:
        return thread.team_id in worker.teams
    return worker.user_id == thread.owner_id or tier_of(rule, worker) is not None
