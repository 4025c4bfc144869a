"""Change many threads at once (bulk action), in batches, with undo.

A `bulk_actions` row stores the request. Its `bulk_targets` rows name the threads, which are chosen once, when the request is
made. A job changes them in batches. Each batch is one transaction that checks the job's lease first; after an interruption
the job continues from the last commit. The state of every thread before and after is stored, so that an undo restores only
values that nobody changed since.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.core.ids import new_id
from app.core.promises import Ended, More, Overtaken
from app.core.work import DONE, READY, RUNNING, Lease
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Team
from app.domain.events.actions import SYSTEM, Actor, Subject, record
from app.domain.threads.about import (
    UnableToSay,
    change_person,
    find_order_meant,
    link_by_hand,
    list_links,
    restore_links,
    restore_person,
)
from app.domain.threads.actions import assign_thread, change_priority, change_status, lock_thread, wake_thread
from app.domain.threads.edit import change_type, edit_thread
from app.domain.threads.handover import hand_to_team
from app.domain.threads.macro_run import Run, StepFailed, check_brand, take_first_steps, take_last_steps
from app.domain.threads.macros import MacroSteps
from app.domain.threads.models import CLOSED_STATUSES, Priority, Thread, ThreadStatus, ThreadType
from app.domain.threads.queries import ThreadFilter, ThreadMissing, select_matching
from app.domain.threads.snooze import snooze_thread
from app.domain.threads.spam import end_spam, mark_spam
from app.domain.threads.tags import BadTag, change_tags
from app.domain.threads.timeline import list_assignable_users
from app.domain.threads.triage_models import BulkAction, BulkTarget

BULK_CAP = 10_000
BATCH = 50
TABLE = table_of(BulkAction)
ABOUT = frozenset({"subject", "customer", "partner", "order"})
KINDS = ABOUT | {"status", "priority", "type", "assignee", "tag", "untag", "snooze", "spam", "macro", "undo"}


class NothingToUndo(Exception):
    """Raised when a bulk action or a macro run cannot be undone: it is another user's, changed nothing, is itself an undo, or
    was undone before."""


class Refused(Exception):
    """Raised when a thread cannot be given to the new assignee, because this user may not see its brand."""


@dataclass(frozen=True)
class Change:
    """The change to make to each thread: `kind` is one of KINDS, `to` is the new value as text (a time as ISO 8601).

    `to` is None for no assignee, no partner or no spam. If `to` is an id, `named` is the name of what it identifies.
    """

    kind: str
    to: str | None = None
    macro: dict[str, Any] | None = None  # {"brand_id", "steps", "author_name", "token", "until"}; `to` is its name
    named: str = ""


def start_bulk_action(
    session: Session,
    *,
    viewer: Viewer,
    change: Change,
    now: datetime,
    thread_ids: Sequence[uuid.UUID] = (),
    matching: ThreadFilter | None = None,
) -> BulkAction:
    """Create the bulk action that a job will carry out on these threads, or on the newest BULK_CAP threads that match.

    Only threads that the viewer sees are included.
    """
    bulk = _add(session, user_id=viewer.user_id, change=asdict(change), now=now)
    chosen = ThreadFilter(view="all") if matching is None else matching
    found = select_matching(viewer=viewer, filter=chosen)
    if matching is None:
        found = found.where(Thread.id.in_(thread_ids))
    found = found.order_by(Thread.last_message_at.desc(), Thread.id.desc()).limit(BULK_CAP)
    _aim(session, bulk, found.with_only_columns(sa.literal(bulk.id, sa.Uuid), Thread.id), ["bulk_action_id", "thread_id"])
    _note(session, "BulkActionStarted", bulk, now=now, actor=viewer.actor)
    return bulk


def undo_bulk_action(session: Session, *, bulk_id: uuid.UUID, viewer: Viewer, now: datetime) -> BulkAction:
    """Stop a bulk action if it still runs, and create another one that restores each changed thread. Raises NothingToUndo."""
    done = session.execute(sa.select(BulkAction).where(BulkAction.id == bulk_id).with_for_update()).scalar_one_or_none()
    again = sa.exists().where(BulkAction.undoes_id == bulk_id)
    if done is None or done.user_id != viewer.user_id or done.undoes_id or session.execute(sa.select(again)).scalar_one():
        raise NothingToUndo(str(bulk_id))
    if done.state in (READY, RUNNING):
        done.state, done.lease_token, done.lease_until, done.ended_at = DONE, None, None, now
    undo = _add(session, user_id=viewer.user_id, change=asdict(Change("undo")), now=now, undoes_id=bulk_id)
    target = (BulkTarget.bulk_action_id == bulk_id, BulkTarget.outcome == "changed")
    copied = sa.select(sa.literal(undo.id, sa.Uuid), BulkTarget.thread_id, BulkTarget.latter, BulkTarget.former).where(*target)
    _aim(session, undo, copied, ["bulk_action_id", "thread_id", "former", "latter"])
    if not undo.total:
        raise NothingToUndo(str(bulk_id))
    _note(session, "BulkActionStarted", undo, now=now, actor=viewer.actor)
    return undo


def _add(
    session: Session, *, user_id: uuid.UUID, change: dict[str, Any], now: datetime, undoes_id: uuid.UUID | None = None
) -> BulkAction:
    bulk = BulkAction(
        id=new_id(),
        user_id=user_id,
        change=change,
        total=0,
        done=0,
        changed=0,
        undoes_id=undoes_id,
        created_at=now,
        state=READY,
        attempts=0,
    )
    session.add(bulk)
    session.flush()
    return bulk


def _aim(session: Session, bulk: BulkAction, found: sa.Select[*tuple[Any, ...]], columns: list[str]) -> None:
    statement = sa.insert(BulkTarget).from_select(columns, found).returning(BulkTarget.thread_id)
    bulk.total = len(session.execute(statement).all())
    session.flush()


def run_batch(session: Session, lease: Lease, *, now: datetime) -> Ended | More:
    """Change the next BATCH threads of a bulk action, and return `More` or `Ended`. Raises Overtaken if the lease is lost."""
    held = sa.select(BulkAction).where(BulkAction.id == lease.row_id, BulkAction.lease_token == lease.token)
    bulk = session.execute(held.with_for_update().execution_options(populate_existing=True)).scalar_one_or_none()
    if bulk is None:
        raise Overtaken
    waiting = (BulkTarget.bulk_action_id == bulk.id, BulkTarget.outcome == "waiting")
    targets = session.execute(sa.select(BulkTarget).where(*waiting).order_by(BulkTarget.thread_id).limit(BATCH)).scalars().all()
    for target in targets:
        target.outcome = _change_one(session, bulk, target, now=now)
        bulk.done += 1
        bulk.changed += target.outcome == "changed"
    session.flush()
    more = len(targets) == BATCH and bulk.done < bulk.total
    _note(session, "BulkActionAdvanced", bulk, now=now)
    return More() if more else Ended({"ended_at": now})


def _note(session: Session, event_type: str, bulk: BulkAction, *, now: datetime, actor: Actor | None = None) -> None:
    payload = {"bulk_action_id": str(bulk.id), "user_id": str(bulk.user_id)}
    about = ("bulk_action", bulk.id)
    record(session, event_type, subject=Subject(), now=now, actor=actor or SYSTEM, payload=payload, about=about)


def _change_one(session: Session, bulk: BulkAction, target: BulkTarget, *, now: datetime) -> str:
    """Change or restore one thread, and return "changed", "unchanged" or "refused". If refused, nothing of it is written."""
    actor = Actor(user_id=bulk.user_id)
    try:
        with session.begin_nested():
            thread = lock_thread(session, target.thread_id)
            before = read_state(session, thread)
            if bulk.undoes_id is None:
                _apply(session, thread, Change(**bulk.change), actor=actor, now=now)
            else:
                restore(session, thread, was=target.former or {}, wanted=target.latter or {}, actor=actor, now=now)
            session.flush()
            after = read_state(session, thread)
    except (Refused, BadTag, StepFailed, ThreadMissing, UnableToSay):
        return "refused"
    if bulk.undoes_id is None:
        target.former, target.latter = before, after
    return "unchanged" if before == after else "changed"


def read_state(session: Session, thread: Thread) -> dict[str, Any]:
    """Return the thread's state as `state_of` does, including the ids of its linked orders."""
    session.flush()
    return state_of(thread, links=list_links(session, [thread.id])[thread.id])


