"""Serve /external: mails that programs send, to one or to many (mailings)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.api.answers import Answer, answer
from app.api.authorize import current_viewer, require
from app.api.idempotency import write
from app.api.registry import Routes
from app.api.schemas.base import IdPath
from app.api.schemas.external import MOST_RECIPIENTS, ExternalMailCreate, MailContent, MailingCreate, MailingOut, MailingProblem
from app.api.schemas.messages import MessageOut
from app.api.serialize import message_out
from app.core.clock import utc_now
from app.core.db import db
from app.core.problems import Problem, invalid
from app.core.runtime import runtime
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.connections.models import Channel, Medium
from app.domain.connections.queries import list_channels
from app.domain.delivery.actions import ReplyContext
from app.domain.delivery.errors import UnableToReply
from app.domain.delivery.first_mail import FirstMail, queue_first_mail
from app.domain.mailings.actions import NewMailing, NewRecipient, create_mailing
from app.domain.mailings.filling import BlankLeft, fill_in
from app.domain.mailings.lists import list_subscribers
from app.domain.mailings.models import Mailing, RecipientOutcome
from app.domain.mailings.queries import MailingMissing, get_mailing, get_progress
from app.domain.reply_templates.models import ReplyTemplate
from app.domain.reply_templates.queries import TemplateMissing, find_template_named, get_template
from app.domain.reply_templates.variables import ALIASES
from app.domain.threads.api_queries import find_message_records
from app.mail.rich import clean_rich, rich_to_text
from app.providers.registry import KEEP_TEMPLATES

routes = Routes("External")
MAIL = {
    "to": "jan.janssen@example.nl",
    "to_name": "Jan Janssen",
    "subject": "Your order {{order_id}}",
    "message_content": "Dear {{customer_name}}, we have your order {{order_id}}.",
    "dynamic_data": {"customer_name": "Jan Janssen", "order_id": "CC-2026-00042"},
    "category": "order_confirmation",
}
MAILING = {
    "subject": "Charging in winter",
    "message_content": "Dear {{customer_name|customer}}, cold costs range. Three things help.",
    "recipients": [
        {
            "email": "jan.janssen@example.nl",
            "dynamic_data": {"customer_name": "Jan"},
            "consent": {"given": True, "basis": "order form"},
        }
    ],
}


@routes.add("post", "/external/send-email", scope="threads:write", answers=MessageOut, status=202, example=MAIL)
def send_external_email(body: ExternalMailCreate) -> Response:
    """Send one mail.

    The mail is queued, not sent yet: `delivery_status` is `pending`. The API refuses an address with 422 if earlier mail to
    it came back, or if its owner reported a mail as spam.
    """
    return write(lambda session: _send(session, current_viewer(), body))


@routes.add("post", "/external/send-bulk-email", scope="threads:write", answers=MailingOut, status=202, example=MAILING)
def send_bulk_email(body: MailingCreate) -> Response:
    """Send one mail to many.

    For leads. Each recipient is handled exactly once, also after an interruption. A recipient who did not agree, or may not
    be written to, gets nothing and is listed under `problems`. Each mail has a one-click unsubscribe.
    """
    return write(lambda session: _start(session, current_viewer(), body))


@routes.add("get", "/external/send-bulk-email/<uuid:id>", scope="threads:read", answers=MailingOut, refuses=(404,))
def get_bulk_email(path: IdPath) -> Response:
    """Show the progress of a mailing."""
    session = db.session()
    try:
        mailing = get_mailing(session, mailing_id=path.id, brand_ids=current_viewer().brand_ids)
    except MailingMissing as error:
        raise Problem("not_found", "There is no such mailing") from error
    return answer(_shown(session, mailing)).response()


def _send(session: Session, viewer: Viewer, body: ExternalMailCreate) -> Answer:
    channel = _channel(session, viewer, body.channel_id)
    content, values = _content(session, viewer, body, channel), _with_our_names(body.dynamic_data)
    try:
        mail = FirstMail(
            to=body.to,
            name=body.to_name,
            subject=" ".join(fill_in(content.subject, values).split()),
            text=fill_in(content.text, values),
            html=clean_rich(fill_in(content.html, values, is_html=True)) if content.html else "",
            template=_provider_template(content, body.dynamic_data),
            meta={"category": body.category} if body.category else {},
        )
    except BlankLeft as error:
        raise invalid(f"dynamic_data.{error}", "has no value, and the text has a blank for it") from error
    try:
        message = queue_first_mail(
            session, mail, channel=channel, author=viewer.actor, author_name=viewer.name, context=_context(channel)
        )
    except UnableToReply as error:
        raise invalid(error.field, str(error)) from error
    (record,) = find_message_records(session, viewer=viewer, message_ids=[message.id])
    return answer(message_out(record), 202, location=f"/api/v1/communication/messages/{message.id}")


def _start(session: Session, viewer: Viewer, body: MailingCreate) -> Answer:
    require(Permission.MAILINGS_SEND)
    if bool(body.recipients) == bool(body.list_id):
        raise invalid("recipients", "give `recipients` or a `list_id`, one of them")
    channel = _channel(session, viewer, body.channel_id)
    content = _content(session, viewer, body, channel)
    recipients = (
        _subscribers(session, channel)
        if body.list_id
        else [
            NewRecipient(
                one.email,
                one.name,
                _with_our_names(one.dynamic_data),
                has_consent=bool(one.consent and one.consent.given),
                basis=one.consent.basis if one.consent else "",
            )
            for one in body.recipients
        ]
    )
    new = NewMailing(
        subject=content.subject,
        text=content.text,
        html=content.html,
        provider_template=content.provider_template,
        category=body.category,
        send_at=body.send_at,
        recipients=recipients,
    )
    mailing = create_mailing(session, new, channel=channel, actor=viewer.actor, now=utc_now())
    return answer(_shown(session, mailing), 202, location=f"/api/v1/external/send-bulk-email/{mailing.id}")


def _content(session: Session, viewer: Viewer, body: MailContent, channel: Channel) -> NewMailing:
    """Return subject, text and HTML of a mailing, with variables that are not filled in yet.

    Raises `Problem` if the template does not exist or no subject is given.
    """
    if body.template_id is None:
        html = clean_rich(body.message_html) if body.message_html else ""
        return NewMailing(body.subject, body.message_content or rich_to_text(html), html)
    if body.template_id.startswith("d-"):
        if channel.adapter_key not in KEEP_TEMPLATES:
            raise invalid("template_id", f"no templates are kept at the provider of {channel.name}")
        return NewMailing(body.subject, f"[{body.template_id}]", provider_template=body.template_id)
    try:
        template = _template(session, viewer, channel, body.template_id)
    except TemplateMissing as error:
        raise invalid("template_id", "there is no such template for an email of this brand") from error
    subject = body.subject or template.subject
    if not subject.strip():
        raise invalid("subject", "the template has no subject: give one")
    return NewMailing(subject, template.text, template.html)


def _template(session: Session, viewer: Viewer, channel: Channel, named: str) -> ReplyTemplate:
    """Return the reply template `named` by its id, or by its name in lower case with _ for spaces. Raises `TemplateMissing`."""
    try:
        return get_template(session, viewer=viewer, template_id=uuid.UUID(named)).template
    except ValueError:
        return find_template_named(session, named, viewer=viewer, brand_id=channel.brand_id)


def _subscribers(session: Session, channel: Channel) -> list[NewRecipient]:
    found = list_subscribers(session, brand_id=channel.brand_id, limit=MOST_RECIPIENTS + 1)
    if not found:
        raise invalid("list_id", "nobody of this brand agreed to such emails yet")
    if len(found) > MOST_RECIPIENTS:
        raise invalid("list_id", f"has more than {MOST_RECIPIENTS} people: send it in parts, by `recipients`")
    return found


def _with_our_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `values` with the same values under our variable names as well.

    `customer_name` becomes `contact.name` and `contact.first_name`, `order_id` becomes `order.number`.
    """
    ours = {variable: values[name] for name, variable in ALIASES.items() if values.get(name)}
    first = str(values.get("customer_name") or "").partition(" ")[0]
    return {**ours, **({"contact.first_name": first} if first else {}), **values}


