"""Add a phone call to the demo as its provider would report it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.contract.calls import CallUpdate, LegState
from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.connections.models import Channel
from app.domain.ingest.calls import apply_call
from app.domain.ingest.context import ApplyContext

# How a call went: the state it ended in, whether somebody here answered, whether a machine there did, whether it was recorded.
CALLS = {
    "missed": (LegState.NO_ANSWER, False, False, False),
    "busy": (LegState.BUSY, False, False, False),
    "spoke": (LegState.COMPLETED, True, False, True),
    "voicemail": (LegState.COMPLETED, False, True, False),
}


def tell_call(session: Session, channel: Channel, number: str, line: str, *, at: datetime) -> None:
    """Add a call with `number` to the contact's thread, at the time `at`.

    `line` is the direction ("<" incoming, ">" outgoing), how the call went (a key of CALLS), and its seconds: "< spoke 95".
    """
    is_incoming, (how, *seconds) = line[0] == "<", line[1:].split()
    state, is_bridged, by_machine, is_recorded = CALLS[how]
    call_id = f"CA{new_id().hex}"
    update = CallUpdate(
        call_id=call_id,
        leg_id=call_id,
        occurred_at=at,
        is_incoming=is_incoming,
        state=state,
        caller=number if is_incoming else channel.address,
        called=channel.address if is_incoming else number,
        is_bridged=is_bridged,
        by_machine=by_machine,
        seconds=int(seconds[0]) if seconds else None,
        recording={"id": f"RE{call_id[2:]}", "seconds": int(seconds[0])} if is_recorded else {},
    )
    apply_call(session, update, ApplyContext(channel=channel, event_id=new_id(), now=at, storage=runtime().storage))
