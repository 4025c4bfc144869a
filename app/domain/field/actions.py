"""Apply the actions that phones report, each only once, and return the answer for the phone.

The phone gives each action its id. The ledger row of an action is written in the same transaction as its effect, so an
action that is sent again changes nothing. The actions of one phone at one visit are applied in order, because each action
names the previous one in `after`.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import advisory_xact_lock
from app.core.text import known
from app.core.text import mark as N_
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import User
from app.domain.appointments.actions import lock_appointment
from app.domain.appointments.models import Appointment, AppointmentKind
from app.domain.events.actions import Subject, record
from app.domain.field.effects import EFFECTS, Report
from app.domain.field.errors import ActionConflict, ActionRefused
from app.domain.field.models import EVIDENCE, ActionKind, FieldFile, Outcome, PhoneAction
from app.domain.threads.actions import lock_thread

EARLIER = N_("This action is waiting, because an earlier action for this visit has not reached us yet.")
NO_FILE = N_("We have not received the photo yet.")
CHANGED = N_("We already received a different action with this ID, so we changed nothing.")
NOT_YOURS = N_("This visit is not assigned to you.")
GIVEN = known("This visit is now assigned to %(name)s.")
THROWN_AWAY = N_("You discarded this action.")
MOST_OFF = timedelta(days=400)


@dataclass(frozen=True)
class NewAction:
    """An action as a phone reports it.

    `after`: the id of the phone's previous action at this visit. `replaces`: the id of an action in conflict that this
    action settles. `occurred_at`: the time by the phone's clock. `clock_offset_ms`: how many milliseconds our clock is ahead
    of the phone's clock, as last measured.
    """

    id: uuid.UUID
    device_id: uuid.UUID
    visit_id: uuid.UUID
    kind: ActionKind
    body: dict[str, Any]
    occurred_at: datetime
    clock_offset_ms: int = 0
    file_id: uuid.UUID | None = None
    after: uuid.UUID | None = None
    replaces: uuid.UUID | None = None
    send_before: datetime | None = None  # what would reach the customer later than that does not


@dataclass(frozen=True)
class Answer:
    """The answer to a phone's action.

    `outcome`: applied | already | conflict | refused | discarded | waiting. "already" means that the action was applied
    before. "waiting" means that an earlier action or a file is missing: the phone sends the action again after it. `code`
    names the reason for programs, `words` is an English sentence that is translated for the reader. `choices`: the decisions
    offered in a conflict.
    """

    outcome: str
    code: str = ""
    words: str = ""
    choices: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)


def take_action(session: Session, new: NewAction, *, viewer: Viewer, now: datetime) -> Answer:
    """Apply a phone's action and return the answer. If the action was received before, return the stored answer and change
    nothing."""
    advisory_xact_lock(session, f"phone-action:{viewer.user_id}:{new.id}")
    earlier = session.get(PhoneAction, (viewer.user_id, new.id), populate_existing=True)
    if earlier is not None:
        return _again(earlier, new)
    if new.after is not None and session.get(PhoneAction, (viewer.user_id, new.after)) is None:
        return Answer("waiting", "earlier", EARLIER)
    if new.file_id is not None and session.get(FieldFile, (viewer.user_id, new.file_id)) is None:
        return Answer("waiting", "missing_upload", NO_FILE)
    answer, appointment = _apply(session, new, viewer=viewer, now=now)
    _note(session, new, answer, appointment, viewer=viewer, now=now)
    return answer


def discard_action(session: Session, action_id: uuid.UUID, *, device_id: uuid.UUID, user_id: uuid.UUID, now: datetime) -> Answer:
    """Discard an action that the phone has not sent yet, or for which it lost the answer.

    If the action had arrived already, it stays as it is, and its stored answer is returned. If it arrives later, it is
    ignored.
    """
    advisory_xact_lock(session, f"phone-action:{user_id}:{action_id}")
    earlier = session.get(PhoneAction, (user_id, action_id), populate_existing=True)
    if earlier is not None:
        return _stored(earlier)
    row = PhoneAction(user_id=user_id, id=action_id, device_id=device_id, kind=None, digest="", body={}, answer={})
    row.outcome, row.occurred_at, row.received_at = Outcome.DISCARDED, now, now
    session.add(row)
    session.flush()
    return Answer(Outcome.DISCARDED.value, words=THROWN_AWAY)


def keep_file(session: Session, kept: FieldFile) -> bool:
    """Add the row of a stored file. Return False if the user's file with this id is known already; the caller then deletes the
    new copy."""
    advisory_xact_lock(session, f"field-file:{kept.user_id}:{kept.id}")
    if session.get(FieldFile, (kept.user_id, kept.id)) is not None:
        return False
    session.add(kept)
    session.flush()
    return True


def digest_of(new: NewAction) -> str:
    """Return the SHA-256 digest of an action's content; a repeat of the action has the same one."""
    said = [str(new.visit_id), new.kind.value, new.body, str(new.file_id or ""), str(new.replaces or "")]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _again(earlier: PhoneAction, new: NewAction) -> Answer:
    if earlier.outcome != Outcome.DISCARDED and earlier.digest != digest_of(new):
        return Answer("refused", "changed", CHANGED)
    return _stored(earlier)


