"""List the mails in a mailbox, folder by folder and apart from delta, to find mails that delta never reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.contract.base import ChannelAccount, ProviderError
from app.contract.reconcile import Fetch, ItemPlace, ListedItem, Listing, ListingLost
from app.providers.graph.client import GraphClient, read_object
from app.providers.graph.errors import refusal
from app.providers.graph.fetching import Wanted, fetch_all, is_too_old
from app.providers.graph.folders import FOLDERS, folder_id, folder_path, followed, was_removed
from app.providers.graph.move_lookup import locate
from app.providers.graph.pollstate import Pending, read_time

PAGE_SIZE = 100  # small enough that a refusal costs little
_FIELDS = "id,receivedDateTime,lastModifiedDateTime,isDraft,subject"


def list_folder(client: GraphClient, account: ChannelAccount, folder: str, link: str | None) -> Listing:
    """Return one page of a folder's mails. `link` is the link of the page, None for the first page.

    Raises ListingLost if the provider does not know `link` any more, and ProviderError.
    """
    params = None if link else _first_page(account)
    answer = client.call(account, "GET", link or f"{folder_path(folder)}/messages", params=params, accept=(400, 404, 410))
    if link and not answer.ok:
        raise ListingLost(folder)
    if was_removed(folder, answer.status):
        return Listing(())
    if not answer.ok:
        raise refusal(answer)
    page = read_object(answer, f"what is in {folder}", needs="value")
    wanted = [one for one in page["value"] if not (one.get("isDraft") or is_too_old(one, account, None))]
    items = tuple(ListedItem(one["id"], read_time(one.get("receivedDateTime")), str(one.get("subject") or "")) for one in wanted)
    return Listing(items, page.get("@odata.nextLink"), page.get("@odata.count"))


def _first_page(account: ChannelAccount) -> Mapping[str, str]:
    params = {"$select": _FIELDS, "$top": str(PAGE_SIZE), "$count": "true"}
    start = read_time(account.settings.get("sync_from"))
    return params | ({"$filter": f"receivedDateTime ge {start:%Y-%m-%dT%H:%M:%SZ}"} if start else {})


def fetch_items(client: GraphClient, account: ChannelAccount, wanted: Sequence[tuple[str, str]], *, now: datetime) -> Fetch:
    """Fetch single mails by (id, folder) as delta polling does; for a failed mail, ask whether it still exists."""
    done = fetch_all(client, account, [Wanted(Pending(key, folder, now, now)) for key, folder in wanted], now=now)
    failed = [one for one in done.postponed if one.tries]
    if done.stopped:
        return Fetch(done.items, wait_seconds=max((one.due_at - now).total_seconds() for one in failed), unwanted=done.unwanted)
    gone = tuple(one.message_id for one in failed if not locate(client, account, one.message_id, names={}).folder_id)
    return Fetch(done.items, gone, done.unwanted, tuple(one.message_id for one in failed if one.message_id not in gone))


def locate_items(client: GraphClient, account: ChannelAccount, keys: Sequence[str]) -> dict[str, ItemPlace]:
    """Return the present place of each mail by its id. If the provider refuses to go on, return the places found so far.

    Raises ProviderError if none was found before the refusal.
    """
    ids = {folder_id(client, account, one) if one in FOLDERS else one: one for one in followed(account)}
    names: dict[str, str] = {}
    found: dict[str, ItemPlace] = {}
    for key in keys:
        try:
            place = locate(client, account, key, names=names)
        except ProviderError:
            if not found:
                raise
            return found
        found[key] = ItemPlace(ids.get(place.folder_id, ""), "" if place.folder_id in ids else place.name)
    return found
