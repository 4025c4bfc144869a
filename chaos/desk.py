"""Work nobody outside asks for: rows of every table that `app/core/promises.py` keeps, written as the application writes them.

Each has a mark, `P-<random>`, by which what the other side got is counted.
"""

from __future__ import annotations

import itertools
import random
import secrets
import threading
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import create_app
from app.config import Settings
from app.contract.address_parts import read_line
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.ids import new_id
from app.core.runtime import runtime
from app.core.storage import StorageFailed
from app.core.work import READY
from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import Brand, Role, User
from app.domain.addresses.actions import add_address
from app.domain.addresses.models import AddressType
from app.domain.appointments.entries import promise_entry
from app.domain.appointments.models import Appointment, AppointmentKind
from app.domain.appointments.reminders import plan_reminder
from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.delivery.signal_models import ChatSignal
from app.domain.events.actions import SYSTEM, Actor
from app.domain.imports.actions import begin_import
from app.domain.imports.models import ImportKind
from app.domain.ingest.reconciliation_rows import ask_reconciliation
from app.domain.integrations.models import Integration
from app.domain.mailings.actions import NewMailing, NewRecipient, create_mailing
from app.domain.notifications.dispatching import Occasion, Told, promise
from app.domain.notifications.models import Notification, NotificationDigest, NotificationKind, Way
from app.domain.scheduled_reports.actions import ScheduleContent, ask_for_test, make_schedule
from app.domain.scheduled_reports.due import Rhythm
from app.domain.scheduled_reports.models import Every, ReportSchedule
from app.domain.sla.recompute import ask_for_recompute
from app.domain.surveys.actions import SurveyContent, save_survey
from app.domain.surveys.models import SurveyKind
from app.domain.surveys.planning import plan_survey
from app.domain.surveys.queries import find_survey
from app.domain.threads.actions import lock_thread
from app.domain.threads.bulk import Change, start_bulk_action
from app.domain.threads.models import Message, MessageType, Thread
from app.domain.webhooks.actions import queue_message
from app.domain.webhooks.models import EndpointKind, WebhookEndpoint
from app.domain.webhooks.owned import endpoint_of_owner
from chaos.company import AT_SENDGRID, MAILBOX

BEFORE = timedelta(hours=3)
AT_ONCE = SurveyContent(
    is_on=True, questions={}, delay_hours=0, chat_delay_minutes=0, min_days=1, from_hour=0, until_hour=24, zone="UTC"
)


class Desk(threading.Thread):
    """Promises `rate` things a second, in turn of each kind."""

    def __init__(self, settings: Settings, *, rate: float, seed: int) -> None:
        super().__init__(name="desk", daemon=True)
        self._settings, self._rate, self._dice = settings, rate, random.Random(seed)
        self._days = itertools.count()
        self.marks: defaultdict[str, list[str]] = defaultdict(list)  # what was committed, by kind
        self.stopping = threading.Event()

    def run(self) -> None:
        app = create_app(self._settings)
        kinds = itertools.cycle(self._kinds().items())
        with app.app_context():
            while not self.stopping.wait(1 / self._rate):
                self._promise(*next(kinds))

    def _promise(self, kind: str, write: Callable[[Session, str], None]) -> None:
        mark = f"P-{secrets.token_hex(6)}"
        try:
            with transaction() as session:
                write(session, mark)
        except (sa.exc.DBAPIError, sa.exc.TimeoutError, StorageFailed, LookupError):
            return  # the database is away, the disk is full, or there is nothing to do it with yet
        self.marks[kind].append(mark)

    def _kinds(self) -> dict[str, Callable[[Session, str], None]]:
        return {
            "address": _add_address,
            "appointment": _add_appointment,
            "bulk action": _start_bulk_action,
            "chat signal": _mark_read,
            "digest": self._add_digest,
            "import": _begin_import,
            "dispatch": _tell,
            "mailing": _add_mailing,
            "reconciliation": _ask_count,
            "recompute": _ask_recompute,
            "question afterwards": _ask_verdict,
            "report by mail": _ask_report,
            "scenario call": _call_scenario,
            "callback": _call_back,
        }

    def _add_digest(self, session: Session, _mark: str) -> None:
        now, day = utc_now(), timedelta(days=next(self._days))
        row = NotificationDigest(user_id=_any(session, User).id, digest_date=(now - day).date(), created_at=now)
        row.state, row.attempts = "ready", 0
        session.add(row)


def _any(session: Session, model: Any, *where: Any) -> Any:
    """Raises LookupError where there is none."""
    found = session.execute(sa.select(model).where(*where).order_by(sa.func.random()).limit(1)).scalar_one_or_none()
    if found is None:
        raise LookupError(model.__name__)
    return found


def _channel(session: Session, address: str) -> Channel:
    return session.execute(sa.select(Channel).where(Channel.address == address)).scalar_one()


def _add_address(session: Session, mark: str) -> None:
    number = int(mark[2:8], 16)  # another each time, so that nothing is answered from what was kept
    typed = read_line(f"Kerkstraat {number}, 1234AB Amsterdam")
    add_address(session, typed, address_type=AddressType.INSTALLATION, contact_id=None, now=utc_now())


