"""List the followed folders of a mailbox: Inbox, Sent Items, and those an administrator chose.

The chosen folders are in the account's settings: {"folders": {id: name}}. The names are only for people: they are in the
mailbox's language and may change. So a folder is always requested by its id.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from app.contract.base import ChannelAccount, Json
from app.contract.reconcile import MailFolder
from app.providers.graph.client import GraphClient, read_object

FOLDERS = ("inbox", "sentitems")
_NEVER_FOLLOWED = ("drafts", "outbox", "deleteditems", "junkemail")
_PAGE = "100"
_MOST_FOLDERS = 500
_FIELDS = "id,displayName,childFolderCount,totalItemCount"


def followed(account: ChannelAccount) -> tuple[str, ...]:
    """Return how each followed folder is named in a path: a well-known name, or an id."""
    return (*FOLDERS, *(account.settings.get("folders") or {}))


def folder_path(folder: str) -> str:
    return f"mailFolders/{quote(folder, safe='')}"


def was_removed(folder: str, status: int) -> bool:
    """Return True if an answer with this status means that a chosen folder no longer exists in the mailbox.

    The other folders are then followed without it.
    """
    return status == 404 and folder not in FOLDERS


def folder_id(client: GraphClient, account: ChannelAccount, name: str) -> str:
    """Return the id of the folder with this well-known name. Return "" if the mailbox has none. Raises ProviderError."""
    answer = client.call(account, "GET", folder_path(name), params={"$select": "id"}, accept=(404,))
    return "" if answer.status == 404 else str(read_object(answer, f"the folder {name}", needs="id")["id"])


def list_choosable(client: GraphClient, account: ChannelAccount) -> tuple[MailFolder, ...]:
    """Return the folders that can be followed besides Inbox and Sent Items, sorted by full name. Raises ProviderError."""
    always = {folder_id(client, account, name) for name in FOLDERS}
    never = {folder_id(client, account, name) for name in _NEVER_FOLLOWED}
    found: list[MailFolder] = []
    waiting = [("mailFolders", "")]
    while waiting and len(found) < _MOST_FOLDERS:
        path, above = waiting.pop()
        for one in _pages(client, account, path):
            if one["id"] in never:
                continue
            name = f"{above}{one.get('displayName') or one['id']}"
            if one["id"] not in always:
                found.append(MailFolder(one["id"], name, int(one.get("totalItemCount") or 0)))
            if one.get("childFolderCount"):
                waiting.append((f"{folder_path(one['id'])}/childFolders", f"{name} / "))
    return tuple(sorted(found, key=lambda folder: folder.name.casefold()))


def _pages(client: GraphClient, account: ChannelAccount, path: str) -> Iterator[Json]:
    link, params = path, {"$select": _FIELDS, "$top": _PAGE}
    while link:
        page = client.call_json(account, "GET", link, params=params, needs="value")
        yield from page["value"]
        link, params = str(page.get("@odata.nextLink") or ""), {}
