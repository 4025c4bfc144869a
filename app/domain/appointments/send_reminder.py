"""Send the reminder of one visit in the contact's language, in the time zone of the place.

The channel is the channel of the visit's thread if it sends reminders, else mail, else another channel that reaches the
contact. A mail goes into the visit's thread, whatever the channel of that thread. Without a thread, the mail begins a new
one. For chat messages see `chat_reminder.py`.

The reminder is sent exactly once: one transaction queues the message and marks the reminder's row as ended. If the visit was
moved or cancelled in the meantime, the row has ended already, and the transaction is rolled back.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask_babel import force_locale, format_date
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import table_of
from app.core.promises import Ended, in_database
from app.core.runtime import runtime
from app.core.text import mark as N_
from app.core.work import Lease
from app.domain.accounts.models import Brand, User
from app.domain.appointments.actions import lock_appointment
from app.domain.appointments.chat_reminder import queue_chat_reminder
from app.domain.appointments.models import Appointment, AppointmentKind, AppointmentReminder, ReminderOutcome
from app.domain.appointments.reminders import CANCELLED, LEAST, MOVED, TOO_LATE
from app.domain.connections.models import Channel, Medium
from app.domain.contacts.models import ConsentPurpose, Contact, ContactConsent, ContactIdentity
from app.domain.delivery.actions import ReplyContext
from app.domain.delivery.errors import UnableToReply
from app.domain.delivery.first_mail import FirstMail, queue_first_mail, queue_mail_in_thread
from app.domain.events.actions import SYSTEM
from app.domain.orders.models import Order
from app.domain.threads.actions import lock_thread
from app.domain.threads.models import Message, Thread, ThreadStatus
from app.providers.registry import KEEP_TEMPLATES

LANGUAGES = ("nl", "en", "fr")
NO_CHANNEL = N_("No channel of the brand sends reminders.")
NO_ADDRESS = N_("The contact has no email address.")
NO_WAY = N_("The contact has no address or number for a channel that sends reminders.")
REFUSED = N_("The contact declined reminders.")


# What other systems call the same facts.
OTHER_NAMES = {
    "customer_name": "name",
    "visit_date": "date",
    "visit_time": "time",
    "visit_place": "place",
    "technician_name": "technician",
    "order_id": "order_number",
}


@dataclass(frozen=True)
class _Decided:
    outcome: ReminderOutcome
    reason: str = ""
    message_id: uuid.UUID | None = None


def _carry_out(session: Session, lease: Lease) -> Ended:
    now = utc_now()
    reminder = session.get_one(AppointmentReminder, lease.row_id)
    thread = _lock_its_thread(session, reminder.appointment_id)  # before the appointment, as merges do
    appointment = lock_appointment(session, reminder.appointment_id)
    return _end(_why_not(reminder, appointment, now) or _queue(session, appointment, thread, now))


def _end(decided: _Decided) -> Ended:
    return Ended({**vars(decided), "ended_at": utc_now()})


PROMISE = in_database(
    table_of(AppointmentReminder),
    _carry_out,
    broken=lambda error: _end(_Decided(ReminderOutcome.STOPPED, type(error).__name__)),
    tries=5,
)


def _lock_its_thread(session: Session, appointment_id: uuid.UUID) -> Thread | None:
    query = sa.select(Appointment.thread_id).where(Appointment.id == appointment_id)
    thread_id = session.execute(query).scalar_one()
    return lock_thread(session, thread_id) if thread_id is not None else None


def _why_not(reminder: AppointmentReminder, appointment: Appointment, now: datetime) -> _Decided | None:
    """Return the outcome and the reason why the reminder must not be sent, or None if it may be sent. This is a second check: a
    change of the visit already stops its reminder."""
    if not appointment.is_planned or appointment.kind != AppointmentKind.VISIT:
        return _Decided(ReminderOutcome.STOPPED, CANCELLED)
    if reminder.starts_at != appointment.starts_at:
        return _Decided(ReminderOutcome.STOPPED, MOVED)
    return _Decided(ReminderOutcome.TOO_LATE, TOO_LATE) if appointment.starts_at - now <= LEAST else None


def _queue(session: Session, appointment: Appointment, thread: Thread | None, now: datetime) -> _Decided:
    contact, channels = session.get_one(Contact, appointment.contact_id), _channels(session, appointment.brand_id)
    home = thread if thread is not None and _belongs(appointment, thread) else None
    reached = _reached(session, contact.id, channels, home)
    if not reached:
        only_mail = all(channel.medium == Medium.EMAIL for channel in channels)
        return _Decided(ReminderOutcome.STOPPED, (NO_ADDRESS if only_mail else NO_WAY) if channels else NO_CHANNEL)
    channel, address = reached[0]
    if _said_no(session, contact.id):
        return _Decided(ReminderOutcome.STOPPED, REFUSED)
    house = runtime()
    context = ReplyContext(
        rules=house.adapters.rules[channel.channel_type.value],
        mail_keys=house.mail_keys,
        mail_domain=house.settings.mail_domain,
        now=now,
    )
    brand = session.get_one(Brand, appointment.brand_id)
    facts = _facts(session, appointment, contact, brand)
    sent = {"channel": channel, "author_name": brand.name, "context": context}
    try:
        if channel.medium == Medium.EMAIL:
            message = _queue_mail(session, _mail(facts, address, channel, appointment), home, sent)
        else:
            message = _queue_chat(session, appointment, facts, contact, home, sent)
    except UnableToReply as error:
        return _Decided(ReminderOutcome.STOPPED, str(error))
    return _Decided(ReminderOutcome.SENT, message_id=message.id)


def _queue_mail(session: Session, mail: FirstMail, home: Thread | None, sent: dict[str, Any]) -> Message:
    queue = partial(queue_mail_in_thread, thread=home) if home is not None else queue_first_mail
    return queue(session, mail, author=SYSTEM, **sent)


def _queue_chat(
    session: Session, appointment: Appointment, facts: dict[str, str], contact: Contact, home: Thread | None, sent: dict[str, Any]
) -> Message:
    with session.begin_nested(), force_locale(facts["language"]):  # what cannot be sent begins no thread
        text = _text(facts, _("If this time does not suit you, please reply to this message."))
        message = queue_chat_reminder(session, text, facts, contact=contact, home=home, **sent)
    message.meta = {**message.meta, "appointment_id": str(appointment.id)}
    return message


def _belongs(appointment: Appointment, thread: Thread) -> bool:
    """Return whether the thread has the same contact and brand as the appointment and is not spam. Only such a thread gets the
    reminder."""
    is_theirs = (thread.contact_id, thread.brand_id) == (appointment.contact_id, appointment.brand_id)
    return is_theirs and thread.spam_at is None


def _channels(session: Session, brand_id: uuid.UUID) -> list[Channel]:
    """List the brand's active channels that send visit reminders, by name. A channel without the setting `visit_reminders`
    sends them only if its provider stores templates."""
    query = sa.select(Channel).where(Channel.brand_id == brand_id, Channel.is_active)
    query = query.where(Channel.adapter_key.in_(sorted(runtime().adapters.senders)))
    usual = sa.case((Channel.adapter_key.in_(KEEP_TEMPLATES), "on"), else_="off")
    wanted = sa.func.coalesce(Channel.settings["visit_reminders"].astext, usual) == "on"
    return list(session.execute(query.where(wanted).order_by(Channel.name, Channel.id)).scalars())


def _reached(session: Session, contact_id: uuid.UUID, channels: list[Channel], home: Thread | None) -> list[tuple[Channel, str]]:
    """List the channels that reach the contact, each with the email address or number: the thread's channel first, then mail."""
    query = sa.select(ContactIdentity.kind, ContactIdentity.value)
    query = query.where(ContactIdentity.contact_id == contact_id, ContactIdentity.former_since.is_(None))
    order = (ContactIdentity.is_primary.desc(), ContactIdentity.created_at, ContactIdentity.id)
    known: dict[str, str] = {}
    for row in session.execute(query.order_by(*order)):
        known.setdefault(row.kind, row.value)
    found = [(channel, value) for channel in channels if (value := _way(known, channel.medium))]
    here = home.channel_id if home is not None else None
    return sorted(found, key=lambda pair: (pair[0].id != here, pair[0].medium != Medium.EMAIL))


