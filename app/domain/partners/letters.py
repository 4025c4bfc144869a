"""Find the recipient of a mail to a partner, and send the mail. Nothing here opens a transaction while a mail is sent."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.notice_outcome import Outcome
from app.core.clock import utc_now
from app.domain.accounts.models import User
from app.domain.contacts.models import ContactIdentity
from app.domain.notifications.mail.compose import SystemMail, compose
from app.domain.notifications.senders import mail_sender
from app.domain.partners.models import Partner, PartnerPerson


class MailNotTaken(Exception):
    """Raised when the mail server is unavailable at the moment. The event handler is then retried."""


@dataclass(frozen=True)
class Reader:
    """The recipient of mails to a partner. `has_portal`: the recipient can sign in, so the mail may link to the portal."""

    address: str
    name: str
    locale: str
    has_portal: bool


def find_reader(session: Session, partner: Partner) -> Reader | None:
    """Return the partner's first portal user as recipient. If there is none, use the mail address of its organization.

    Return None if the organization has no address either.
    """
    query = sa.select(User).join(PartnerPerson, PartnerPerson.user_id == User.id)
    query = query.where(PartnerPerson.partner_id == partner.id, PartnerPerson.contact_id.is_(None), User.disabled_at.is_(None))
    user = session.execute(query.order_by(PartnerPerson.created_at, PartnerPerson.id).limit(1)).scalar_one_or_none()
    if user is not None:
        return Reader(user.email, user.name, user.locale, has_portal=True)
    known = sa.select(ContactIdentity.value).where(
        ContactIdentity.contact_id == partner.contact_id, ContactIdentity.kind == "email"
    )
    address = session.execute(known.order_by(ContactIdentity.created_at, ContactIdentity.id).limit(1)).scalar_one_or_none()
    return Reader(address, partner.name, "en", has_portal=False) if address else None


def send_letter(mail: SystemMail) -> str:
    """Send the mail and return "sent", "refused" or "no_mail_server". Raises `MailNotTaken`."""
    sender = mail_sender()
    if not sender.is_set_up:
        return "no_mail_server"
    answer = sender.send(compose(mail, sender=sender.sender, now=utc_now()), to=mail.to)
    if answer.outcome is None:
        raise MailNotTaken(answer.words)
    return "sent" if answer.outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN) else "refused"
