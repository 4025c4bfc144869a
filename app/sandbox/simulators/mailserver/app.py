"""Build the mail server simulator: SMTP and IMAP on ports of their own, and controls over HTTP.

GET  /__sim/ports           {"smtp", "imap"}
POST /__sim/config          {"accounts": [{"address", "password"}], "smtp_mode", "imap_mode", "files_copies", "slow_seconds"}
POST /__sim/deliver         a customer writes: {"mailbox", "mime" | "from", "name", "subject", "text", "in_reply_to", …}, the
same
                            fields as in the Graph simulator. If `in_reply_to` names a mail of ours, the answer
                            gets its References and goes to its Reply-To
GET  /__sim/outbox          ?to=  the mails the outside world received, newest first
POST /__sim/answer          {"kind", "to"}: a bounce, an out-of-office or a receipt for the newest mail to that address
GET  /__sim/mailbox         ?address=  {folder: {"uid_validity", "mails": [{"uid", "seen", "message_id"}]}}
POST /__sim/renumber        {"address", "folder"}: give every mail in the folder a new uid
"""

from __future__ import annotations

import email
import ssl
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, Response, jsonify, request

from app.sandbox.simulators.common import BadOrder, Json, SimClock, install_controls
from app.sandbox.simulators.graph import mime
from app.sandbox.simulators.graph.controls import show_sent
from app.sandbox.simulators.graph.world import Sent
from app.sandbox.simulators.machines import write_answer
from app.sandbox.simulators.mailserver.imap import imap_conversation
from app.sandbox.simulators.mailserver.smtp import LineServer, smtp_conversation
from app.sandbox.simulators.mailserver.store import IMAP_MODES, INBOX, SMTP_MODES, Post


@dataclass(frozen=True)
class MailServerSimulator:
    """The mail server simulator. Its SMTP and IMAP servers already run; the caller must serve the HTTP application `app`."""

    app: Flask
    post: Post
    smtp: LineServer
    imap: LineServer

    def stop(self) -> None:
        """End the SMTP and IMAP servers."""
        self.smtp.stop()
        self.imap.stop()


def start_mail_server(
    *, host: str = "127.0.0.1", smtp_port: int = 0, imap_port: int = 0, tls: ssl.SSLContext | None = None
) -> MailServerSimulator:
    """Start the SMTP and IMAP servers and return the simulator. Port 0 means any free port.

    With `tls` both servers offer STARTTLS.
    """
    app, clock = Flask("simulated_mail_server"), SimClock()
    post = Post(clock.now)
    smtp = LineServer(smtp_conversation(post, tls=tls), host=host, port=smtp_port)
    imap = LineServer(imap_conversation(post, tls=tls), host=host, port=imap_port)
    simulator = MailServerSimulator(app, post, smtp, imap)
    app.register_blueprint(_routes(simulator))

    def emit(_order: Json) -> Json:
        raise BadOrder("nobody here calls anybody")

    install_controls(app, reset=post.forget, emit=emit, configure=lambda changes: _configure(post, changes), clock=clock)
    return simulator


def _configure(post: Post, changes: Json) -> Json:
    for name, known in (("smtp_mode", SMTP_MODES), ("imap_mode", IMAP_MODES)):
        if changes.get(name, "fine") not in known:
            raise BadOrder(f"{name} must be one of {', '.join(known)}")
    for account in changes.get("accounts") or ():
        post.open_account(str(account["address"]), str(account["password"]))
    for name in ("smtp_mode", "imap_mode", "files_copies", "slow_seconds"):
        setattr(post, name, changes.get(name, getattr(post, name)))
    names = ("smtp_mode", "imap_mode", "files_copies", "slow_seconds", "appends", "logins")
    return {name: getattr(post, name) for name in names} | {"accounts": sorted(post.accounts)}


def _routes(simulator: MailServerSimulator) -> Blueprint:
    post, routes = simulator.post, Blueprint("mail_server_world", __name__, url_prefix="/__sim")

    @routes.get("/ports")
    def ports() -> Response:
        return jsonify(smtp=simulator.smtp.port, imap=simulator.imap.port)

    @routes.post("/deliver")
    def deliver() -> Response:
        with post.lock:
            return jsonify(delivered=[_deliver(post, _body())])

    @routes.get("/outbox")
    def outbox() -> Response:
        to = request.args.get("to", "").lower()
        found = [show_sent(number, sent) for number, sent in enumerate(post.outbox) if not to or to in sent.recipients]
        return jsonify(mails=found[::-1])

    @routes.post("/answer")
    def answer() -> Response:
        body = _body()
        with post.lock:
            sent = _find(post, to=str(body.get("to") or ""))
            who = str(body.get("to") or "") or sent.recipients[0]
            mail = post.deliver(sent.mailbox, write_answer(str(body.get("kind")), sent, who, now=post.now()))
        return jsonify(delivered=[{"uid": mail.uid}])

    @routes.get("/mailbox")
    def mailbox() -> Response:
        with post.lock:
            folders = post.account(request.args.get("address", "")).folders.values()
            return jsonify({folder.name: _shown(folder) for folder in folders})

    @routes.post("/renumber")
    def renumber() -> Response:
        with post.lock:
            post.account(str(_body().get("address"))).folders[str(_body().get("folder") or INBOX)].renumber()
        return jsonify(ok=True)

    @routes.errorhandler(ValueError)
    def explain(error: ValueError) -> tuple[Response, int]:
        return jsonify(error=str(error)), 400

    return routes


def _deliver(post: Post, body: Json) -> Json:
    address = str(body.get("mailbox") or "")
    mail = {name: value for name, value in body.items() if value}
    if mail.get("in_reply_to"):
        mail |= _threading(post, str(mail["in_reply_to"]))
    raw = str(body["mime"]).encode("utf-8", "surrogateescape") if body.get("mime") else None
    raw = raw or mime.compose(mail, to=address, now=post.now())
    kept = post.deliver(address, raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), folder=str(body.get("folder") or INBOX))
    return {"uid": kept.uid, "internet_message_id": str(email.message_from_bytes(raw)["Message-ID"] or "")}


def _threading(post: Post, in_reply_to: str) -> dict[str, Any]:
    """Return the fields `in_reply_to`, `references` and `to` for an answer to a mail of ours.

    Return {} if `in_reply_to` names no mail of ours.
    """
    try:
        sent = _find(post, message_id=in_reply_to)
    except BadOrder:
        return {}
    references = " ".join(filter(None, (str(sent.mail["References"] or ""), sent.message_id)))
    return {
        "in_reply_to": sent.message_id,
        "references": references,
        "to": str(sent.mail["Reply-To"] or sent.mail["From"] or ""),
    }


def _find(post: Post, *, message_id: str = "", to: str = "") -> Sent:
    """Return the newest mail of ours with this message id and this recipient. An empty argument matches every mail.

    Raises `BadOrder` if there is none.
    """
    for sent in reversed(post.outbox):
        fits = not message_id or sent.message_id.strip("<>") == message_id.strip("<>")
        if fits and (not to or to.lower() in sent.recipients):
            return sent
    raise BadOrder("no such mail was sent")


def _shown(folder: Any) -> Json:
    mails = [
        {"uid": mail.uid, "seen": mail.seen, "message_id": str(email.message_from_bytes(mail.raw)["Message-ID"] or "")}
        for mail in folder.mails
    ]
    return {"uid_validity": folder.uid_validity, "mails": mails}


def _body() -> Json:
    body = request.get_json(silent=True, force=True)
    return body if isinstance(body, dict) else {}
