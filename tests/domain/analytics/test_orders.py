"""Facts of orders against a slow reckoning of what was done to them; taken back, priced anew and rebuilt, they say the same."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa

from app.contract.address_parts import AddressParts
from app.domain.accounts.access import viewer_of
from app.domain.analytics.figures import count_facts, sums_of
from app.domain.analytics.kinds import IN_STATE, ORDER_KINDS, Kind
from app.domain.analytics.listing import list_facts
from app.domain.analytics.measures import MEASURES
from app.domain.analytics.models import ReportFact
from app.domain.analytics.order_money import averages, read_worth
from app.domain.analytics.rollups import roll_next
from app.domain.analytics.settle import ask_for_rebuild
from app.domain.analytics.slices import slice_for
from app.domain.events.actions import Actor
from app.domain.orders.actions import NewLine, NewOrder, create_order, set_order_status
from app.domain.orders.models import Order, OrderSource, OrderStatus
from app.domain.transitions.actions import undo_transition
from app.domain.transitions.models import Transition
from tests.domain.analytics.conftest import Reports
from tests.domain.sla.conftest import AMSTERDAM, local
from tests.factories import make_contact
from tests.support.full import amount

FIRST, DAYS = local("2026-03-02 00:00"), 60  # with the change to summer time
WAYS = {
    "new": ("quoted", "approved", "on_hold", "cancelled"),
    "quoted": ("approved", "new", "on_hold", "cancelled"),
    "approved": ("quoted", "on_hold", "cancelled"),
    "on_hold": ("new", "quoted", "approved", "cancelled"),
    "cancelled": (),
}


@dataclass
class Life:
    """An order as it was played: what it costs, and (state, since when) in order."""

    order: Order
    price: Decimal | None
    currency: str
    partner: object
    states: list[tuple[str, datetime]] = field(default_factory=list)


def play(reports: Reports, dice: random.Random, number: int, partners: list[object]) -> Life:
    desk = reports.desk
    desk.now = FIRST + timedelta(minutes=dice.randrange(DAYS * 24 * 60))
    price, currency, partner = (
        dice.choice((None, Decimal(800), Decimal("1249.50"))),
        dice.choice(("EUR", "EUR", "CAD")),
        dice.choice(partners),
    )
    new = NewOrder(
        desk.brand.id,
        make_contact(reports.session, kind="email", value=f"order{number}@example.nl").id,
        OrderSource.USER,
        address=AddressParts(typed="Dam 1, 1012JS Amsterdam", street="Dam", house_number="1", city="Amsterdam"),
        lines=(NewLine("Laadpaal", unit_price=price),),
        account_contact_id=partner,  # type: ignore[arg-type]
        currency=currency,
    )
    order = create_order(reports.session, new, now=desk.now, actor=Actor(desk.lena.id))
    life = Life(order, price, currency, partner, [("new", desk.now)])
    for _step in range(dice.randrange(6)):
        state = life.states[-1][0]
        options = [one for one in WAYS[state] if not (one == "quoted" and price is None)]
        if not options:
            break
        desk.now += timedelta(minutes=1 + dice.randrange(9000))
        to = dice.choice(options)
        codes = {"on_hold": "waiting_for_parts", "cancelled": "customer_withdrew"}
        why = {"reason": "zo gezegd", "reason_code": codes.get(to, "")}
        actor = Actor(desk.lena.id)
        set_order_status(reports.session, order.id, OrderStatus(to), now=desk.now, actor=actor, **why)
        life.states.append((to, desk.now))
        if dice.random() < 0.15:
            last = sa.select(Transition.id).where(Transition.entity_id == order.id).order_by(Transition.seq.desc()).limit(1)
            undo_transition(
                reports.session, reports.session.execute(last).scalar_one(), now=desk.now, actor=actor, at_any_time=True
            )
            life.states.pop()
    return life


def slow(lives: list[Life]) -> Counter[tuple[object, ...]]:
    """(kind, local day, seconds, met, amount, currency, partner) of all that happened."""
    found: Counter[tuple[object, ...]] = Counter()
    for life in lives:
        day = life.order.created_at.astimezone(AMSTERDAM).date()
        found[Kind.ORDER, day, None, None, life.price, life.currency if life.price else None] += 1
        names = [state for state, _at in life.states]
        if "quoted" in names:
            at = life.states[names.index("quoted")][1]
            later = names[names.index("quoted") :]
            met = True if "approved" in later else False if names[-1] == "cancelled" else None
            found[Kind.ORDER_QUOTED, at.astimezone(AMSTERDAM).date(), None, met, None, None] += 1
        for number in range(len(life.states) - 1):
            (state, begin), (_next, end) = life.states[number], life.states[number + 1]
            seconds = int(end.timestamp()) - int(begin.timestamp())
            found[IN_STATE[state], end.astimezone(AMSTERDAM).date(), seconds, None, None, None] += 1
    return found


def told(reports: Reports) -> Counter[tuple[object, ...]]:
    query = sa.select(ReportFact).where(ReportFact.removed_at.is_(None), ReportFact.kind.in_([int(kind) for kind in ORDER_KINDS]))
    rows = reports.session.execute(query.execution_options(populate_existing=True)).scalars()
    return Counter((Kind(row.kind), row.local_day, row.wall_seconds, row.met, row.amount, row.currency) for row in rows)


def test_orders_are_computed_alike_by_two_ways(reports: Reports) -> None:
    dice, session = random.Random(20_260_303), reports.session
    partners: list[object] = [
        None,
        *(make_contact(session, kind="email", value=f"p{number}@example.nl").id for number in range(2)),
    ]
    lives = [play(reports, dice, number, partners) for number in range(amount(30, full=400))]
    now = reports.desk.now = FIRST + timedelta(days=DAYS + 60)
    reports.settle()
    expected = slow(lives)
    assert told(reports) == expected
    viewer = viewer_of(session, reports.desk.noah)
    for round_number in range(2):
        check_figures(reports, dice, lives, viewer)
        while round_number == 0 and roll_next(session, now=now) is not None:
            pass
    ids = sa.select(ReportFact.id).order_by(ReportFact.id)
    before = session.execute(ids).scalars().all()
    ask_for_rebuild(session, now=now)
    reports.settle()
    assert session.execute(ids).scalars().all() == before


def check_figures(reports: Reports, dice: random.Random, lives: list[Life], viewer: object) -> None:
    """Counts, shares, medians, average values and lists of random days, with and without a partner."""
    for _round in range(8):
        first = (FIRST + timedelta(days=dice.randrange(DAYS))).date()
        last = first + timedelta(days=dice.randrange(80))
        partner = dice.choice([None, *{life.partner for life in lives if life.partner}])
        slice = slice_for(viewer, first=first, last=last, partner_id=partner)  # type: ignore[arg-type]
        those = slow([life for life in lives if partner in (None, life.partner)])
        inside = [one for one in those.elements() if first <= one[1] <= last]  # type: ignore[operator]
        whole = reports.figures(slice).whole
        for kind in ORDER_KINDS:
            facts = [one for one in inside if one[0] == kind]
            got = sums_of(whole, kind)
            assert (got.n, got.met, got.known) == (
                len(facts),
                sum(f[3] is True for f in facts),
                sum(f[3] is not None for f in facts),
            )
            if kind in IN_STATE.values() and facts:
                times = sorted(int(str(one[2])) for one in facts)
                assert (got.median, got.p90) == tuple(times[math.ceil(share * len(times)) - 1] for share in (0.5, 0.9))
        check_money(reports, slice, [one for one in inside if one[0] == Kind.ORDER])


def check_money(reports: Reports, slice: object, made: list[tuple[object, ...]]) -> None:
    prices: defaultdict[str, list[Decimal]] = defaultdict(list)
    for one in made:
        if one[4] is not None:
            prices[str(one[5])].append(Decimal(str(one[4])))
    expected = [(key, len(of), (sum(of, Decimal(0)) / len(of)).quantize(Decimal("0.01"))) for key, of in sorted(prices.items())]
    found = averages(read_worth(reports.session, slice))  # type: ignore[arg-type]
    assert [(key, n) for key, n, _average in found] == [(key, n) for key, n, _average in expected]
    assert all(abs(one[2] - other[2]) <= Decimal("0.01") for one, other in zip(found, expected, strict=True))
    rows = list_facts(reports.session, slice, MEASURES["orders"], limit=1000)  # type: ignore[arg-type]
    assert len(rows) == len(made) == count_facts(reports.session, slice, MEASURES["orders"])  # type: ignore[arg-type]
    assert all(row.order_number for row in rows)


def test_an_order_that_is_priced_anew_counts_with_what_it_comes_to_now(reports: Reports) -> None:
    life = play(reports, random.Random(4), 1, [None])
    reports.settle()
    life.order.net_total, life.order.tax_total, life.order.gross_total = Decimal(10), Decimal(2), Decimal(12)
    reports.session.flush()
    ask_for_rebuild(reports.session, now=reports.desk.now)
    reports.settle()
    assert [one[4] for one in told(reports) if one[0] == Kind.ORDER] == [Decimal("10.00")]
