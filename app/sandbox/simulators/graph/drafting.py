"""Simulate drafts in Graph: create one from JSON, from MIME or as a reply, and attach files whole or in chunks."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta

from flask import Blueprint, Response, jsonify, request

from app.sandbox.simulators.graph import mime
from app.sandbox.simulators.graph.calls import WRITE, Call, Routes, body_json, created
from app.sandbox.simulators.graph.problems import GraphProblem, bad_request, not_found
from app.sandbox.simulators.graph.shape import apply, shown, shown_attachment, stamp
from app.sandbox.simulators.graph.store import (
    Attachment,
    Json,
    Mailbox,
    Message,
    new_conversation_id,
    new_immutable_id,
    new_moving_id,
)
from app.sandbox.simulators.graph.tenant import Tenant

DIRECT_BYTES = 3 * 1024 * 1024
LARGEST_BYTES = 150 * 1024 * 1024
CHUNK_LIMIT_BYTES = 4 * 1024 * 1024
_SESSION_LIFE = timedelta(hours=1)


@dataclass
class UploadSession:
    """An attachment that is being uploaded in chunks. It is added to the draft when its last byte arrives."""

    mailbox: Mailbox
    message_id: str
    attachment: Attachment
    size: int
    received: bytearray = field(default_factory=bytearray)


def draft_routes(tenant: Tenant) -> Blueprint:
    routes = Routes(tenant, "drafts")

    @routes.on("POST", "/messages", WRITE)
    def create_message(call: Call) -> Response:
        return created(shown(call, call.mailbox.add(new_message(call))))

    @routes.on("POST", "/messages/<message_id>/createReply", WRITE)
    def create_reply(call: Call, message_id: str) -> Response:
        return created(shown(call, call.mailbox.add(new_reply(call, call.message(message_id), to_all=False))))

    @routes.on("POST", "/messages/<message_id>/createReplyAll", WRITE)
    def create_reply_all(call: Call, message_id: str) -> Response:
        return created(shown(call, call.mailbox.add(new_reply(call, call.message(message_id), to_all=True))))

    @routes.on("POST", "/messages/<message_id>/createForward", WRITE)
    def create_forward(call: Call, message_id: str) -> Response:
        return created(shown(call, call.mailbox.add(_new_forward(call, call.message(message_id)))))

    @routes.on("POST", "/messages/<message_id>/attachments", WRITE)
    def add_attachment(call: Call, message_id: str) -> Response:
        message = call.draft(message_id)
        attachment = _attachment(body_json())
        if len(attachment.content) >= DIRECT_BYTES:
            raise GraphProblem(413, "ErrorAttachmentSizeLimitExceeded", "Attachments of 3 MB and more need an upload session.")
        _attach(call.mailbox, message, attachment, call.tenant)
        return created(shown_attachment(attachment))

    @routes.on("POST", "/messages/<message_id>/attachments/createUploadSession", WRITE)
    def create_upload_session(call: Call, message_id: str) -> Response:
        session = _new_session(call, call.draft(message_id), body_json().get("AttachmentItem") or {})
        token = secrets.token_urlsafe(24)
        call.tenant.uploads[token] = session
        url = f"{request.host_url}uploads/AttachmentSessions('{token}')?authtoken={secrets.token_urlsafe(32)}"
        expires = stamp(call.tenant.now() + _SESSION_LIFE)
        return created({"uploadUrl": url, "expirationDateTime": expires, "nextExpectedRanges": ["0-"]})

    return routes.blueprint


def upload_routes(tenant: Tenant) -> Blueprint:
    routes = Blueprint("graph_uploads", __name__)

    @routes.put("/uploads/AttachmentSessions('<token>')")
    def put_chunk(token: str) -> Response:
        with tenant.store.lock:
            session = tenant.uploads.get(token)
            if session is None:
                raise not_found()
            _check_chunk(session)
            session.received += request.get_data()
            if len(session.received) < session.size:
                return jsonify(nextExpectedRanges=[f"{len(session.received)}-"])
            return _complete(tenant, token, session)

    @routes.delete("/uploads/AttachmentSessions('<token>')")
    def cancel(token: str) -> Response:
        tenant.uploads.pop(token, None)
        return Response(status=204)

    return routes


def new_message(call: Call) -> Message:
    """Return a new draft from the request's JSON, or from base64 MIME if the request is text/plain.

    Raises `GraphProblem` 400 if the content is not valid.
    """
    message = blank(call)
    if (request.content_type or "").startswith("text/plain"):
        mime.read_into(message, _decoded(request.get_data(), "ErrorMimeContentInvalidBase64String"))
        return message
    return fill(message, body_json())


def fill(message: Message, values: Json) -> Message:
    """Write the JSON `values` of a new message, attachments included, into `message` and return `message`."""
    for one in values.pop("attachments", []):
        message.attachments.append(_attachment(one))
    apply(message, values, creating=True)
    return message


def new_reply(call: Call, original: Message, *, to_all: bool) -> Message:
    """Return a new reply to `original` in the same conversation; with `to_all` the other recipients are in Cc.

    The `message` of the request overrides the fields that Exchange would fill in. Raises `GraphProblem` 400 if the request
    has both a `comment` and a `message` with a body.
    """
    given = body_json()
    changes = given.get("message") or {}
    if given.get("comment") is not None and changes.get("body"):
        raise bad_request("Both comment and message body are given.", "ErrorInvalidRequest")
    reply = blank(call)
    reply.subject = original.subject if original.subject.upper().startswith("RE: ") else f"RE: {original.subject}"
    reply.to = list(original.reply_to or ([original.sender] if original.sender else []))
    reply.cc = [one for one in (*original.to, *original.cc) if mime.address_of(one) != call.mailbox.address] if to_all else []
    reply.conversation_id = original.conversation_id
    reply.in_reply_to = original.message_id
    reply.references = (*(original.references or ((original.in_reply_to,) if original.in_reply_to else ())), original.message_id)
    quoted = mime.text_of(original.body)
    reply.body = {
        "contentType": "html",
        "content": f'<p>{given.get("comment") or ""}</p><hr><div id="divRplyFwdMsg">{quoted}</div>',
    }
    apply(reply, changes, creating=True)
    return reply


def _new_forward(call: Call, original: Message) -> Message:
    forward = new_reply(call, original, to_all=False)
    forward.subject, forward.to, forward.in_reply_to, forward.references = f"FW: {original.subject}", [], "", ()
    forward.attachments = list(original.attachments)
    return forward


def blank(call: Call) -> Message:
    now = call.tenant.now()
    return Message(
        immutable_id=new_immutable_id(),
        moving_id=new_moving_id(),
        folder="drafts",
        created_at=now,
        modified_at=now,
        received_at=now,
        is_draft=True,
        is_read=True,
        message_id=mime.new_message_id(),
        conversation_id=new_conversation_id(),
    )


def _attachment(values: Json) -> Attachment:
    if values.get("@odata.type") != "#microsoft.graph.fileAttachment" or not values.get("name"):
        raise bad_request("The attachment is not complete.", "ErrorInvalidRequest")
    return Attachment(
        id=f"AAMkAttachment{secrets.token_urlsafe(12)}=",
        name=str(values["name"]),
        content_type=str(values.get("contentType") or "application/octet-stream"),
        content=_decoded(str(values.get("contentBytes") or "").encode(), "ErrorInvalidRequest"),
        content_id=values.get("contentId"),
        is_inline=bool(values.get("isInline")),
    )


def _decoded(text: bytes, code: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise bad_request("Invalid base64 string.", code) from error


def _attach(mailbox: Mailbox, message: Message, attachment: Attachment, tenant: Tenant) -> None:
    mime.forget_raw(message)
    message.attachments.append(attachment)
    mailbox.update(message, ("hasAttachments",), now=tenant.now())


def _new_session(call: Call, message: Message, item: Json) -> UploadSession:
    size = item.get("size")
    if item.get("attachmentType") != "file" or not item.get("name") or not isinstance(size, int):
        raise bad_request("AttachmentItem is not complete.", "ErrorInvalidRequest")
    if size < DIRECT_BYTES:
        text = "Attachment size must be greater than the minimum size."
        raise bad_request(text, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize")
    if size > LARGEST_BYTES:
        raise GraphProblem(413, "ErrorMessageSizeExceeded", "The attachment is larger than 150 MB.")
    attachment = Attachment(
        id=f"AAMkAttachment{secrets.token_urlsafe(12)}=",
        name=str(item["name"]),
        content_type=str(item.get("contentType") or "application/octet-stream"),
        content=b"",
        content_id=item.get("contentId"),
        is_inline=bool(item.get("isInline")),
    )
    return UploadSession(call.mailbox, message.immutable_id, attachment, size)


def _check_chunk(session: UploadSession) -> None:
    """Check a request that uploads a chunk. Raises `GraphProblem` if the request is wrong.

    The upload service also refuses a request with an Authorization header.
    """
    if "Authorization" in request.headers:
        raise GraphProblem(401, "InvalidAudience", "Do not send an Authorization header to an upload URL.")
    if request.content_type != "application/octet-stream":
        raise bad_request("The content type must be application/octet-stream.")
    stated = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", request.headers.get("Content-Range", ""))
    size = len(request.get_data())
    if not stated or int(stated[2]) - int(stated[1]) + 1 != size or int(stated[3]) != session.size:
        raise bad_request("The Content-Range does not fit the content.", "ErrorInvalidRange")
    if size >= CHUNK_LIMIT_BYTES:
        raise GraphProblem(413, "ErrorChunkTooLarge", "A chunk must be smaller than 4 MB.")
    if int(stated[1]) != len(session.received):
        raise GraphProblem(416, "ErrorInvalidRange", f"The next expected byte is {len(session.received)}.")


def _complete(tenant: Tenant, token: str, session: UploadSession) -> Response:
    message = session.mailbox.messages.get(session.message_id)
    del tenant.uploads[token]
    if message is None or not message.is_draft:
        raise not_found()
    session.attachment.content = bytes(session.received)
    _attach(session.mailbox, message, session.attachment, tenant)
    location = f"{request.host_url}uploads/Attachments('{session.attachment.id}')"
    return Response(status=201, headers={"Location": location})
