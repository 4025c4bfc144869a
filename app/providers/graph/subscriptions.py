"""Create and renew the Graph subscriptions that notify us of new mail.

A notification only starts a poll, which reads the delta query. So a lost notification or subscription delays mail by
seconds, but never loses any.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from app.contract.base import ChannelAccount, Json
from app.providers.graph.client import GraphClient, mailbox_path
from app.providers.graph.errors import refusal
from app.providers.graph.folders import followed, was_removed

LIFE = timedelta(days=6)
RENEW_BEFORE = timedelta(days=3)


def keep_subscribed(
    client: GraphClient,
    account: ChannelAccount,
    *,
    notification_url: str,
    client_state: str,
    current: Json,
    now: datetime,
    renew: bool = False,
) -> Json:
    """Create or renew the subscriptions and return all: {folder: {"id", "expires_at", "url"}}. Raises ProviderError.

    `current` is the result of the last call. A subscription is renewed if less than RENEW_BEFORE is left of it. With
    `renew`, because Graph asks for it, every subscription is renewed. A subscription that is gone, or calls another address
    than `notification_url`, is replaced by a new one. A chosen folder that no longer exists gets none. The subscription of a
    folder that is no longer chosen expires by itself.
    """
    least = LIFE if renew else RENEW_BEFORE
    kept = {
        folder: _keep_one(client, account, folder, notification_url, client_state, current.get(folder), now, least)
        for folder in followed(account)
    }
    return {folder: one for folder, one in kept.items() if one}


def _keep_one(
    client: GraphClient,
    account: ChannelAccount,
    folder: str,
    url: str,
    client_state: str,
    known: Json | None,
    now: datetime,
    least: timedelta,
) -> Json:
    expires_at = now + LIFE
    if known and known.get("url") == url:
        answer = client.call(account, "GET", f"{client.root}/subscriptions/{known['id']}", accept=(404,))
        alive = answer.status != 404
        if alive and datetime.fromisoformat(known["expires_at"]) - now > least:
            return known
        renewal = {"expirationDateTime": _stamp(expires_at)}
        answer = client.call(account, "PATCH", f"{client.root}/subscriptions/{known['id']}", json=renewal, accept=(404,))
        if answer.status != 404:
            return {**known, "expires_at": expires_at.isoformat()}
    return _create(client, account, folder, url, client_state, expires_at)


def _create(client: GraphClient, account: ChannelAccount, folder: str, url: str, client_state: str, expires_at: datetime) -> Json:
    """Create the subscription of a folder and return it. Return {} for a chosen folder that does not exist."""
    wanted = {
        "changeType": "created",
        "notificationUrl": url,
        "lifecycleNotificationUrl": f"{url}/lifecycle",
        "resource": f"/{mailbox_path(account)}/mailFolders('{folder}')/messages",
        "expirationDateTime": _stamp(expires_at),
        "clientState": client_state,
    }
    answer = client.call(account, "POST", f"{client.root}/subscriptions", json=wanted, accept=(404, 409))
    if was_removed(folder, answer.status):
        return {}
    if answer.status == 404:
        raise refusal(answer)
    if answer.status == 409:
        _remove_same(client, account, wanted["resource"])
        answer = client.call(account, "POST", f"{client.root}/subscriptions", json=wanted)
    return {"id": str(answer.json()["id"]), "expires_at": expires_at.isoformat(), "url": url}


def _remove_same(client: GraphClient, account: ChannelAccount, resource: str) -> None:
    """Delete all subscriptions to this resource, so that ours can replace them.

    They come from an earlier installation, which may have had another address.
    """
    listed = client.call_json(account, "GET", f"{client.root}/subscriptions").get("value", [])
    for one in listed:
        if str(one.get("resource", "")).lower() == resource.lower():
            client.call(account, "DELETE", f"{client.root}/subscriptions/{one['id']}", accept=(404,))


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
