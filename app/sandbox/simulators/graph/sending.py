"""Simulate sending in Graph.

A mail is accepted and written to the ledger at once. Its copy appears in Sent Items a little later.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.sandbox.simulators.graph import world
from app.sandbox.simulators.graph.calls import SEND, Call, Routes, body_json, seconds
from app.sandbox.simulators.graph.drafting import blank, fill, new_message, new_reply
from app.sandbox.simulators.graph.mime import recipient
from app.sandbox.simulators.graph.problems import bad_request
from app.sandbox.simulators.graph.store import Mailbox, Message, new_moving_id
from app.sandbox.simulators.graph.tenant import Tenant


def send_routes(tenant: Tenant) -> Blueprint:
    routes = Routes(tenant, "sending")

    @routes.on("POST", "/messages/<message_id>/send", SEND)
    def send_draft(call: Call, message_id: str) -> Response:
        _send(call, call.draft(message_id))
        return Response(status=202)

    @routes.on("POST", "/sendMail", SEND)
    def send_mail(call: Call) -> Response:
        is_mime = (request.content_type or "").startswith("text/plain")
        given = {} if is_mime else body_json()
        message = new_message(call) if is_mime else fill(blank(call), given.get("message") or {})
        _send(call, call.mailbox.add(message), keep=given.get("saveToSentItems", True))
        return Response(status=202)

    @routes.on("POST", "/messages/<message_id>/reply", SEND)
    def reply(call: Call, message_id: str) -> Response:
        _send(call, call.mailbox.add(new_reply(call, call.message(message_id), to_all=False)))
        return Response(status=202)

    @routes.on("POST", "/messages/<message_id>/replyAll", SEND)
    def reply_all(call: Call, message_id: str) -> Response:
        _send(call, call.mailbox.add(new_reply(call, call.message(message_id), to_all=True)))
        return Response(status=202)

    return routes.blueprint


def _send(call: Call, message: Message, *, keep: bool = True) -> None:
    """Send a draft: remove it from the mailbox and deliver the mail.

    With `keep`, a copy with the same immutable id appears in Sent Items after the delay of the settings. Until then the
    mailbox has no message with that id. Raises `GraphProblem` 400 if the draft has no recipient.
    """
    if not (message.to or message.cc or message.bcc):
        raise bad_request("At least one recipient isn't valid.", "ErrorInvalidRecipients")
    tenant, mailbox = call.tenant, call.mailbox
    mailbox.remove(message, reason="changed")
    message.sent_at = message.received_at = message.modified_at = tenant.now()
    message.is_draft, message.folder, message.moving_id = False, "sentitems", new_moving_id()
    message.sender = message.sender or recipient(mailbox.address)
    world.send_off(tenant, mailbox, message)
    if keep:
        tenant.later(tenant.now() + seconds(tenant.settings.send_delay_s), lambda: _keep_copy(mailbox, message))


def _keep_copy(mailbox: Mailbox, message: Message) -> None:
    mailbox.add(message)
