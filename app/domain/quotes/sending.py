"""Send a quote to the customer by mail, with the link below the text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.text import mark as N_
from app.domain.accounts.access import Viewer
from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact
from app.domain.delivery.actions import Reply, ReplyContext, queue_reply
from app.domain.orders.models import Order, OrderThread
from app.domain.quotes.actions import NewQuote, UnableToQuote, make_quote
from app.domain.quotes.models import OrderQuote
from app.domain.threads.actions import lock_thread
from app.domain.threads.models import Thread
from app.domain.threads.order_threads import PLACE
from app.domain.threads.write_first import begin_thread

SENT = N_("This quote was already sent.")


@dataclass(frozen=True)
class QuoteMail:
    """The mail of a quote. `subject` is used for a new thread. `address_of_link` is the URL of the quote without its secret at
    the end."""

    channel: Channel
    subject: str
    text: str
    address_of_link: str


def send_quote(
    session: Session, order: Order, new: NewQuote, mail: QuoteMail, *, viewer: Viewer, context: ReplyContext, now: datetime
) -> OrderQuote:
    """Make the quote and queue its mail.

    Raises `UnableToQuote`, `TransitionRefused` or `UnableToReply`; the caller must then roll back.
    """
    customer = session.get_one(Contact, order.customer_contact_id)
    thread = _running(session, order, mail.channel) or begin_thread(
        session, customer, mail.channel, subject=mail.subject, order=order, viewer=viewer, now=now
    )
    lock_thread(session, thread.id)  # before the order, as whoever links the two does
    quote, token = make_quote(session, order.id, new, now=now, actor=viewer.actor)
    if not token:
        raise UnableToQuote(SENT)
    reply = Reply(
        thread_id=thread.id,
        text=f"{mail.text.strip()}\n\n{mail.address_of_link}{token}",
        channel_id=mail.channel.id,
        client_token=new.id,
        takes_thread=False,
    )
    queue_reply(session, reply, channel=mail.channel, author=viewer.actor, author_name=viewer.name, context=context)
    return quote


def _running(session: Session, order: Order, channel: Channel) -> Thread | None:
    """Return the thread on this channel about the order with its customer, open or closed; the newest link counts. Spam is left
    out.

    Return None if there is none.
    """
    query = sa.select(Thread).join(OrderThread, Thread.id == PLACE).where(OrderThread.order_id == order.id)
    query = query.where(Thread.contact_id == order.customer_contact_id, Thread.channel_id == channel.id, Thread.spam_at.is_(None))
    return session.execute(query.order_by(OrderThread.linked_at.desc()).limit(1)).scalar_one_or_none()
