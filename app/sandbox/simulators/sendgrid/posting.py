"""Post to us as SendGrid does: batches of signed events, and mails of the inbound parse.

SendGrid does not try a mail again after a 3xx or 4xx answer, so that mail is lost.
"""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import requests

from app.sandbox.simulators.sendgrid.store import Account

Json = dict[str, Any]
TRIES = 5
_SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
_TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"


def post_soon(account: Account) -> None:
    """Post the waiting events from a new thread, as SendGrid posts them in the background."""
    threading.Thread(target=post_waiting, args=(account,), daemon=True).start()


def post_waiting(account: Account) -> list[int]:
    """Post the waiting events as one batch and return the HTTP status of each post.

    If no post is answered with 2xx, the events wait again. Return [] if there is no event or no webhook address.
    """
    with account.lock:
        events, account.waiting = account.waiting, []
    if not events or not account.settings.webhook_url:
        return []
    if account.settings.reorder:
        events.reverse()
    statuses = [_post_batch(account, events) for _ in range(2 if account.settings.duplicate else 1)]
    if not any(200 <= status < 300 for status in statuses):
        with account.lock:
            account.waiting = [*events, *account.waiting]
    return statuses


def _post_batch(account: Account, events: list[Json]) -> int:
    """Post one batch of signed events and return the HTTP status, 0 if there was no answer.

    As with SendGrid, the body ends with a line end, which is part of the signed content. A 5xx or no answer is tried again.
    """
    body = json.dumps(events, separators=(",", ":")).encode() + b"\r\n"
    stamp = str(int(account.now().timestamp()))
    headers = {_SIGNATURE: account.sign(stamp, body), _TIMESTAMP: stamp, "Content-Type": "application/json"}
    sent = body.rstrip(b"\r\n") if account.settings.strip else body
    for attempt in range(TRIES):
        try:
            status = requests.post(account.settings.webhook_url, data=sent, headers=headers, timeout=15).status_code
        except requests.RequestException:
            status = 0
        if 200 <= status < 500 and status != 0:
            return status
        time.sleep(0.2 * (attempt + 1))
    return status


def post_mail(account: Account, raw: bytes, *, sender: str, to: str) -> Json:
    """Post a mail as SendGrid's raw inbound parse does, and return {"status", "lost", "to"}.

    After a 5xx, or without an answer, it is tried again. After a 3xx or 4xx the mail is lost, and nobody is notified.
    """
    envelope = json.dumps({"to": [to], "from": sender})
    fields = {"email": (None, raw), "envelope": (None, envelope), "to": (None, to), "from": (None, sender)}
    fields |= {"SPF": (None, "pass"), "dkim": (None, "{@example.nl : pass}"), "charsets": (None, '{"to":"UTF-8"}')}
    status = 0
    for attempt in range(TRIES):
        try:
            answer = requests.post(account.settings.inbound_url, files=fields, timeout=15, allow_redirects=False)  # type: ignore[arg-type]
            status = answer.status_code
        except requests.RequestException:
            status = 0
        if status and status < 500:
            break
        time.sleep(0.2 * (attempt + 1))
    posted = {"status": status, "lost": 300 <= status < 500, "to": to}
    account.parsed.append(posted)
    return posted
