"""Carry out phone actions by kind: step, photo, note, message, signature, follow-up and others. The caller has locked the visit
and its thread.

Measurements, ticks and signatures are stored only in the ledger (`record.py` reads them). Notes, photos and messages are
also added to the visit's thread.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.runtime import runtime
from app.core.text import known
from app.core.text import mark as N_
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand
from app.domain.appointments.actions import content_of, plan_appointment
from app.domain.appointments.models import USUAL_MINUTES, Appointment, AppointmentKind
from app.domain.appointments.queries import is_absent
from app.domain.appointments.times import NoSuchTime, instant
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
    VisitStep.ABORTED: N_("Stopped early"),
    VisitStep.CANCELLED: N_("Cancelled"),
}
REASON_WORDS = {
    "nobody_answered": N_("Nobody opened the door"),
    "wrong_address": N_("The address is wrong"),
    "not_safe": N_("It is not safe to work there"),
    "part_missing": N_("A part is missing"),
    "not_possible": N_("The work cannot be done there"),
    "customer_stopped": N_("The customer does not want the work done"),
    "other": N_("Something else"),
}
LABEL_WORDS = {
    "before": N_("Before"),
    "after": N_("After"),
    "fuse_box": N_("Fuse box"),
    "charger": N_("Charger"),
    "nameplate": N_("Nameplate"),
    "obstacle": N_("Obstacle"),
    "other": N_("Other"),
}
NOT_FROM_HERE = known("The visit is “%(now)s”; it cannot change to “%(to)s”.")
MOVED = known("The office moved this visit to %(date)s at %(time)s.")
CALLED_OFF = N_("The office cancelled this visit.")
NO_THREAD = N_("This visit has no thread. Call the customer instead.")
NO_CHANNEL = N_("The thread has no channel to answer on. Call the customer instead.")
NEWER = N_("This thread has a new message that you have not seen.")
NOT_TOLD = known("Customer not notified: %(why)s")
TOO_LATE = N_("Customer not notified: the update reached us too late.")
WHY_NEEDED = N_("Enter a reason.")
PHOTO_OF = known("Photo: %(label)s")
VOICE_NOTE = N_("Voice note from the technician")
ABSENT = N_("You are absent on that day.")
PAST = N_("Choose a future day and time.")
NO_SUCH_TIME = N_("This time does not exist on that day, because the clocks change: choose another.")
MEANWHILE = known("The visit is planned, but it overlaps your other visit at %(time)s.")
LANGUAGES = ("nl", "en", "fr")
SUFFIXES = {"audio/ogg": "ogg", "audio/mpeg": "mp3", "audio/wav": "wav", "audio/mp4": "m4a", "audio/webm": "webm"}


@dataclass(frozen=True)
class Report:
    """A phone's action together with its visit and viewer, as the functions need it that carry out actions."""

    id: uuid.UUID
    appointment: Appointment
    body: dict[str, Any]
    file_id: uuid.UUID | None
    send_before: datetime | None
    viewer: Viewer
    now: datetime


@dataclass(frozen=True)
class Told:
    """Extra information for the technician, besides that the action was applied. `code` is for programs, `words` for people.
    Both are "" if there is nothing to say."""

    code: str = ""
    words: str = ""


def _take_step(session: Session, report: Report) -> Told:
    to, now_at = VisitStep(report.body["to"]), report.appointment.state
    if to == now_at:
        return Told("same")
    if now_at == VisitStep.CANCELLED:
        raise ActionConflict("cancelled", CALLED_OFF, choices=("hand_in", "discard"))
    _check_not_moved(report)
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
    if to == VisitStep.ON_THE_WAY and report.body.get("minutes"):
        return _tell_customer(session, report, _on_the_way_words)
    if to == VisitStep.NOT_HOME and report.body.get("tell"):
        return _tell_customer(session, report, _nobody_home_words)
    return Told()


def _check_not_moved(report: Report) -> None:
    """Raise `ActionConflict` if the visit is still planned, and the office moved it after the phone last loaded it."""
    one, seen = report.appointment, report.body.get("seen_starts_at")
    if one.state != VisitStep.PLANNED or seen is None or datetime.fromisoformat(seen) == one.starts_at:
        return
    begins = one.starts_at.astimezone(ZoneInfo(one.zone))
    words = MOVED % {"date": begins.date().isoformat(), "time": f"{begins:%H:%M}"}
    details = {"starts_at": one.starts_at.isoformat()}
    raise ActionConflict("moved", words, choices=("do_anyway", "hand_in", "discard"), details=details)


def _tell_customer(session: Session, report: Report, words: Callable[[Session, Report], str]) -> Told:
    """Send the customer the text of a step, as made by `words`. If it cannot be sent, the step is still taken, and the result
    gives the reason."""
    if report.send_before is not None and report.now > report.send_before:
        return Told("without_message", TOO_LATE)
    try:
        with session.begin_nested():
            _send(session, report, words(session, report))
    except (ActionRefused, ActionConflict) as error:
        return Told("without_message", NOT_TOLD % {"why": error.words})
    return Told("with_message")


def _on_the_way_words(session: Session, report: Report) -> str:
    contact, brand = session.get_one(Contact, report.appointment.contact_id), session.get_one(Brand, report.appointment.brand_id)
    there = (report.now + timedelta(minutes=int(report.body["minutes"]))).astimezone(ZoneInfo(report.appointment.zone))
    with force_locale(language_of(contact, brand)):
        return str(
            _("%(name)s is on the way and will be with you at about %(time)s.", name=report.viewer.name, time=f"{there:%H:%M}")
        )


