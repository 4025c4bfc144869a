"""Webhooks from providers. Each path stands bare and under /api/v1."""

from __future__ import annotations

from io import BytesIO
from typing import IO

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import HTTPException

from app.contract.receive import SignedPost
from app.core.clock import utc_now
from app.core.crash import crash_point
from app.core.csrf import csrf
from app.core.db import autocommitted, autocommitted_session
from app.core.runtime import runtime
from app.domain.connections.issued_secrets import is_issued
from app.domain.connections.models import ChannelType
from app.domain.ingest.intake import RawEvent, count_at_the_door, count_refusal, store_at_the_door, store_large
from app.domain.ingest.notifications import enqueue_polls, enqueue_renewals, told_channels
from app.domain.ingest.spool import LARGE_BYTES, copy_stream, place_for, spooled
from app.domain.ingest.unavailable import answer_outages
from app.domain.ingest.webhook_channels import DoorAccount, DoorAccounts
from app.domain.usage.count_inbound import count_calls
from app.hooks import webhook_checks
from app.providers.registry import EMAIL_SENDGRID, SMS, SMS_STATUS, VOICE, WHATSAPP
from app.providers.whatsapp import challenge_answer

bp = Blueprint("webhooks", __name__)
csrf.exempt(bp)
count_calls(bp)
answer_outages(bp)
_chat = DoorAccounts(ChannelType.WHATSAPP_BUSINESS)
_mail = DoorAccounts(ChannelType.EMAIL)
_outlook = DoorAccounts(ChannelType.EMAIL_OUTLOOK)
_texts = DoorAccounts(ChannelType.SMS)
_lines = DoorAccounts(ChannelType.PHONE_CALL)
MAIL = "email_inbound"
NO_ANSWER = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


@bp.errorhandler(HTTPException)
def _say_only_the_status(error: HTTPException) -> Response:
    return Response(status=error.code)


@bp.get("/webhooks/whatsapp")
@bp.get("/api/v1/webhooks/whatsapp", endpoint="whatsapp_handshake_v1")
def whatsapp_handshake() -> Response:
    """The subscription handshake: echo the challenge if the verify token is one of ours."""
    for account in _accounts(_chat):
        answer = challenge_answer(request.args, account.verify_token)
        if answer is not None:
            return Response(answer, mimetype="text/plain")
    return _handshake_before_it_exists()


def _handshake_before_it_exists() -> Response:
    """Whoever connects a number enters our token at the provider first; nothing is let in by it."""
    token = request.args.get("hub.verify_token", "")
    answer = challenge_answer(request.args, token) if is_issued(token, runtime().settings.secret_key) else None
    return Response(status=403) if answer is None else Response(answer, mimetype="text/plain")


@bp.post("/webhooks/whatsapp")
@bp.post("/api/v1/webhooks/whatsapp", endpoint="whatsapp_v1")
def whatsapp() -> Response:
    """Store what the provider posts, once, and acknowledge it."""
    body = webhook_checks.read_body(request, webhook_checks.CHAT_BODY_BYTES)
    accounts = _accounts(_chat)
    events = webhook_checks.chat_events(body, dict(request.headers), runtime().adapters.receivers[WHATSAPP], accounts, WHATSAPP)
    return _refuse(WHATSAPP, "bad_signature") if events is None else _store(events)


@bp.post("/webhooks/sms")
@bp.post("/api/v1/webhooks/sms", endpoint="sms_v1")
def sms() -> Response:
    """A text somebody sent us. The answer is empty: words in it would go back to them."""
    return _posted(SMS, _texts)


@bp.post("/webhooks/sms/status")
@bp.post("/api/v1/webhooks/sms/status", endpoint="sms_status_v1")
def sms_status() -> Response:
    """What became of a text of ours."""
    return _posted(SMS_STATUS, _texts)


@bp.post("/webhooks/voice")
@bp.post("/api/v1/webhooks/voice", endpoint="voice_v1")
def voice() -> Response:
    """What happens to a call; the answer asks for nothing to be done with it."""
    return _posted(VOICE, _lines)


def _posted(source: str, of_type: DoorAccounts) -> Response:
    body = webhook_checks.read_body(request, webhook_checks.CHAT_BODY_BYTES)
    url = webhook_checks.signed_url(request, runtime().settings.public_url)
    post = SignedPost(url, dict(request.headers), body)
    events = webhook_checks.posted_events(post, runtime().adapters.posts[source], _accounts(of_type), source)
    if events is None:
        return _refuse(source, "bad_signature")
    _store(events)
    return Response(NO_ANSWER, mimetype="text/xml")


