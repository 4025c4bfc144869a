"""Page of the costs of each channel, each valid from a day on: show, set, delete."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from flask import abort, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.links import url_for
from app.core.money import UnreadableNumber, read_number
from app.core.money_words import number_words
from app.core.translation import date_words
from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.accounts.models import Brand
from app.domain.accounts.permissions import Permission
from app.domain.analytics.costs import PARTS, drop_cost, list_costs, set_cost
from app.domain.analytics.saved_models import ChannelCost
from app.domain.connections.models import Channel, Medium
from app.domain.connections.queries import list_channels
from app.domain.orders.settings import settings_of
from app.web.accounts.session import current_viewer, require
from app.web.analytics.blueprint import bp
from app.web.analytics.kept import brand_of, own_brands
from app.web.pages import page

MOST = Decimal(1_000_000)
NAMES = {
    "per_month": N_("Per month"),
    "per_message": N_("Per message sent"),
    "per_call": N_("Per call"),
    "minutes": N_("Minutes of work per message or call"),
    "per_hour": N_("Per hour of work"),
}


@bp.get("/analytics/costs")
def costs() -> ResponseReturnValue:
    """Show the channels of a brand with their costs, each valid from a day on.

    `brand` in the URL chooses the brand; without it, show the first brand.
    """
    require(Permission.TARGETS_MANAGE)
    return _page(brand_of(request.args.get("brand", "")))


@bp.post("/analytics/costs/<uuid:channel_id>")
def save_cost(channel_id: uuid.UUID) -> ResponseReturnValue:
    """Set the costs of a channel from the day `from_date` on. An empty field means no cost."""
    viewer, channel = require(Permission.TARGETS_MANAGE), _channel(channel_id)
    typed = {name: request.form.get(name, "").strip() for name in (*PARTS, "from_date")}
    amounts = {name: _amount(typed[name]) for name in PARTS}
    day = _day(typed["from_date"])
    errors = {name: _("Enter an amount of 0 or more, like 0.45.") for name, amount in amounts.items() if amount is None}
    if day is None:
        errors["from_date"] = _("Enter a date.")
    if errors or day is None:
        return _page(brand_of(str(channel.brand_id)), channel.id, typed, errors)
    known = {name: amount for name, amount in amounts.items() if amount is not None}
    with transaction() as session:
        set_cost(session, channel, from_date=day, amounts=known, actor=viewer.actor, now=utc_now())
    flash(_("Saved."))
    return redirect(url_for("analytics.costs", brand=str(channel.brand_id)), 303)


@bp.post("/analytics/costs/<uuid:channel_id>/<day>/deletion")
def remove_cost(channel_id: uuid.UUID, day: str) -> ResponseReturnValue:
    """Delete the cost that begins on this day. The cost before it then stays valid."""
    viewer, channel, from_date = require(Permission.TARGETS_MANAGE), _channel(channel_id), _day(day)
    if from_date is None:
        abort(404)
    with transaction() as session:
        is_gone = drop_cost(session, channel, from_date=from_date, actor=viewer.actor, now=utc_now())
    if not is_gone:
        abort(404)
    flash(_("Deleted."))
    return redirect(url_for("analytics.costs", brand=str(channel.brand_id)), 303)


def _page(
    brand: Brand,
    wrong: uuid.UUID | None = None,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> ResponseReturnValue:
    session = db.session()
    kept: defaultdict[uuid.UUID, list[ChannelCost]] = defaultdict(list)
    for cost, channel in list_costs(session, [brand.id]):
        kept[channel.id].append(cost)
    channels = [channel for channel in list_channels(session, brand_ids=[brand.id]) if channel.medium != Medium.INTERNAL]
    return page(
        "analytics/costs.html",
        brand=brand,
        brands=own_brands(),
        currency=settings_of(session, brand.id).currency,
        channels=channels,
        kept=kept,
        fields={channel.id: _fields(channel) for channel in channels},
        values={one.id: typed if one.id == wrong and typed else _values(kept[one.id]) for one in channels},
        wrong=wrong,
        errors=errors or {},
        day_of=lambda cost: date_words(cost.from_date, "d MMM y"),
        amount=lambda cost, name: _text(getattr(cost, name)),
        status=422 if errors else 200,
    )


def _fields(channel: Channel) -> list[tuple[str, str]]:
    """Return (name, words) for each cost field of this channel. A phone channel has no cost per message, any other no cost per
    call."""
    other = "per_message" if channel.medium == Medium.PHONE else "per_call"
    return [(name, _(text)) for name, text in NAMES.items() if name != other]


def _values(kept: list[ChannelCost]) -> dict[str, str]:
    """Return the channel's latest costs as values of the form, or {} if none are set."""
    return {name: _text(getattr(kept[0], name)) for name in PARTS} if kept else {}


def _text(amount: Decimal) -> str:
    return number_words(amount, str(get_locale()))


def _amount(text: str) -> Decimal | None:
    try:
        found = read_number(text) if text else Decimal(0)
    except UnreadableNumber:
        return None
    return found if 0 <= found < MOST else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _channel(channel_id: uuid.UUID) -> Channel:
    """Return the channel. Answer 404 if the viewer does not see its brand."""
    found = [one for one in list_channels(db.session(), brand_ids=current_viewer().brand_ids) if one.id == channel_id]
    return found[0] if found else abort(404)
