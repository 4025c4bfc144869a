"""Page of the queue: threads that wait for somebody, and why."""

from __future__ import annotations

from dataclasses import dataclass

from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db
from app.domain.routing.explain import Hindrance, why_waiting
from app.domain.routing.queries import QUEUE_SHOWN, WaitingThread, list_rules, list_waiting, list_workers
from app.domain.routing.words import waiting_words
from app.web.accounts.session import current_viewer
from app.web.pages import page
from app.web.routing.blueprint import bp


@dataclass(frozen=True)
class QueueRow:
    """A waiting thread and the reason in words (`why`). `moves`: True if nothing hinders it, so the next round assigns it."""

    thread: WaitingThread
    rule_name: str
    channel_name: str
    why: str
    moves: bool


@bp.get("/queue")
def queue() -> ResponseReturnValue:
    """Show threads that a rule is to assign, in queue order. Four queries."""
    viewer, session, now = current_viewer(), db.session(), utc_now()
    rules = {rule.id: (rule, channel) for rule, channel in list_rules(session, brand_ids=viewer.brand_ids)}
    waiting, workers = list_waiting(session, brand_ids=viewer.brand_ids, now=now), list_workers(session, now=now)
    rows = []
    for thread in waiting:
        rule, channel = rules[thread.rule_id]
        reason = why_waiting(thread, rule=rule, workers=workers, now=now)
        why = waiting_words(reason, skills=rule.skills, language=thread.language)
        rows.append(QueueRow(thread, rule.name, channel.name, why, reason.hindrance == Hindrance.NONE))
    is_on = any(rule.is_on for rule, _channel in rules.values())
    there = [worker for worker in workers if worker.capacity and worker.brands & set(viewer.brand_ids)]
    return page("routing/queue.html", rows=rows, is_on=is_on, is_cut=len(rows) == QUEUE_SHOWN, workers=there)
