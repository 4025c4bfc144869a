"""Give out order numbers such as CC-2026-00123: the brand's prefix, the year, and a counter without gaps.

The counter's row stays locked until the order's transaction ends. Other transactions that need a number of the brand wait
until then, and a rollback gives the number back. Therefore take the number last, just before the order is written.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.db import advisory_xact_lock, table_of
from app.domain.accounts.models import Brand
from app.domain.orders.models import Order, OrderCounter, OrderNumberSeries, OrderSettings
from app.domain.orders.settings import ZONE

DIGITS = 5
PREFIX = re.compile(r"[A-Z][A-Z0-9]{1,7}")
WHOLE_NUMBER = re.compile(rf"{PREFIX.pattern}-[0-9]{{4}}-[0-9]{{{DIGITS},}}")
_LOCK = "order number series"


class PrefixTaken(ValueError):
    """Raised when the order numbers of another brand begin with this prefix."""


class WrongPrefix(ValueError):
    """Raised when the prefix does not consist of 2 to 8 capital letters and digits, beginning with a letter."""


def take_order_number(session: Session, brand_id: uuid.UUID, *, now: datetime) -> str:
    """Return the brand's next order number of this year. Other transactions that ask for a number of the brand wait until this
    transaction ends."""
    return take_order_numbers(session, brand_id, 1, now=now)[0]


def take_order_numbers(session: Session, brand_id: uuid.UUID, count: int, *, now: datetime) -> list[str]:
    """Return the brand's next `count` order numbers of this year. `count` must be at least 1."""
    last, of_year, chosen = session.execute(_count_on(), {"of_brand": brand_id, "now": now, "count": count}).one()
    begins = f"{chosen or choose_prefix(session, brand_id)}-{of_year}"
    return [f"{begins}-{number:0{DIGITS}}" for number in range(last - count + 1, last + 1)]


@lru_cache(maxsize=1)
def _count_on() -> sa.Insert:
    """Build the SQL statement that increases a brand's counter, and returns the last number, its year and the brand's prefix.
    It is built only once."""
    brand_id, count = sa.bindparam("of_brand", type_=sa.Uuid), sa.bindparam("count", type_=sa.Integer)
    zone = sa.select(OrderSettings.zone).where(OrderSettings.brand_id == brand_id).scalar_subquery()
    there = sa.func.timezone(sa.func.coalesce(zone, ZONE), sa.bindparam("now", type_=sa.DateTime(timezone=True)))
    year = sa.cast(sa.extract("year", there), sa.SmallInteger)
    first = postgresql.insert(table_of(OrderCounter)).values(brand_id=brand_id, year=year, last_number=count)
    prefix = sa.select(OrderNumberSeries.prefix).where(OrderNumberSeries.brand_id == brand_id).scalar_subquery()
    following = first.on_conflict_do_update(
        index_elements=["brand_id", "year"], set_={"last_number": OrderCounter.last_number + count}
    )
    return following.returning(OrderCounter.last_number, OrderCounter.year, prefix)


def list_prefixes(session: Session) -> dict[uuid.UUID, str]:
    """Return {brand id: prefix}. Brands without a prefix are missing."""
    return {row.brand_id: row.prefix for row in session.execute(sa.select(OrderNumberSeries.brand_id, OrderNumberSeries.prefix))}


def set_prefix(session: Session, brand_id: uuid.UUID, prefix: str) -> None:
    """Set the prefix for the brand's new order numbers. Existing order numbers do not change.

    Raises `WrongPrefix` if the prefix is malformed, and `PrefixTaken` if another brand uses it.
    """
    if not PREFIX.fullmatch(prefix):
        raise WrongPrefix(prefix)
    advisory_xact_lock(session, _LOCK)
    if _is_taken(session, brand_id, prefix):
        raise PrefixTaken(prefix)
    session.merge(OrderNumberSeries(brand_id=brand_id, prefix=prefix))
    session.flush()


def choose_prefix(session: Session, brand_id: uuid.UUID) -> str:
    """Return the brand's prefix. If the brand has none, choose a free prefix that fits its name, and store it."""
    mine = sa.select(OrderNumberSeries.prefix).where(OrderNumberSeries.brand_id == brand_id)
    prefix = session.execute(mine).scalar_one_or_none()
    if prefix is not None:
        return prefix
    advisory_xact_lock(session, _LOCK)
    prefix = session.execute(mine).scalar_one_or_none()  # somebody may have been quicker
    if prefix is None:
        brand = session.get_one(Brand, brand_id)
        candidates = _candidates(brand.name, brand.key)
        prefix = next(candidate for candidate in candidates if not _is_taken(session, brand_id, candidate))
        session.add(OrderNumberSeries(brand_id=brand_id, prefix=prefix))
        session.flush()
    return prefix


def _is_taken(session: Session, brand_id: uuid.UUID, prefix: str) -> bool:
    """Return True if another brand has this prefix, or has order numbers that begin with it. This keeps order numbers unique."""
    now = sa.exists().where(OrderNumberSeries.prefix == prefix, OrderNumberSeries.brand_id != brand_id)
    once = sa.exists().where(Order.order_number.startswith(f"{prefix}-"), Order.brand_id != brand_id)
    return bool(session.execute(sa.select(sa.or_(now, once))).scalar_one())


def _candidates(name: str, key: str) -> Iterator[str]:
    """Yield possible prefixes: the capital letters of the name, then beginnings of the key, then such beginnings with a number.
    There are so many that one is always free."""
    capitals = "".join(c for c in _plain(name) if c.isupper())[:8]
    if len(capitals) > 1:
        yield capitals
    stem = re.sub(r"[^A-Z0-9]", "", _plain(key).upper()).lstrip("0123456789") or "ORDER"
    stem = stem if len(stem) > 1 else f"{stem}X"
    yield from (stem[:length] for length in range(2, min(len(stem), 5) + 1))
    yield from (f"{stem[:3]}{number}" for number in range(2, 10_000))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
