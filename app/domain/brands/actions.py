"""Create, change and archive brands. The caller owns the transaction.

An archived brand is not offered for selection, and nothing new is made under it. Its threads, orders and contacts stay
visible and can be answered. A brand cannot be archived while one of its channels is in use.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import advisory_xact_lock
from app.core.ids import new_id
from app.core.text import mark
from app.domain.accounts.models import Brand
from app.domain.automation.shipped import install_guesses
from app.domain.brands.queries import BrandContent, BrandMissing, content_of, find_own, rules_of
from app.domain.connections.models import Channel
from app.domain.events.actions import SYSTEM, Actor, audit
from app.domain.orders.numbers import PrefixTaken, WrongPrefix, choose_prefix, list_prefixes, set_prefix
from app.domain.orders.settings import set_place
from app.domain.reply_templates.visit_texts import install_visit_texts
from app.domain.sla.actions import CalendarContent, change_calendar, create_calendar
from app.domain.sla.public_holidays import is_supported, region_at
from app.domain.sla.queries import list_calendars
from app.domain.sla.rules import is_zone
from app.domain.sla.shipped import ship_defaults

LANGUAGES, HUES, KEY_CHARACTERS = ("nl", "en", "fr"), 6, 40
_LOCK = "brand names"


class WrongBrand(ValueError):
    """The `field` of a BrandContent has a wrong value; the message says why and can be translated."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class BrandInUse(Exception):
    """The brand still has channels in use; the message names them."""


def create_brand(session: Session, content: BrandContent, *, now: datetime, actor: Actor = SYSTEM) -> Brand:
    """Create a brand. Administrators see it at once; other users see it when they become members. Raises `WrongBrand` if a
    value is wrong."""
    _check(session, content, None)
    brand = Brand(id=new_id(), key=_free_key(session, content.name), name="", languages=["nl"])
    _write(session, brand, content)
    session.add(brand)
    session.flush()
    ship_defaults(session, now=now, actor=actor)
    _write_elsewhere(session, brand, content, now=now, actor=actor)
    install_guesses(session, now=now)
    install_visit_texts(session, now=now)
    _audit(session, "BrandCreated", brand, now, actor)
    return brand


def change_brand(session: Session, brand_id: uuid.UUID, content: BrandContent, *, now: datetime, actor: Actor = SYSTEM) -> Brand:
    """Change the content of a brand. Its key, which programs use to refer to it, does not change. Raises WrongBrand,
    BrandMissing."""
    brand = _lock(session, brand_id)
    _check(session, content, brand.id)
    prefix = list_prefixes(session).get(brand.id, "")
    before = content_of(brand, prefix, list_calendars(session))
    content = replace(content, order_prefix=content.order_prefix or prefix)
    if content == before:
        return brand
    _write(session, brand, content)
    session.flush()
    _write_elsewhere(session, brand, content, now=now, actor=actor)
    _audit(
        session, "BrandChanged", brand, now, actor, changed=sorted(k for k, v in vars(content).items() if v != vars(before)[k])
    )
    return brand


def archive_brand(session: Session, brand_id: uuid.UUID, *, now: datetime, actor: Actor = SYSTEM) -> Brand:
    """Archive a brand; archiving it twice changes nothing. Raises BrandInUse, BrandMissing."""
    brand = _lock(session, brand_id)
    if brand.archived_at is None:
        names = session.execute(
            sa.select(Channel.name).where(Channel.brand_id == brand_id, Channel.is_active).order_by(Channel.name)
        )
        if in_use := names.scalars().all():
            raise BrandInUse(", ".join(in_use))
        brand.archived_at = now
        _audit(session, "BrandArchived", brand, now, actor)
    return brand


def restore_brand(session: Session, brand_id: uuid.UUID, *, now: datetime, actor: Actor = SYSTEM) -> Brand:
    """Restore an archived brand. Raises BrandMissing."""
    brand = _lock(session, brand_id)
    if brand.archived_at is not None:
        brand.archived_at = None
        _audit(session, "BrandRestored", brand, now, actor)
    return brand


def _check(session: Session, content: BrandContent, own_id: uuid.UUID | None) -> None:
    advisory_xact_lock(session, _LOCK)
    same = sa.select(Brand.id).where(sa.func.lower(Brand.name) == content.name.strip().lower())
    if not content.name.strip():
        raise WrongBrand("name", mark("Enter a name."))
    if any(found != own_id for found in session.execute(same).scalars()):
        raise WrongBrand("name", mark("Another brand has this name."))
    if not content.languages or not set(content.languages) <= set(LANGUAGES):
        raise WrongBrand("languages", mark("Choose Dutch, English or French."))
    if not is_zone(content.timezone):
        raise WrongBrand("timezone", mark("Unknown time zone."))
    if content.country and not is_supported(content.country):
        raise WrongBrand("country", mark("You cannot choose this country: we do not know its holidays."))


def _write(session: Session, brand: Brand, content: BrandContent) -> None:
    brand.name, brand.hue, brand.languages = content.name.strip(), content.hue, list(dict.fromkeys(content.languages))
    brand.email_signature = content.email_signature.strip()


def _write_elsewhere(session: Session, brand: Brand, content: BrandContent, *, now: datetime, actor: Actor) -> None:
    """Store the settings of a brand that belong to other features: the prefix of its order numbers and its business calendar.
    If the present calendar has another time zone or country, the brand's own calendar is changed or created.

    Raises `WrongBrand` if the prefix is wrong or taken.
    """
    try:
        set_prefix(session, brand.id, content.order_prefix) if content.order_prefix else choose_prefix(session, brand.id)
    except WrongPrefix as error:
        words = mark("Use 2 to 8 capital letters and digits, starting with a capital letter.")
        raise WrongBrand("order_prefix", words) from error
    except PrefixTaken as error:
        raise WrongBrand("order_prefix", mark("Another brand already uses this prefix.")) from error
    set_place(session, brand.id, zone=content.timezone, country=content.country)
    calendars = list_calendars(session)
    rules, own = rules_of(brand.id, calendars), find_own(brand.id, calendars)
    if (rules.zone, rules.country) == (content.timezone, content.country):
        return
    derived = region_at(content.country, content.timezone, content.languages[0])
    region = rules.region if rules.country == content.country else derived
    moved = rules.model_copy(update={"zone": content.timezone, "country": content.country, "region": region})
    calendar = CalendarContent(own.calendar.name if own else brand.name, moved, brand_id=brand.id)
    if own:
        change_calendar(session, own.calendar.id, calendar, now=now, actor=actor)
    else:
        create_calendar(session, calendar, now=now, actor=actor)


def _free_key(session: Session, name: str) -> str:
    """Return a free key made of the name's lower-case letters and digits, with a number if another brand has it ("name-2")."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:KEY_CHARACTERS].rstrip("-") or "brand"
    taken = set(session.execute(sa.select(Brand.key).where(Brand.key.startswith(stem, autoescape=True))).scalars())
    return next(key for key in (stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3))) if key not in taken)


def _lock(session: Session, brand_id: uuid.UUID) -> Brand:
    brand = session.get(Brand, brand_id, with_for_update=True, populate_existing=True)
    if brand is None:
        raise BrandMissing(str(brand_id))
    return brand


def _audit(session: Session, action: str, brand: Brand, now: datetime, actor: Actor, **detail: object) -> None:
    session.flush()
    audit(session, action=action, object_type="brand", object_id=str(brand.id), now=now, actor=actor, detail=detail)