def state_of(thread: Thread, *, links: Iterable[str] | None = None) -> dict[str, Any]:
    """Return the part of the thread's state that an undo can restore, as a dict of JSON values.

    `links` are the ids of its linked orders. If None, the dict has no key "orders".
    """
    return {
        "subject": thread.subject,
        "customer": str(thread.contact_id) if thread.contact_id else None,
        "partner": str(thread.partner_contact_id) if thread.partner_contact_id else None,
        **({"orders": list(links)} if links is not None else {}),
        "status": thread.status.value,
        "priority": thread.priority.value,
        "type": thread.thread_type.value,
        "assignee": str(thread.assignee_user_id) if thread.assignee_user_id else None,
        "team": str(thread.team_id) if thread.team_id else None,
        "tags": list(thread.tags),
        "spam": thread.spam_at is not None,
        "snoozed_until": thread.snoozed_until.isoformat() if thread.snoozed_until else None,
        "resolved_at": thread.resolved_at.isoformat() if thread.resolved_at else None,
    }


def _apply(session: Session, thread: Thread, change: Change, *, actor: Actor, now: datetime) -> None:
    to = change.to or ""
    if change.kind == "status":
        change_status(session, thread_id=thread.id, status=ThreadStatus(to), actor=actor, now=now)
    elif change.kind == "priority":
        change_priority(session, thread_id=thread.id, priority=Priority(to), actor=actor, now=now)
    elif change.kind == "type":
        change_type(session, thread, ThreadType(to), actor=actor, now=now)
    elif change.kind in ABOUT:
        _say_about(session, thread, change, actor=actor, now=now)
    elif change.kind == "assignee":
        _assign(session, thread, change.to, actor=actor, now=now)
    elif change.kind in ("tag", "untag"):
        tags = {"add" if change.kind == "tag" else "remove": (to,)}
        change_tags(session, thread_id=thread.id, **tags, actor=actor, now=now)
    elif change.kind == "macro":
        _run_macro(session, thread, change.macro or {}, actor=actor, now=now)
    elif change.kind == "spam":
        (mark_spam if to else end_spam)(session, thread_id=thread.id, actor=actor, now=now)
    elif change.kind == "snooze":
        snooze_thread(session, thread_id=thread.id, until=datetime.fromisoformat(to), actor=actor, now=now)


