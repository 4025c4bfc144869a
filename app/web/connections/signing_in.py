"""Lead the browser to a provider's pages, to sign in or to consent to an application.

The browser has to follow a link, because the Content-Security-Policy allows forms to lead only to our own pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from app.contract.base import ChannelAccount, ProviderError
from app.contract.provider import Kind
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.domain.accounts.access import Viewer
from app.domain.connections.models import Channel
from app.domain.connections.sign_ins import UnderWay, keep_sign_in
from app.providers.registry import kind_key
from app.web.pages import page


def callback_url(kind: Kind) -> str:
    """Return our URL to which the provider sends the browser back, or "" if this kind of channel needs none."""
    if kind.signs_in:
        return public_url("connections.come_back")
    return public_url("connections.consented") if kind.asks_consent else ""


def public_url(endpoint: str) -> str:
    """Return the public URL of a page. The provider knows this URL, whichever host the browser used."""
    return f"{runtime().settings.public_url}{url_for(endpoint)}"


def send_to_provider(
    viewer: Viewer, account: ChannelAccount, *, entered: Mapping[str, Any] | None = None, channel: Channel | None = None
) -> ResponseReturnValue:
    """Begin a sign-in and show the link to the provider. `channel` is the existing channel, `entered` the form of a new one.

    The provider is called outside a transaction. Raises `ProviderError` if the sign-in cannot begin.
    """
    adapter = runtime().adapters.sign_ins[kind_key(account.channel_type, account.settings)]
    flow = adapter.begin_sign_in(account=account, redirect_uri=public_url("connections.come_back"))
    one = UnderWay(viewer.user_id, flow, dict(entered or {}), channel.id if channel else None)
    with transaction() as session:
        keep_sign_in(session, one, keyring=runtime().keyring, now=utc_now())
    return onward_page(flow["auth_uri"], _("Sign in with Microsoft"))


def onward_page(address: str, heading: str) -> ResponseReturnValue:
    """Render a page with one link to the provider."""
    return page("connections/onward.html", address=address, heading=heading)


def in_words(error: ProviderError) -> str:
    """Return the provider's error in words: its title, what to do, and the details."""
    return " · ".join(filter(None, (error.reason.title, error.reason.advice, error.reason.detail)))