def _way(known: dict[str, str], medium: Medium) -> str:
    kinds = {Medium.EMAIL: ("email",), Medium.WHATSAPP: ("wa_id", "phone"), Medium.SMS: ("phone",)}.get(medium, ())
    return next((known[kind] for kind in kinds if kind in known), "")


def _said_no(session: Session, contact_id: uuid.UUID) -> bool:
    """Return whether the contact refused visit reminders. A contact who was never asked gets them, because they belong to the
    visit that the contact asked for."""
    consent = session.get(ContactConsent, (contact_id, ConsentPurpose.VISIT_REMINDER), populate_existing=True)
    return consent is not None and not consent.is_given


def _facts(session: Session, appointment: Appointment, contact: Contact, brand: Brand) -> dict[str, str]:
    """Return the values that a provider's template can use, as {name: text}, in the contact's language and the time zone of the
    place."""
    language = contact.language if contact.language in LANGUAGES else LANGUAGES[0]
    zone = ZoneInfo(appointment.zone)
    begin, end = appointment.starts_at.astimezone(zone), appointment.ends_at.astimezone(zone)
    technician = session.get(User, appointment.technician_user_id) if appointment.technician_user_id else None
    order = session.get(Order, appointment.order_id) if appointment.order_id else None
    with force_locale(language):
        date = format_date(begin.date(), "EEEE d MMMM y")
    ours = {
        "language": language,
        "name": contact.name,
        "title": appointment.title,
        "date": date,
        "time": f"{begin:%H:%M}",
        "end_time": f"{end:%H:%M}",
        "time_zone": appointment.zone,
        "place": appointment.place,
        "technician": technician.name if technician else "",
        "order_number": order.order_number if order else "",
        "brand": brand.name,
    }
    phone = _phone_of(session, technician) if technician else ""
    return {**ours, **{name: ours[one] for name, one in OTHER_NAMES.items()}, "technician_phone": phone}