def _say_about(session: Session, thread: Thread, change: Change, *, actor: Actor, now: datetime) -> None:
    """Set what the thread is about: its subject, customer, partner or order. Raises UnableToSay."""
    if change.kind == "subject":
        edit_thread(session, thread, {"subject": change.to or ""}, actor=actor, now=now)
    elif change.kind == "order":
        order = find_order_meant(session, change.to or "", brand_id=thread.brand_id, contact_id=thread.contact_id)
        link_by_hand(session, thread, order, actor=actor, now=now)
    else:
        change_person(session, thread, change.kind, uuid.UUID(change.to) if change.to else None, actor=actor, now=now)


def _run_macro(session: Session, thread: Thread, macro: dict[str, Any], *, actor: Actor, now: datetime) -> None:
    """Run a macro's steps as they were when the bulk action was started. Raises StepFailed."""
    check_brand(uuid.UUID(macro["brand_id"]) if macro["brand_id"] else None, thread)
    until = datetime.fromisoformat(macro["until"]) if macro["until"] else None
    run = Run(actor, macro["author_name"], now, uuid.UUID(macro["token"]), until)
    steps = MacroSteps.model_validate(macro["steps"])
    take_first_steps(session, thread_id=thread.id, steps=steps, run=run)
    take_last_steps(session, thread_id=thread.id, steps=steps, run=run)


