"""Create and renew the Graph subscriptions that notify us of new mail.

A notification only wakes a poll; the delta query is the truth, so a lost notification or subscription costs seconds, never a
mail.
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
    """Return the subscriptions as they stand now: {folder: {"id", "expires_at", "url"}}. Raises ProviderError.

    `current` is what the last call returned. A subscription with less than RENEW_BEFORE left is renewed; one that is gone, or
    that calls another address than `notification_url`, is made anew. `renew`: Graph asks for it, so each is renewed whatever is
    left of it. A chosen folder that no longer exists has none; the subscription of a folder that is no longer chosen runs out.
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
    """Create the subscription; {} for a chosen folder that does not exist."""
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
    """Delete an earlier installation's subscription to the same folder, perhaps for another address: ours replaces it."""
    listed = client.call_json(account, "GET", f"{client.root}/subscriptions").get("value", [])
    for one in listed:
        if str(one.get("resource", "")).lower() == resource.lower():
            client.call(account, "DELETE", f"{client.root}/subscriptions/{one['id']}", accept=(404,))


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
