"""Choose the next thread to assign and its assignee, with one SQL statement.

The caller holds one lock until the end of its transaction, so each decision sees the assignments before it. No thread goes
to two users, nobody exceeds their capacity, and turns stay in order, with any number of workers. The thread is locked too. A
thread that another transaction has locked is left for the next round.

A user can take a thread if all of this is true: the user is present (`PRESENT`), may see its brand, has the skills of the
rule and (if the rule asks for it) the contact's language, has room for the weight of the thread, belongs to a tier that is
asked, and did not give the thread back before.

Threads with the same needs (channel, type, team, weight, language) are a group. A group that no user with room can take is
skipped in one step of an index, however many threads it has. `app/domain/routing/explain.py` says the same in words;
tests/domain/routing/test_explain.py checks that both agree.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from app.core.db import advisory_xact_lock
from app.domain.accounts.permissions import Permission, roles_with
from app.domain.routing.models import CAPACITY
from app.domain.threads.models import ThreadStatus

LOCK = "routing"
WEIGHT = "greatest(t.priority_rank, 1)"  # low and normal 1, high 2, urgent 3, critical 4
# Open work that is with somebody; what waits for the customer or rests is no work now.
AT_WORK = "t.is_open AND t.snoozed_until IS NULL AND t.status <> 'waiting_customer'"
# Nobody has it, and somebody should. A thread that holds nothing but automatic mail is nobody's work.
WAITING = f"{AT_WORK} AND t.assignee_user_id IS NULL AND (t.last_inbound_at IS NOT NULL OR t.medium <> 'email')"
DUE_ORDER = "{0}.response_due_at NULLS LAST, {0}.priority_rank DESC, {0}.created_at, {0}.id"

_ANSWERING = ", ".join(f"'{role}'" for role in roles_with(Permission.THREADS_REPLY))
_ALL_BRANDS = ", ".join(f"'{role}'" for role in roles_with(Permission.BRANDS_ALL))

# Everybody who answers, with what routing knows of them; `is_there` and `is_at_work` at the moment `:now`.
PEOPLE = f"""
    SELECT u.id AS user_id, u.name,
        coalesce(a.state, 'offline') AS state,
        coalesce(a.present_until > :now, false) AS is_heard,
        jsonb_array_length(coalesce(p.hours, '[]')) = 0 OR EXISTS (
            SELECT FROM jsonb_array_elements(p.hours) AS h
            WHERE (h->>0)::int = extract(isodow FROM local.at) - 1
            AND extract(hour FROM local.at) * 60 + extract(minute FROM local.at) >= (h->>1)::int
            AND extract(hour FROM local.at) * 60 + extract(minute FROM local.at) < (h->>2)::int
        ) AS is_at_work,
        coalesce(p.skills, '{{}}') AS skills, coalesce(p.languages, '{{}}') AS languages,
        coalesce(p.capacity, CASE WHEN u.role IN ({_ALL_BRANDS}) THEN 0 ELSE {CAPACITY} END) AS capacity,
        coalesce(work.load, 0) AS load,
        ARRAY(SELECT m.team_id FROM team_members m WHERE m.user_id = u.id) AS teams,
        ARRAY(SELECT b.id FROM brands b WHERE u.role IN ({_ALL_BRANDS}) OR EXISTS (
            SELECT FROM brand_members m WHERE m.brand_id = b.id AND m.user_id = u.id)) AS brands
    FROM users u
    LEFT JOIN availabilities a ON a.user_id = u.id
    LEFT JOIN routing_profiles p ON p.user_id = u.id
    CROSS JOIN LATERAL (SELECT :now AT TIME ZONE u.timezone AS at) AS local
    LEFT JOIN LATERAL (SELECT sum({WEIGHT}) AS load FROM threads t WHERE t.assignee_user_id = u.id AND {AT_WORK}) AS work ON true
    WHERE u.disabled_at IS NULL AND u.role IN ({_ANSWERING})
"""  # noqa: S608  constants only
PRESENT = "is_heard AND state = 'available' AND is_at_work"

# What waits in one channel for the same kind of person stands together in `ix_threads_waiting_groups`, in due order.
TEAM = "coalesce(t.team_id, '00000000-0000-0000-0000-000000000000'::uuid)"
_NEEDS = f"t.thread_type, {TEAM}, t.priority_rank, t.contact_language"
_NEEDS_OF = "{0}.thread_type, {0}.team_key, {0}.priority_rank, {0}.contact_language"
_HAS_ROOM = "{0}.load + least({1}, {0}.capacity) <= {0}.capacity AND {0}.load < {0}.capacity"
_SINCE = "coalesce(t.last_inbound_at, t.created_at)"
# Contacts of whom somebody who has room had a thread lately: few, where what waits may be many.
_MET = f"""
    SELECT former.contact_id FROM threads former
    WHERE former.assignee_user_id = ANY (ARRAY(SELECT user_id FROM offers WHERE load < capacity))
    AND former.brand_id = ANY (ARRAY(SELECT id FROM brands)) AND former.status = ANY (ARRAY{[s.value for s in ThreadStatus]})
    AND former.last_message_at > :now - make_interval(days => (SELECT max(sticky_days) FROM needs))
