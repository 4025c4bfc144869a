"""Further protocols of a receiver: posts signed over their URL, consent, daily checks, subscriptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from app.contract.base import ChannelAccount, Headers, Json, Parsed
from app.contract.health import Health


class Consent(StrEnum):
    """What a person asks for with one word: no more messages, messages again, or help."""

    STOP = "stop"
    START = "start"
    HELP = "help"


@dataclass(frozen=True)
class SignedPost:
    """A post whose signature covers its URL. `url` is as the provider knows it, query included."""

    url: str
    headers: Headers
    body: bytes = field(repr=False)


class UrlSignedReceiver(Protocol):
    """The methods of an adapter whose posts are signed over their URL and have no time of their own."""

    def verify(self, post: SignedPost, *, secrets: Sequence[str], shared_key: str) -> bool:
        """Return whether one of the keys signed the post; constant-time, never raises.

        `secrets` are valid now; `shared_key` is for a newer algorithm, "" where there is none.
        """
        ...

    def dedupe_key(self, post: SignedPost) -> str:
        """Return a key that a repeat of the post shares. Raises UnableToParse."""
        ...

    def parse(self, body: bytes, *, query: str, account: ChannelAccount, received_at: datetime) -> Parsed:
        """Parse a stored post. `query` is that of the URL it came to. Raises UnableToParse."""
        ...


class Checker(Protocol):
    """A channel type whose account can be checked without sending anything."""

    def check(self, *, account: ChannelAccount) -> Health: ...


class Notified(Protocol):
    """A channel type whose provider posts when there is something to poll. A post is a hint and never trusted as data."""

    def keep_subscribed(
        self, *, account: ChannelAccount, notification_url: str, client_state: str, current: Json, renew: bool = False
    ) -> Json:
        """Subscribe to the provider's hints or renew the subscription; returns the state to store. Raises ProviderError.

        `current`: what the last call returned, {} at first. `renew`: the provider asked for a renewal.
        """
        ...