def _phone_of(session: Session, user: User) -> str:
    query = sa.select(ContactIdentity.value).where(ContactIdentity.contact_id == user.contact_id, ContactIdentity.kind == "phone")
    return session.execute(query.order_by(ContactIdentity.is_primary.desc()).limit(1)).scalar_one_or_none() or ""


def _mail(facts: dict[str, str], address: str, channel: Channel, appointment: Appointment) -> FirstMail:
    name = _template(channel.settings, facts["language"])
    template = {"name": name, "language": "", "components": [facts]} if name else None
    with force_locale(facts["language"]):
        subject = str(_("Our visit on %(date)s at %(time)s", date=facts["date"], time=facts["time"]))
        text = _text(facts, _("If this time does not suit you, please reply to this email."))
    return FirstMail(
        to=address,
        name=facts["name"],
        subject=subject,
        text=text,
        template=template,
        then=ThreadStatus.RESOLVED,
        meta={"appointment_id": str(appointment.id)},
    )


def _template(settings: dict[str, Any], language: str) -> str:
    """Return the channel's reminder template in the language, or else in another language. Return "" if the channel has none."""
    return next((found for one in (language, *LANGUAGES) if (found := settings.get(f"reminder_template_{one}"))), "")


def _text(facts: dict[str, str], ending: str) -> str:
    lines = [
        str(_("Hello %(name)s,", name=facts["name"])) if facts["name"] else str(_("Hello,")),
        "",
        str(_("We will visit you on %(date)s, from %(time)s to %(end_time)s: %(title)s.", **_only(facts))),
    ]
    lines += [str(_("Place: %(place)s", place=facts["place"]))] if facts["place"] else []
    lines += [str(_("Technician: %(technician)s", technician=facts["technician"]))] if facts["technician"] else []
    lines += [str(_("Your order: %(number)s", number=facts["order_number"]))] if facts["order_number"] else []
    return "\n".join([*lines, "", str(ending), "", facts["brand"]])


def _only(facts: dict[str, str]) -> dict[str, str]:
    return {name: facts[name] for name in ("date", "time", "end_time", "title")}
