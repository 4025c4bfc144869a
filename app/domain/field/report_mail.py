"""Send the report of a done visit to its customer, once, as a mail with the PDF.

The PDF is drawn and stored first, outside any transaction. Then one transaction locks the row of `visit_reports`, sets its
outcome and queues the mail. A second worker that locks the row later finds an outcome and does nothing.
"""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.ids import new_id
from app.core.runtime import runtime
from app.core.storage import StoredFile, undone_on_error
from app.core.text import mark as N_
from app.domain.accounts.models import Brand
from app.domain.appointments.models import Appointment
from app.domain.connections.models import Channel, Medium
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.delivery.actions import ReplyContext
from app.domain.delivery.errors import UnableToReply
from app.domain.delivery.first_mail import FirstMail, queue_first_mail, queue_mail_in_thread
from app.domain.events.actions import SYSTEM
from app.domain.field.models import ReportOutcome, VisitReport
from app.domain.threads.actions import lock_thread
from app.domain.threads.models import Attachment, Message, Thread, ThreadStatus

if TYPE_CHECKING:
    from app.domain.field.report_paper import ReportFacts

NO_CHANNEL = N_("The brand has no mailbox to send the report from.")
NO_ADDRESS = N_("The contact has no email address.")
NOT_WANTED = N_("The brand does not send visit reports.")


def send_report(appointment_id: uuid.UUID) -> None:
    """Draw and store the report of a visit, and queue its mail, once. If no mail can be sent, store the reason in the
    `VisitReport`."""
    from app.domain.field.report_paper import draw_report, read_facts  # what draws takes long to import

    with transaction() as session:
        report = session.get(VisitReport, appointment_id)
        if report is None or report.outcome is not None:
            return
        facts = read_facts(session, appointment_id)
    with undone_on_error(runtime().storage) as storage:
        kept = storage.put(draw_report(facts, storage=runtime().storage, now=utc_now()))
        with transaction() as session:
            is_used = _queue(session, appointment_id, facts, kept)
    if not is_used:
        runtime().storage.delete(kept.key)


def _queue(session: Session, appointment_id: uuid.UUID, facts: ReportFacts, kept: StoredFile) -> bool:
    """Queue the mail with the report. Return True if the stored PDF is attached to a mail; otherwise the caller deletes it."""
    appointment = session.get_one(Appointment, appointment_id)
    thread = lock_thread(session, appointment.thread_id) if appointment.thread_id else None
    query = sa.select(VisitReport).where(VisitReport.appointment_id == appointment_id).with_for_update()
    report = session.execute(query.execution_options(populate_existing=True)).scalar_one()
    if report.outcome is not None:
        return False
    message, reason = _mail(session, appointment, thread, facts)
    report.outcome = ReportOutcome.SENT if message is not None else ReportOutcome.STOPPED
    report.reason, report.ended_at = reason, utc_now()
    if message is not None:
        report.message_id = message.id
        _attach(session, message, facts.name, kept)
    session.flush()
    return message is not None


def _mail(session: Session, appointment: Appointment, thread: Thread | None, facts: ReportFacts) -> tuple[Message | None, str]:
    brand, contact = session.get_one(Brand, appointment.brand_id), session.get_one(Contact, appointment.contact_id)
    channel, address = _channel(session, appointment.brand_id, thread), _address(session, contact.id)
    if not brand.sends_visit_reports:
        return None, NOT_WANTED
    if channel is None or address is None:
        return None, NO_CHANNEL if channel is None else NO_ADDRESS
    is_theirs = thread is not None and thread.contact_id == contact.id and thread.spam_at is None
    queue = partial(queue_mail_in_thread, thread=thread) if thread is not None and is_theirs else queue_first_mail
    try:
        context = _context(channel)
        return queue(session, _words(facts, address), channel=channel, author=SYSTEM, author_name=brand.name, context=context), ""
    except UnableToReply as error:
        return None, str(error)


def _context(channel: Channel) -> ReplyContext:
    house = runtime()
    rules = house.adapters.rules[channel.channel_type.value]
    return ReplyContext(rules=rules, mail_keys=house.mail_keys, mail_domain=house.settings.mail_domain, now=utc_now())


def _words(facts: ReportFacts, address: str) -> FirstMail:
    with force_locale(facts.language):
        lines = [
            str(_("Hello %(name)s,", name=facts.customer)) if facts.customer else str(_("Hello,")),
            "",
            str(_("Our visit is complete: %(title)s. The report is attached to this email.", title=facts.title)),
            "",
            str(_("If something is not right, please reply to this email.")),
            "",
            facts.brand,
        ]
        subject = str(_("Report on our visit: %(title)s", title=facts.title))
    return FirstMail(to=address, name=facts.customer, subject=subject, text="\n".join(lines), then=ThreadStatus.RESOLVED)


def _attach(session: Session, message: Message, name: str, kept: StoredFile) -> None:
    session.add(
        Attachment(
            id=new_id(),
            message_id=message.id,
            thread_id=message.thread_id,
            filename=name,
            content_type="application/pdf",
            size_bytes=kept.size_bytes,
            sha256=kept.sha256,
            storage_key=kept.key,
            state="stored",
            created_at=utc_now(),
        )
    )


def _channel(session: Session, brand_id: uuid.UUID, thread: Thread | None) -> Channel | None:
    """Return the mailbox of the thread. If the thread has none, return the brand's first active mailbox by name. Return None if
    the brand has no mailbox."""
    query = sa.select(Channel).where(Channel.brand_id == brand_id, Channel.is_active)
    mailboxes = [one for one in session.execute(query.order_by(Channel.name, Channel.id)).scalars() if one.medium == Medium.EMAIL]
    own = thread.channel_id if thread is not None else None
    return next((one for one in mailboxes if one.id == own), mailboxes[0] if mailboxes else None)


def _address(session: Session, contact_id: uuid.UUID) -> str | None:
    query = sa.select(ContactIdentity.value).where(
        ContactIdentity.contact_id == contact_id, ContactIdentity.kind == "email", ContactIdentity.former_since.is_(None)
    )
    query = query.order_by(ContactIdentity.is_primary.desc(), ContactIdentity.created_at, ContactIdentity.id).limit(1)
    return session.execute(query).scalar_one_or_none()
