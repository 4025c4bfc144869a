"""Calculate the state of a phone call from the reports of its legs. Pure: the same reports in any order give the same state.

A leg is one connection of a call, as a dict with the keys "state", "place", "caller", "called", "shown", "is_incoming",
"app", "talked", "machine", "bridged", "seconds" and "at".
An incoming call was answered if a person was connected; an answering machine does not count. The provider reports a call
made with our own phone app as incoming. Its state is the state of the leg that was dialled for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.contract.calls import CallUpdate, LegState
from app.domain.threads.calls import CallDirection, CallOutcome

TALKED = frozenset({LegState.TALKING, LegState.COMPLETED})
OVER = frozenset({LegState.COMPLETED, LegState.BUSY, LegState.NO_ANSWER, LegState.FAILED})
_ENDS: Mapping[str, CallOutcome] = {
    LegState.BUSY: CallOutcome.BUSY,
    LegState.FAILED: CallOutcome.FAILED,
    LegState.NO_ANSWER: CallOutcome.NO_ANSWER,
}

Leg = dict[str, Any]


@dataclass(frozen=True)
class CallLook:
    """The state of a call as its record shows it. `at` is the time of the first report.

    `number` is the number of the other party, "" if hidden; `shown` is another name of a caller. `seconds` is the length of
    the conversation, or None while the call lasts or if there was none.
    """

    direction: CallDirection
    outcome: CallOutcome
    at: datetime
    number: str = ""
    shown: str = ""
    seconds: int | None = None

    @property
    def is_over(self) -> bool:
        return self.outcome != CallOutcome.ONGOING

    @property
    def is_missed(self) -> bool:
        """Return whether the call came in, is over and reached nobody."""
        return self.direction == CallDirection.INCOMING and self.is_over and self.outcome != CallOutcome.REACHED


def with_update(legs: Mapping[str, Leg], update: CallUpdate) -> dict[str, Leg]:
    """Return the legs with the report added. A late or repeated report adds missing data but never sets a leg back to an
    earlier state."""
    known = legs.get(update.leg_id, {})
    leg: Leg = {
        "is_incoming": update.is_incoming,
        **known,
        "caller": known.get("caller") or update.caller,
        "called": known.get("called") or update.called,
        "shown": known.get("shown") or update.shown,
        "app": known.get("app", False) or update.by_phone_app,
        "machine": known.get("machine", False) or update.by_machine,
        "bridged": known.get("bridged", False) or update.is_bridged,
        "talked": known.get("talked", False) or update.state in TALKED,
        "seconds": max(filter(None, [known.get("seconds"), update.seconds]), default=None),
        "at": min(filter(None, [known.get("at"), update.occurred_at.isoformat()])),
    }
    if update.state is not None and _is_later(known, update):
        leg |= {"state": update.state.value, "place": known.get("place", -1) if update.place is None else update.place}
    return {**legs, update.leg_id: leg}


def _is_later(known: Leg, update: CallUpdate) -> bool:
    """Return whether the reported state is later than the known state. A report without a place counts as later if the leg has
    not ended."""
    if update.place is None:
        return known.get("state") not in OVER
    return update.place > int(known.get("place", -1))


def look_of_call(legs: Mapping[str, Leg], call_id: str, *, ours: str) -> CallLook | None:
    """Return the state of the call, or None if nothing was reported about its first leg yet. `ours` is the channel's number."""
    first = legs.get(call_id)
    if first is None:
        return None
    dialled = [leg for leg_id, leg in sorted(legs.items()) if leg_id != call_id]
    at = datetime.fromisoformat(min(leg["at"] for leg in legs.values()))
    if first["is_incoming"] and not (first["app"] and first["called"] != ours):
        return _incoming(first, dialled, at)
    return _outgoing(first, dialled, at)


def _incoming(first: Leg, dialled: list[Leg], at: datetime) -> CallLook:
    talked = [leg for leg in dialled if leg["talked"]]
    is_reached, is_over = bool(talked) or first["bridged"], first.get("state") in OVER
    seconds = max(filter(None, (leg["seconds"] for leg in talked)), default=first["seconds"])
    return CallLook(
        direction=CallDirection.INCOMING,
        outcome=CallOutcome.ONGOING if not is_over else CallOutcome.REACHED if is_reached else _why_missed(first, dialled),
        at=at,
        number=first["caller"],
        shown=first["shown"],
        seconds=seconds if is_over and is_reached else None,
    )


def _why_missed(first: Leg, dialled: list[Leg]) -> CallOutcome:
    """Return why the call was missed. The reason is busy or failed only if all dialled legs ended so; otherwise it is no
    answer."""
    states = {leg.get("state") for leg in dialled} or {first.get("state")}
    return _ENDS.get(str(states.pop()), CallOutcome.NO_ANSWER) if len(states) == 1 else CallOutcome.NO_ANSWER


def _outgoing(first: Leg, dialled: list[Leg], at: datetime) -> CallLook:
    theirs = next((leg for leg in dialled if leg["talked"]), dialled[-1] if dialled else None) if first["app"] else first
    leg = theirs or first
    is_over = first.get("state") in OVER or leg.get("state") in OVER
    outcome = _ENDS.get(str(leg.get("state")), CallOutcome.NO_ANSWER)
    if leg["talked"] and (leg is not first or not first["app"]):
        outcome = CallOutcome.VOICEMAIL if leg["machine"] else CallOutcome.REACHED
    return CallLook(
        direction=CallDirection.OUTGOING,
        outcome=outcome if is_over else CallOutcome.ONGOING,
        at=at,
        number=leg["called"] or first["called"],
        seconds=(leg["seconds"] or first["seconds"]) if is_over and leg["talked"] else None,
    )
