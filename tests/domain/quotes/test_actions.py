"""Quotes: made of what can be quoted, answered once, and never of something else than what was offered."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.address_parts import read_line
from app.domain.events.actions import SYSTEM
from app.domain.events.models import Event
from app.domain.orders.actions import NewLine, link_thread, set_order_status
from app.domain.orders.lines import set_discount
from app.domain.orders.models import Order, OrderStatus
from app.domain.orders.settings import set_place
from app.domain.quotes.actions import NewQuote, QuoteClosed, UnableToQuote, answer_quote, make_quote, withdraw_quote
from app.domain.quotes.document import Paper, write_document
from app.domain.quotes.models import OrderQuote, QuoteAnswer
from app.domain.quotes.queries import find_quote, state_of
from app.domain.threads.models import Thread, ThreadStatus
from app.domain.transitions.models import Transition
from tests.core.test_pdf import texts
from tests.domain.orders.conftest import Desk
from tests.domain.orders.factories import make_order
from tests.factories import NOW

LINES = (NewLine("Wallbox 11kW", unit_price=Decimal("849")), NewLine("Kabel", Decimal("12.5"), unit_price=Decimal("4.37")))
LATER = NOW + timedelta(days=2)


def an_order(desk: Desk, **more: object) -> Order:
    values = {"lines": LINES, "address": read_line("Kerkstraat 12, 1234AB Amsterdam"), **more}
    return make_order(desk.session, desk.brand, desk.pieter, **values)


def quoted(desk: Desk, order: Order, *, days: int = 30) -> tuple[OrderQuote, str]:
    new = NewQuote(uuid.uuid4(), "nl", NOW + timedelta(days=days))
    return make_quote(desk.session, order.id, new, now=NOW, actor=SYSTEM)


def yes(session: Session, quote: OrderQuote, name: str = "Pieter van Dam") -> OrderQuote:
    return answer_quote(session, quote.id, QuoteAnswer.ACCEPTED, name=name, note="Graag voor kerst", now=LATER)


def test_an_accepted_quote_approves_the_order_once_and_brings_the_conversation_back(desk: Desk) -> None:
    order = an_order(desk)
    link_thread(desk.session, order, desk.thread.id, now=NOW)
    quote, token = quoted(desk, order)
    assert order.status is OrderStatus.QUOTED
    assert find_quote(desk.session, token) is quote
    desk.session.execute(sa.update(Thread).values(status=ThreadStatus.WAITING_CUSTOMER))
    for _turn in range(2):
        yes(desk.session, quote)
    assert order.status is OrderStatus.APPROVED
    assert desk.session.get_one(Thread, desk.thread.id, populate_existing=True).status is ThreadStatus.OPEN
    (event,) = desk.events("QuoteAccepted")
    assert (event.payload["name"], event.payload["gross_total"]) == ("Pieter van Dam", "1093.39")
    last = desk.session.execute(sa.select(Transition).order_by(Transition.seq.desc()).limit(1).where(_of(order))).scalar_one()
    assert (last.actor_kind, last.actor_name, last.reason) == ("form", "Pieter van Dam", "Pieter van Dam: Graag voor kerst")
    with pytest.raises(QuoteClosed):
        answer_quote(desk.session, quote.id, QuoteAnswer.DECLINED, name="Pieter", now=LATER)


def test_a_declined_quote_gives_the_order_back(desk: Desk) -> None:
    order = an_order(desk)
    quote, _token = quoted(desk, order)
    answer_quote(desk.session, quote.id, QuoteAnswer.DECLINED, name="Pieter", note="Te duur", now=LATER)
    assert order.status is OrderStatus.NEW
    assert desk.events("QuoteDeclined")[0].payload["note"] == "Te duur"


@pytest.mark.parametrize("why", ["expired", "withdrawn", "changed", "closed", "replaced", "back"])
def test_no_answer_is_taken_for_what_is_not_offered_any_more(desk: Desk, why: str) -> None:
    order = an_order(desk)
    quote, _token = quoted(desk, order, days=1 if why == "expired" else 30)
    who = {"now": NOW, "actor": SYSTEM}
    if why == "withdrawn":
        assert withdraw_quote(desk.session, quote.id, **who)
        assert not withdraw_quote(desk.session, quote.id, **who)
    elif why == "changed":
        set_discount(desk.session, order.id, Decimal(10), **who)
    elif why == "closed":
        set_order_status(desk.session, order.id, OrderStatus.CANCELLED, reason="weg", **who)
    elif why == "replaced":
        quoted(desk, order)
    elif why == "back":
        set_order_status(desk.session, order.id, OrderStatus.NEW, **who)
    with pytest.raises(QuoteClosed) as refused:
        yes(desk.session, quote)
    assert refused.value.state == {"replaced": "withdrawn", "back": "withdrawn"}.get(why, why)
    assert quote.answer is None


def test_a_yes_is_kept_where_the_order_went_on_by_itself(desk: Desk) -> None:
    order = an_order(desk)
    quote, _token = quoted(desk, order)
    set_order_status(desk.session, order.id, OrderStatus.APPROVED, now=NOW, actor=SYSTEM)
    yes(desk.session, quote)
    assert order.status is OrderStatus.APPROVED
    assert state_of(desk.session, quote, order, now=LATER) == "accepted"


@pytest.mark.parametrize("lines", [(), (NewLine("Iets zonder prijs"),)])
def test_what_has_no_total_is_not_quoted(desk: Desk, lines: tuple[NewLine, ...]) -> None:
    order = an_order(desk, lines=lines)
    with pytest.raises(UnableToQuote):
        quoted(desk, order)
    assert order.status is OrderStatus.NEW


def test_the_same_form_again_is_the_same_quote_and_the_secret_is_kept_nowhere(desk: Desk) -> None:
    order, new = an_order(desk), NewQuote(uuid.uuid4(), "nl", NOW + timedelta(days=9))
    made = [make_quote(desk.session, order.id, new, now=NOW, actor=SYSTEM) for _turn in range(2)]
    assert made[0][0] is made[1][0]
    assert made[1][1] == ""
    told = str([event.payload for event in desk.session.execute(sa.select(Event)).scalars()])
    assert made[0][1] not in told
    assert made[0][1].encode() != made[0][0].token_hash


def test_a_quote_and_a_confirmation_on_paper_say_the_same_to_the_cent(desk: Desk) -> None:
    quote, _token = quoted(desk, an_order(desk, discount=Decimal("50")))
    paper = Paper(is_quote=True, language="nl", made_at=NOW, zone="Europe/Amsterdam", until=NOW + timedelta(days=30))
    with desk.client.plain.application.app_context():
        content = write_document(quote.content, paper)
        assert content == write_document(quote.content, paper)
    said = texts(content)[0]
    for words in ("€ -50,00", "BTW 21% over", "€ 1.032,89", "Kerkstraat 12 1234AB Amsterdam"):
        assert words in said, said


def test_in_quebec_a_quote_has_both_taxes_and_its_dollars(desk: Desk) -> None:
    set_place(desk.session, desk.brand.id, zone="America/Toronto", country="CA")
    order = make_order(desk.session, desk.brand, desk.pieter, lines=(NewLine("Chêne", unit_price=Decimal(140), tax_code="qc"),))
    quote, _token = quoted(desk, order)
    with desk.client.plain.application.app_context():
        said = texts(write_document(quote.content, Paper(True, "fr", NOW, "America/Toronto")))[0]
    for words in ("TPS 5", "7,00 $", "TVQ 9,975", "13,97 $", "160,97 $"):
        assert words in said, said
    assert "€" not in said


def _of(order: Order) -> sa.ColumnElement[bool]:
    return Transition.entity_id == order.id
