"""Sign-in at a provider (OAuth), for channel types that are connected by a sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from app.contract.base import ChannelAccount, Json


@dataclass(frozen=True)
class SignedIn:
    """The result of a completed sign-in. `token_cache` is stored as a secret of the channel. `user` is the account's name at
    the provider."""

    token_cache: str = field(repr=False)
    user: str = ""


class SignsIn(Protocol):
    def begin_sign_in(self, *, account: ChannelAccount, redirect_uri: str) -> Json:
        """Begin a sign-in. Return the data to store on the server until the browser comes back.

        `auth_uri` is the URL to which the browser goes. `state` is the value that it brings back.
        """
        ...

    def finish_sign_in(self, *, account: ChannelAccount, flow: Json, answer: Mapping[str, str]) -> SignedIn: ...

    def consent_url(self, *, tenant_id: str, client_id: str, redirect_uri: str, state: str) -> str: ...
