"""Filter a list by assignee, brand, channel account or tag; the choices load when the menu opens."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask.typing import ResponseReturnValue
from htmx_flask import request

from app.core.db import db
from app.core.translation import gettext as _
from app.domain.accounts.models import Brand, User
from app.domain.accounts.queries import list_brands
from app.domain.connections.models import Channel
from app.domain.connections.queries import list_channels
from app.domain.orders.models import Order
from app.domain.threads.list_filters import NOBODY, ViewFilters
from app.domain.threads.tags import list_known_tags
from app.domain.threads.timeline import list_assignable_users
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp
from app.web.inbox.list_request import Asked, ask
from app.web.pages import page


@dataclass(frozen=True)
class Choices:
    """The values of one filter of a list. `name`: the filter's parameter in the URL. `chosen`: its current value, or "" if it
    is not set."""

    title: str
    name: str
    any_words: str
    chosen: str
    values: Sequence[tuple[str, str]]  # value, words


@bp.get("/inbox/more-filters")
def more_filters() -> ResponseReturnValue:
    """Show the assignees, brands, channel accounts and tags by which the list in the URL (`view` and its filters) can be
    filtered.

    htmx gets a fragment for the filter menu; a browser without scripts gets a page.
    """
    asked, session, viewer = ask(request.args.get("view") or "open"), db.session(), current_viewer()
    filters, brand_ids = asked.filters, viewer.brand_ids
    brands = [(str(brand.id), brand.name) for brand in list_brands(session) if brand.id in brand_ids]
    channels = [(str(channel.id), channel.name) for channel in list_channels(session, brand_ids=brand_ids)]
    tags = [(tag, tag) for tag in list_known_tags(session, brand_ids=brand_ids)]
    groups = [
        Choices(_("Assignee"), "assignee", _("Any assignee"), str(filters.assignee or ""), _assignees()),
        Choices(_("Brand"), "brand", _("Any brand"), str(filters.brand or ""), brands if len(brands) > 1 else ()),
        Choices(_("Channel account"), "channel", _("Any channel account"), str(filters.channel or ""), channels),
        Choices(_("Tag"), "tag", _("Any tag"), filters.tag or "", tags),
    ]
    shown = [group for group in groups if group.values]
    template = "inbox/list_more_choices.html" if request.htmx else "inbox/list_more_filters_page.html"
    return page(template, list_url=asked.url, groups=shown)


def _assignees() -> list[tuple[str, str]]:
    """Return pairs (value, name) for the assignee filter: the reader, "Unassigned", then the other users of the reader's brands
    by name."""
    viewer = current_viewer()
    people = dict(pair for brand_id in viewer.brand_ids for pair in list_assignable_users(db.session(), brand_id))
    people.pop(viewer.user_id, None)
    named = sorted(people.items(), key=lambda pair: pair[1])
    return [(str(viewer.user_id), _("Me")), (NOBODY, _("Unassigned")), *((str(user_id), name) for user_id, name in named)]


def more_context(asked: Asked) -> dict[str, Any]:
    """Return the template context of a list's filter chips: assignee, channel account, order and brand. One query for each
    filter set."""
    filters = asked.filters
    person, channel, order = narrowed_to(filters)
    return {
        "assignee_filter": filters.assignee or "",
        "assignee_name": person,
        "channel_filter": filters.channel or "",
        "channel_name": channel,
        "order_number": order,
        "brand_filter": filters.brand or "",
        "brand_name": _name(Brand, filters.brand) if filters.brand in current_viewer().brand_ids else "",
    }


def narrowed_to(filters: ViewFilters) -> tuple[str, str, str]:
    """Return the names (assignee, channel account, order) of the filters that are set. A filter that is not set gives ""."""
    return (
        _person(filters.assignee) if filters.assignee else "",
        _name(Channel, filters.channel) if filters.channel else "",
        _order_number(filters.order) if filters.order else "",
    )


def _order_number(order_id: uuid.UUID) -> str:
    """Return the order's number, or "Unknown order" if the order is not of the viewer's brands."""
    query = sa.select(Order.order_number).where(Order.id == order_id, Order.brand_id.in_(current_viewer().brand_ids))
    return db.session.execute(query).scalar_one_or_none() or _("Unknown order")


def _person(assignee: uuid.UUID | str) -> str:
    if isinstance(assignee, str):
        return _("Unassigned")
    return _("Me") if assignee == current_viewer().user_id else _name(User, assignee)


def _name(model: type[User] | type[Channel] | type[Brand], row_id: uuid.UUID) -> str:
    found = db.session.execute(sa.select(model.name).where(model.id == row_id)).scalar_one_or_none()
    return found or _("No longer exists")