def _nobody_home_words(session: Session, report: Report) -> str:
    one = report.appointment
    contact, brand = session.get_one(Contact, one.contact_id), session.get_one(Brand, one.brand_id)
    planned = f"{one.starts_at.astimezone(ZoneInfo(one.zone)):%H:%M}"
    with force_locale(language_of(contact, brand)):
        return str(
            _(
                "%(name)s came to your door for the appointment at %(time)s, but there was no answer. Reply to "
                "this message and we will find another time.",
                name=report.viewer.name,
                time=planned,
            )
        )


def _send_message(session: Session, report: Report) -> Told:
    seen = report.body.get("last_seen_message_id")
    photo = _attachment(session, report, f"photo-{report.id.hex[:8]}.jpg")
    files = (photo.id,) if photo is not None else ()
    _send(session, report, report.body["text"], last_seen=uuid.UUID(seen) if seen else None, files=files)
    return Told()


def _send(
    session: Session, report: Report, text: str, *, last_seen: uuid.UUID | None = None, files: tuple[uuid.UUID, ...] = ()
) -> None:
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
        attachment_ids=files,
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


def language_of(contact: Contact, brand: Brand) -> str:
    """Return the language code in which to write to the customer: the contact's language, or else the brand's first language.
    Languages that we do not support are skipped; if none is left, it is "nl"."""
    return next((one for one in (contact.language, *brand.languages) if one in LANGUAGES), LANGUAGES[0])


def _keep_photo(session: Session, report: Report) -> Told:
    """Add a photo to the visit's thread. Its position is removed unless the brand keeps positions."""
    if not session.get_one(Brand, report.appointment.brand_id).keeps_photo_place:
        for name in ("lat", "lon"):
            report.body.pop(name, None)
    label = report.body["label"]
    _hang_on_note(session, report, f"{label}-{report.id.hex[:8]}.jpg", PHOTO_OF % {"label": LABEL_WORDS[label]})
    return Told()


def _keep_voice(session: Session, report: Report) -> Told:
    """Add a voice note to the visit's thread. Its transcript is added later, if a transcription service is configured."""
    file = session.get_one(FieldFile, (report.viewer.user_id, report.file_id))
    file.content_type = report.body["sound"]
    _hang_on_note(session, report, f"voice-{report.id.hex[:8]}.{SUFFIXES[file.content_type]}", VOICE_NOTE)
    return Told()


def _plan_follow_up(session: Session, report: Report) -> Told:
    """Plan another visit of this technician to the same customer. The new visit gets the action's id.

    Raises `ActionRefused` if the time does not exist or has passed, or if the technician is absent then.
    """
    now, one, body = report.now, report.appointment, report.body
    try:
        starts_at = instant(date.fromisoformat(body["date"]), time.fromisoformat(body["time"]), one.zone)
    except NoSuchTime as error:
        raise ActionRefused("time", NO_SUCH_TIME, field="time") from error
    if starts_at <= now:
        raise ActionRefused("time", PAST, field="date")
    if is_absent(session, report.viewer.user_id, starts_at=starts_at, zone=one.zone):
        raise ActionRefused("absent", ABSENT, field="date")
    ends_at = starts_at + timedelta(minutes=int(body.get("minutes") or USUAL_MINUTES[AppointmentKind.VISIT]))
    other = _meanwhile(session, report.viewer, starts_at, ends_at)
    content = replace(content_of(one), title=body["text"], starts_at=starts_at, ends_at=ends_at, notes="")
    content = replace(content, technician_user_id=report.viewer.user_id)
    plan_appointment(session, content, now=now, actor=report.viewer.actor, appointment_id=report.id)
    if other is None:
        return Told("planned")
    return Told("planned", MEANWHILE % {"time": f"{other.astimezone(ZoneInfo(one.zone)):%H:%M}"})


def _meanwhile(session: Session, viewer: Viewer, starts_at: datetime, ends_at: datetime) -> datetime | None:
    """Return the start of the technician's first appointment that overlaps the given time. Return None if nothing overlaps."""
    theirs = sa.and_(Appointment.technician_user_id == viewer.user_id, Appointment.state != VisitStep.CANCELLED)
    query = sa.select(Appointment.starts_at).where(theirs, Appointment.starts_at < ends_at, Appointment.ends_at > starts_at)
    return session.execute(query.order_by(Appointment.starts_at).limit(1)).scalar_one_or_none()


def _hang_on_note(session: Session, report: Report, filename: str, text: str) -> None:
    """Add a note with the action's file to the visit's thread. Do nothing if there is no file or no thread."""
    attachment = _attachment(session, report, filename)
    if attachment is not None:
        _add_note(session, report, text, files=(attachment.id,))


def _attachment(session: Session, report: Report, filename: str) -> Attachment | None:
    """Create and return an attachment of the visit's thread from the action's file. It belongs to no message yet. Return None
    if there is no file or no thread."""
    thread_id = report.appointment.thread_id
    if thread_id is None or report.file_id is None:
        return None
    file = session.get_one(FieldFile, (report.viewer.user_id, report.file_id))
    attachment = Attachment(
        id=new_id(),
        thread_id=thread_id,
        uploaded_by_user_id=report.viewer.user_id,
        filename=filename,
        content_type=file.content_type,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        storage_key=file.storage_key,
        state="stored",
        created_at=report.now,
    )
    session.add(attachment)
    session.flush()
    return attachment


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
    ActionKind.VOICE: _keep_voice,
    ActionKind.FOLLOW_UP: _plan_follow_up,
}
