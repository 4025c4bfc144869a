"""Post to us as SendGrid does: batches of signed events, and mails of inbound parse (a 3xx or 4xx loses one for good)."""

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
    """Post the waiting events from a thread of their own, as SendGrid does."""
    threading.Thread(target=post_waiting, args=(account,), daemon=True).start()


def post_waiting(account: Account) -> list[int]:
    """Post the waiting events as one batch; return the statuses we answered. Events that were refused wait again."""
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
    """Post one batch of events and return the status. As with SendGrid, the body ends with a line end, which is signed."""
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
    """Post a mail as the raw inbound parse does: after a 5xx it is tried again, a 3xx or 4xx loses it, and nobody is told."""
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
