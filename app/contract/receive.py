"""Further protocols of a receiver: posts signed over their address, consent, what is checked daily."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from app.contract.base import ChannelAccount, Headers, Json, Parsed
from app.contract.health import Health


class Consent(StrEnum):
    """What a person asks for with one word: to be written to no more, to be written to again, to be told how that works."""

    STOP = "stop"
    START = "start"
    HELP = "help"


@dataclass(frozen=True)
class SignedPost:
    """A post whose signature covers its address. `url` is that address as the provider was told it, query included."""

    url: str
    headers: Headers
    body: bytes = field(repr=False)


class UrlSignedReceiver(Protocol):
    """What ingest needs from a route whose posts are signed over their address and bear no time of their own."""

    def verify(self, post: SignedPost, *, secrets: Sequence[str], shared_key: str) -> bool:
        """Constant-time, never raises. `secrets` are valid now; `shared_key` is for a newer algorithm, "" where there is none."""
        ...

    def dedupe_key(self, post: SignedPost) -> str:
        """A key that a repeat of the post shares; raises UnableToParse."""
        ...

    def parse(self, body: bytes, *, query: str, account: ChannelAccount, received_at: datetime) -> Parsed:
        """Raises UnableToParse. `query` is that of the address the post came to."""
        ...


class Checker(Protocol):
    """A channel type whose account can be looked at, whether or not anything is sent over it."""

    def check(self, *, account: ChannelAccount) -> Health: ...


class Notified(Protocol):
    """A channel type whose provider can tell us that there is something to poll. What it says is a hint, never the truth."""

    def keep_subscribed(
        self, *, account: ChannelAccount, notification_url: str, client_state: str, current: Json, renew: bool = False
    ) -> Json:
        """`current`: what the last call returned, {} at first. `renew`: the provider asked for it. Raises ProviderError."""
        ...
