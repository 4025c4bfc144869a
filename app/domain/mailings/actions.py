"""Create a mailing, queue the mail of one recipient, and unsubscribe a recipient."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.suppression import AddressNews, Stop
from app.core.ids import new_id
from app.core.text import known, storable
from app.core.text import mark as N_
from app.domain.connections.models import Channel
from app.domain.contacts.actions import IdentityInput, find_or_create_contact
from app.domain.contacts.details import set_consent
from app.domain.contacts.models import ConsentPurpose, Contact, ContactConsent, ContactIdentity
from app.domain.delivery.actions import ReplyContext
from app.domain.delivery.errors import UnableToReply
from app.domain.delivery.first_mail import FirstMail, lock_address, queue_first_mail
from app.domain.events.actions import SYSTEM, Actor, Subject, record
from app.domain.mailings.filling import BlankLeft, fill_in
from app.domain.mailings.models import Mailing, MailingRecipient, RecipientOutcome
from app.domain.suppressions.actions import note_address, stop_words
from app.domain.suppressions.queries import find_stopped
from app.domain.threads.models import ThreadStatus
from app.mail.rich import clean_rich

_BLANK = known("The field %(name)s has no value")
_REFUSED = N_("The contact declined mailings")
_UNASKED = N_("No consent recorded for this recipient")


@dataclass(frozen=True)
class NewRecipient:
    """A recipient of a new mailing. `has_consent`: the sender of the mailing states that the recipient agreed. `basis`: where
    and how the recipient agreed."""

    address: str
    name: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    has_consent: bool = False
    basis: str = ""


@dataclass(frozen=True)
class NewMailing:
    subject: str
    text: str
    html: str = ""
    provider_template: str | None = None
    category: str = ""
    send_at: datetime | None = None
    recipients: Sequence[NewRecipient] = ()


def create_mailing(session: Session, new: NewMailing, *, channel: Channel, actor: Actor, now: datetime) -> Mailing:
    """Create a mailing that is sent from `new.send_at` on, or from now on if that is None. An address that occurs twice gets
    one mail. `actor` is a user."""
    mailing = Mailing(
        id=new_id(),
        brand_id=channel.brand_id,
        channel_id=channel.id,
        created_by_user_id=actor.user_id,
        subject=new.subject,
        text=new.text,
        html=new.html,
        provider_template=new.provider_template,
        category=new.category,
        send_at=max(new.send_at or now, now),
        created_at=now,
    )
    session.add(mailing)
    session.flush()
    first: dict[str, NewRecipient] = {}
    for one in new.recipients:
        first.setdefault(one.address.lower(), one)
    session.add_all(_row(mailing, address, one) for address, one in first.items())
    session.flush()
    payload = {"mailing_id": str(mailing.id), "recipients": len(first)}
    subject = Subject(brand_id=channel.brand_id)
    record(session, "MailingCreated", subject=subject, now=now, actor=actor, payload=payload, about=("mailing", mailing.id))
    return mailing


def _row(mailing: Mailing, address: str, one: NewRecipient) -> MailingRecipient:
    return MailingRecipient(
        id=new_id(),
        mailing_id=mailing.id,
        address=address,
        name=one.name,
        values=one.values,
        consent={"given": one.has_consent, "basis": one.basis},
        state="ready",
        attempts=0,
        run_at=mailing.send_at,
    )


@dataclass(frozen=True)
class Decided:
    """The outcome for one recipient, with the reason why no mail was queued, or with the id of the queued message."""

    outcome: RecipientOutcome
    reason: str = ""
    message_id: uuid.UUID | None = None


def carry_out(
    session: Session, recipient: MailingRecipient, *, author_name: str, unsubscribe_url: str, context: ReplyContext
) -> Decided:
    """Queue the mail of one recipient, or decide that no mail is sent, and return the outcome. The caller ends the recipient's
    row in the same transaction."""
    lock_address(session, recipient.address)
    mailing = session.get_one(Mailing, recipient.mailing_id)
    channel = session.get_one(Channel, mailing.channel_id)
    stopped = find_stopped(session, brand_id=mailing.brand_id, addresses=[recipient.address], is_bulk=True)
    if stopped:
        return Decided(RecipientOutcome.STOPPED, stop_words(recipient.address, stopped[recipient.address]))
    actor = Actor(mailing.created_by_user_id)
    refusal = _ask_consent(session, recipient, actor, context.now)
    if refusal:
        return Decided(RecipientOutcome.NO_CONSENT, refusal)
    try:
        mail = _mail(mailing, recipient, unsubscribe_url)
        message = queue_first_mail(session, mail, channel=channel, author=actor, author_name=author_name, context=context)
    except BlankLeft as error:
        return Decided(RecipientOutcome.FAILED, _BLANK % {"name": str(error)})
    except UnableToReply as error:
        return Decided(RecipientOutcome.FAILED, str(error))
    return Decided(RecipientOutcome.QUEUED, message_id=message.id)


def _ask_consent(session: Session, recipient: MailingRecipient, actor: Actor, now: datetime) -> str:
    """Return "" if the recipient has consented, otherwise the reason for the refusal.

    The contact's stored consent decides. If there is none, the statement of the mailing's sender decides; a positive
    statement is stored as the contact's consent.
    """
    kept = _kept_consent(session, recipient.address)
    if kept is not None:
        return "" if kept else _REFUSED
    if not recipient.consent.get("given"):
        return _UNASKED
    contact = find_or_create_contact(session, [IdentityInput("email", recipient.address)], name=recipient.name[:200], now=now)
    basis = storable(str(recipient.consent.get("basis") or ""))[:300]
    set_consent(session, contact, ConsentPurpose.MARKETING_EMAIL, is_given=True, basis=basis, actor=actor, now=now)
    return ""


def _kept_consent(session: Session, address: str) -> bool | None:
    """Return whether the contact with this address agreed to mailings. Return None if no consent or refusal is stored."""
    theirs = sa.and_(ContactIdentity.kind == "email", ContactIdentity.value == address.lower())
    query = (
        sa.select(ContactConsent.is_given)
        .join(ContactIdentity, ContactIdentity.contact_id == ContactConsent.contact_id)
        .where(theirs, ContactConsent.purpose == ConsentPurpose.MARKETING_EMAIL)
    )
    return session.execute(query.limit(1)).scalar_one_or_none()


def _mail(mailing: Mailing, recipient: MailingRecipient, unsubscribe_url: str) -> FirstMail:
    template = None
    if mailing.provider_template:
        template = {"name": mailing.provider_template, "language": "", "components": [recipient.values]}
    return FirstMail(
        to=recipient.address,
        name=recipient.name,
        subject=" ".join(fill_in(mailing.subject, recipient.values).split()),
        text=fill_in(mailing.text, recipient.values),
        html=clean_rich(fill_in(mailing.html, recipient.values, is_html=True)) if mailing.html else "",
        template=template,
        unsubscribe_url=unsubscribe_url,
        is_bulk=True,
        then=ThreadStatus.RESOLVED,
        meta={"mailing_id": str(mailing.id), "category": mailing.category},
    )


def end_mailings(session: Session, recipient_id: uuid.UUID, *, now: datetime) -> bool:
    """Unsubscribe a recipient from all mailings of the brand. A repeat changes nothing. Return False if there is no such
    recipient."""
    recipient = session.get(MailingRecipient, recipient_id)
    if recipient is None:
        return False
    mailing = session.get_one(Mailing, recipient.mailing_id)
    news = AddressNews(recipient.address, Stop.UNSUBSCRIBED, "link", now)
    note_address(session, news, brand_id=mailing.brand_id, now=now)
    theirs = sa.and_(ContactIdentity.kind == "email", ContactIdentity.value == recipient.address)
    contact = session.execute(
        sa.select(Contact).join(ContactIdentity, ContactIdentity.contact_id == Contact.id).where(theirs).limit(1)
    ).scalar_one_or_none()
    if contact is not None and _kept_consent(session, recipient.address) is not False:
        basis = N_("Unsubscribed using the link in a mailing")
        set_consent(session, contact, ConsentPurpose.MARKETING_EMAIL, is_given=False, basis=basis, actor=SYSTEM, now=now)
    return True
