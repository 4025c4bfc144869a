"""What a page needs from a channel type whose account is connected by signing in at the provider (OAuth)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from app.contract.base import ChannelAccount, Json


@dataclass(frozen=True)
class SignedIn:
    """`token_cache` is a secret of the channel from now on; `user`: as whom, as the provider writes it."""

    token_cache: str = field(repr=False)
    user: str = ""


class SignsIn(Protocol):
    def begin_sign_in(self, *, account: ChannelAccount, redirect_uri: str) -> Json:
        """What to keep on the server until the browser is back: its `auth_uri` is where it goes, its `state` what it brings."""
        ...

    def finish_sign_in(self, *, account: ChannelAccount, flow: Json, answer: Mapping[str, str]) -> SignedIn: ...

    def consent_url(self, *, tenant_id: str, client_id: str, redirect_uri: str, state: str) -> str: ...
