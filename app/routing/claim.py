"""Who gets which thread next, decided by one statement.

Whoever claims holds one lock until the end of the transaction, so that each decision sees the assignments before it: no thread
goes to two, nobody over their capacity, and turns stay in order, however many workers there are. The thread is locked as well;
one that somebody else holds at this moment is left for the next look.

A person can take a thread if they are there (`PRESENT`), may see its brand, have the skills of the rule and, where it asks for
that, the contact's language, have room for the thread's weight, belong to a tier that is asked, and did not give it back before.
`app/routing/explain.py` says the same in words; tests/routing/test_explain.py holds the two together.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import advisory_xact_lock
from app.routing.models import CAPACITY

LOCK = "routing"
WEIGHT = "greatest(t.priority_rank, 1)"  # low and normal 1, high 2, urgent 3, critical 4
# Open work that is with somebody; what waits for the customer or rests is no work now.
AT_WORK = "t.is_open AND t.snoozed_until IS NULL AND t.status <> 'waiting_customer'"
# Nobody has it, and somebody should. A thread that holds nothing but automatic mail is nobody's work.
WAITING = f"{AT_WORK} AND t.assignee_user_id IS NULL AND (t.last_inbound_at IS NOT NULL OR t.medium <> 'email')"
DUE_ORDER = "{0}.response_due_at NULLS LAST, {0}.priority_rank DESC, {0}.created_at, {0}.id"

# Everybody with what routing knows of them; `is_there` and `is_at_work` at the moment `:now`.
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
        coalesce(p.capacity, CASE WHEN u.role = 'admin' THEN 0 ELSE {CAPACITY} END) AS capacity,
        coalesce(work.load, 0) AS load,
        ARRAY(SELECT m.team_id FROM team_members m WHERE m.user_id = u.id) AS teams,
        ARRAY(SELECT b.id FROM brands b WHERE u.role = 'admin' OR EXISTS (
            SELECT FROM brand_members m WHERE m.brand_id = b.id AND m.user_id = u.id)) AS brands
    FROM users u
    LEFT JOIN availabilities a ON a.user_id = u.id
    LEFT JOIN routing_profiles p ON p.user_id = u.id
    CROSS JOIN LATERAL (SELECT :now AT TIME ZONE u.timezone AS at) AS local
    LEFT JOIN LATERAL (SELECT sum({WEIGHT}) AS load FROM threads t WHERE t.assignee_user_id = u.id AND {AT_WORK}) AS work ON true
    WHERE u.disabled_at IS NULL
"""  # noqa: S608  constants only
PRESENT = "is_heard AND state = 'available' AND is_at_work"

_NEXT = f"""
    WITH present AS MATERIALIZED (
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
    )
    SELECT first.*
    FROM (SELECT DISTINCT channel_id FROM offers WHERE load < capacity) AS with_room
    CROSS JOIN LATERAL (
        SELECT t.id, t.response_due_at, t.priority_rank, t.created_at, rule.id AS rule_id, rule.name AS rule_name, rule.strategy,
            rule.skills, best.user_id, best.load, best.capacity, best.tier, best.language,
            best.is_sticky, best.others
        FROM threads t
        LEFT JOIN contacts contact ON contact.id = t.contact_id
        CROSS JOIN LATERAL (
            SELECT r.* FROM routing_rules r
            WHERE r.channel_id = t.channel_id AND r.is_on AND (r.thread_type IS NULL OR r.thread_type = t.thread_type)
            ORDER BY r.position, r.id LIMIT 1
        ) AS rule
        LEFT JOIN LATERAL (
            SELECT former.assignee_user_id AS user_id FROM threads former
            WHERE rule.sticky_days > 0 AND former.contact_id = t.contact_id AND former.brand_id = t.brand_id
            AND former.id <> t.id AND former.assignee_user_id IS NOT NULL
            AND former.last_message_at > :now - make_interval(days => rule.sticky_days)
            ORDER BY former.last_message_at DESC LIMIT 1
        ) AS owner ON true
        CROSS JOIN LATERAL (
            WITH able AS (
                SELECT o.*, coalesce(o.user_id = owner.user_id, false) AS is_sticky,
                    CASE WHEN rule.speaks_language THEN contact.language END AS language
                FROM offers o
                WHERE o.rule_id = rule.id
                AND (NOT rule.speaks_language OR contact.language IS NULL OR contact.language = ANY (o.languages))
                AND (CASE WHEN t.team_id IS NULL THEN o.tier IS NOT NULL OR coalesce(o.user_id = owner.user_id, false)
                     ELSE t.team_id = ANY (o.teams) END)
                AND NOT EXISTS (SELECT FROM routing_refusals no WHERE no.thread_id = t.id AND no.user_id = o.user_id)
            )
            SELECT able.*, count(*) OVER () AS others
            FROM able
            WHERE able.load + least({WEIGHT}, able.capacity) <= able.capacity AND able.load < able.capacity
            AND (t.team_id IS NOT NULL OR able.is_sticky
                OR :now >= coalesce(t.last_inbound_at, t.created_at) + make_interval(mins => able.after_minutes)
                OR NOT EXISTS (SELECT FROM able earlier WHERE earlier.tier < able.tier))
            ORDER BY able.is_sticky DESC, CASE WHEN t.team_id IS NULL THEN able.tier END,
                CASE WHEN rule.strategy = 'least_loaded' THEN able.load::float / able.capacity END,
                able.turn NULLS FIRST, able.user_id
            LIMIT 1
        ) AS best
        WHERE t.channel_id = with_room.channel_id AND {WAITING}
        ORDER BY {DUE_ORDER.format("t")}
        LIMIT 1
        FOR UPDATE OF t SKIP LOCKED
    ) AS first
    ORDER BY {DUE_ORDER.format("first")}
    LIMIT 1
"""  # noqa: S608  constants only
_TURN = """
    INSERT INTO routing_turns (rule_id, user_id, turn)
    SELECT :rule_id, :user_id, coalesce(max(turn), 0) + 1 FROM routing_turns WHERE rule_id = :rule_id
    ON CONFLICT (rule_id, user_id) DO UPDATE SET turn = excluded.turn
"""


@dataclass(frozen=True)
class Claim:
    """One thread and who is to have it. `because` is kept with the assignment and told by `app/routing/words.py`."""

    thread_id: uuid.UUID
    user_id: uuid.UUID
    because: dict[str, Any]


def lock_routing(session: Session) -> None:
    """One decision at a time, until the transaction ends. Take it before any thread."""
    advisory_xact_lock(session, LOCK)


def claim_next(session: Session, *, now: datetime) -> Claim | None:
    """The waiting thread that is due first of those somebody can take, locked, and whose turn it is; None where there is none.

    The caller holds `lock_routing` and assigns the thread in the same transaction.
    """
    found = session.execute(sa.text(_NEXT), {"now": now}).one_or_none()
    if found is None:
        return None
    session.execute(sa.text(_TURN), {"rule_id": found.rule_id, "user_id": found.user_id})
    return Claim(found.id, found.user_id, _because(found))


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
