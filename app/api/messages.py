"""Serve /communication/messages: list, read, send and change messages."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.api.answers import Answer, answer, check_if_match, content_tag, show
from app.api.attachments import claim_files
from app.api.authorize import current_viewer
from app.api.idempotency import write
from app.api.problems import moved_on
from app.api.registry import Routes
from app.api.schemas.base import IdPath
from app.api.schemas.messages import (
    MessageCreate,
    MessageDirection,
    MessageListQuery,
    MessageOut,
    MessagePage,
    MessageUpdate,
)
from app.api.serialize import DIRECTIONS, message_out
from app.contract.base import DeliveryStatus
from app.core.clock import utc_now
from app.core.db import db
from app.core.keyset import Sort
from app.core.problems import Problem, invalid
from app.core.runtime import runtime
from app.domain.accounts.access import Viewer
from app.domain.connections.models import Channel
from app.domain.delivery.actions import MAY_BE_SENT_AGAIN, Reply, ReplyContext, queue_reply, retry_delivery
from app.domain.threads.actions import ThreadMovedOn, add_note, check_nothing_newer, lock_thread
from app.domain.threads.api_queries import (
    MessageConditions,
    find_message_records,
    get_message_record,
    get_thread_record,
    list_message_records,
)
from app.domain.threads.edit import edit_note
from app.domain.threads.models import Message, MessageType, Thread
from app.domain.threads.queries import ThreadMissing

routes = Routes("Messages")
SEND = {
    "thread_id": "0193f6a2-7c1e-7d3a-9c55-3b1f2f6f0a11",
    "message_type": "outgoing",
    "message_content": "Our technician is with you tomorrow at nine.",
    "last_seen_message_id": "0193f6a2-8a00-7f00-8000-5e2f6f0a1193",
}


@routes.add("get", "/communication/messages", scope="threads:read", answers=MessagePage)
def list_messages(query: MessageListQuery) -> Response:
    """List messages.

    With `thread_id`, the messages of this thread. Without it, the messages of all brands the token's owner may see.
    """
    conditions = MessageConditions(
        thread_id=query.thread_id,
        channel_id=query.channel_id,
        message_types=_types(query.message_type, query.direction),
        delivery_status=query.delivery_status.value if query.delivery_status else None,
        sender_contact_id=query.sender_contact_id,
        external_message_id=query.external_message_id,
    )
    page = list_message_records(
        db.session(),
        viewer=current_viewer(),
        conditions=conditions,
        sort=Sort.parse(query.sort),
        cursor=query.cursor,
        limit=query.limit,
    )
    return answer(MessagePage(items=[message_out(r) for r in page.items], next_cursor=page.next_cursor)).response()


def _types(wanted: MessageType | None, direction: MessageDirection | None) -> tuple[MessageType, ...] | None:
    if wanted is None and direction is None:
        return None
    kinds = (kind for kind, way in DIRECTIONS.items() if direction in (None, way))
    return tuple(kind for kind in kinds if wanted in (None, kind))


@routes.add("get", "/communication/messages/<uuid:id>", scope="threads:read", answers=MessageOut, refuses=(404,))
def get_message(path: IdPath) -> Response:
    """Show one message."""
    return show(message_out(get_message_record(db.session(), viewer=current_viewer(), message_id=path.id)))


@routes.add(
    "post", "/communication/messages", scope="threads:write", answers=MessageOut, status=202, refuses=(409,), example=SEND
)
def send_message(body: MessageCreate) -> Response:
    """Send a message, or write a note.

    An outgoing message is queued, not sent yet: the answer has `delivery_status: pending`. If the channel takes one file per
    message, several files become several messages: the answer shows the first, and its `metadata.message_ids` lists all of
    them. If the thread has something newer than `last_seen_message_id`, nothing is sent and the answer is 409 with
    `newer_items`.
    """
    return write(lambda session: _send(session, current_viewer(), body))


@routes.change(
    "/communication/messages/<uuid:id>",
    scope="threads:write",
    answers=MessageOut,
    example={"message_content": "Called back, all is well."},
    example_of_put={"delivery_status": "pending"},
)
def update_message(path: IdPath, body: MessageUpdate) -> Response:
    """Correct your own note, or send a failed message again.

    A message that was sent or received cannot be changed.
    """
    return write(lambda session: _update(session, current_viewer(), path.id, body))


def _send(session: Session, viewer: Viewer, body: MessageCreate) -> Answer:
    for name in ("template_id", "variables"):
        if getattr(body, name) is not None:
            raise invalid(name, "is not supported yet: name the provider's template in metadata.template")
    try:
        thread = get_thread_record(session, viewer=viewer, thread_id=body.thread_id).thread
    except ThreadMissing as error:
        raise invalid("thread_id", "there is no such thread") from error
    files = claim_files(session, viewer, body.attachments)
    try:
        ids = (
            _write_note(session, viewer, thread, body, files) if _is_note(body) else _reply(session, viewer, thread, body, files)
        )
    except ThreadMovedOn as error:
        raise moved_on(error, viewer) from error
    records = {r.message.id: r for r in find_message_records(session, viewer=viewer, message_ids=ids)}
    shown = message_out(records[ids[0]])
    if len(ids) > 1:
        shown.metadata["message_ids"] = [str(i) for i in ids]
    return answer(shown, 202, etag=content_tag(shown), location=f"/api/v1/communication/messages/{shown.id}")


def _is_note(body: MessageCreate) -> bool:
    return body.message_type == "internal_note"


def _write_note(
    session: Session, viewer: Viewer, thread: Thread, body: MessageCreate, files: Sequence[uuid.UUID]
) -> list[uuid.UUID]:
    if not body.message_content.strip() and not files:
        raise invalid("message_content", "Write something, or attach a file")
    for name, value in (("channel_id", body.channel_id), ("metadata.template", body.metadata.template)):
        if value is not None:
            raise invalid(name, "a note is not sent anywhere")
    lock_thread(session, thread.id)
    check_nothing_newer(session, thread, last_seen_message_id=body.last_seen_message_id, user_id=viewer.user_id)
    note = add_note(
        session,
        thread_id=thread.id,
        text=body.message_content,
        actor=viewer.actor,
        author_name=viewer.name,
        now=utc_now(),
        attachment_ids=tuple(files),
    )
    return [note.id]


def _reply(session: Session, viewer: Viewer, thread: Thread, body: MessageCreate, files: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    channel = _channel(session, viewer, body.channel_id or thread.channel_id)
    house = runtime()
    if channel.adapter_key not in house.adapters.senders:
        raise invalid("channel_id", f"{channel.name} cannot send")
    template = body.metadata.template
    rules = house.adapters.rules[channel.channel_type.value]
    if template is not None and rules.window is None:
        raise invalid("metadata.template", f"{channel.name} has no templates: free text is always allowed there")
    reply = Reply(
        thread_id=thread.id,
        text=body.message_content,
        channel_id=channel.id,
        template=template.model_dump() if template else None,
        attachment_ids=tuple(files),
        last_seen_message_id=body.last_seen_message_id,
    )
    context = ReplyContext(
        rules=rules,
        mail_keys=house.mail_keys,
        mail_domain=house.settings.mail_domain,
        now=utc_now(),
    )
    sent = queue_reply(session, reply, channel=channel, author=viewer.actor, author_name=viewer.name, context=context)
    return [message.id for message in sent]


def _channel(session: Session, viewer: Viewer, channel_id: uuid.UUID | None) -> Channel:
    if channel_id is None:
        raise invalid("channel_id", "this is an internal thread: write a note, or name a channel")
    channel = session.get(Channel, channel_id)
    if channel is None or channel.brand_id not in viewer.brand_ids:
        raise invalid("channel_id", "there is no such channel")
    return channel


def _update(session: Session, viewer: Viewer, message_id: uuid.UUID, body: MessageUpdate) -> Answer:
    message = get_message_record(session, viewer=viewer, message_id=message_id).message
    lock_thread(session, message.thread_id)
    session.refresh(message)
    _check_unchanged(session, viewer, message)
    if "message_content" in body.model_fields_set:
        edit_note(session, message_id=message_id, text=body.message_content, actor=viewer.actor, now=utc_now())
    if "delivery_status" in body.model_fields_set:
        _send_again(session, viewer, message)
    session.flush()
    shown = message_out(get_message_record(session, viewer=viewer, message_id=message_id))
    return answer(shown, etag=content_tag(shown))


def _check_unchanged(session: Session, viewer: Viewer, message: Message) -> None:
    check_if_match(content_tag(message_out(get_message_record(session, viewer=viewer, message_id=message.id))))


def _send_again(session: Session, viewer: Viewer, message: Message) -> None:
    if message.delivery_status is None or DeliveryStatus(message.delivery_status) not in MAY_BE_SENT_AGAIN:
        raise Problem("state_conflict", "Only a message that failed, expired or is of unknown outcome can be sent again")
    retry_delivery(session, message_id=message.id, actor=viewer.actor, now=utc_now())
