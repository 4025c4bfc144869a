"""Post to our own public webhook URL, and report whether the post arrived. No transaction is open during the call.

If the channel type has signed posts, the post is signed with the channel's secret, and it must be found among the stored
events. For other types, the webhook's handshake must answer with the word that we sent. This shows that the URL leads to
this installation.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import sqlalchemy as sa

from app.contract.base import ChannelAccount
from app.contract.provider import SignedTest
from app.core.db import transaction
from app.core.http import HttpClient, HttpFailure
from app.core.metering import Endpoint
from app.core.text import known
from app.core.text import mark as N_
from app.domain.ingest.models import InboundEvent
from app.providers.registry import DOORS, HINT_DOORS

ARRIVED = N_("We received a test request through the public address.")
REACHED = N_("The public address leads to this installation.")
_ANSWERED = known("The public address answered %(status)s instead of accepting the request.")
_WHY = {
    "dns": N_("We cannot find the host name of the public address (DNS)."),
    "connect": N_("No answer from the public address."),
    "tls": N_("The certificate of the public address is not valid."),
    "timeout": N_("The public address did not answer in time."),
    "refused_address": N_("The public address is inside a private network: providers cannot reach it."),
}
_ELSE = N_("The public address gave no usable answer.")
_OTHER = N_(
    "The public address answered, but the answer did not come from this installation: another server is in "
    "between, or the address points elsewhere."
)
_UNSIGNED = N_("The public address points to another installation: it rejected our signature.")
_NO_SECRET = N_("The channel has no signing secret.")


@dataclass(frozen=True)
class Trial:
    """The result of a test post. `ok` is True if the post arrived. `text` explains the result in English, marked for
    translation."""

    ok: bool
    text: str


def try_webhook(account: ChannelAccount, *, http: HttpClient, public_url: str, word: str) -> Trial:
    """Post to our public webhook URL and return whether the post arrived. `word` must be new each time."""
    try:
        for door in DOORS:
            if door.channel_type == account.channel_type and door.signed_test:
                return _signed(account, http, f"{public_url}{door.path}", door.signed_test, word)
        hinted = next(door for door in HINT_DOORS if not door.renews)
        url, asked = f"{public_url}{hinted.path}", {hinted.echoed: word}
        answer = http.request("POST", url, called=_called(account), params=asked, max_bytes=65_536)
    except HttpFailure as failure:
        return Trial(False, _WHY.get(failure.kind, _ELSE))
    return Trial(True, REACHED) if answer.ok and answer.text == word else Trial(False, _said(answer.status))


def _signed(account: ChannelAccount, http: HttpClient, url: str, make: SignedTest, word: str) -> Trial:
    secret = account.secrets.get("signing_secret", "")
    if not secret:
        return Trial(False, _NO_SECRET)
    headers, body = make(secret, word)
    answer = http.request("POST", url, called=_called(account), headers=headers, data=body, max_bytes=65_536)
    if answer.status == 401:
        return Trial(False, _UNSIGNED)
    if not answer.ok:
        return Trial(False, _said(answer.status))
    return Trial(True, ARRIVED) if _is_stored(body) else Trial(False, _OTHER)


def _called(account: ChannelAccount) -> Endpoint:
    return Endpoint("self_test", "POST own webhook", account.id)


def _said(status: int) -> str:
    return _OTHER if 200 <= status < 300 else _ANSWERED % {"status": status}


def _is_stored(body: bytes) -> bool:
    query = sa.select(InboundEvent.id).where(InboundEvent.body_sha256 == hashlib.sha256(body).digest())
    recent = InboundEvent.received_at > sa.func.now() - sa.text("interval '5 minutes'")
    with transaction() as session:
        return session.execute(query.where(recent)).first() is not None
