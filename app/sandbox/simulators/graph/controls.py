"""Controls of the Graph simulator, beside those that every simulator has.

POST /__sim/deliver        a customer writes: {"mailbox", "mime" | "mime_base64" | "from", "name", "to", "cc", "subject",
                           "text", "html", "in_reply_to", "references", "headers", "attachments": [{"filename",
                           "content_type", "content_base64", "content_id"}]}; if `in_reply_to` names a mail of ours, that
                           mail's References and Reply-To are used. Options: duplicate, delay_s, lag_s, folder,
                           conversation_id, twin_of; {"mails": [...], "reorder": true} delivers several, shuffled.
GET  /__sim/outbox         ?to= &reference=  the mails that left us, newest first, with text, headers and files
GET  /__sim/outbox/<n>     the raw mail, n as in the list
GET  /__sim/ledger         every accepted send: reference, message_id, at, to, mailbox, graph_id
POST /__sim/answer         {"kind": "bounce" | "delayed" | "delivered" | "out_of_office" | "read_receipt" | "not_read" |
                           "silent_reply",
                           "message_id" | "reference" | "to"}
POST /__sim/mark           {"mailbox", "id", "is_read"}: a colleague marks a mail in Outlook as read or unread
POST /__sim/remove         {"mailbox", "id", "move_to"}: deleted, or moved to a folder
POST /__sim/expire-delta   {"mode": "gone" | "not_found"}
POST /__sim/expire-tokens  every access token expires now
"""

from __future__ import annotations

import base64
import binascii
import random
import threading
from typing import Any

from flask import Blueprint, Response, jsonify, request

from app.sandbox.simulators.common import BadOrder
from app.sandbox.simulators.graph import mime, world
from app.sandbox.simulators.graph.calls import seconds
from app.sandbox.simulators.graph.delta import lose_rounds
from app.sandbox.simulators.graph.shape import stamp
from app.sandbox.simulators.graph.store import Json, Mailbox, Message
from app.sandbox.simulators.graph.subscriptions import notify
from app.sandbox.simulators.graph.tenant import Tenant
from app.sandbox.simulators.graph.world import Sent

_SHOWN_FILE_BYTES = 1_048_576


def world_routes(tenant: Tenant) -> Blueprint:
    """Return the control routes for people outside: they send us mails, answer ours, and list the mails that they received."""
    routes = _blueprint(tenant, "world")

    @routes.post("/deliver")
    def deliver_mail() -> Response:
        with tenant.store.lock:
            return jsonify(deliver(tenant, _body()))

    @routes.get("/outbox")
    def list_outbox() -> Response:
        to, reference = request.args.get("to", "").lower(), request.args.get("reference")
        found = [
            show_sent(number, sent)
            for number, sent in enumerate(tenant.outbox)
            if (not to or to in sent.recipients) and (not reference or sent.reference == reference)
        ]
        return jsonify(mails=found[::-1])

    @routes.get("/outbox/<int:number>")
    def get_outbox_mail(number: int) -> Response:
        if number >= len(tenant.outbox):
            raise BadOrder("no such mail was sent")
        return Response(tenant.outbox[number].raw, content_type="message/rfc822")

    @routes.get("/ledger")
    def list_ledger() -> Response:
        return jsonify(entries=[_ledger_line(sent) for sent in tenant.outbox])

    @routes.post("/answer")
    def answer() -> Response:
        body = _body()
        with tenant.store.lock:
            keys = {name: str(body.get(name) or "") for name in ("message_id", "reference", "to")}
            sent = world.find_sent(tenant, **keys)
            message = world.answer_by_machine(tenant, sent, str(body.get("kind")), recipient=str(body.get("to") or ""))
        return jsonify(delivered=[_delivered(message)])

    return routes


def trouble_routes(tenant: Tenant) -> Blueprint:
    """Return the control routes for changes by colleagues in a mailbox, and for links and tokens that expire."""
    routes = _blueprint(tenant, "trouble")

    @routes.post("/mark")
    def mark() -> Response:
        with tenant.store.lock:
            mailbox, message = _named(tenant, _body())
            message.is_read = bool(_body().get("is_read", True))
            mailbox.update(message, ("isRead",), now=tenant.now())
        return jsonify(ok=True)

    @routes.post("/remove")
    def remove() -> Response:
        with tenant.store.lock:
            mailbox, message = _named(tenant, _body())
            target = mailbox.folder_of(str(_body().get("move_to") or ""))
            if target:
                mailbox.move(message, target, now=tenant.now())
            else:
                mailbox.remove(message)
        return jsonify(ok=True)

    @routes.post("/expire-delta")
    def expire_delta() -> Response:
        mode = _body().get("mode", "gone")
        if mode not in ("gone", "not_found"):
            raise BadOrder("mode must be gone or not_found")
        return jsonify(lost=lose_rounds(tenant, mode))

    @routes.post("/expire-tokens")
    def expire_tokens() -> Response:
        tenant.tokens.clear()
        return jsonify(ok=True)

    return routes


