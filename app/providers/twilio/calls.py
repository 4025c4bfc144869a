"""Parse a stored Twilio post about a call: the progress of a leg, the end of a dialled leg, or a recording."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from app.contract.base import ChannelAccount, Parsed
from app.contract.calls import CallUpdate, LegState
from app.contract.receive import SignedPost
from app.core.text import known
from app.providers.twilio.form import fingerprint, needed, read_fields, whole_number
from app.providers.twilio.incoming import SmsPosts
from app.providers.twilio.numbers import is_hidden, number_of

SID = ("CallSid",)
_UNKNOWN_STATUS = known("the call has the unknown status %(status)s")
_A_DAY = 86_400
_STATES = {
    "queued": LegState.RINGING,
    "initiated": LegState.RINGING,
    "ringing": LegState.RINGING,
    "in-progress": LegState.TALKING,
    "answered": LegState.TALKING,
    "completed": LegState.COMPLETED,
    "busy": LegState.BUSY,
    "failed": LegState.FAILED,
    "no-answer": LegState.NO_ANSWER,
    "canceled": LegState.NO_ANSWER,
}
_NAMES = ("To", "From", "Called", "Caller", "ForwardedFrom")


class VoicePosts(SmsPosts):
    """The receiver of posts about calls (`UrlSignedReceiver`)."""

    def dedupe_key(self, post: SignedPost) -> str:
        fields = read_fields(post.body)
        place = fields.get("SequenceNumber", "")[:12]
        return f"{needed(fields, SID)}:{place}:{fingerprint(post.body)}"

    def names(self, body: bytes) -> tuple[str, ...]:
        fields = read_fields(body)
        return tuple(fields[name].strip() for name in _NAMES if fields.get(name, "").strip())

    def parse(self, body: bytes, *, query: str, account: ChannelAccount, received_at: datetime) -> Parsed:
        """Parse the leg that the post is about. If the post reports the end of a leg dialled for it, parse that leg as well."""
        fields = read_fields(body)
        status = fields.get("CallStatus", "").strip().lower()
        if status and status not in _STATES:
            return Parsed(problems=(_UNKNOWN_STATUS % {"status": status[:40]},))
        own = _own_leg(fields, needed(fields, SID), _STATES.get(status), received_at)
        dialled = _dialled_leg(fields, own)
        return Parsed(calls=(own, dialled) if dialled else (own,))


def _own_leg(fields: Mapping[str, str], sid: str, state: LegState | None, received_at: datetime) -> CallUpdate:
    caller = fields.get("From") or fields.get("Caller", "")
    is_shown = not number_of(caller) and not is_hidden(caller)
    return CallUpdate(
        call_id=fields.get("ParentCallSid", "").strip()[:200] or sid,
        leg_id=sid,
        occurred_at=_time(fields.get("Timestamp", ""), received_at),
        is_incoming=fields.get("Direction", "inbound").strip().lower().startswith("inbound"),
        state=state,
        place=whole_number(fields.get("SequenceNumber", "")) if state is not None else None,
        caller=number_of(caller),
        called=number_of(fields.get("To") or fields.get("Called", "")),
        shown=caller.strip()[:200] if is_shown else "",
        by_phone_app=caller.strip().startswith("client:"),
        is_bridged=fields.get("DialBridged", "").strip().lower() == "true",
        by_machine=fields.get("AnsweredBy", "").strip().lower().startswith("machine"),
        seconds=whole_number(fields.get("CallDuration", ""), most=_A_DAY * 7),
        recording=_recording(fields),
    )


def _dialled_leg(fields: Mapping[str, str], own: CallUpdate) -> CallUpdate | None:
    """Return the update of the leg that was dialled to a colleague. Return None if the post does not say how that leg ended."""
    state = _STATES.get(fields.get("DialCallStatus", "").strip().lower())
    if state is None:
        return None
    leg_id = fields.get("DialCallSid", "").strip()[:200] or f"{own.leg_id}:dialled"
    seconds = whole_number(fields.get("DialCallDuration", ""), most=_A_DAY * 7)
    return CallUpdate(own.call_id, leg_id, own.occurred_at, is_incoming=False, state=state, seconds=seconds)


def _recording(fields: Mapping[str, str]) -> dict[str, object]:
    sid = fields.get("RecordingSid", "").strip()[:64]
    if not sid or fields.get("RecordingStatus", "").strip().lower() == "absent":
        return {}
    seconds = whole_number(fields.get("RecordingDuration", ""), most=_A_DAY * 7)
    return {"id": sid, "url": fields.get("RecordingUrl", "").strip()[:500], "seconds": seconds}


def _time(text: str, otherwise: datetime) -> datetime:
    """Return the time in the post if it is plausible, else `otherwise`, the time of its arrival.

    A time is plausible if it is not after the arrival and less than a week before it.
    """
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return otherwise
    at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    return at if 0 <= (otherwise - at).total_seconds() < 7 * _A_DAY else otherwise
