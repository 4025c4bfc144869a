"""Satisfaction of a partner's customers: their answers of 30 days in conversations about its orders, merged ones included."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.partners.health import OrderMonth, read_orders, read_season
from app.domain.partners.models import Environment, Partner, PartnerOrder
from app.domain.partners.take_order import take_order
from app.domain.surveys.models import AnswerWay, Survey, SurveyAnswer, SurveyInvitation, SurveyKind, SurveyOutcome
from app.domain.threads.actions import NewThread, create_thread
from app.domain.threads.merge import merge_threads
from app.domain.threads.models import Thread
from app.domain.threads.order_threads import find_thread_of_order
from tests.domain.partners.factories import incoming, make_partner
from tests.factories import NOW, make_brand


@pytest.fixture
def groendus(app_context: Flask, db_session: Session) -> Partner:
    return make_partner(db_session, make_brand(db_session))


def matter(session: Session, partner: Partner, number: str) -> Thread:
    """The conversation of an order of the partner."""
    row = take_order(session, partner, Environment.LIVE, incoming(number), now=NOW).row
    assert row.order_id is not None
    return session.get_one(Thread, find_thread_of_order(session, row.order_id))


def elsewhere(session: Session, partner: Partner) -> Thread:
    """A conversation about no order."""
    return create_thread(session, NewThread(brand_id=partner.brand_id, medium="internal"), now=NOW)


def answer(session: Session, thread: Thread, score: int, *, at: datetime = NOW, is_suspect: bool = False, **more: Any) -> None:
    """Somebody was asked about the conversation and said this."""
    kind = more.get("kind", SurveyKind.CSAT)
    survey = session.query(Survey).filter_by(brand_id=thread.brand_id, kind=kind).one_or_none() or Survey(
        id=new_id(), brand_id=thread.brand_id, kind=kind, delay_hours=1, chat_delay_minutes=1, min_days=30, sample_percent=100,
        reminder_days=0, from_hour=0, until_hour=24, zone="Europe/Amsterdam", updated_at=NOW,
    )  # fmt: skip
    session.add(survey)
    session.flush()
    asked = SurveyInvitation(
        id=new_id(), survey_id=survey.id, kind=kind, brand_id=thread.brand_id, thread_id=thread.id, medium="email",
        thread_type="", priority="normal", language="nl", outcome=SurveyOutcome.SENT, state="done", planned_at=at, sent_at=at,
        expires_at=at + timedelta(days=14), token_hash=uuid.uuid4().hex,
    )  # fmt: skip
    session.add(asked)
    session.flush()
    said = {"score": score, "way": AnswerWay.PAGE, "first_at": at, "changed_at": at, "is_suspect": is_suspect}
    session.add(SurveyAnswer(invitation_id=asked.id, **said))
    session.flush()


def test_the_mean_of_the_last_30_days_is_of_this_partner_s_orders_alone(groendus: Partner, db_session: Session) -> None:
    other = make_partner(db_session, make_brand(db_session, "laadkabel"), "Essent")
    first, second = (matter(db_session, groendus, number) for number in ("GRO-1", "GRO-2"))
    answer(db_session, first, 5)
    answer(db_session, second, 4)
    answer(db_session, second, 1, at=NOW - timedelta(days=31))
    answer(db_session, second, 1, is_suspect=True)
    answer(db_session, second, 10, kind=SurveyKind.NPS)
    answer(db_session, matter(db_session, other, "ESS-1"), 1)
    answer(db_session, elsewhere(db_session, groendus), 1)
    found = read_orders(db_session, groendus.id, now=NOW)
    assert (found.answers, found.satisfaction) == (2, Decimal("4.5"))


def test_an_answer_counts_where_the_conversation_was_merged(groendus: Partner, db_session: Session) -> None:
    kept, gone = elsewhere(db_session, groendus), matter(db_session, groendus, "GRO-1")
    merged = merge_threads(db_session, keep_id=kept.id, merge_id=gone.id, now=NOW)
    answer(db_session, merged, 3)
    assert read_orders(db_session, groendus.id, now=NOW).answers == 1


def test_without_an_answer_there_is_no_mean(groendus: Partner, db_session: Session) -> None:
    matter(db_session, groendus, "GRO-1")
    found = read_orders(db_session, groendus.id, now=NOW)
    assert (found.answers, found.satisfaction) == (0, None)


def ordered(session: Session, partner: Partner, *times: datetime, environment: Environment = Environment.LIVE) -> None:
    """The partner posted an order at each of these times."""
    for at in times:
        row = take_order(session, partner, environment, incoming(f"S-{new_id()}"), now=NOW).row
        session.execute(sa.update(PartnerOrder).where(PartnerOrder.id == row.id).values(created_at=at))


def test_a_season_has_twelve_months_beside_those_of_the_year_before(db_session: Session, groendus: Partner) -> None:
    now = datetime(2026, 3, 1, 10, tzinfo=UTC)
    last_minute = datetime(2026, 1, 31, 22, 59, tzinfo=UTC)  # an hour later it is February in Amsterdam
    ordered(db_session, groendus, now, last_minute, last_minute + timedelta(minutes=1), datetime(2025, 2, 14, tzinfo=UTC))
    ordered(db_session, groendus, datetime(2025, 4, 1, tzinfo=UTC), datetime(2024, 4, 2, tzinfo=UTC))
    ordered(db_session, groendus, datetime(2024, 3, 30, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC))  # one of 25 months ago
    ordered(db_session, groendus, now, environment=Environment.SANDBOX)
    season = read_season(db_session, groendus, now=now)
    assert [one.first for one in season] == [date(2025 + (month > 12), (month - 1) % 12 + 1, 1) for month in range(4, 16)]
    assert [one for one in season if one.orders or one.year_before] == [
        OrderMonth(date(2025, 4, 1), 1, 1),
        OrderMonth(date(2026, 1, 1), 1, 0),
        OrderMonth(date(2026, 2, 1), 1, 1),
        OrderMonth(date(2026, 3, 1), 1, 0),
    ]


def test_a_partner_without_orders_has_no_season(db_session: Session, groendus: Partner) -> None:
    ordered(db_session, groendus, NOW - timedelta(days=800))
    assert read_season(db_session, groendus, now=NOW) == ()