"""  # noqa: S608  constants only

_NEXT = f"""
    WITH RECURSIVE present AS MATERIALIZED (
        SELECT * FROM ({PEOPLE}) AS people WHERE {PRESENT} AND capacity > 0
    ), offers AS MATERIALIZED (
        SELECT r.id AS rule_id, r.channel_id, who.*, tier.n AS tier, tier.after_minutes, turns.turn
        FROM routing_rules r
        JOIN channels c ON c.id = r.channel_id
        JOIN present who ON c.brand_id = ANY (who.brands) AND who.skills @> r.skills
        LEFT JOIN routing_turns turns ON turns.rule_id = r.id AND turns.user_id = who.user_id
        LEFT JOIN LATERAL (
            SELECT each.n, coalesce((each.body->>'after_minutes')::int, 0) AS after_minutes
            FROM jsonb_array_elements(r.tiers) WITH ORDINALITY AS each (body, n)
            WHERE each.body->>'team_id' IS NULL OR (each.body->>'team_id')::uuid = ANY (who.teams)
            ORDER BY each.n LIMIT 1
        ) AS tier ON true
        WHERE r.is_on
    ), groups (channel_id, thread_type, team_key, priority_rank, contact_language) AS (
        SELECT head.*
        FROM (SELECT DISTINCT channel_id FROM offers WHERE load < capacity) AS with_room
        CROSS JOIN LATERAL (
            SELECT t.channel_id, {_NEEDS} FROM threads t
            WHERE t.channel_id = with_room.channel_id AND {WAITING}
            ORDER BY {_NEEDS} LIMIT 1
        ) AS head
        UNION ALL
        SELECT further.*
        FROM groups
        CROSS JOIN LATERAL (
            SELECT t.channel_id, {_NEEDS} FROM threads t
            WHERE t.channel_id = groups.channel_id AND ({_NEEDS}) > ({_NEEDS_OF.format("groups")}) AND {WAITING}
            ORDER BY {_NEEDS} LIMIT 1
        ) AS further
    ), needs AS MATERIALIZED (
        SELECT groups.*, rule.id AS rule_id, rule.name AS rule_name, rule.strategy, rule.skills, rule.speaks_language,
            rule.sticky_days, room.after_minutes, room.may_stick
        FROM groups
        CROSS JOIN LATERAL (
            SELECT r.* FROM routing_rules r
            WHERE r.channel_id = groups.channel_id AND r.is_on AND (r.thread_type IS NULL OR r.thread_type = groups.thread_type)
            ORDER BY r.position, r.id LIMIT 1
        ) AS rule
        CROSS JOIN LATERAL (
            SELECT min(CASE WHEN able.is_handed OR able.tier = able.first THEN 0 ELSE able.after_minutes END)
                    FILTER (WHERE able.is_asked) AS after_minutes,
                coalesce(bool_or(rule.sticky_days > 0 AND NOT able.is_handed), false) AS may_stick
            FROM (
                SELECT o.*, min(o.tier) OVER () AS first, {TEAM.replace("t.team_id", "NULL")} <> groups.team_key AS is_handed,
                    CASE WHEN {TEAM.replace("t.team_id", "NULL")} = groups.team_key THEN o.tier IS NOT NULL
                        ELSE groups.team_key = ANY (o.teams) END AS is_asked
                FROM offers o
                WHERE o.rule_id = rule.id
                AND (NOT rule.speaks_language OR groups.contact_language = '' OR groups.contact_language = ANY (o.languages))
            ) AS able
            WHERE {_HAS_ROOM.format("able", WEIGHT.replace("t.", "groups."))}
        ) AS room
        WHERE room.after_minutes IS NOT NULL OR room.may_stick
    ), heads AS MATERIALIZED (
        SELECT first.*
        FROM needs need
        CROSS JOIN LATERAL (
            SELECT t.id, t.response_due_at, t.priority_rank, t.created_at, need.rule_id, need.rule_name, need.strategy,
                need.skills, best.user_id, best.load, best.capacity, best.tier, best.language,
                best.is_sticky, best.others
            FROM threads t
            LEFT JOIN contacts contact ON contact.id = t.contact_id
            LEFT JOIN LATERAL (
                SELECT former.assignee_user_id AS user_id FROM threads former
                WHERE need.sticky_days > 0 AND former.contact_id = t.contact_id AND former.brand_id = t.brand_id
                AND former.id <> t.id AND former.assignee_user_id IS NOT NULL
                AND former.last_message_at > :now - make_interval(days => need.sticky_days)
                ORDER BY former.last_message_at DESC LIMIT 1
            ) AS owner ON true
            CROSS JOIN LATERAL (
                WITH able AS (
                    SELECT o.*, coalesce(o.user_id = owner.user_id, false) AS is_sticky,
                        CASE WHEN need.speaks_language THEN contact.language END AS language
                    FROM offers o
                    WHERE o.rule_id = need.rule_id
                    AND (NOT need.speaks_language OR contact.language IS NULL OR contact.language = ANY (o.languages))
                    AND (CASE WHEN t.team_id IS NULL THEN o.tier IS NOT NULL OR coalesce(o.user_id = owner.user_id, false)
                         ELSE t.team_id = ANY (o.teams) END)
                    AND NOT EXISTS (SELECT FROM routing_refusals no WHERE no.thread_id = t.id AND no.user_id = o.user_id)
                )
                SELECT able.*, count(*) OVER () AS others
                FROM able
                WHERE {_HAS_ROOM.format("able", WEIGHT)}
                AND (t.team_id IS NOT NULL OR able.is_sticky
                    OR :now >= {_SINCE} + make_interval(mins => able.after_minutes)
                    OR NOT EXISTS (SELECT FROM able earlier WHERE earlier.tier < able.tier))
                ORDER BY able.is_sticky DESC, CASE WHEN t.team_id IS NULL THEN able.tier END,
                    CASE WHEN need.strategy = 'least_loaded' THEN able.load::float / able.capacity END,
                    able.turn NULLS FIRST, able.user_id
                LIMIT 1
            ) AS best
            WHERE t.channel_id = need.channel_id AND ({_NEEDS}) = ({_NEEDS_OF.format("need")})
            AND {WAITING} AND t.id <> ALL (:held)
            AND (:now >= {_SINCE} + make_interval(mins => need.after_minutes)
                OR EXISTS (SELECT FROM routing_refusals no WHERE no.thread_id = t.id)
                OR (need.may_stick AND t.contact_id IN ({_MET})))
            ORDER BY t.response_due_at NULLS LAST, t.created_at, t.id
            LIMIT 1
        ) AS first
        ORDER BY {DUE_ORDER.format("first")}
        LIMIT 1
    )
    SELECT heads.*, free.id IS NOT NULL AS is_free
    FROM heads
    LEFT JOIN LATERAL (SELECT t.id FROM threads t WHERE t.id = heads.id AND {WAITING} FOR UPDATE SKIP LOCKED) AS free ON true
