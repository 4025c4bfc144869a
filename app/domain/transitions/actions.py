"""Change the status of any entity that has one (status engine), and undo the change. The caller owns the transaction.

The entity is locked before its status is read. So the second of two simultaneous changes sees the first. No other code
writes a status column (tests/house/test_statuses.py). An undone transition stays in the history; the undo is another
transition.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.insert_many import insert_many
from app.core.text import mark as N_
from app.core.transitions import ActorKind, Edge
from app.domain.events.actions import Actor
from app.domain.transitions.models import Transition, TransitionRule
from app.domain.transitions.queries import find_last_transition, find_rule, user_may_reopen
from app.domain.transitions.registry import EntityKind, kind_of

NOT_ALLOWED = N_("This change is not possible from the current status.")
FORBIDDEN = N_("The brand does not allow this status change.")
FOR_LEADS = N_("Only a team lead can do this.")
NEEDS_REASON = N_("Enter a reason.")
NO_SUCH_CODE = N_("This reason does not exist.")
MOVED_ON = N_("A colleague has since changed the status.")
NOT_LAST = N_("The status has since changed; you cannot undo this.")
NOT_YOURS = N_("Only a team lead or the person who made this change can undo it.")
TOO_LATE = N_("It is too late to undo this; set the status back instead.")

_KINDS = {"automation": ActorKind.RULE, "routing": ActorKind.RULE, **{kind.value: kind for kind in ActorKind}}


@dataclass(eq=False)
class TransitionRefused(Exception):
    """Raised when a status change is refused. `code` is for programs, `reasons` (all of them, in English) for people.

    `allowed` are the statuses that may come next.
    """

    code: str
    reasons: tuple[str, ...]
    from_status: str
    to_status: str
    allowed: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        return " ".join(self.reasons)


@dataclass(frozen=True)
class _Wanted:
    to_status: str
    reason: str
    reason_code: str
    actor: Actor
    actor_kind: ActorKind


def change_entity_status(
    session: Session,
    *,
    entity_type: str,
    entity_id: uuid.UUID,
    to_status: str,
    transition_reason: str = "",
    business_context: Mapping[str, Any] | None = None,
    now: datetime,
    actor: Actor,
    reason_code: str = "",
    expected_from: str | None = None,
    request_key: str | None = None,
) -> Transition:
    """Change the status of an entity and return the transition. If it has this status already, change nothing and return its
    last transition.

    `expected_from` is the status that the writer saw. If `request_key` was used before for this entity, return the
    transition made then.
    Raises TransitionRefused (`transition_not_allowed`, `status_moved_on`, `needs_lead`, `needs_reason`, `guard`),
    LookupError.
    """
    kind = kind_of(entity_type)
    entity = kind.lock(session, entity_id)
    known = _by_key(session, entity_type, entity_id, request_key)
    if known is not None:
        return known
    current = kind.status_of(entity)
    last = find_last_transition(session, entity_type, entity_id) or record_creation(
        session, entity_type, entity_id, current, now=now, actor=Actor()
    )
    if to_status == current:
        return last
    wanted = _Wanted(to_status, transition_reason, reason_code, actor, actor_kind_of(actor))
    if expected_from is not None and expected_from != current:
        raise _refusal(kind, current, wanted, "status_moved_on", MOVED_ON)
    edge = _check(session, kind, entity, current, wanted)
    context = dict(business_context or {})
    if (edge.from_status, edge.to_status) not in kind.machine.edges:
        context["skipped"] = list(kind.machine.skipped(current, to_status) or ())
    made = _add(session, last, wanted, context, now=now, request_key=request_key)
    kind.write(session, entity, made, now, actor)
    return made


def undo_transition(
    session: Session, transition_id: uuid.UUID, *, now: datetime, actor: Actor, at_any_time: bool = False
) -> Transition:
    """Undo an entity's last transition by adding another transition, and return the added one.

    Only the user who made the last transition, a lead or the system may undo it, and only for a short time (with
    `at_any_time`: without limit). Raises TransitionRefused (`undo_not_last`, `undo_not_yours`, `undo_too_late`).
    """
    found = session.get_one(Transition, transition_id)
    kind = kind_of(found.entity_type)
    entity = kind.lock(session, found.entity_id)
    last = find_last_transition(session, found.entity_type, found.entity_id)
    back = _Wanted(found.from_status or found.to_status, "", "", actor, actor_kind_of(actor))
    assert last is not None
    if last.undoes_id == found.id:
        return last
    if last.id != found.id or found.from_status is None:
        raise _refusal(kind, kind.status_of(entity), back, "undo_not_last", NOT_LAST)
    is_theirs = actor.user_id is not None and actor.user_id == found.actor_id
    if not is_theirs and back.actor_kind is not ActorKind.SYSTEM and not user_may_reopen(session, actor.user_id):
        raise _refusal(kind, kind.status_of(entity), back, "undo_not_yours", NOT_YOURS)
    if not at_any_time and now > found.at + timedelta(seconds=kind.machine.undo_seconds):
        raise _refusal(kind, kind.status_of(entity), back, "undo_too_late", TOO_LATE)
    made = _add(session, last, back, {}, now=now, undoes_id=found.id)
    kind.write(session, entity, made, now, actor)
    return made


def record_creation(
    session: Session,
    entity_type: str,
    entity_id: uuid.UUID,
    status: str,
    *,
    now: datetime,
    actor: Actor,
    reason: str = "",
    business_context: Mapping[str, Any] | None = None,
) -> Transition:
    """Write the first transition of an entity, with the status it was created with."""
    wanted = _Wanted(status, reason, "", actor, actor_kind_of(actor))
    return _write(session, wanted, entity_type, entity_id, 1, None, dict(business_context or {}), now=now)


def record_creations(
    session: Session,
    entity_type: str,
    made: Sequence[tuple[uuid.UUID, str]],
    *,
    now: datetime,
    actor: Actor,
    business_context: Mapping[str, Any] | None = None,
) -> None:
    """Write the first transitions of many imported entities. `made` has pairs (entity id, status).

    Raises ValueError if an entity cannot begin with its status.
    """
    initial, kind = kind_of(entity_type).machine.initial, actor_kind_of(actor)
    if not {str(status) for _id, status in made} <= set(initial):
        raise ValueError(f"{entity_type} begins as one of {initial}")
    rows = [
        {
            "id": new_id(),
            "entity_type": entity_type,
            "entity_id": entity_id,
            "seq": 1,
            "to_status": str(status),
            "business_context": dict(business_context or {}),
            "actor_kind": kind,
            "actor_id": actor.user_id,
            "at": now,
        }
        for entity_id, status in made
    ]
    insert_many(session, Transition, rows)


def set_rule(
    session: Session,
    *,
    brand_id: uuid.UUID,
    entity_type: str,
    from_status: str,
    to_status: str,
    is_forbidden: bool,
    needs_reason: bool,
) -> None:
    """Set whether a brand forbids a transition or wants a reason for it. If neither, the brand's rule is deleted.

    Raises LookupError for an unknown transition.
    """
    kind_of(entity_type).machine.edges[from_status, to_status]
    key = {"brand_id": brand_id, "entity_type": entity_type, "from_status": from_status, "to_status": to_status}
    if is_forbidden or needs_reason:
        session.merge(TransitionRule(**key, is_forbidden=is_forbidden, needs_reason=needs_reason))
    else:
        session.execute(sa.delete(TransitionRule).filter_by(**key))
    session.flush()


def actor_kind_of(actor: Actor) -> ActorKind:
    """Return the kind of actor. A rule that acts for a user counts as a rule.

    `Actor.by` is a dict with "kind" and "name", and "id" for a partner or connection.
    """
    named = _KINDS.get(str((actor.by or {}).get("kind", "")))
    return named or (ActorKind.SYSTEM if actor.user_id is None else ActorKind.USER)


def _check(session: Session, kind: EntityKind, entity: Any, current: str, wanted: _Wanted) -> Edge:
    """Return the edge of an allowed change. Raises `TransitionRefused`, with the reasons of all failed guards."""
    edge = kind.machine.find(current, wanted.to_status, wanted.actor_kind)
    if edge is None:
        is_for_leads = (current, wanted.to_status) in kind.machine.edges
        code, words = ("needs_lead", FOR_LEADS) if is_for_leads else ("transition_not_allowed", NOT_ALLOWED)
        raise _refusal(kind, current, wanted, code, words)
    rule = find_rule(session, kind.brand_of(session, entity), kind.machine.entity_type, edge)
    if rule is not None and rule.is_forbidden:
        raise _refusal(kind, current, wanted, "transition_not_allowed", FORBIDDEN)
    if edge.needs_lead and wanted.actor_kind is ActorKind.USER and not user_may_reopen(session, wanted.actor.user_id):
        raise _refusal(kind, current, wanted, "needs_lead", FOR_LEADS)
    if wanted.reason_code and wanted.reason_code not in kind.machine.codes.get(wanted.to_status, ()):
        raise _refusal(kind, current, wanted, "needs_reason", NO_SUCH_CODE)
    says_why = bool(wanted.reason.strip() or wanted.reason_code)
    lacks = [lack for name in edge.guards if (lack := kind.guards[name](session, entity)) is not None]
    open_lacks = tuple(lack.words for lack in lacks if not (lack.or_reason and says_why))
    if open_lacks:
        raise _refusal(kind, current, wanted, "guard", *open_lacks)
    if not says_why and (edge.needs_reason or (rule is not None and rule.needs_reason)):
        raise _refusal(kind, current, wanted, "needs_reason", NEEDS_REASON)
    return edge


def _refusal(kind: EntityKind, current: str, wanted: _Wanted, code: str, *reasons: str) -> TransitionRefused:
    allowed = tuple(edge.to_status for edge in kind.machine.edges_from(current))
    return TransitionRefused(code, reasons, current, wanted.to_status, allowed)


def _by_key(session: Session, entity_type: str, entity_id: uuid.UUID, request_key: str | None) -> Transition | None:
    if request_key is None:
        return None
    query = sa.select(Transition).where(Transition.entity_type == entity_type, Transition.entity_id == entity_id)
    return session.execute(query.where(Transition.request_key == request_key)).scalar_one_or_none()


def _add(
    session: Session,
    last: Transition,
    wanted: _Wanted,
    context: dict[str, Any],
    *,
    now: datetime,
    request_key: str | None = None,
    undoes_id: uuid.UUID | None = None,
) -> Transition:
    place = (last.entity_type, last.entity_id, last.seq + 1, last.to_status)
    return _write(session, wanted, *place, context, now=now, request_key=request_key, undoes_id=undoes_id)


def _write(
    session: Session,
    wanted: _Wanted,
    entity_type: str,
    entity_id: uuid.UUID,
    seq: int,
    from_status: str | None,
    context: dict[str, Any],
    *,
    now: datetime,
    request_key: str | None = None,
    undoes_id: uuid.UUID | None = None,
) -> Transition:
    by = wanted.actor.by or {}
    named = by.get("rule_id") or by.get("id")
    made = Transition(
        id=new_id(),
        entity_type=entity_type,
        entity_id=entity_id,
        seq=seq,
        from_status=from_status,
        to_status=str(wanted.to_status),
        reason=wanted.reason.strip(),
        reason_code=wanted.reason_code,
        business_context=context,
        actor_kind=wanted.actor_kind,
        actor_id=uuid.UUID(str(named)) if named else wanted.actor.user_id,
        actor_name=str(by.get("name", "")),
        request_key=request_key,
        undoes_id=undoes_id,
        at=now,
    )
    session.add(made)
    session.flush()
    return made
