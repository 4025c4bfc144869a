"""Poll one step of a mailbox: a page of one folder's delta, and the new mails on it.

No mail is lost: each mail that the provider names is among the page's items or in the state's pending list. The same mail
may come twice, with the same key. Notifications only start a poll; what is new is read from delta alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from app.contract.base import ChannelAccount, Json, PollPage, RemovedItem
from app.core.http import HttpResponse
from app.providers.graph.client import GraphClient, read_object
from app.providers.graph.errors import is_sync_lost, refusal
from app.providers.graph.fetching import ITEM_FIELDS, Fetched, Wanted, fetch_all, is_too_old
from app.providers.graph.folders import folder_path, followed, was_removed
from app.providers.graph.move_lookup import locate_removed
from app.providers.graph.pollstate import FolderState, Pending, PollState, read_state

PAGE_SIZE = 25
_REPEAT_MARGIN = timedelta(days=30)


def poll_once(client: GraphClient, account: ChannelAccount, state: Json, *, now: datetime) -> PollPage:
    """Fetch the postponed mails that are due. If there are none, fetch the next page of the folder whose turn it is.

    Raises ProviderError.
    """
    current = read_state(state, followed(account))
    due = [Wanted(one) for one in current.pending if one.due_at <= now]
    if due:
        return _page_of(current, fetch_all(client, account, due, now=now), more=True)
    return _next_page(client, account, current, now)


def _next_page(client: GraphClient, account: ChannelAccount, state: PollState, now: datetime) -> PollPage:
    response = _ask(client, account, state)
    if was_removed(state.turn, response.status):
        return PollPage((), state.with_folder(FolderState()).next_turn().to_json(), more=not state.is_last_turn())
    if state.folder().link and is_sync_lost(response):
        return PollPage((), state.with_folder(_start_again(state.folder())).to_json(), more=True)
    if not response.ok:
        raise refusal(response)
    page = read_object(response, f"the changes in {state.turn}", needs="value")
    entries = _merged(page.get("value") or ())
    removed = tuple(entry["id"] for entry in entries if "@removed" in entry)
    wanted = _wanted(entries, state, account, now)
    fetched = fetch_all(client, account, wanted, now=now)
    following, more = _follow(state.with_known((), removed), page, now)
    left = locate_removed(client, account, removed, folder=state.turn)
    return _page_of(following, fetched, removed=left, more=more)


def _ask(client: GraphClient, account: ChannelAccount, state: PollState) -> HttpResponse:
    """Fetch the page of the stored link, or the first page of a new round. The link has its own options, so none are added."""
    link = state.folder().link
    path = link or f"{folder_path(state.turn)}/messages/delta"
    params = None if link else {"$select": ",".join(ITEM_FIELDS)}
    return client.call(account, "GET", path, params=params, prefer=f"odata.maxpagesize={PAGE_SIZE}", accept=(400, 404, 410))


def _start_again(folder: FolderState) -> FolderState:
    """Return the state of a folder for a new round, after the provider has forgotten our link.

    Mails from well before the last complete round were seen in that round, and are not fetched again.
    """
    return FolderState(synced_at=folder.synced_at, floor=folder.synced_at - _REPEAT_MARGIN if folder.synced_at else None)


def _merged(value: Sequence[Json]) -> list[Json]:
    """Return the entries of a page, with one entry per id. A page may name the same mail several times.

    The fields of a later entry overwrite those of an earlier one with the same id.
    """
    entries: dict[str, Json] = {}
    for entry in value:
        earlier = entries.pop(entry["id"], {})
        entries[entry["id"]] = entry if "@removed" in entry or "@removed" in earlier else {**earlier, **entry}
    return list(entries.values())


def _wanted(entries: Sequence[Json], state: PollState, account: ChannelAccount, now: datetime) -> list[Wanted]:
    waiting = {one.message_id for one in state.pending}
    floor = state.folder().floor
    return [
        Wanted(Pending(entry["id"], state.turn, first_seen_at=now, due_at=now, floor=floor), entry)
        for entry in entries
        if not ("@removed" in entry or entry["id"] in waiting or state.knows(entry["id"]))
        and not (entry.get("isDraft") or is_too_old(entry, account, floor))
    ]


def _follow(state: PollState, page: Json, now: datetime) -> tuple[PollState, bool]:
    """Return (state after this page, True to poll again at once).

    Polling goes on at once if there are more pages, or another folder in the same round.
    """
    folder = state.folder()
    started_at = folder.started_at or now
    next_link, delta_link = page.get("@odata.nextLink"), page.get("@odata.deltaLink")
    if next_link:
        return state.with_folder(replace(folder, link=next_link, started_at=started_at)), True
    done = FolderState(link=delta_link or folder.link, synced_at=started_at)
    return state.with_folder(done).next_turn(), not state.is_last_turn()


def _page_of(state: PollState, fetched: Fetched, *, removed: tuple[RemovedItem, ...] = (), more: bool) -> PollPage:
    settled = {item.key for item in fetched.items} | set(fetched.gone) | set(fetched.unwanted)
    postponed = {one.message_id: one for one in fetched.postponed}
    kept = [postponed.pop(one.message_id, one) for one in state.pending if one.message_id not in settled]
    after = replace(state, pending=(*kept, *postponed.values())).with_known((item.key for item in fetched.items), ())
    vanished = tuple(RemovedItem(one.message_id, one.folder, True) for one in state.pending if one.message_id in fetched.gone)
    return PollPage(fetched.items, after.to_json(), more=more and not fetched.stopped, removed=(*removed, *vanished))