def _provider_template(content: NewMailing, values: Any) -> dict[str, Any] | None:
    name = content.provider_template
    return {"name": name, "language": "", "components": [dict(values)]} if name else None


def _channel(session: Session, viewer: Viewer, channel_id: uuid.UUID | None) -> Channel:
    """Return the mailbox with this id, or for None the only mailbox of the viewer's brands. Raises `Problem` if there is no
    such mailbox, or several."""
    senders = runtime().adapters.senders
    found = [
        channel
        for channel in list_channels(session, active_only=True, brand_ids=viewer.brand_ids)
        if channel.medium == Medium.EMAIL and channel.adapter_key in senders and channel_id in (None, channel.id)
    ]
    if channel_id is not None and not found:
        raise invalid("channel_id", "there is no such mailbox that can send")
    if len(found) != 1:
        raise invalid("channel_id", "name the mailbox to send from" if found else "there is no mailbox that can send")
    return found[0]


def _context(channel: Channel) -> ReplyContext:
    house = runtime()
    return ReplyContext(
        rules=house.adapters.rules[channel.channel_type.value],
        mail_keys=house.mail_keys,
        mail_domain=house.settings.mail_domain,
        now=utc_now(),
    )


def _shown(session: Session, mailing: Mailing) -> MailingOut:
    progress = get_progress(session, mailing.id)
    counts = {outcome.value: progress.outcomes[outcome.value] for outcome in RecipientOutcome}
    problems = [MailingProblem(email=email, outcome=what.value, reason=why) for email, what, why in progress.problems]
    return MailingOut(
        id=mailing.id,
        channel_id=mailing.channel_id,
        subject=mailing.subject,
        category=mailing.category,
        send_at=mailing.send_at,
        created_at=mailing.created_at,
        total=progress.total,
        waiting=progress.waiting,
        deliveries=dict(progress.deliveries),
        problems=problems,
        **counts,
    )
