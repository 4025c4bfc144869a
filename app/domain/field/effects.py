"""What each kind of action does at the office. The visit and its thread are locked; nothing here commits.

What a technician measured, ticked and signed lies in the ledger alone (`record.py` reads it back); notes, photos and messages go
into the conversation of the visit as well.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.runtime import runtime
from app.core.text import known
from app.core.text import mark as N_
from app.domain.accounts.access import Viewer
from app.domain.appointments.models import Appointment
from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact
from app.domain.delivery.actions import Reply, ReplyContext, queue_reply
from app.domain.delivery.errors import UnableToReply
from app.domain.field.errors import ActionConflict, ActionRefused
from app.domain.field.models import ActionKind, FieldFile
from app.domain.field.steps import REASONS, VisitStep, next_steps, write_step
from app.domain.threads.actions import ThreadMovedOn, add_note
from app.domain.threads.models import Attachment, Thread
from app.domain.transitions.actions import TransitionRefused

STEP_WORDS = {
    VisitStep.PLANNED: N_("Planned"),
    VisitStep.ON_THE_WAY: N_("On the way"),
    VisitStep.ARRIVED: N_("Arrived"),
    VisitStep.IN_PROGRESS: N_("In progress"),
    VisitStep.DONE: N_("Done"),
    VisitStep.NOT_HOME: N_("Nobody at home"),
    VisitStep.ABORTED: N_("Broken off"),
    VisitStep.CANCELLED: N_("Cancelled"),
}
LABEL_WORDS = {
    "before": N_("Before"),
    "after": N_("After"),
    "fuse_box": N_("Fuse box"),
    "charger": N_("Charger"),
    "nameplate": N_("Nameplate"),
    "other": N_("Other"),
}
NOT_FROM_HERE = known("The visit stands at “%(now)s”, from where “%(to)s” does not follow.")
CALLED_OFF = N_("The office cancelled this visit.")
NO_THREAD = N_("This visit has no conversation. Call the customer instead.")
NO_CHANNEL = N_("The conversation has no channel to answer on. Call the customer instead.")
NEWER = N_("Somebody wrote in this conversation after what you had seen.")
NOT_TOLD = known("The customer was not told: %(why)s")
TOO_LATE = N_("The customer was not told: it arrived here too late.")
WHY_NEEDED = N_("Say why.")
PHOTO_OF = known("Photo: %(label)s")


@dataclass(frozen=True)
class Report:
    """An action and where it belongs."""

    id: uuid.UUID
    appointment: Appointment
    body: dict[str, Any]
    file_id: uuid.UUID | None
    send_before: datetime | None
    viewer: Viewer
    now: datetime


@dataclass(frozen=True)
class Told:
    """What the technician hears besides that it arrived."""

    code: str = ""
    words: str = ""


def _take_step(session: Session, report: Report) -> Told:
    to, now_at = VisitStep(report.body["to"]), report.appointment.state
    if to == now_at:
        return Told("same")
    if now_at == VisitStep.CANCELLED:
        raise ActionConflict("cancelled", CALLED_OFF, choices=("hand_in", "discard"))
    if to not in next_steps(now_at):
        words = NOT_FROM_HERE % {"now": STEP_WORDS[now_at], "to": STEP_WORDS[to]}
        raise ActionConflict("not_allowed", words, choices=("hand_in", "discard"), details={"now": now_at.value})
    why = {"reason_code": str(report.body.get("reason") or ""), "reason": str(report.body.get("text") or "")}
    if to in REASONS and not why["reason_code"]:
        raise ActionRefused("reason", WHY_NEEDED, field="reason")
    try:
        write_step(session, report.appointment, to, **why, now=report.now, actor=report.viewer.actor)
    except TransitionRefused as refused:
        raise ActionConflict("not_allowed", str(refused), choices=("hand_in", "discard")) from refused
    return _tell_customer(session, report) if to == VisitStep.ON_THE_WAY and report.body.get("minutes") else Told()


def _tell_customer(session: Session, report: Report) -> Told:
    """That somebody is on the way; what cannot be said does not hold the step up."""
    if report.send_before is not None and report.now > report.send_before:
        return Told("without_message", TOO_LATE)
    try:
        with session.begin_nested():
            _send(session, report, _on_the_way_words(session, report))
    except (ActionRefused, ActionConflict) as error:
        return Told("without_message", NOT_TOLD % {"why": error.words})
    return Told("with_message")


def _on_the_way_words(session: Session, report: Report) -> str:
    contact = session.get_one(Contact, report.appointment.contact_id)
    there = (report.now + timedelta(minutes=int(report.body["minutes"]))).astimezone(ZoneInfo(report.appointment.zone))
    with force_locale(contact.language if contact.language in ("nl", "en", "fr") else "nl"):
        return str(
            _("%(name)s is on the way and will be there at about %(time)s.", name=report.viewer.name, time=f"{there:%H:%M}")
        )


def _send_message(session: Session, report: Report) -> Told:
    seen = report.body.get("last_seen_message_id")
    _send(session, report, report.body["text"], last_seen=uuid.UUID(seen) if seen else None)
    return Told()


def _send(session: Session, report: Report, text: str, *, last_seen: uuid.UUID | None = None) -> None:
    thread = session.get(Thread, report.appointment.thread_id) if report.appointment.thread_id else None
    if thread is None:
        raise ActionRefused("no_thread", NO_THREAD)
    channel = session.get(Channel, thread.channel_id) if thread.channel_id else None
    if channel is None:
        raise ActionRefused("no_channel", NO_CHANNEL)
    reply = Reply(
        thread_id=thread.id,
        text=text,
        channel_id=channel.id,
        last_seen_message_id=last_seen,
        client_token=report.id,
        takes_thread=False,
    )
    try:
        queue_reply(
            session,
            reply,
            channel=channel,
            author=report.viewer.actor,
            author_name=report.viewer.name,
            context=_reply_context(channel, report.now),
        )
    except ThreadMovedOn as moved:
        newer = [{"id": str(one.id), "name": str(one.sender.get("name") or ""), "text": one.text[:500]} for one in moved.newer]
        raise ActionConflict(
            "newer_message", NEWER, choices=("send_anyway", "change", "discard"), details={"newer": newer}
        ) from moved
    except UnableToReply as error:
        raise ActionRefused("unable", str(error), field=error.field) from error


def _reply_context(channel: Channel, now: datetime) -> ReplyContext:
    house = runtime()
    rules = house.adapters.rules[channel.channel_type.value]
    return ReplyContext(rules=rules, mail_keys=house.mail_keys, mail_domain=house.settings.mail_domain, now=now)


def _write_note(session: Session, report: Report) -> Told:
    _add_note(session, report, report.body["text"])
    return Told()


def _keep_photo(session: Session, report: Report) -> Told:
    """Beside its place in the ledger it hangs on a note of the conversation."""
    thread_id = report.appointment.thread_id
    if thread_id is None or report.file_id is None:
        return Told()
    file, label = session.get_one(FieldFile, (report.viewer.user_id, report.file_id)), LABEL_WORDS[report.body["label"]]
    attachment = Attachment(
        id=new_id(),
        thread_id=thread_id,
        uploaded_by_user_id=report.viewer.user_id,
        filename=f"{report.body['label']}-{report.id.hex[:8]}.jpg",
        content_type=file.content_type,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        storage_key=file.storage_key,
        state="stored",
        created_at=report.now,
    )
    session.add(attachment)
    session.flush()
    _add_note(session, report, PHOTO_OF % {"label": label}, files=(attachment.id,))
    return Told()


def _add_note(session: Session, report: Report, text: str, *, files: tuple[uuid.UUID, ...] = ()) -> None:
    if report.appointment.thread_id is None:
        return
    add_note(
        session,
        thread_id=report.appointment.thread_id,
        text=text,
        actor=report.viewer.actor,
        author_name=report.viewer.name,
        now=report.now,
        client_token=report.id,
        attachment_ids=files,
    )


def _only_noted(_session: Session, _report: Report) -> Told:
    return Told()


EFFECTS: dict[ActionKind, Callable[[Session, Report], Told]] = {
    ActionKind.STEP: _take_step,
    ActionKind.MESSAGE: _send_message,
    ActionKind.NOTE: _write_note,
    ActionKind.PHOTO: _keep_photo,
    ActionKind.CHECKLIST: _only_noted,
    ActionKind.SERIAL: _only_noted,
    ActionKind.METER: _only_noted,
    ActionKind.SIGNATURE: _only_noted,
}
