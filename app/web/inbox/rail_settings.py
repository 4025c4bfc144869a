"""Page of one's own sidebar: in which order its links stand, and which channels are in it."""

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
    """Show the links of one's sidebar, to be moved, and its channels, to be moved and hidden."""
    return _page([rail_work(), rail_channels()], current_viewer().rail_hidden)


@bp.post("/settings/sidebar")
def arrange_sidebar() -> ResponseReturnValue:
    """Do to the link `name` what `to` says: up, down; to a channel also hide, show. Without a name all is as usual again."""
    name, to = request.form.get("name", ""), request.form.get("to", "")
    groups, hidden = [rail_work(), rail_channels()], list(current_viewer().rail_hidden)
    if not name:
        _save(order=[], hidden=[])
        flash(_("The usual sidebar is restored."))
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
    """Move a link one place; returns what to say of it."""
    here = _names(items).index(name)
    place = min(max(here + by, 0), len(items) - 1)
    items.insert(place, items.pop(here))
    label = items[place]["label"]
    return _("%(name)s is now in position %(place)s of %(count)s.", name=label, place=place + 1, count=len(items))


def _show(items: Links, hidden: list[str], name: str, *, is_shown: bool) -> str:
    """Take a channel out of `hidden`, or put it there; returns what to say of it."""
    label = items[_names(items).index(name)]["label"]
    hidden[:] = [*(one for one in hidden if one != name), *([] if is_shown else [name])]
    return _("%(name)s is in the sidebar.", name=label) if is_shown else _("%(name)s is not in the sidebar.", name=label)


def _page(groups: Sequence[Links], hidden: Sequence[str]) -> ResponseReturnValue:
    work, channels = groups
    shown = [(_("Lists and pages"), work, False), (_("Channels"), channels, True)]
    return page("inbox/sidebar.html", blocks=("sidebar_links",), link_groups=shown, hidden_channels=hidden)
