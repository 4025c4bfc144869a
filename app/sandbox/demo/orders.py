"""Articles and orders of the demo company, for the people of its newest threads."""

from __future__ import annotations

import random
from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.address_parts import read_line
from app.domain.events.actions import SYSTEM
from app.domain.orders.actions import NewLine, NewOrder, create_order
from app.domain.orders.articles import add_article
from app.domain.orders.models import OrderSource, OrderStatus
from app.domain.threads.models import Thread

ARTICLES = (
    ("WALLBOX-11KW", "Wallbox 11kW", "749.00"),
    ("WALLBOX-22KW", "Wallbox 22kW", "899.00"),
    ("CABLE-5M", "Slimme laadkabel", "189.00"),
    ("INST-BASIC-1P", "Installatie 1-fase", "425.00"),
    ("INST-PLUS-3P", "Installatie 3-fase", "545.00"),
)
ADDRESSES = (
    "Kerkstraat 12, 1234AB Amsterdam",
    "Molenweg 7-A, 3511CD Utrecht",
    "Dorpsstraat 12, 2011KL Haarlem",
    "Stationslaan 4 bis, 3811EF Amersfoort",
    "Schoolstraat 999, 2312GH Leiden",
)
ORDERS = 24


def make_orders(session: Session, dice: random.Random, *, brand_ids: Collection[UUID], now: datetime) -> None:
    """Articles for each brand, and one order for each of the newest threads with a contact."""
    for brand_id in brand_ids:
        for sku, name, price in ARTICLES:
            add_article(session, brand_id=brand_id, sku=sku, name=name, unit_price=Decimal(price), now=now)
    newest = sa.select(Thread).where(Thread.contact_id.is_not(None), Thread.spam_at.is_(None))
    threads = session.scalars(newest.order_by(Thread.last_message_at.desc(), Thread.id).limit(ORDERS)).all()
    for age, thread in reversed(list(enumerate(threads))):
        assert thread.contact_id is not None
        made_at = now - timedelta(hours=7 * age + 1)
        new = NewOrder(
            brand_id=thread.brand_id,
            customer_contact_id=thread.contact_id,
            source=OrderSource.USER,
            status=dice.choice(tuple(OrderStatus)),
            address=read_line(dice.choice(ADDRESSES)),
            lines=_lines(dice),
            thread_id=thread.id,
        )
        create_order(session, new, now=made_at, actor=SYSTEM)


def _lines(dice: random.Random) -> list[NewLine]:
    device, work = dice.choice(ARTICLES[:2]), dice.choice(ARTICLES[3:])
    cable = [NewLine(ARTICLES[2][1], Decimal(dice.choice((1, 2))), ARTICLES[2][0])] if dice.random() < 0.4 else []
    return [NewLine(device[1], article=device[0]), NewLine(work[1], article=work[0]), *cable]