def _assign(session: Session, thread: Thread, to: str | None, *, actor: Actor, now: datetime) -> None:
    user_id = uuid.UUID(to) if to else None
    if user_id is not None and user_id not in dict(list_assignable_users(session, thread.brand_id)):
        raise Refused(to)
    assign_thread(session, thread_id=thread.id, assignee_user_id=user_id, actor=actor, now=now)


def restore(
    session: Session, thread: Thread, *, was: dict[str, Any], wanted: dict[str, Any], actor: Actor, now: datetime
) -> None:
    """Restore each value that nobody changed since. `was` is the state just after the change, `wanted` the state before it.

    Raises Refused, BadTag, UnableToSay.
    """
    current = state_of(thread)
    ours = {name for name in wanted if was.get(name) != wanted[name] and current.get(name) == was.get(name)}
    if "spam" in ours:
        _apply(session, thread, Change("spam", "yes" if wanted["spam"] else None), actor=actor, now=now)
    if "status" in ours:
        _apply(session, thread, Change("status", wanted["status"]), actor=actor, now=now)
        if thread.status in CLOSED_STATUSES and wanted["resolved_at"]:
            thread.resolved_at = datetime.fromisoformat(wanted["resolved_at"])
    if "priority" in ours:
        _apply(session, thread, Change("priority", wanted["priority"]), actor=actor, now=now)
    _restore_what(session, thread, {name: wanted[name] for name in ours}, actor=actor, now=now)
    restore_links(session, thread, was=was.get("orders", ()), wanted=wanted.get("orders", ()), actor=actor, now=now)
    if "team" in ours:
        team = session.get(Team, uuid.UUID(wanted["team"])) if wanted["team"] else None
        hand_to_team(session, thread_id=thread.id, team=team, note=None, actor=actor, now=now)
    if ours & {"assignee", "team"}:  # a new team takes the assignee off
        _assign(session, thread, (wanted if "assignee" in ours else current)["assignee"], actor=actor, now=now)
    if "snoozed_until" in ours:
        _restore_snooze(session, thread, wanted["snoozed_until"], actor=actor, now=now)
    added, removed = set(was.get("tags", ())) - set(wanted["tags"]), set(wanted["tags"]) - set(was.get("tags", ()))
    change_tags(session, thread_id=thread.id, add=sorted(removed), remove=sorted(added), actor=actor, now=now)


def _restore_what(session: Session, thread: Thread, wanted: dict[str, Any], *, actor: Actor, now: datetime) -> None:
    if "type" in wanted:
        _apply(session, thread, Change("type", wanted["type"]), actor=actor, now=now)
    if "subject" in wanted:
        edit_thread(session, thread, {"subject": wanted["subject"]}, actor=actor, now=now)
    for which in ("customer", "partner"):
        if which in wanted:
            restore_person(session, thread, which, wanted[which], actor=actor, now=now)


def _restore_snooze(session: Session, thread: Thread, until: str | None, *, actor: Actor, now: datetime) -> None:
    if until is None:
        wake_thread(session, thread, because="user", actor=actor, now=now)
    elif datetime.fromisoformat(until) > now and thread.status not in CLOSED_STATUSES:
        snooze_thread(session, thread_id=thread.id, until=datetime.fromisoformat(until), actor=actor, now=now)
