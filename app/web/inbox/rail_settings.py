"""Settings page of the user's own sidebar: the order of its links, and which channels it shows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from flask import abort, flash, make_response, redirect, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.translation import gettext as _
from app.domain.accounts.actions import arrange_rail
from app.domain.accounts.queries import get_user
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp, rail_channels, rail_work
from app.web.pages import page

Links = list[dict[str, Any]]  # as rail_work() has them
STEPS = {"up": -1, "down": 1}


@bp.get("/settings/sidebar")
def sidebar() -> ResponseReturnValue:
    """Show the links and channels of the user's sidebar, with controls to move them and to hide channels."""
    return _page([rail_work(), rail_channels()], current_viewer().rail_hidden)


@bp.post("/settings/sidebar")
def arrange_sidebar() -> ResponseReturnValue:
    """Move the link `name` as `to` says: "up" or "down". For a channel, `to` can also be "hide" or "show".

    Without `name`, restore the default sidebar.
    """
    name, to = request.form.get("name", ""), request.form.get("to", "")
    groups, hidden = [rail_work(), rail_channels()], list(current_viewer().rail_hidden)
    if not name:
        _save(order=[], hidden=[])
        flash(_("The default sidebar is restored."))
        return redirect(url_for("inbox.sidebar"), 303)
    group = next((items for items in groups if name in _names(items)), None)
    if group is None or to not in (*STEPS, *(("hide", "show") if group is groups[1] else ())):
        abort(400)
    said = _move(group, name, STEPS[to]) if to in STEPS else _show(group, hidden, name, is_shown=to == "show")
    _save(order=[one for items in groups for one in _names(items)], hidden=hidden)
    if not request.htmx:
        flash(said)
        return redirect(url_for("inbox.sidebar"), 303)
    response = make_response(_page(groups, hidden))
    response.headers["HX-Trigger"] = json.dumps({"views-moved": True, "announce": {"text": said}})
    return response


def _save(*, order: Sequence[str], hidden: Sequence[str]) -> None:
    viewer = current_viewer()
    with transaction() as session:
        user = get_user(session, viewer.user_id, lock=True)
        arrange_rail(session, user, order=order, hidden=hidden, now=utc_now(), actor=viewer.actor)


def _names(items: Links) -> list[str]:
    return [item["name"] for item in items]


def _move(items: Links, name: str, by: int) -> str:
    """Move a link by `by` places in `items` (negative: up). Return the message for the user."""
    here = _names(items).index(name)
    place = min(max(here + by, 0), len(items) - 1)
    items.insert(place, items.pop(here))
    label = items[place]["label"]
    return _("%(name)s is now in position %(place)s of %(count)s.", name=label, place=place + 1, count=len(items))


def _show(items: Links, hidden: list[str], name: str, *, is_shown: bool) -> str:
    """Remove a channel from `hidden` (`is_shown`) or add it. Return the message for the user."""
    label = items[_names(items).index(name)]["label"]
    hidden[:] = [*(one for one in hidden if one != name), *([] if is_shown else [name])]
    return _("%(name)s is in the sidebar.", name=label) if is_shown else _("%(name)s is not in the sidebar.", name=label)


def _page(groups: Sequence[Links], hidden: Sequence[str]) -> ResponseReturnValue:
    work, channels = groups
    shown = [(_("Lists and pages"), work, False), (_("Channels"), channels, True)]
    return page("inbox/sidebar.html", blocks=("sidebar_links",), link_groups=shown, hidden_channels=hidden)
