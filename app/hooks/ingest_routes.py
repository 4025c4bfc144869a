"""Routes to which channel providers post their webhooks. Each path exists with and without the prefix /api/v1."""

from __future__ import annotations

import hmac
from functools import partial
from io import BytesIO
from typing import IO

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import HTTPException

from app.contract.provider import Door, HintDoor
from app.contract.receive import SignedPost
from app.core.clock import utc_now
from app.core.crash import crash_point
from app.core.csrf import csrf
from app.core.db import autocommitted, autocommitted_session
from app.core.runtime import runtime
from app.domain.connections.issued_secrets import is_issued
from app.domain.connections.models import MEDIUM_OF, ChannelType, Medium
from app.domain.ingest.intake import RawEvent, count_at_the_door, count_refusal, store_at_the_door, store_large
from app.domain.ingest.notifications import enqueue_polls, enqueue_renewals, told_channels
from app.domain.ingest.spool import LARGE_BYTES, copy_stream, place_for, spooled
from app.domain.ingest.unavailable import answer_outages
from app.domain.ingest.webhook_channels import DoorAccount, DoorAccounts
from app.domain.usage.count_inbound import count_calls
from app.hooks import webhook_checks
from app.providers.registry import DOORS, HINT_DOORS

bp = Blueprint("webhooks", __name__)
csrf.exempt(bp)
count_calls(bp)
answer_outages(bp)
_known = {channel_type.value: DoorAccounts(channel_type) for channel_type in ChannelType}
MAIL = "email_inbound"


@bp.errorhandler(HTTPException)
def _say_only_the_status(error: HTTPException) -> Response:
    return Response(status=error.code)


def _add(door: Door) -> None:
    """Add the routes of one webhook path of a provider (`door`), with and without the prefix /api/v1."""
    for path in (door.path, f"/api/v1{door.path}"):
        bp.add_url_rule(path, path, partial(_post, door), methods=["POST"])
        if door.challenge:
            bp.add_url_rule(path, f"GET {path}", partial(_challenge, door), methods=["GET"])


def _post(door: Door) -> Response:
    """Check and store a provider's post, and acknowledge it. A repeated post is stored once."""
    body = webhook_checks.read_body(request, door.max_bytes)
    post = SignedPost(webhook_checks.signed_url(request, runtime().settings.public_url), dict(request.headers), body)
    accounts = _accounts(door.channel_type)
    events = webhook_checks.events_of(post, door, runtime().adapters.receivers[door.source], accounts)
    if events is None:
        return _refuse(door.source, "bad_signature")
    _store(events)
    content, mimetype = door.answer
    return Response(content, mimetype=mimetype)


def _challenge(door: Door) -> Response:
    """Answer a provider's GET that checks whether the URL is ours. Answer 403 unless it has a verify token of ours.

    An administrator enters our token at the provider before the channel exists. The token gives no other access.
    """
    tokens = [account.verify_token.encode() for account in _accounts(door.channel_type) if account.verify_token]

    def is_ours(given: str) -> bool:
        known = [hmac.compare_digest(token, given.encode("utf-8", "replace")) for token in tokens]
        return any(known) or is_issued(given, runtime().settings.secret_key)

    answer = door.challenge(request.args, is_ours) if door.challenge else None
    return Response(status=403) if answer is None else Response(answer, mimetype="text/plain")


def _add_hints(door: HintDoor) -> None:
    for path in (door.path, f"/api/v1{door.path}"):
        bp.add_url_rule(path, path, partial(_hinted, door), methods=["POST"])


def _hinted(door: HintDoor) -> Response:
    """Answer a provider's handshake. For a hint, enqueue polls of the channels it is about; ignore a hint that cannot be
    verified."""
    token = request.args.get(door.echoed)
    if token is not None:
        return Response(token, mimetype="text/plain")
    body = webhook_checks.read_body(request, webhook_checks.HINT_BODY_BYTES)
    with autocommitted_session() as session:
        told = told_channels(session, body)
    if told is not None:
        enqueue_polls(told)
        if door.renews:
            enqueue_renewals(told)
    return Response(status=202) if told else _refuse(door.source, "unreadable" if told is None else "unknown_state", status=202)


@bp.post("/webhooks/email/inbound")
@bp.post("/webhooks/email/inbound/<key>", endpoint="mail_inbound_keyed")
@bp.post("/api/v1/webhooks/email/inbound", endpoint="mail_inbound_v1")
@bp.post("/api/v1/webhooks/email/inbound/<key>", endpoint="mail_inbound_keyed_v1")
def mail_inbound(key: str = "") -> Response:
    """Store a mail from the inbound route. The answer is never 4xx, because the provider would then drop the mail."""
    body = webhook_checks.open_body(request, webhook_checks.MAIL_BODY_BYTES)
    accounts = (account for one, medium in MEDIUM_OF.items() if medium == Medium.EMAIL for account in _accounts(one.value))
    keyed = webhook_checks.keyed_accounts(accounts, key or request.args.get("key", ""))
    if not keyed:
        return _keep_little(body)
    with spooled(body) as (file, size), place_for(size):
        return _store([webhook_checks.mail_event(file, request.content_type or "", keyed, MAIL)])


def _keep_little(body: IO[bytes]) -> Response:
    """Store the beginning of a post without a valid key, but only for the first UNKEYED_A_DAY such posts of a day.

    The rest of the post is read and dropped. A sender whose connection is closed while sending would never see the answer.
    """
    beginning = BytesIO()
    size = copy_stream(body, beginning, most=webhook_checks.UNKEYED_BYTES)
    size += copy_stream(body)
    with autocommitted() as connection:
        turn = count_at_the_door(connection, source=MAIL, reason="wrong_key", day=utc_now().date())
        if turn <= webhook_checks.UNKEYED_A_DAY:
            event = webhook_checks.unkeyed_event(beginning.getvalue(), size, request.content_type or "", MAIL)
            store_at_the_door(connection, event)
    return Response(status=200, mimetype="text/plain")


def _accounts(channel_type: str) -> tuple[DoorAccount, ...]:
    return _known[channel_type].read(runtime().keyring, keep_seconds=current_app.config["DOOR_CACHE_SECONDS"])


def _store(events: list[RawEvent]) -> Response:
    """Store the events of a post and answer 200. If storing fails half-way, the provider sends the post again. Events that are
    already stored are then skipped."""
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


for _door in DOORS:
    _add(_door)
for _hint_door in HINT_DOORS:
    _add_hints(_hint_door)
blueprints = (bp,)
