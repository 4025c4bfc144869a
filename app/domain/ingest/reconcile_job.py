"""Job that reconciles a mailbox with the mails stored here: count mails, fetch missing ones, and store which mails were moved
or deleted.

Runs at least once: a step that is repeated after a crash writes the same again. Fetched mails are stored under the same keys
as polled mails, so no mail is stored twice. The provider is called outside any transaction. If the provider asks us to wait,
the run continues after that time.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.contract.base import ProviderError
from app.contract.reconcile import ListingLost, Reconciled
from app.core.clock import utc_now
from app.core.db import table_of, transaction
from app.core.log import get_logger
from app.core.promises import Ended, Ending, Later, More, Promise, keep
from app.core.runtime import runtime
from app.core.text import mark as N_
from app.core.work import DONE, FAILED, Lease
from app.domain.connections.account import account_of
from app.domain.connections.alerts import take_occasion
from app.domain.connections.models import Channel
from app.domain.connections.provider_reads import Resting, reading
from app.domain.connections.queries import list_channels
from app.domain.ingest import reconciliation_rows as rows
from app.domain.ingest.mailbox_items import hold_items, tell_changed
from app.domain.ingest.mailbox_models import Reconciliation
from app.domain.ingest.polling import poll_channel, store_items

log = get_logger(__name__)
FETCHED_AT_ONCE, LOCATED_AT_ONCE = 20, 20
MOST_FAILURES = 20
_RETRY_SECONDS = 5.0
_OFF = N_("The channel is switched off")


def plan_reconciliations(**_ignored: Any) -> int:
    """RQ entry point, periodic: queue a reconciliation of each mailbox once a day. Return how many were queued."""
    now, countable = utc_now(), runtime().adapters.reconciled
    with transaction() as session:
        mailboxes = [one for one in list_channels(session, active_only=True) if one.adapter_key in countable]
        due = [one for one in mailboxes if take_occasion(session, one.id, f"reconciliation {now.date()}", now=now)]
        asked = [rows.ask_reconciliation(session, one.id, now=now) for one in due]
    return sum(one is not None for one in asked)


def reconcile(*, row_id: str, **_ignored: Any) -> None:
    """RQ entry point: continue one reconciliation until it ends or a time limit is reached."""
    keep(PROMISE, uuid.UUID(row_id))


@dataclass
class _Step:
    """The data of one step of a reconciliation. `run` is the row as it was before the step. `progress` and `result` are changed
    by the step and stored in the row afterwards."""

    channel: Channel
    run: Reconciliation
    adapter: Reconciled
    progress: dict[str, Any]
    result: dict[str, Any]

    def folders(self) -> tuple[str, ...]:
        """Return the ids of the folders followed now, which may differ from those at the start of the run."""
        return self.adapter.followed_folders(account=account_of(self.channel))


def _note(_session: Session, step: _Step, answer: float | Resting | ProviderError) -> Ending:
    if isinstance(answer, Resting):
        return Later(answer.seconds, _values(step))
    if isinstance(answer, ProviderError):
        return _after_refusal(step, answer)
    if step.progress["phase"] == "done":
        return _end(step.result)
    return Later(answer, _values(step)) if answer else More(_values(step))


def _take(step: _Step) -> float:
    phase = step.progress["phase"]
    if phase == "poll":  # a poll passes the gate by itself
        return _poll(step)
    with reading(step.channel):
        wait: float = _PHASES[phase](step)
    return wait


def _load(session: Session, lease: Lease) -> _Step | Ended:
    run = session.get_one(Reconciliation, lease.row_id, populate_existing=True)
    channel = session.get_one(Channel, run.channel_id, populate_existing=True)
    session.expunge_all()
    adapter = runtime().adapters.reconciled.get(channel.adapter_key)
    if not channel.is_active or adapter is None:
        return _end({}, reason=_OFF)
    progress = {"phase": "poll", "link": None, "listed": {}, "tries": {}, "failures": 0, **run.progress}
    result = {"missing": 0, "fetched": 0, "moved": 0, "deleted": 0, "differences": [], **run.result}
    return _Step(channel, run, adapter, progress, result)


def _poll(step: _Step) -> float:
    """Poll the mailbox before its mails are counted, so that mails which a poll brings do not count as differences."""
    poll_channel(step.channel.id)
    step.progress["phase"] = f"list {step.folders()[0]}"
    return 0


def _list(step: _Step) -> float:
    folder = step.progress["phase"].removeprefix("list ")
    listed: dict[str, int] = step.progress["listed"]
    try:
        page = step.adapter.list_folder(account=account_of(step.channel), folder=folder, link=step.progress["link"])
    except ListingLost:
        step.progress["link"], listed[folder] = None, 0
        return 0
    with transaction() as session:
        unknown, back = rows.keep_listing(session, step.run, folder, page, now=utc_now())
        tell_changed(session, step.channel.id, step.channel.brand_id, back, now=utc_now())
    listed[folder] = listed.get(folder, 0) + len(page.items)
    step.progress |= {"link": page.following, "total": page.total or step.progress.get("total", 0)}
    _tell(step, "missing", unknown)
    if page.following is None:
        step.progress |= {"phase": _after_folder(step.folders(), folder), "total": 0}
    return 0


def _after_folder(folders: tuple[str, ...], folder: str) -> str:
    following = folders[folders.index(folder) + 1 :] if folder in folders else ()
    return f"list {following[0]}" if following else "fetch"


def _fetch(step: _Step) -> float:
    tries: dict[str, int] = step.progress["tries"]
    with transaction() as session:
        wanted = rows.list_missing(session, step.run, tried=tries, limit=FETCHED_AT_ONCE)
    if not wanted:
        step.progress["phase"] = "locate"
        return 0
    got = step.adapter.fetch_items(account=account_of(step.channel), wanted=wanted)
    now = utc_now()
    with transaction() as session:
        items = store_items(session, step.channel, got.items)
        back = hold_items(session, step.channel.id, items, now=now)
        tell_changed(session, step.channel.id, step.channel.brand_id, back, now=now)
        rows.forget_missing(session, step.channel.id, gone=got.gone, unwanted=got.unwanted)
    runtime().nudger.nudge()
    step.result["fetched"] += len(items)
    if not got.wait_seconds:
        tries |= {item_id: tries.get(item_id, 0) + 1 for item_id in got.failed}
    return got.wait_seconds or (_RETRY_SECONDS if got.failed else 0)


def _locate(step: _Step) -> float:
    with transaction() as session:
        rows.forget_unseen(session, step.run)
        unseen = rows.list_unseen(session, step.run, limit=LOCATED_AT_ONCE)
    if not unseen:
        _count(step)
        return 0
    places = step.adapter.locate_items(account=account_of(step.channel), keys=[item_id for item_id, _ in unseen])
    now = utc_now()
    with transaction() as session:
        left = rows.keep_places(session, step.run, unseen, places, now=now)
        tell_changed(session, step.channel.id, step.channel.brand_id, [one.key for one, _ in left], now=now)
    for kind in ("moved", "deleted"):
        told = [(one, folder) for one, folder in left if one.is_deleted == (kind == "deleted")]
        _tell(step, kind, [{"kind": kind, "folder": folder, "subject": "", "at": "", "to": one.to} for one, folder in told])
    return 0


def _count(step: _Step) -> None:
    with transaction() as session:
        step.result |= rows.count_result(session, step.run, step.folders())
    step.progress["phase"] = "done"


class _Phases(dict[str, Any]):
    """{phase: function that carries out a step of the phase}. Any other phase name means listing a folder; such a name is
    "list" and the folder's id."""

    def __missing__(self, phase: str) -> Any:
        return _list