def _add_appointment(session: Session, mark: str) -> None:
    now, brand_id = utc_now(), _channel(session, MAILBOX).brand_id
    contact = Contact(id=new_id(), name=mark, name_source="user", created_at=now, updated_at=now)
    session.add(contact)
    session.flush()
    session.add(ContactIdentity(contact_id=contact.id, kind="email", value=f"{mark.lower()}@visits.example", created_at=now))
    starts_at = now + BEFORE
    visit = Appointment(id=new_id(), brand_id=brand_id, contact_id=contact.id, kind=AppointmentKind.VISIT, title=mark)
    visit.starts_at, visit.ends_at, visit.zone = starts_at, starts_at + timedelta(hours=1), "Europe/Amsterdam"
    visit.created_at = visit.updated_at = now
    session.add(visit)
    session.flush()
    promise_entry(session, visit)
    plan_reminder(session, visit, now=now)


def _start_bulk_action(session: Session, mark: str) -> None:
    user, threads = _any(session, User), sa.select(Thread.id).order_by(sa.func.random()).limit(3)
    chosen = session.execute(threads).scalars().all()
    change = Change("tag", mark.lower())
    start_bulk_action(session, viewer=viewer_of(session, user), change=change, now=utc_now(), thread_ids=chosen)


def _begin_import(session: Session, mark: str) -> None:
    stored = runtime().storage.put(f"sku;name;price\n{mark};Wallbox;1249,50\n".encode())
    brand = _any(session, Brand, Brand.id == _channel(session, MAILBOX).brand_id)
    asked: dict[str, Any] = {"brand": brand, "kind": ImportKind.ARTICLES, "file_name": f"{mark}.csv"}
    begin_import(session, stored, **asked, now=utc_now(), actor=Actor(user_id=_any(session, User).id))


def _mark_read(session: Session, _mark: str) -> None:
    message = _any(session, Message, Message.message_type == "incoming", Message.medium == "whatsapp")
    signal = ChatSignal(kind="reaction", emoji="👍", channel_id=message.channel_id, message_id=message.id, created_at=utc_now())
    signal.state, signal.attempts = "ready", 0
    session.add(signal)


def _tell(session: Session, mark: str) -> None:
    now, thread, user = utc_now(), _any(session, Thread), _any(session, User)
    note = Notification(id=new_id(), user_id=user.id, kind=NotificationKind.ESCALATION, thread_id=thread.id, created_at=now)
    note.text, note.brand_id = mark, thread.brand_id
    session.add(note)
    session.flush()
    told = Told(user.id, note.id, frozenset({Way.EMAIL}), None)
    promise(session, [told], Occasion(NotificationKind.ESCALATION, thread.id, new_id(), now, in_quiet_hours=True))


def _add_mailing(session: Session, mark: str) -> None:
    to = NewRecipient(f"{mark.lower()}@mailing.example", has_consent=True, basis="chaos")
    new = NewMailing(subject=mark, text=mark, recipients=(to,))
    actor = Actor(user_id=_any(session, User).id)
    create_mailing(session, new, channel=_channel(session, AT_SENDGRID), actor=actor, now=utc_now())


def _ask_count(session: Session, _mark: str) -> None:
    if ask_reconciliation(session, _channel(session, MAILBOX).id, now=utc_now()) is None:
        raise LookupError


def _ask_recompute(session: Session, mark: str) -> None:
    ask_for_recompute(session, what=mark, now=utc_now(), actor=SYSTEM)


def _ask_verdict(session: Session, _mark: str) -> None:
    """Somebody who was answered, and was not asked yet."""
    now = utc_now()
    answered = Message.sender_user_id.is_not(None) & (Message.message_type == MessageType.OUTGOING)
    thread = lock_thread(session, _any(session, Message, answered).thread_id)
    survey = find_survey(session, thread.brand_id, SurveyKind.CSAT) or save_survey(
        session, brand_id=thread.brand_id, kind=SurveyKind.CSAT, content=AT_ONCE, actor=SYSTEM, now=now
    )
    session.flush()
    if plan_survey(session, survey, thread, now=now).state != READY:
        raise LookupError


def _ask_report(session: Session, _mark: str) -> None:
    """One's own, sent to oneself at once."""
    now, viewer = utc_now(), viewer_of(session, _any(session, User, User.role == Role.MANAGER))
    made = session.execute(sa.select(ReportSchedule.id)).scalar_one_or_none()
    if made is None:
        content = ScheduleContent("chaos", {}, is_open=False, rhythm=Rhythm(Every.DAY), recipient_ids=(viewer.user_id,))
        made = make_schedule(session, viewer, content, now=now).id
    ask_for_test(session, viewer, made, now=now)


def _call_scenario(session: Session, mark: str) -> None:
    integration, now = _any(session, Integration), utc_now()
    brand_id, kind = integration.brand_id, EndpointKind.MAKE
    endpoint = endpoint_of_owner(session, kind=kind, owner_id=integration.id, name="chaos", brand_id=brand_id, now=now)
    queue_message(
        session,
        event_type="Chaos",
        payload={"mark": mark},
        brand_id=brand_id,
        owner_id=integration.id,
        endpoints=[endpoint],
        now=now,
    )


def _call_back(session: Session, mark: str) -> None:
    endpoint = _any(session, WebhookEndpoint, WebhookEndpoint.kind == EndpointKind.WEBHOOK)
    key = f"chaos:{mark[2]}"  # of sixteen matters, each in its order
    queue_message(
        session, event_type="chaos.said", payload={"mark": mark}, brand_id=endpoint.brand_id, ordering_key=key, now=utc_now()
    )
