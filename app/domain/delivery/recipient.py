"""Find the recipient of a message, and the reasons against sending to them, such as an opt-out."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.base import ChannelRules, Identity, IdentityKind, OutgoingMessage, Party, Reason
from app.core.text import known
from app.core.text import mark as N_
from app.domain.connections.models import Channel, Medium
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.contacts.opt_outs import find_opt_out
from app.domain.delivery.errors import UnableToReply
from app.domain.delivery.third_parties import list_third_parties
from app.domain.threads.models import Message, MessageType, Thread
from app.domain.transitions.models import Transition

OPTED_OUT = known("%(address)s opted out of texts. Only the recipient can undo this, by sending START. Use another channel")


TOLD_OF = "told_of"  # of a delivery: the transition it tells of
IS_CURRENT = ContactIdentity.former_since.is_(None)


class OptedOut(UnableToReply):
    """The recipient opted out of messages on this medium."""


def check_opt_out(session: Session, thread: Thread, channel: Channel, rules: ChannelRules) -> None:
    """Raise OptedOut if the recipient of a text (SMS) opted out; other media are not checked."""
    if channel.medium != Medium.SMS:
        return
    recipient = find_recipient(session, thread, channel, rules)
    if find_opt_out(session, brand_id=thread.brand_id, medium=channel.medium.value, address=recipient.address()) is not None:
        raise OptedOut("channel_id", OPTED_OUT % {"address": recipient.address()})


def is_undone(session: Session, transition_id: uuid.UUID) -> bool:
    """Return whether a transition (change of a status) was undone."""
    return session.execute(sa.select(Transition.id).where(Transition.undoes_id == transition_id)).first() is not None


def find_objection(session: Session, channel: Channel, message: OutgoingMessage, outgoing: Mapping[str, Any]) -> Reason | None:
    """Return why a queued message must not be sent after all, or None if it may be sent. `outgoing`: the stored values of its
    delivery.

    Reasons: the change that the message reports was undone, the contact no longer uses this number, or the recipient opted
    out (text messages only).
    """
    if TOLD_OF in outgoing and is_undone(session, uuid.UUID(outgoing[TOLD_OF])):
        return Reason("undone", N_("This message was about a change that has been undone, so we did not send it"))
    address = message.to[0].address() if message.to else ""
    if address and _is_former(session, message.to[0].identities[0]):
        advice = N_("Send the text again as a new message: the new message goes to their current number.")
        return Reason("former_number", N_("This person has a new number"), advice=advice)
    if channel.medium != Medium.SMS or not address:
        return None
    asked = find_opt_out(session, brand_id=channel.brand_id, medium=channel.medium.value, address=address)
    if asked is None:
        return None
    return Reason(
        "opted_out", N_("This person opted out of texts"), advice=N_("Only this person can undo the opt-out, by sending START.")
    )


def _is_former(session: Session, identity: Identity) -> bool:
    columns = sa.tuple_(ContactIdentity.kind, ContactIdentity.scope, ContactIdentity.value)
    same = columns == sa.tuple_(identity.kind.value, identity.scope, identity.value)
    former = sa.select(ContactIdentity.id).where(same, ContactIdentity.kind != "username", ~IS_CURRENT)
    return session.execute(former).first() is not None


def find_recipient(session: Session, thread: Thread, channel: Channel, rules: ChannelRules) -> Party:
    """Return the recipient of a reply. For mail this is the sender of the last incoming mail, at its reply address. Otherwise,
    and for a first mail, it is the thread's contact."""
    if channel.medium == Medium.EMAIL:
        last = last_incoming(session, thread, channel.medium.value)
        if last is not None:
            address = last.meta.get("reply_to") or last.sender.get("address", "")
            if address:
                return Party((Identity(IdentityKind.EMAIL, address),), name=last.sender.get("name", ""))
    party = _party_of_contact(session, thread, rules)
    return _at_their_number(session, thread, party) if channel.medium == Medium.SMS else party


def _at_their_number(session: Session, thread: Thread, party: Party) -> Party:
    """Return the party with its identities reordered: the number of the contact's last text (SMS) comes first."""
    last = last_incoming(session, thread, Medium.SMS.value)
    number = last.sender.get("address") if last is not None else None
    return replace(party, identities=tuple(sorted(party.identities, key=lambda i: i.value != number)))


def _party_of_contact(session: Session, thread: Thread, rules: ChannelRules) -> Party:
    contact = session.get(Contact, thread.contact_id) if thread.contact_id else None
    rows = (
        session.execute(sa.select(ContactIdentity).where(ContactIdentity.contact_id == thread.contact_id, IS_CURRENT))
        .scalars()
        .all()
        if contact
        else []
    )
    wanted = [k.value for k in rules.identity_kinds]
    usable = sorted((r for r in rows if r.kind in wanted), key=lambda r: (wanted.index(r.kind), not r.is_primary, r.created_at))
    if contact is None or not usable:
        raise UnableToReply("channel_id", N_("This contact has no address or number for the chosen channel: add one first"))
    return Party(tuple(Identity(IdentityKind(r.kind), r.value, r.scope) for r in usable), name=contact.name)


def last_incoming(session: Session, thread: Thread, medium: str) -> Message | None:
    """Return the newest incoming message of this medium, or None. Automatic mail does not count, nor do messages from people to
    whom the thread was forwarded."""
    sender = sa.func.lower(sa.func.coalesce(Message.sender["address"].astext, ""))
    query = (
        sa.select(Message)
        .where(
            Message.thread_id == thread.id,
            Message.message_type == MessageType.INCOMING,
            Message.medium == medium,
            Message.automatic.is_(None),
            sender.not_in(list_third_parties(session, thread)),
        )
        .order_by(Message.occurred_at.desc(), Message.id.desc())
        .limit(1)
    )
    return session.execute(query).scalar_one_or_none()