def _blueprint(tenant: Tenant, name: str) -> Blueprint:
    routes = Blueprint(f"graph_{name}", __name__, url_prefix="/__sim")

    @routes.before_request
    def catch_up() -> None:
        with tenant.store.lock:
            tenant.catch_up()

    @routes.errorhandler(ValueError)
    def explain(error: ValueError) -> tuple[Response, int]:
        return jsonify(error=str(error)), 400

    return routes


def deliver(tenant: Tenant, body: Json) -> Json:
    """Carry out POST /__sim/deliver. Raises BadOrder.

    Return {"delivered": […]} with the ids of the mails that arrived at once, without those with a delay.
    """
    mails: list[Json] = [{**body, **mail} for mail in body["mails"]] if body.get("mails") else [body]
    if body.get("reorder"):
        random.shuffle(mails)
    delivered: list[Json] = []
    for mail in mails:
        address = str(mail.get("mailbox") or mail.get("to") or "")
        if "@" not in address:
            raise BadOrder("mailbox is needed")
        _make_known(tenant, address)
        raw = _raw(tenant, mail, address)
        for _ in range(1 + int(mail.get("duplicate") or 0)):
            at = tenant.now() + seconds(float(mail.get("delay_s") or 0))
            tenant.later(at, _arrival(tenant, address, raw, mail, delivered))
    return {"delivered": delivered}


def _arrival(tenant: Tenant, address: str, raw: bytes, options: Json, delivered: list[Json]) -> Any:
    def arrive() -> None:
        delivered.append(_delivered(world.deliver(tenant, address, raw, options=options)))
        if tenant.settings.notify:
            order = {"kind": "notification", "mailbox": address, "change": "created"}
            threading.Thread(target=notify, args=(tenant, order), daemon=True).start()

    return arrive


def _make_known(tenant: Tenant, address: str) -> None:
    if tenant.mailbox(address) is None:
        tenant.settings = tenant.settings.changed({"mailboxes": [*tenant.settings.mailboxes, address.lower()]})
    tenant.store.open(address)


def _raw(tenant: Tenant, mail: Json, address: str) -> bytes:
    if mail.get("mime_base64"):
        return _base64(str(mail["mime_base64"]))
    if mail.get("mime"):
        return str(mail["mime"]).encode("utf-8", "surrogateescape")
    mail = dict(mail)
    mail["attachments"] = [
        {**one, "content": _base64(str(one.get("content_base64") or ""))} for one in mail.get("attachments") or ()
    ]
    if mail.get("in_reply_to"):
        mail = _threaded(tenant, mail)
    return mime.compose(mail, to=address, now=tenant.now())


def _threaded(tenant: Tenant, mail: Json) -> Json:
    """Add the headers that a mail program takes from the answered mail, if that is one of ours. Return other mails unchanged."""
    try:
        in_reply_to, references, reply_to = world.threading_for(tenant, str(mail["in_reply_to"]))
    except BadOrder:
        return mail
    return {"references": references, "to": reply_to, **{k: v for k, v in mail.items() if v}, "in_reply_to": in_reply_to}


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise BadOrder("not base64") from error


def _named(tenant: Tenant, body: Json) -> tuple[Mailbox, Message]:
    mailbox = tenant.store.find(str(body.get("mailbox")))
    message = mailbox.find(str(body.get("id"))) if mailbox else None
    if mailbox is None or message is None:
        raise BadOrder("no such mail")
    return mailbox, message


def _body() -> Json:
    body = request.get_json(silent=True, force=True)
    return body if isinstance(body, dict) else {}


def _delivered(message: Message) -> Json:
    return {"graph_id": message.immutable_id, "internet_message_id": message.message_id}


def _ledger_line(sent: Sent) -> Json:
    return {
        "reference": sent.reference,
        "message_id": sent.message_id.strip("<>"),
        "at": sent.at.isoformat(),
        "to": list(sent.recipients),
        "mailbox": sent.mailbox,
        "graph_id": sent.graph_id,
    }


def show_sent(number: int, sent: Sent) -> Json:
    read = Message("", "", "", sent.at, sent.at, sent.at)
    mime.read_into(read, sent.raw)
    files = [
        {
            "filename": one.name,
            "content_type": one.content_type,
            "size": len(one.content),
            "content_id": one.content_id,
            "content_base64": base64.b64encode(one.content).decode() if len(one.content) <= _SHOWN_FILE_BYTES else None,
        }
        for one in read.attachments
    ]
    return _ledger_line(sent) | {
        "number": number,
        "subject": read.subject,
        "from": mime.address_of(read.sender),
        "from_name": (read.sender or {}).get("emailAddress", {}).get("name"),
        "cc": [mime.address_of(one) for one in read.cc],
        "bcc": list(sent.bcc),
        "reply_to": [mime.address_of(one) for one in read.reply_to],
        "in_reply_to": read.in_reply_to.strip("<>"),
        "references": [one.strip("<>") for one in read.references],
        "text": mime.text_of(read.body),
        "html": read.body["content"] if read.body["contentType"] == "html" else "",
        "headers": read.headers,
        "attachments": files,
        "sent_at": stamp(sent.at),
    }