def _stored(row: PhoneAction) -> Answer:
    outcome = "already" if row.outcome == Outcome.APPLIED else row.outcome.value
    told = {**row.answer, "choices": tuple(row.answer.get("choices", ()))}
    return Answer(outcome, **told)


def _apply(session: Session, new: NewAction, *, viewer: Viewer, now: datetime) -> tuple[Answer, Appointment | None]:
    appointment: Appointment | None = None
    try:
        with session.begin_nested():
            appointment = _lock_visit(session, new.visit_id, viewer)
            _check_theirs(session, appointment, new, viewer)
            report = Report(new.id, appointment, new.body, new.file_id, new.send_before, viewer, now)
            told = EFFECTS[new.kind](session, report)
            session.flush()
        return Answer(Outcome.APPLIED.value, told.code, told.words), appointment
    except ActionConflict as held:
        return Answer(Outcome.CONFLICT.value, held.code, held.words, held.choices, held.details), appointment
    except ActionRefused as refused:
        return Answer(Outcome.REFUSED.value, refused.code, refused.words, details={"field": refused.field}), appointment


def _lock_visit(session: Session, visit_id: uuid.UUID, viewer: Viewer) -> Appointment:
    """Lock the visit's thread, then the visit, and return the visit. Merges lock in the same order.

    Raises `ActionRefused` if the viewer's brands have no such visit.
    """
    query = sa.select(Appointment.thread_id, Appointment.kind, Appointment.brand_id).where(Appointment.id == visit_id)
    found = session.execute(query).one_or_none()
    if found is None or found.kind != AppointmentKind.VISIT or found.brand_id not in viewer.brand_ids:
        raise ActionRefused("gone", NOT_YOURS)
    if found.thread_id is not None:
        lock_thread(session, found.thread_id)
    return lock_appointment(session, visit_id)


def _check_theirs(session: Session, appointment: Appointment, new: NewAction, viewer: Viewer) -> None:
    """Raise `ActionConflict` if the visit is not the viewer's own.

    There is one exception: the viewer may still hand in evidence (such as a photo) after the visit was given to somebody
    else. The new action then replaces one that is in conflict.
    """
    if appointment.technician_user_id == viewer.user_id:
        return
    held = session.get(PhoneAction, (viewer.user_id, new.replaces)) if new.replaces else None
    is_handed_in = held is not None and held.appointment_id == appointment.id and held.outcome == Outcome.CONFLICT
    if is_handed_in and new.kind in EVIDENCE:
        return
    name = session.execute(sa.select(User.name).where(User.id == appointment.technician_user_id)).scalar_one_or_none()
    words = GIVEN % {"name": name} if name else NOT_YOURS
    raise ActionConflict("given", words, choices=("hand_in", "discard"))


def _note(
    session: Session, new: NewAction, answer: Answer, appointment: Appointment | None, *, viewer: Viewer, now: datetime
) -> None:
    row = PhoneAction(user_id=viewer.user_id, id=new.id, device_id=new.device_id, kind=new.kind, digest=digest_of(new))
    row.appointment_id = appointment.id if appointment is not None else None
    row.body, row.file_id, row.replaces_id = new.body, new.file_id, new.replaces
    row.outcome = Outcome(answer.outcome)
    row.answer = {"code": answer.code, "words": answer.words, "choices": list(answer.choices), "details": answer.details}
    row.occurred_at, row.received_at = _put_right(session, new, appointment, now), now
    session.add(row)
    session.flush()
    if appointment is not None and row.outcome == Outcome.APPLIED:
        subject = Subject(brand_id=appointment.brand_id, thread_id=appointment.thread_id)
        payload = {"appointment_id": str(appointment.id), "kind": new.kind.value, "action_id": str(new.id)}
        payload |= {"label": new.body["label"]} if new.kind == ActionKind.PHOTO else {}
        about = ("appointment", appointment.id)
        record(session, "VisitReported", subject=subject, now=now, actor=viewer.actor, payload=payload, about=about)


def _put_right(session: Session, new: NewAction, appointment: Appointment | None, now: datetime) -> datetime:
    """Return the time of the action by our clock. It is never after `now`, and never before the latest action of the same phone
    at the visit."""
    off = timedelta(milliseconds=new.clock_offset_ms)
    told = min(max(new.occurred_at + off if abs(off) < MOST_OFF else now, now - MOST_OFF), now)
    if appointment is None:
        return told
    theirs = sa.and_(PhoneAction.appointment_id == appointment.id, PhoneAction.device_id == new.device_id)
    latest = session.execute(sa.select(sa.func.max(PhoneAction.occurred_at)).where(theirs)).scalar_one_or_none()
    return max(told, latest) if latest is not None else told
