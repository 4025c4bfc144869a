"""Look up where a mail is now; delta says only that it left its folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.contract.base import ChannelAccount, ProviderError, RemovedItem
from app.providers.graph.client import GraphClient, item_path, read_object
from app.providers.graph.folders import folder_path


@dataclass(frozen=True)
class Place:
    """The folder in which an item is now. `folder_id` is "" if the item is not in the mailbox.

    `name` is the folder's name, in the language of the mailbox's owner.
    """

    folder_id: str = ""
    name: str = ""


def locate_removed(client: GraphClient, account: ChannelAccount, ids: Sequence[str], *, folder: str) -> tuple[RemovedItem, ...]:
    """Return the present place of each item that left `folder`.

    If the provider refuses to answer, the remaining items count as moved elsewhere, not as deleted.
    """
    names: dict[str, str] = {}
    found: list[RemovedItem] = []
    for position, item_id in enumerate(ids):
        try:
            place = locate(client, account, item_id, names=names)
        except ProviderError:
            return (*found, *(RemovedItem(one, folder, is_deleted=False) for one in ids[position:]))
        found.append(RemovedItem(item_id, folder, is_deleted=not place.folder_id, to=place.name))
    return tuple(found)


def locate(client: GraphClient, account: ChannelAccount, item_id: str, *, names: dict[str, str]) -> Place:
    """Return where the item is. `names` caches the names of folders. Raises ProviderError."""
    answer = client.call(account, "GET", item_path(item_id), params={"$select": "id,parentFolderId"}, accept=(404,))
    if answer.status == 404:
        return Place()
    folder_id = str(read_object(answer, "where a mail is", needs="parentFolderId")["parentFolderId"])
    if folder_id not in names:
        told = client.call_json(account, "GET", folder_path(folder_id), params={"$select": "id,displayName"})
        names[folder_id] = str(told.get("displayName") or "")
    return Place(folder_id, names[folder_id])
