"""A policy is tried on the last 30 days before it holds: what is shown is what then happens, and trying changes nothing."""

from __future__ import annotations

import html
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.domain.sla.actions import change_policy, create_policy
from app.domain.sla.clock import ClockKind
from app.domain.sla.dry_run import Deadline, DryRun, dry_run
from app.domain.sla.models import SlaClock
from app.domain.sla.queries import list_policies
from app.domain.sla.rules import Match, PolicyRules
from app.domain.threads.models import Thread
from tests.domain.sla.conftest import Desk, local
from tests.web.sla.test_settings import Settings, page  # noqa: F401  a fixture

QUICK = PolicyRules(name="Snel", match=Match(media=("email",)), first_minutes=60, next_minutes=60)


@pytest.fixture
def asked(desk: Desk) -> tuple[Thread, Thread]:
    """An email and a chat, both asked on Wednesday at ten; the email is answered at noon."""
    mail, chat = desk.thread(), desk.thread(desk.chat, value="b@example.nl")
    desk.ask(mail)
    desk.ask(chat)
    desk.at("2026-03-04 12:00")
    desk.answer(mail)
    return mail, chat


def at(text: str) -> int:
    return int(local(text).timestamp())


def tried(desk: Desk, rules: PolicyRules = QUICK, *, position: int = 0, **values: object) -> DryRun:
    values = {"policy_id": None, "brand_ids": [desk.brand.id], "now": desk.now, **values}
    return dry_run(desk.session, rules, position=position, **values)  # type: ignore[arg-type]


def test_a_new_policy_shows_whose_deadline_it_would_move(desk: Desk, asked: tuple[Thread, Thread]) -> None:
    mail, _chat = asked
    run = tried(desk)
    assert (run.threads, run.is_cut, run.changed_threads) == (2, False, 1)
    (found,) = run.differences
    assert (found.thread_id, found.kind) == (mail.id, ClockKind.FIRST_RESPONSE)
    assert found.before == Deadline(at("2026-03-04 14:00"), is_late=False)
    assert found.after == Deadline(at("2026-03-04 11:00"), is_late=True)
    assert run.late_after == run.late_before + 1


def test_behind_one_that_fits_a_policy_changes_nothing(desk: Desk, asked: tuple[Thread, Thread]) -> None:
    assert tried(desk, position=len(list_policies(desk.session))).differences == ()


def test_the_place_in_the_order_counts(desk: Desk, asked: tuple[Thread, Thread]) -> None:
    everything = QUICK.model_copy(update={"match": Match()})
    assert tried(desk, everything).changed_threads == 1, "a chat is promised an hour as it is"
    rows = [row.rules.name for row in list_policies(desk.session)]
    assert tried(desk, everything, position=rows.index("E-mail") + 1).differences == ()


def test_a_change_of_a_policy_that_is_there_is_tried_in_its_place(desk: Desk, asked: tuple[Thread, Thread]) -> None:
    place, row = next((n, row) for n, row in enumerate(list_policies(desk.session)) if row.rules.name == "E-mail")
    same = tried(desk, row.rules, policy_id=row.policy.id, position=place)
    assert same.differences == ()
    none = tried(desk, row.rules.model_copy(update={"first_minutes": None}), policy_id=row.policy.id, position=place)
    (found,) = none.differences
    assert found.before == Deadline(at("2026-03-04 14:00"), is_late=False)
    assert found.after is None


def test_trying_writes_nothing(desk: Desk, asked: tuple[Thread, Thread]) -> None:
    def state() -> list[object]:
        clocks = sa.select(SlaClock.id, SlaClock.due_at, SlaClock.policy_version_id).order_by(SlaClock.id)
        return [*desk.session.execute(clocks).all(), len(list_policies(desk.session))]

    before = state()
    tried(desk)
    assert not [*desk.session.dirty, *desk.session.new]
    assert state() == before


@pytest.mark.parametrize("is_new", [True, False])
def test_what_is_shown_is_what_the_next_question_gets(desk: Desk, asked: tuple[Thread, Thread], is_new: bool) -> None:
    (shown,) = tried(desk).differences
    assert shown.after == Deadline(at("2026-03-04 11:00"), is_late=True)
    if is_new:
        create_policy(desk.session, QUICK, position=0, now=desk.now, actor=desk.actor)
    else:
        place, row = next((n, row) for n, row in enumerate(list_policies(desk.session)) if row.rules.name == "E-mail")
        change_policy(desk.session, row.policy.id, QUICK, position=place, now=desk.now, actor=desk.actor)
    desk.at("2026-03-11 10:00")  # the same hour of the week
    again = desk.thread(value="c@example.nl")
    desk.ask(again)
    assert desk.due(again) == local("2026-03-11 11:00")


def test_what_is_older_or_of_another_brand_is_left_out(desk: Desk, asked: tuple[Thread, Thread]) -> None:
    assert tried(desk, brand_ids=[]).threads == 0
    assert tried(desk, now=desk.now + timedelta(days=31)).threads == 0
    cut = tried(desk, most=1)
    assert (cut.threads, cut.is_cut) == (1, True)


def test_the_page_shows_it_and_keeps_the_form(desk: Desk, page: Settings) -> None:  # noqa: F811
    desk.now = desk.session.execute(sa.select(sa.func.now())).scalar_one()
    desk.ask(desk.thread(subject="Paal 7 <b>stuk</b>"))
    fields = {"name": "Snel", "position": "1", "first_minutes": "7", "media": "email"}
    answer = page.post("/settings/policies/dry-run", **fields)
    text = html.unescape(answer.text)
    assert answer.status_code == 200
    assert "1 thread checked; 1 would have a different deadline" in " ".join(text.split())
    assert "Paal 7 <b>stuk</b>" in text
    assert "<b>stuk" not in answer.text
    assert 'value="7"' in answer.text, "nothing of the form is lost"
    assert "Snel" not in [row.rules.name for row in list_policies(desk.session)]
    wrong = page.post("/settings/policies/dry-run", **{**fields, "first_minutes": "bald"})
    assert wrong.status_code == 422
    policy = next(row for row in list_policies(desk.session) if row.rules.name == "E-mail")
    changed = page.post(f"/settings/policies/{policy.policy.id}/dry-run", **{**fields, "name": "E-mail", "position": "3"})
    assert "1 would have a different deadline" in html.unescape(changed.text)
