"""Sign-in at a provider (OAuth), for channel types whose account is connected by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from app.contract.base import ChannelAccount, Json


@dataclass(frozen=True)
class SignedIn:
    """A completed sign-in. `token_cache` becomes a secret of the channel; `user`: the account's name at the provider."""

    token_cache: str = field(repr=False)
    user: str = ""


class SignsIn(Protocol):
    def begin_sign_in(self, *, account: ChannelAccount, redirect_uri: str) -> Json:
        """Return what to store on the server until the browser is back: `auth_uri` is where it goes, `state` what it brings."""
        ...

    def finish_sign_in(self, *, account: ChannelAccount, flow: Json, answer: Mapping[str, str]) -> SignedIn: ...

    def consent_url(self, *, tenant_id: str, client_id: str, redirect_uri: str, state: str) -> str: ...
