"""Everything a channel can be asked, over HTTP and in few lines."""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from datetime import UTC, datetime

from app.contract.base import (
    ChannelAccount,
    Found,
    Headers,
    Identity,
    IdentityKind,
    InboundMessage,
    Json,
    Lookup,
    OutgoingMessage,
    Parsed,
    Party,
    PolledItem,
    PollPage,
    ProviderError,
    Reason,
    SaveProgress,
    SendResult,
)
from app.contract.health import Health, refused
from app.core.http import HttpClient, HttpFailure
from app.core.metering import Endpoint


def channel_addresses(body: bytes) -> tuple[str, ...]:
    return (str(json.loads(body)["to"]),)


class ToyMail:
    def __init__(self, http: HttpClient, base_url: str) -> None:
        self._http, self._base_url = http, base_url

    def send(
        self, message: OutgoingMessage, *, account: ChannelAccount, progress: Json, save_progress: SaveProgress
    ) -> SendResult:
        told = {"to": message.to[0].address(), "text": message.text, "secret": account.secrets["signing_secret"]}
        return SendResult(str(self._ask("POST", "/mails", account, told)["id"]))

    def lookup(self, message: OutgoingMessage, *, account: ChannelAccount, progress: Json) -> Lookup:
        return Lookup(Found.UNKNOWN)

    def check(self, *, account: ChannelAccount) -> Health:
        try:
            self._ask("POST", "/account", account, {"secret": account.secrets["signing_secret"]})
        except ProviderError as error:
            return refused(error)
        return Health(ok=True, detail="It plays")

    def poll(self, *, account: ChannelAccount, state: Json) -> PollPage:
        seen = int(state.get("seen", 0))
        mails = self._ask("GET", f"/inbox?after={seen}", account)["mails"]
        items = tuple(PolledItem(str(seen + place), mail.encode()) for place, mail in enumerate(mails))
        return PollPage(items, {"seen": seen + len(items)})

    def verify(self, *, headers: Headers, body: bytes, secrets: Sequence[str]) -> bool:
        signature = {name.lower(): value for name, value in headers.items()}.get("x-toy", "")
        return any(hmac.compare_digest(signature, hmac.digest(one.encode(), body, "sha256").hex()) for one in secrets)

    def dedupe_key(self, body: bytes) -> str:
        return str(json.loads(body)["id"])

    def parse(self, body: bytes, *, account: ChannelAccount) -> Parsed:
        told = json.loads(body)
        sender = Party((Identity(IdentityKind.EMAIL, told["from"]),), "Jan")
        at = datetime(2026, 7, 1, tzinfo=UTC)
        return Parsed(
            (InboundMessage(external_id=told["id"], content_hash=told["id"], sender=sender, occurred_at=at, text=told["text"]),)
        )

    def _ask(self, method: str, path: str, account: ChannelAccount, body: Json | None = None) -> Json:
        called = Endpoint("toy", f"{method} {path.partition('?')[0]}", account.id)
        try:
            answer = self._http.request(method, f"{self._base_url}{path}", called=called, json=body, max_bytes=100_000)
        except HttpFailure as failure:
            raise ProviderError(Reason("silent", "The toy does not answer"), permanent=False) from failure
        if not answer.ok:
            raise ProviderError(Reason("refused", "The toy refuses this secret"), permanent=True, channel_down=True)
        found: Json = answer.json()
        return found
