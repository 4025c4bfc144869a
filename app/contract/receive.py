"""Further protocols of adapters that receive: posts signed over their URL, consent, daily checks, subscriptions."""

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
    """A post with a signature that covers the URL. `url` is the URL as the provider knows it, with the query."""

    url: str
    headers: Headers
    body: bytes = field(repr=False)


class UrlSignedReceiver(Protocol):
    """The methods of an adapter whose posts are signed over their URL and include no time."""

    def verify(self, post: SignedPost, *, secrets: Sequence[str], shared_key: str) -> bool:
        """Return whether one of the keys signed the post. Takes constant time and never raises.

        `secrets` are the keys that are valid now. `shared_key` is the key of a newer algorithm, or "" if there is none.
        """
        ...

    def dedupe_key(self, post: SignedPost) -> str:
        """Return a key that is the same for a repeat of the post. Raises `UnableToParse`."""
        ...

    def parse(self, body: bytes, *, query: str, account: ChannelAccount, received_at: datetime) -> Parsed:
        """Parse a stored post. `query` is the query of the URL to which it was posted. Raises `UnableToParse`."""
        ...


class Checker(Protocol):
    """A channel type whose account can be checked without sending anything."""

    def check(self, *, account: ChannelAccount) -> Health: ...


class Notified(Protocol):
    """A channel type whose provider posts a hint when there is something to poll. The content of a hint is never trusted."""

    def keep_subscribed(
        self, *, account: ChannelAccount, notification_url: str, client_state: str, current: Json, renew: bool = False
    ) -> Json:
        """Subscribe to the provider's hints or renew the subscription, and return the state to store. Raises `ProviderError`.

        `current` is the state that the last call returned, {} the first time. `renew` is True if the provider asked for a
        renewal.
        """
        ...