_PHASES = _Phases(fetch=_fetch, locate=_locate)


def _tell(step: _Step, kind: str, differences: list[dict[str, str]]) -> None:
    step.result[kind] += len(differences)
    step.result["differences"] = [*step.result["differences"], *differences][: rows.MOST_TOLD]


def _after_refusal(step: _Step, error: ProviderError) -> Ended | Later:
    """Put the run back after an error of the provider. If the channel is down or the run failed too often, end it with the
    error as reason."""
    log.warning("reconciling_refused", channel_id=str(step.channel.id), code=error.reason.code)
    step.progress["failures"] += error.retry_after_seconds is None
    if error.channel_down or step.progress["failures"] >= MOST_FAILURES:
        return _end(step.result, reason=error.reason.title)
    return Later(error.retry_after_seconds or _RETRY_SECONDS, _values(step))


def _values(step: _Step) -> dict[str, Any]:
    return {"progress": step.progress, "result": step.result}


def _end(result: dict[str, Any], *, reason: str = "") -> Ended:
    values = {"ended_at": utc_now(), "reason": reason, **({"result": result} if result else {})}
    return Ended(values, FAILED if reason else DONE)


PROMISE = Promise(
    table_of(Reconciliation),
    _load,
    _take,
    _note,
    errors=(Resting, ProviderError),
    turn_seconds=40,  # then the row goes back, so that other work is not held up
)