"""  # noqa: S608  constants only
_STATEMENT = sa.text(_NEXT).bindparams(sa.bindparam("held", type_=ARRAY(sa.Uuid)))
_TURN = """
    INSERT INTO routing_turns (rule_id, user_id, turn)
    SELECT :rule_id, :user_id, coalesce(max(turn), 0) + 1 FROM routing_turns WHERE rule_id = :rule_id
    ON CONFLICT (rule_id, user_id) DO UPDATE SET turn = excluded.turn
"""


@dataclass(frozen=True)
class Claim:
    """A thread and the user who gets it. `because` is stored with the assignment; `app/domain/routing/words.py` writes it as
    text."""

    thread_id: uuid.UUID
    user_id: uuid.UUID
    because: dict[str, Any]


def lock_routing(session: Session) -> None:
    """Take the lock that allows one routing decision at a time, until the transaction ends. Take it before locking any thread."""
    advisory_xact_lock(session, LOCK)


def claim_next(session: Session, *, now: datetime) -> Claim | None:
    """Choose and lock the waiting thread that is due first among those that somebody can take, and choose the user whose turn
    it is.

    Return None if there is no such thread. The caller holds `lock_routing` and assigns the thread in the same transaction.
    """
    found = _find_next(session, now)
    if found is None:
        return None
    session.execute(sa.text(_TURN), {"rule_id": found.rule_id, "user_id": found.user_id})
    return Claim(found.id, found.user_id, _because(found))


def _find_next(session: Session, now: datetime) -> Any:
    """Find and lock the next thread. Return None if there is none. Threads that others have locked are skipped."""
    held: list[uuid.UUID] = []
    while (found := session.execute(_STATEMENT, {"now": now, "held": held}).one_or_none()) is not None:
        if found.is_free:
            return found
        held.append(found.id)
    return None


def _because(found: Any) -> dict[str, Any]:
    return {
        "kind": "routing",
        "rule_id": str(found.rule_id),
        "name": found.rule_name,
        "how": "sticky" if found.is_sticky else found.strategy,
        "skills": list(found.skills),
        "language": found.language,
        "tier": found.tier,
        "able": found.others,
        "load": int(found.load),
        "capacity": found.capacity,
    }
