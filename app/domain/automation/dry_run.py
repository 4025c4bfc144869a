"""Dry-run a rule: predict what it would have done on each occasion of the last 30 days.

The occasions, facts and conditions are the same as in a real run (`run_one.py`). The steps are not taken but predicted
(`predict.py`). A later occasion of a thread starts from the predicted state after the earlier occasion.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.domain.accounts.access import Viewer
from app.domain.automation.conditions import Facts, Part, asks_of_orders, links_orders, parts_that_fit
from app.domain.automation.models import AutomationRule
from app.domain.automation.occasions import LOOKS_BACK, ZONE, list_past, read_facts
from app.domain.automation.order_news import News, find_news
from app.domain.automation.predict import Prediction, predict
from app.domain.automation.queries import keys_run, parts_of, read_known
from app.domain.automation.reply import Answerable, brand_viewer, check_can_write, read_answerable
from app.domain.automation.run_one import CHANGED, FAILED, UNCHANGED
from app.domain.automation.tell_customer import WHATSAPP, is_for_mail, write_mail, write_whatsapp
from app.domain.delivery.actions import UnableToReply
from app.domain.events.models import Event
from app.domain.reply_templates.models import ReplyTemplate
from app.domain.threads.about import Meant, UnableToSay, find_meant
from app.domain.threads.macro_run import snooze_end
from app.domain.threads.macros import MacroSteps
from app.domain.threads.models import Thread


@dataclass(frozen=True)
class Foreseen:
    """An occasion that the rule fits, with the predicted outcome in the fields of `AutomationRun`."""

    occasion: str
    at: datetime
    thread_id: uuid.UUID | None
    outcome: str
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    did: tuple[str, ...] = ()
    why: str = ""
    untold: tuple[str, ...] = ()


@dataclass(frozen=True)
class DryRun:
    """The result of a dry run. `looked_at`: the number of occasions tested. `foreseen`: the occasions that the rule fits,
    oldest first."""

    looked_at: int
    foreseen: tuple[Foreseen, ...]

    @property
    def changed(self) -> list[Foreseen]:
        return [found for found in self.foreseen if found.outcome == CHANGED]


def dry_run(session: Session, rule: AutomationRule, *, brand_ids: Collection[uuid.UUID], now: datetime) -> DryRun:
    """Return what the rule would have done on the occasions of the last 30 days. Occasions on which it has already run are left
    out. Only reads."""
    past = list_past(session, rule, brand_ids=brand_ids, since=now - LOOKS_BACK, until=now)
    done = keys_run(session, rule, [occasion.key for occasion in past])
    occasions = [occasion for occasion in past if occasion.key not in done]
    threads = frozenset(occasion.thread_id for occasion in occasions if occasion.thread_id)
    parts = parts_of(rule)
    paper = _Paper(session, parts, threads, now)
    found = []
    all_facts = read_facts(session, occasions, with_orders=asks_of_orders(parts), with_links=links_orders(parts))
    for occasion, facts in zip(occasions, all_facts, strict=True):
        judged = paper.judge(facts)
        if judged is not None:
            found.append(Foreseen(occasion.key, occasion.at, facts.thread_id, **judged))
    return DryRun(len(occasions), tuple(found))


class _Paper:
    """The state of a dry run in memory: the predicted states of threads, and the contacts that would have got a reply."""

    def __init__(self, session: Session, parts: tuple[Part, ...], threads: frozenset[uuid.UUID], now: datetime) -> None:
        self._session, self._parts, self._threads, self._now = session, parts, threads, now
        self._known = read_known(session)
        self._states: dict[uuid.UUID, dict[str, Any]] = {}
        self._answerable: dict[tuple[uuid.UUID, uuid.UUID], Answerable] = {}
        self._viewers: dict[uuid.UUID, Viewer] = {}
        self._unable: dict[tuple[uuid.UUID, uuid.UUID], str] = {}
        self._answered: set[uuid.UUID] = set()
        self._written: Counter[uuid.UUID] = Counter()  # notes and replies that would have been added

    def judge(self, facts: Facts) -> dict[str, Any] | None:
        """Return the predicted outcome of one occasion, as fields of `Foreseen`. Return None if the rule does not fit."""
        if facts.thread_id in self._states:
            count = facts.message_count + self._written[facts.thread_id]
            facts = replace(facts, state=self._states[facts.thread_id], message_count=count)
        all_steps = parts_that_fit(self._parts, facts, now=self._now)
        if not all_steps or facts.state.get("spam"):
            return None
        before, did, untold = facts.state, list[str](), list[str]()
        answers: set[uuid.UUID] = set()
        for steps in all_steps:
            prediction = self._predict(facts, steps, answers)
            if prediction.why:
                return {"outcome": FAILED, "why": prediction.why}
            facts, did = facts.with_state(prediction.state), [*did, *prediction.did]
            untold += prediction.untold
            if "reply" in prediction.did and facts.contact_id:
                answers.add(facts.contact_id)
        self._answered |= answers
        if facts.thread_id is not None:
            self._states[facts.thread_id] = facts.state
            self._written[facts.thread_id] += sum(what in ("note", "reply") for what in did)
        if untold and len(did) == len(untold) and facts.state == before:
            return {"outcome": FAILED, "why": untold[0]}
        outcome = CHANGED if did or facts.state != before else UNCHANGED
        return {"outcome": outcome, "before": before, "after": facts.state, "did": tuple(did), "untold": tuple(untold)}

    def _predict(self, facts: Facts, steps: MacroSteps, answers: set[uuid.UUID]) -> Prediction:
        until = snooze_end(steps, now=self._now, zone=ZONE)
        try:
            meant = self._meant(facts, steps)
        except UnableToSay as error:
            return Prediction(facts.state, (), str(error))
        why = self._why_not_written(facts, steps, answers)
        prediction = predict(facts, steps, known=self._known, now=self._now, until=until, meant=meant, cannot_tell=why)
        return prediction if prediction.why else replace(prediction, untold=self._untold(facts, steps))

    def _meant(self, facts: Facts, steps: MacroSteps) -> Meant:
        """Return the customer, partner and order that the steps refer to. Raises `UnableToSay` if they cannot be determined."""
        if not steps.says_about or facts.thread_id is None or facts.brand_id is None:
            return Meant()
        customer = facts.state["customer"]
        contact_id = uuid.UUID(customer) if customer else None
        return find_meant(self._session, steps, brand_id=facts.brand_id, contact_id=contact_id)

    def _why_not_written(self, facts: Facts, steps: MacroSteps, answers: set[uuid.UUID]) -> str:
        """Return why the template of these steps cannot be sent, or "" if it can be sent or the steps have no template."""
        template_id = steps.template_id
        if template_id is None or facts.brand_id is None:
            return ""
        template = self._session.get(ReplyTemplate, template_id)
        if facts.order_id is None or (template is not None and facts.thread_id is not None and not is_for_mail(template)):
            thread_id = facts.thread_id
            return self._why_no_reply(facts, template_id, thread_id, facts.brand_id, answers) if thread_id else ""
        try:
            write_mail(self._session, self._news(facts), template_id, viewer=self._viewer(facts.brand_id), now=self._now)
        except UnableToReply as error:
            return str(error)
        return ""

    def _untold(self, facts: Facts, steps: MacroSteps) -> tuple[str, ...]:
        """Return the reasons why WhatsApp templates of these steps could not be sent, or () if all of them can be sent."""
        found = []
        for call in steps.calls:
            try:
                if call.kind == WHATSAPP and facts.brand_id is not None:
                    write_whatsapp(self._session, self._news(facts), call, viewer=self._viewer(facts.brand_id), now=self._now)
            except UnableToReply as error:
                found.append(str(error))
        return tuple(found)

    def _news(self, facts: Facts) -> News:
        event = self._session.get(Event, facts.event_id) if facts.event_id else None
        return find_news(self._session, event, thread_id=facts.thread_id)

    def _why_no_reply(
        self, facts: Facts, template_id: uuid.UUID, thread_id: uuid.UUID, brand_id: uuid.UUID, answers: set[uuid.UUID]
    ) -> str:
        found = self._read_answerable(template_id, brand_id)
        why = replace(found, lately=found.lately | self._answered | answers).why_not(facts)
        if why or found.template is None:
            return why
        key = (template_id, thread_id)
        if key not in self._unable:
            self._unable[key] = self._try(found.template, thread_id, brand_id)
        return self._unable[key]

    def _try(self, template: ReplyTemplate, thread_id: uuid.UUID, brand_id: uuid.UUID) -> str:
        thread = self._session.get_one(Thread, thread_id)
        try:
            check_can_write(self._session, thread, template, viewer=self._viewer(brand_id), now=self._now)
        except UnableToReply as error:
            return str(error)
        return ""

    def _viewer(self, brand_id: uuid.UUID) -> Viewer:
        if brand_id not in self._viewers:
            self._viewers[brand_id] = brand_viewer(self._session, brand_id)
        return self._viewers[brand_id]

    def _read_answerable(self, template_id: uuid.UUID, brand_id: uuid.UUID) -> Answerable:
        """Return the facts that decide which threads may be answered with this template. They are read once per template and
        brand."""
        key = (template_id, brand_id)
        if key not in self._answerable:
            viewer = self._viewer(brand_id)
            self._answerable[key] = read_answerable(
                self._session, template_id, thread_ids=self._threads, viewer=viewer, now=self._now
            )
        return self._answerable[key]
