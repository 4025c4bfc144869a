"""Simulate Graph's delta query of a folder: its rounds, pages and tokens, and the loss of tokens.

A token stands for one position in one round and remembers the options of the round's first call. As with Graph, a caller can
use a token again, for example to ask once more for a page that was lost.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from flask import Blueprint, Response, jsonify, request

from app.sandbox.simulators.graph.calls import READ, Call, Routes
from app.sandbox.simulators.graph.messages import received_after
from app.sandbox.simulators.graph.problems import GraphProblem, bad_request
from app.sandbox.simulators.graph.shape import selected, shown
from app.sandbox.simulators.graph.store import Change, Json, Message
from app.sandbox.simulators.graph.tenant import Tenant

_MOST_FILTERED = 5000


@dataclass(frozen=True)
class Entry:
    """One entry of a round: a whole mail, some fields of it, or its removal."""

    message_id: str
    fields: tuple[str, ...] = ()
    removed: str = ""


@dataclass(frozen=True)
class Round:
    """The state of one delta round, which a token stands for.

    The entries from `position` on are not delivered yet. After the last entry, the caller knows every change up to
    `sequence`.
    """

    folder: str
    select: tuple[str, ...]
    since: str  # the $filter of the first call
    sequence: int
    entries: tuple[Entry, ...] = ()
    position: int = 0
    is_finished: bool = False
    had_empty_page: bool = False


def delta_routes(tenant: Tenant) -> Blueprint:
    routes = Routes(tenant, "delta")

    @routes.on("GET", "/mailFolders/<folder>/messages/delta", READ)
    def sync(call: Call, folder: str) -> Response:
        token = request.args.get("$skiptoken") or request.args.get("$deltatoken")
        current = _continued(call, token) if token else _first_round(call, call.folder(folder))
        value, following = _page(call, current)
        return jsonify(value | _link(call, folder, following))

    return routes.blueprint


def lose_rounds(tenant: Tenant, mode: str) -> int:
    """Forget every delta token and return how many tokens are lost by now, those of earlier calls included.

    `mode` decides the answer to a lost token: "gone" gives 410 with a Location header, "not_found" gives 400
    SyncStateNotFound.
    """
    tenant.lost_rounds |= dict.fromkeys(tenant.rounds, mode)
    tenant.rounds.clear()
    return len(tenant.lost_rounds)


def _first_round(call: Call, folder: str) -> Round:
    since = request.args.get("$filter", "")
    _check_options(since)
    messages = list(filter(_since(since), call.mailbox.in_folder(folder)))
    entries = tuple(Entry(message.immutable_id) for message in messages[: _MOST_FILTERED if since else None])
    return Round(folder, tuple(selected() or ()), since, call.mailbox.sequence, entries)


def _continued(call: Call, token: str) -> Round:
    if token in call.tenant.lost_rounds:
        raise _sync_lost(call.tenant.lost_rounds[token])
    found = call.tenant.rounds.get(token)
    if found is None:
        raise bad_request("The sync state generation is not found.", "SyncStateNotFound")
    return _next_round(call, found) if found.is_finished else found


def _next_round(call: Call, done: Round) -> Round:
    news = [change for change in call.mailbox.history[done.folder] if change.sequence > done.sequence]
    by_message: dict[str, list[Change]] = {}
    for change in news:
        by_message.setdefault(change.message_id, []).append(change)
    entries = tuple(_entry(message_id, changes) for message_id, changes in by_message.items())
    return replace(done, sequence=call.mailbox.sequence, entries=entries, position=0, is_finished=False, had_empty_page=False)


def _entry(message_id: str, changes: list[Change]) -> Entry:
    """Merge the changes of one message, given oldest first, into one entry.

    The last removal or creation decides the entry. If there is neither, the entry names every field that changed.
    """
    for change in reversed(changes):
        if change.kind == "removed":
            return Entry(message_id, removed=change.reason)
        if change.kind == "created":
            return Entry(message_id)
    return Entry(message_id, fields=tuple(name for change in changes for name in change.fields))


def _page(call: Call, current: Round) -> tuple[Json, Round]:
    settings = call.tenant.settings
    if settings.delta_empty_pages and not current.had_empty_page:
        return {"value": []}, replace(current, had_empty_page=True)
    size = call.page_size()
    first = max(current.position - 1, 0) if settings.delta_duplicates else current.position
    end = current.position + size
    value = [told for entry in current.entries[first:end] if (told := _told(call, current, entry))]
    return {"value": value}, replace(current, position=end, is_finished=end >= len(current.entries))


def _told(call: Call, current: Round, entry: Entry) -> Json | None:
    message = call.mailbox.messages.get(entry.message_id)
    if entry.removed:
        return {"id": _id(call, entry.message_id, message), "@removed": {"reason": entry.removed}}
    if message is None or message.folder != current.folder or not _since(current.since)(message):
        return None  # it left since the round began, as the next round tells
    names = tuple(name for name in entry.fields if not current.select or name in current.select)
    return shown(call, message, names or ("id",)) if entry.fields else shown(call, message, current.select)


def _id(call: Call, immutable_id: str, message: Message | None) -> str:
    return call.id_of(message) if message else immutable_id


def _link(call: Call, folder: str, following: Round) -> Json:
    token = secrets.token_urlsafe(48)
    call.tenant.rounds[token] = following
    kind = "deltatoken" if following.is_finished else "skiptoken"
    name = "@odata.deltaLink" if following.is_finished else "@odata.nextLink"
    return {name: f"{request.host_url}v1.0/users/{call.mailbox.address}/mailFolders/{folder}/messages/delta?${kind}={token}"}


def _check_options(since: str) -> None:
    if "$search" in request.args:
        raise bad_request("$search is not supported with change tracking.", "ErrorInvalidUrlQuery")
    if request.args.get("$orderby", "receivedDateTime desc").lower() != "receiveddatetime desc":
        raise bad_request("The sort order is not supported with change tracking.", "ErrorInvalidUrlQuery")
    if since and not since.startswith("receivedDateTime g"):
        raise bad_request("The filter is not supported with change tracking.", "ErrorInvalidUrlQuery")


def _since(text: str) -> Callable[[Message], bool]:
    if not text:
        return lambda message: True
    _, operator, bound = text.split(" ", 2)
    return received_after(operator, bound)


def _sync_lost(mode: str) -> GraphProblem:
    if mode == "not_found":
        return GraphProblem(400, "SyncStateNotFound", "The sync state generation is not found.")
    location = request.base_url + "?$deltatoken="
    return GraphProblem(410, "resyncRequired", "Resync required. Replace your state.", {"Location": location})
