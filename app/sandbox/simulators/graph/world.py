"""Simulate everybody outside the tenant: the mail they receive and send, their bounces and automatic answers.

`tenant.outbox` is the ledger. It has one entry for each mail that was accepted for sending, even if the caller never got the
answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import Message as MimePart

from app.sandbox.simulators.common import BadOrder
from app.sandbox.simulators.graph import mime
from app.sandbox.simulators.graph.calls import seconds
from app.sandbox.simulators.graph.store import Mailbox, Message, new_conversation_id, new_immutable_id, new_moving_id
from app.sandbox.simulators.graph.tenant import Tenant
from app.sandbox.simulators.machines import write_answer

REFERENCE_HEADER = "x-switchyard-delivery"


@dataclass(frozen=True)
class Sent:
    """One mail the outside world received from us."""

    at: datetime
    mailbox: str
    graph_id: str  # immutable
    recipients: tuple[str, ...]
    raw: bytes
    bcc: tuple[str, ...] = ()

    @property
    def mail(self) -> MimePart:
        return message_from_bytes(self.raw)

    @property
    def message_id(self) -> str:
        return str(self.mail["Message-ID"] or "").strip()

    @property
    def reference(self) -> str | None:
        return str(self.mail[REFERENCE_HEADER]) if self.mail[REFERENCE_HEADER] else None


def send_off(tenant: Tenant, mailbox: Mailbox, message: Message) -> Sent:
    """Send the mail, add it to the ledger and return its ledger entry.

    Recipients that are mailboxes of the tenant get the mail. Recipients at the special domains of the settings answer
    automatically, for example with a bounce.
    """
    if tenant.settings.replace_message_id:
        message.message_id = mime.new_message_id()
    everybody = tuple(mime.address_of(one).lower() for one in (*message.to, *message.cc, *message.bcc))
    bcc = tuple(mime.address_of(one).lower() for one in message.bcc)
    sent = Sent(tenant.now(), mailbox.address, message.immutable_id, everybody, mime.write(message, mailbox=mailbox.address), bcc)
    tenant.outbox.append(sent)
    for address in everybody:
        _arrive_at(tenant, sent, address)
    return sent


def deliver(tenant: Tenant, address: str, raw: bytes, *, options: Mapping[str, object] | None = None) -> Message:
    """Deliver a mail to a mailbox and return the new message.

    `options` may have `folder`, `conversation_id`, `lag_s` (seconds until the message can be read) and `twin_of` (a message
    id; the new id differs from it in case only).
    """
    options = options or {}
    mailbox = tenant.store.open(address)
    now = tenant.now()
    message = Message(
        immutable_id=_case_twin(str(options["twin_of"])) if options.get("twin_of") else new_immutable_id(),
        moving_id=new_moving_id(),
        folder=mailbox.folder_of(str(options.get("folder") or "inbox")) or "inbox",
        created_at=now,
        modified_at=now,
        received_at=now,
    )
    mime.read_into(message, raw)
    lag = float(str(options.get("lag_s") or tenant.settings.lag_s))
    message.visible_at = now + seconds(lag) if lag else None
    message.conversation_id = str(options.get("conversation_id") or _conversation(mailbox, message))
    return mailbox.add(message)


def find_sent(tenant: Tenant, *, message_id: str = "", reference: str = "", to: str = "") -> Sent:
    """Return the newest mail of ours that matches every given criterion. Raises `BadOrder` if none does."""
    for sent in reversed(tenant.outbox):
        fits = not message_id or sent.message_id.strip("<>") == message_id.strip("<>")
        if fits and (not reference or sent.reference == reference) and (not to or to.lower() in sent.recipients):
            found: Sent = sent
            return found
    raise BadOrder("no such mail was sent")


def answer_by_machine(tenant: Tenant, sent: Sent, kind: str, *, recipient: str = "") -> Message:
    """Write an automatic answer of this kind (bounce, out-of-office, receipt) to a mail of ours, and deliver it to the mailbox
    that sent the mail."""
    who = recipient or next(iter(sent.recipients), "somebody@example.org")
    return deliver(tenant, sent.mailbox, write_answer(kind, sent, who, now=tenant.now()))


def threading_for(tenant: Tenant, in_reply_to: str) -> tuple[str, str, str]:
    """Return the values of In-Reply-To, References and Reply-To for an answer to a mail of ours.

    Raises `BadOrder` if no mail of ours has the message id `in_reply_to`.
    """
    sent = find_sent(tenant, message_id=in_reply_to)
    references = " ".join(filter(None, (str(sent.mail["References"] or ""), sent.message_id)))
    return sent.message_id, references, str(sent.mail["Reply-To"] or sent.mail["From"] or "")


def _arrive_at(tenant: Tenant, sent: Sent, address: str) -> None:
    domain = address.rpartition("@")[2]
    if address != sent.mailbox and address in {one.lower() for one in tenant.settings.mailboxes}:
        deliver(tenant, address, sent.raw)
    if domain in tenant.settings.bounce_domains:
        answer_by_machine(tenant, sent, "bounce", recipient=address)
    if domain in tenant.settings.out_of_office_domains:
        answer_by_machine(tenant, sent, "out_of_office", recipient=address)
    if domain in tenant.settings.silent_responder_domains:
        answer_by_machine(tenant, sent, "silent_reply", recipient=address)


def _conversation(mailbox: Mailbox, message: Message) -> str:
    """Return the conversation id of a mail in the mailbox that `message` refers to, or a new id if there is none."""
    named = {message.in_reply_to, *message.references} - {""}
    for other in mailbox.messages.values():
        if other.message_id in named:
            return other.conversation_id
    return new_conversation_id()


def _case_twin(message_id: str) -> str:
    for index in range(len(message_id) - 1, 0, -1):
        if message_id[index].isalpha():
            return message_id[:index] + message_id[index].swapcase() + message_id[index + 1 :]
    raise BadOrder("that id has no letter")