@bp.post("/webhooks/email/inbound")
@bp.post("/webhooks/email/inbound/<key>", endpoint="mail_inbound_keyed")
@bp.post("/api/v1/webhooks/email/inbound", endpoint="mail_inbound_v1")
@bp.post("/api/v1/webhooks/email/inbound/<key>", endpoint="mail_inbound_keyed_v1")
def mail_inbound(key: str = "") -> Response:
    """Store a mail from the inbound route; it is never answered with 4xx, because then it would be gone."""
    body = webhook_checks.open_body(request, webhook_checks.MAIL_BODY_BYTES)
    keyed = webhook_checks.keyed_accounts((*_accounts(_mail), *_accounts(_outlook)), key or request.args.get("key", ""))
    if not keyed:
        return _keep_little(body)
    with spooled(body) as (file, size), place_for(size):
        return _store([webhook_checks.mail_event(file, request.content_type or "", keyed, MAIL)])


def _keep_little(body: IO[bytes]) -> Response:
    """Of a post without a right key the beginning is kept, if it is one of the first of its day. The rest is read past all the
    same: whoever is cut off while sending never sees the answer."""
    beginning = BytesIO()
    size = copy_stream(body, beginning, most=webhook_checks.UNKEYED_BYTES)
    size += copy_stream(body)
    with autocommitted() as connection:
        turn = count_at_the_door(connection, source=MAIL, reason="wrong_key", day=utc_now().date())
        if turn <= webhook_checks.UNKEYED_A_DAY:
            event = webhook_checks.unkeyed_event(beginning.getvalue(), size, request.content_type or "", MAIL)
            store_at_the_door(connection, event)
    return Response(status=200, mimetype="text/plain")


@bp.post("/webhooks/sendgrid/events")
@bp.post("/api/v1/webhooks/sendgrid/events", endpoint="sendgrid_events_v1")
def sendgrid_events() -> Response:
    """Store what became of mails that were sent."""
    body = webhook_checks.read_body(request, webhook_checks.REPORTS_BODY_BYTES)
    receiver = runtime().adapters.receivers[EMAIL_SENDGRID]
    events = webhook_checks.report_events(body, dict(request.headers), receiver, _accounts(_mail))
    return _refuse("sendgrid", "bad_signature") if events is None else _store(events)


@bp.post("/webhooks/outlook")
@bp.post("/api/v1/webhooks/outlook", endpoint="outlook_v1")
def outlook() -> Response:
    """The mailbox provider's handshake, and its hints that there is new mail; a hint nobody vouches for does nothing."""
    return _hinted(renewing=False)


@bp.post("/webhooks/outlook/lifecycle")
@bp.post("/api/v1/webhooks/outlook/lifecycle", endpoint="outlook_lifecycle_v1")
def outlook_lifecycle() -> Response:
    """A subscription ends, has ended, or hints were lost: it is renewed or made anew, and the mailbox is read in any case."""
    return _hinted(renewing=True)


def _hinted(*, renewing: bool) -> Response:
    token = request.args.get("validationToken")
    if token is not None:
        return Response(token, mimetype="text/plain")
    body = webhook_checks.read_body(request, webhook_checks.CHAT_BODY_BYTES)
    with autocommitted_session() as session:
        told = told_channels(session, body)
    if told is not None:
        enqueue_polls(told)
        if renewing:
            enqueue_renewals(told)
    return Response(status=202) if told else _refuse("outlook", "unreadable" if told is None else "unknown_state", status=202)


def _accounts(of_type: DoorAccounts) -> tuple[DoorAccount, ...]:
    return of_type.read(runtime().keyring, keep_seconds=current_app.config["DOOR_CACHE_SECONDS"])


def _store(events: list[RawEvent]) -> Response:
    """A post stored in part is refused and comes again; what is there by then is told by its key."""
    crash_point("intake.before_commit")
    if any(len(event.body) > LARGE_BYTES for event in events):
        for event in events:
            store_large(event)
    else:
        with autocommitted() as connection:
            for event in events:
                store_at_the_door(connection, event)
    crash_point("intake.after_commit")
    runtime().nudger.nudge()
    return Response(status=200, mimetype="text/plain")


def _refuse(source: str, reason: str, *, status: int = 401) -> Response:
    with autocommitted_session() as session:
        count_refusal(session, source=source, reason=reason, day=utc_now().date())
    return Response(status=status)


blueprints = (bp,)
