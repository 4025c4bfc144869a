"""Build the SendGrid simulator: its own paths under /v3, and the common controls.

POST /__sim/config     change fields of `store.Settings`; a GET returns them, with the public key of the event webhook
POST /__sim/emit       {"release": true}: post the events that wait; {"events": [...]}: post these, too
POST /__sim/deliver    a customer writes, with the same fields as in the Graph simulator; posted to the inbound parse
GET  /__sim/outbox     ?to=   the mails the outside world received, newest first
GET  /__sim/parsed     the mails posted to the inbound parse: {"status", "lost", "to"}
POST /__sim/answer     {"kind", "to"}: a bounce, an out-of-office or a receipt for the newest mail to that address, by mail
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, fields, replace
from email.message import EmailMessage
from typing import Any

from flask import Blueprint, Flask, Response, jsonify, request

from app.sandbox.simulators.common import BadOrder, SimClock, install_controls
from app.sandbox.simulators.graph import mime
from app.sandbox.simulators.graph.controls import show_sent
from app.sandbox.simulators.graph.world import Sent
from app.sandbox.simulators.machines import write_answer
from app.sandbox.simulators.sendgrid.checks import problems_of
from app.sandbox.simulators.sendgrid.posting import post_mail, post_soon, post_waiting
from app.sandbox.simulators.sendgrid.store import LISTS, Account, Settings

Json = dict[str, Any]


def create_sendgrid_app(account: Account | None = None) -> Flask:
    """Build the simulator of SendGrid; `account` is its state, for tests that look into it."""
    app, clock = Flask("simulated_sendgrid"), SimClock()
    state = account or Account(clock.now)
    app.config["ACCOUNT"] = state
    app.register_blueprint(_api(state))
    app.register_blueprint(_world(state))
    install_controls(
        app, reset=state.forget, emit=lambda order: _emit(state, order), configure=lambda new: _configure(state, new), clock=clock
    )
    return app


def _configure(account: Account, changes: Json) -> Json:
    known = {one.name for one in fields(Settings)}
    unknown = set(changes) - known
    if unknown:
        raise BadOrder(f"unknown settings: {', '.join(sorted(unknown))}")
    account.settings = replace(account.settings, **changes)
    if not account.settings.hold:
        post_soon(account)
    return asdict(account.settings) | {"public_key": account.public_key()}


def _emit(account: Account, order: Json) -> Json:
    with account.lock:
        account.waiting += order.get("events") or []
    return {"statuses": post_waiting(account)}


def _api(account: Account) -> Blueprint:
    routes = Blueprint("sendgrid_api", __name__, url_prefix="/v3")

    _guard(routes, account)

    @routes.get("/scopes")
    def scopes() -> Response:
        return jsonify(scopes=list(account.settings.scopes))

    @routes.post("/mail/send")
    def send() -> Response | tuple[Response, int]:
        return _send(account)

    @routes.get("/user/webhooks/event/settings/signed/<_name>")
    def signed_settings(_name: str) -> Response:
        return jsonify(public_key=account.public_key())

    @routes.get("/suppression/<name>")
    def listed(name: str) -> Response:
        return jsonify(list(account.lists[name].values()) if name in LISTS else [])

    @routes.delete("/suppression/<name>/<address>")
    def unlist(name: str, address: str) -> tuple[str, int]:
        return ("", 204) if account.lists.get(name, {}).pop(address.lower(), None) else ("", 404)

    @routes.delete("/asm/suppressions/global/<address>")
    def resubscribe(address: str) -> tuple[str, int]:
        account.lists["unsubscribes"].pop(address.lower(), None)
        return "", 204

    return routes


def _guard(routes: Blueprint, account: Account) -> None:
    """Check the API key of each request, and refuse every request with 429 while the setting `rate_limited` is on.

    Each answer gets the headers of the rate limit.
    """

    @routes.before_request
    def check_key() -> tuple[Response, int] | None:
        if request.headers.get("Authorization") != f"Bearer {account.settings.api_key}":
            return _refusal(401, [("", "The provided authorization grant is invalid, expired, or revoked")])
        if account.settings.rate_limited:
            answer, status = _refusal(429, [("", "too many requests")])
            answer.headers["X-RateLimit-Reset"] = str(int(account.now().timestamp()) + 5)
            return answer, status
        return None

    @routes.after_request
    def tell_limits(answer: Response) -> Response:
        answer.headers.setdefault("X-RateLimit-Limit", str(account.settings.limit))
        answer.headers.setdefault("X-RateLimit-Remaining", str(account.settings.limit - 1))
        answer.headers.setdefault("X-RateLimit-Reset", str(int(account.now().timestamp()) + 60))
        return answer


def _send(account: Account) -> Response | tuple[Response, int]:
    mail = request.get_json(silent=True)
    if not isinstance(mail, dict):
        return _refusal(400, [("", "Bad Request")])
    if "mail.send" not in account.settings.scopes:
        return _refusal(403, [("", "access forbidden")])
    wrong = problems_of(mail, size=len(request.get_data()), verified_domains=account.settings.verified_domains)
    if wrong:
        return _refusal(403 if wrong[0][0] == "from" else 413 if "too large" in wrong[0][1] else 400, wrong)
    if ((mail.get("mail_settings") or {}).get("sandbox_mode") or {}).get("enable"):
        return Response(status=200)
    message_id = secrets.token_urlsafe(16).replace(".", "")
    with account.lock:
        account.bodies.append(mail)
        account.outbox += _leave(account, mail, message_id)
        account.waiting += list(account.events_for(mail, message_id))
    if not account.settings.hold:
        post_soon(account)
    return Response(status=202, headers={"X-Message-Id": message_id})


def _leave(account: Account, mail: Json, message_id: str) -> list[Sent]:
    """Send one mail for each personalization and return the mails that left.

    An address on the list of bounces, spam reports or unsubscribes gets no mail.
    """
    stopped = {one for name in ("bounces", "spam_reports", "unsubscribes") for one in account.lists[name]}
    left = []
    for one in mail["personalizations"]:
        people = {name: [str(p["email"]).lower() for p in one.get(name) or ()] for name in ("to", "cc", "bcc")}
        reached = tuple(address for group in people.values() for address in group if address not in stopped)
        if reached:
            raw = _written(account, mail, one, message_id)
            left.append(Sent(account.now(), str(mail["from"]["email"]), message_id, reached, raw, tuple(people["bcc"])))
    return left


def _written(account: Account, mail: Json, one: Json, message_id: str) -> bytes:
    headers = {**(mail.get("headers") or {}), **(one.get("headers") or {})}
    texts = {str(part["type"]): str(part["value"]) for part in mail.get("content") or ()}
    if mail.get("template_id"):
        texts = {"text/plain": f"[{mail['template_id']}] {json.dumps(one.get('dynamic_template_data') or {})}"}
    written = EmailMessage(policy=mime.WRITTEN)
    written["From"] = f"{mail['from'].get('name', '')} <{mail['from']['email']}>"
    written["To"] = ", ".join(str(person["email"]) for person in one["to"])
    written["Subject"] = str(one.get("subject") or mail.get("subject") or "")
    written["Date"] = account.now()
    if mail.get("reply_to"):
        written["Reply-To"] = str(mail["reply_to"]["email"])
    if "message-id" not in {name.lower() for name in headers}:
        written["Message-ID"] = f"<{message_id}@geopod-ismtpd-1-0>"
    for name, value in headers.items():
        written[name] = " ".join(str(value).split())
    written.set_content(texts.get("text/plain", ""))
    if "text/html" in texts:
        written.add_alternative(texts["text/html"], subtype="html")
    return written.as_bytes()


def _refusal(status: int, problems: list[tuple[str, str]]) -> tuple[Response, int]:
    return jsonify(errors=[{"field": field or None, "message": message, "help": None} for field, message in problems]), status


def _world(account: Account) -> Blueprint:
    routes = Blueprint("sendgrid_world", __name__, url_prefix="/__sim")

    @routes.get("/outbox")
    def outbox() -> Response:
        to = request.args.get("to", "").lower()
        found = [show_sent(number, sent) for number, sent in enumerate(account.outbox) if not to or to in sent.recipients]
        return jsonify(mails=found[::-1])

    @routes.get("/parsed")
    def parsed() -> Response:
        return jsonify(mails=account.parsed)

    @routes.post("/deliver")
    def deliver() -> Response:
        return jsonify(delivered=[_deliver(account, _body())])

    @routes.post("/answer")
    def answer() -> Response:
        to = str(_body().get("to") or "").lower()
        sent = _find(account, to=to)
        raw = write_answer(str(_body().get("kind")), sent, to or sent.recipients[0], now=account.now())
        return jsonify(delivered=[post_mail(account, raw, sender="", to=sent.mailbox)])

    @routes.errorhandler(ValueError)
    def explain(error: ValueError) -> tuple[Response, int]:
        return jsonify(error=str(error)), 400

    return routes


def _deliver(account: Account, body: Json) -> Json:
    """Post a customer's mail to the inbound parse. If it answers a mail of ours, it goes to that mail's Reply-To.

    Return {"status", "lost", "to"}.
    """
    to = str(body.get("mailbox") or "")
    mail = {name: value for name, value in body.items() if value}
    if mail.get("in_reply_to"):
        try:
            sent = _find(account, message_id=str(mail["in_reply_to"]))
        except BadOrder:
            sent = None
        if sent is not None:
            references = " ".join(filter(None, (str(sent.mail["References"] or ""), sent.message_id)))
            mail |= {"in_reply_to": sent.message_id, "references": references, "to": str(sent.mail["Reply-To"] or to)}
            to = str(mail["to"])
    raw = str(body["mime"]).encode("utf-8", "surrogateescape") if body.get("mime") else None
    written = raw or mime.compose(mail, to=to, now=account.now())
    return post_mail(account, written, sender=str(body.get("from") or ""), to=to)


def _find(account: Account, *, message_id: str = "", to: str = "") -> Sent:
    """Return the newest mail of ours with this message id and this recipient. An empty argument matches every mail.

    Raises `BadOrder` if there is none.
    """
    for sent in reversed(account.outbox):
        fits = not message_id or sent.message_id.strip("<>") == message_id.strip("<>")
        if fits and (not to or to in sent.recipients):
            return sent
    raise BadOrder("no such mail was sent")


def _body() -> Json:
    body = request.get_json(silent=True, force=True)
    return body if isinstance(body, dict) else {}
