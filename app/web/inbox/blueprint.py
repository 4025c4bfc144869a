"""Blueprint of the inbox, with the functions its templates may use."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, current_app, g, request
from flask_login import current_user
from werkzeug.exceptions import NotFound

from app.core.db import db
from app.core.links import url_for
from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.accounts.permissions import Permission
from app.domain.delivery.signals import EMOJI
from app.domain.orders.queries import OrderMissing
from app.domain.realtime.queries import list_sequences
from app.domain.threads.counts import ViewCounts, count_views
from app.domain.threads.macros import MacroMissing
from app.domain.threads.queries import ThreadMissing
from app.domain.threads.saved_views import View, ViewMissing
from app.domain.threads.view_models import SavedView
from app.web import error_pages
from app.web.accounts.session import current_viewer
from app.web.inbox import chat_words, clock_words, words
from app.web.inbox.event_runs import event_runs
from app.web.inbox.row_cache import rows_html
from app.web.inbox.task_row_cache import task_html

NO_ID = uuid.UUID(int=0)
bp = Blueprint("inbox", __name__)
CHANNEL_VIEWS = (
    ("email", "mail"),
    ("whatsapp", "message-circle"),
    ("sms", "message-square"),
    ("phone", "phone"),
    ("internal", "sticky-note"),
)
ARCHIVES = (("all", "list"), ("resolved", "circle-check"), ("spam", "ban"))
VIEW_TITLES = {
    "open": N_("Inbox"),
    "mine": N_("Mine"),
    "unassigned": N_("Unassigned"),
    "mentions": N_("Mentions"),
    "unsent": N_("Not sent"),
    "snoozed": N_("Snoozed"),
    "email": N_("Email"),
    "whatsapp": "WhatsApp",
    "sms": "SMS",
    "phone": N_("Phone"),
    "internal": N_("Internal"),
    "all": N_("All threads"),
    "resolved": N_("Resolved"),
    "spam": N_("Spam"),
    "tasks": N_("Tasks"),
    "overdue": N_("Overdue"),
}


@bp.before_request
def _signed_in_only() -> Any:
    if not current_user.is_authenticated:
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
    if request.headers.get("Sec-Fetch-Dest") == "document":
        # Read first: a page that knows these numbers reloads only if something came since.
        g.live_sequences = list_sequences(db.session(), viewer=current_viewer())
    return None


@bp.errorhandler(ThreadMissing)
@bp.errorhandler(ViewMissing)
@bp.errorhandler(MacroMissing)
@bp.errorhandler(OrderMissing)
def _not_here(_error: Exception) -> Any:
    return error_pages.answer(NotFound())  # answered, not raised: an exception in an error handler would be a 500


def view_title(view: str) -> str:
    return _(VIEW_TITLES[view])


def view_counts() -> ViewCounts:
    """Return the counts of the sidebar's views, read once per request."""
    if "view_counts" not in g:
        g.view_counts = count_views(db.session(), viewer=current_viewer())
    counts: ViewCounts = g.view_counts
    return counts


def view_total(view: str) -> str:
    """Return the number of threads or tasks in a view as text, capped for display. Return "" if the view is not counted."""
    counts = view_counts()
    return words.capped(counts.others.get(view, getattr(counts, view, 0)))


def nav_groups() -> list[dict[str, Any]]:
    """Return the groups of the sidebar: views with their counts, the current one marked.

    They are in the viewer's own order, without the channels that the viewer has hidden.
    """
    if not current_viewer().may(Permission.THREADS_SEE):
        return [{"title": "", "items": [_rail_item("today", _("Today"), "/today", "calendar")]}]
    counts, path, hidden = view_counts(), _rail_path(), current_viewer().rail_hidden
    groups: list[dict[str, Any]] = [
        {"title": "", "items": rail_work()},
        {"title": _("Channels"), "items": [item for item in rail_channels() if item["name"] not in hidden or item["current"]]},
        *_saved_views(counts, path),
        {"title": _("Archives"), "items": [_view_item(view, icon) for view, icon in ARCHIVES]},
    ]
    if current_viewer().may(Permission.SETTINGS_SEE):
        groups.append({"title": "", "items": [_rail_item("settings", _("Settings"), "/settings", "settings")]})
    return [group for group in groups if group["items"]]


def rail_work() -> list[dict[str, Any]]:
    """Return the first group of the sidebar, in the viewer's own order: the lists of work to do, then the other pages."""
    counts = view_counts()
    first = [_view_item(view, icon) for view, icon in (("open", "inbox"), ("mine", "user"), ("unassigned", "users"))]
    overdue = words.capped(counts.overdue + counts.others.get("overdue_tasks", 0))
    unsent = {**_view_item("unsent", "circle-alert"), "is_alarm": True}
    tasks = _rail_item("tasks", _("Tasks"), "/tasks", "circle-check", counts.others.get("tasks", 0))
    rest = [
        *(_view_item(view, icon) for view, icon in (("mentions", "at-sign"), ("snoozed", "clock"))),
        {**tasks, "current": tasks["current"] or getattr(g, "current_view", None) == "tasks"},
        {**_view_item("overdue", "triangle-alert"), "count": overdue, "is_alarm": True},
        *([unsent] if unsent["count"] or unsent["current"] else []),
        _rail_item("contacts", _("Contacts"), "/contacts", "building"),
        _rail_item("orders", _("Orders"), "/orders", "file-text"),
    ]
    beside = (
        (_rail_item("order-mail", _("Order emails"), "/order-mail", "mail"), Permission.ORDERS_CHANGE),
        (_rail_item("planner", _("Planner"), "/planner", "calendar"), Permission.VISITS_PLAN),
        (_rail_item("analytics", _("Analytics"), "/analytics", "activity"), Permission.ANALYTICS_SEE),
        (_rail_item("mailings", _("Mailings"), "/mailings", "send"), Permission.MAILINGS_SEND),
    )
    return in_own_order([*first, *rest, *(item for item, permission in beside if current_viewer().may(permission))])


def rail_channels() -> list[dict[str, Any]]:
    """Return the channels of the sidebar in the viewer's own order, including those that the viewer has hidden."""
    return in_own_order([_view_item(view, icon) for view, icon in CHANNEL_VIEWS])


def in_own_order(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the items of the sidebar in the viewer's own order.

    An item that the viewer has not placed stays behind the item that usually comes before it.
    """
    own = {name: place for place, name in enumerate(current_viewer().rail_order)}
    places, place = {}, -1
    for number, item in enumerate(items):
        place, is_put = own.get(item["name"], place), item["name"] in own
        places[item["name"]] = (place, 0 if is_put else number + 1)
    return sorted(items, key=lambda item: places[item["name"]])


def _rail_path() -> str:
    """Return the path of the page that the viewer is on. A request for the sidebar alone has it in the argument `path`."""
    return request.args.get("path") or request.path


GO_TO = {"/inbox": "g i", "/tasks": "g t", "/contacts": "g c", "/orders": "g o", "/planner": "g p", "/analytics": "g a"}


def _rail_item(name: str, label: str, href: str, icon: str, count: int = 0, *, current: bool | None = None) -> dict[str, Any]:
    """Return an item of the sidebar. The viewer's own order and the stylesheets refer to it by `name`."""
    is_current = _rail_path().startswith(href) if current is None else current
    shown = {"label": label, "href": href, "icon": icon, "count": words.capped(count), "shortcut": GO_TO.get(href, "")}
    return {"name": name, **shown, "current": is_current}


def _view_item(view: str, icon: str) -> dict[str, Any]:
    href = url_for("inbox.list_view") if view == "open" else url_for("inbox.list_view", view=view)
    current = _rail_path() == href or getattr(g, "current_view", None) == view
    return _rail_item(view, view_title(view), href, icon, getattr(view_counts(), view, 0), current=current)


def view_audiences() -> list[tuple[str, str]]:
    """Return the audiences for which the viewer may save a view, as (field value, words): the viewer, a team, or everyone."""
    teams = [(f"team:{team_id}", name) for team_id, name in view_counts().teams]
    everyone = [("everyone", _("Everyone"))] if current_viewer().may(Permission.VIEWS_SHARE) else []
    return [("private", _("Only me")), *teams, *everyone]


def _saved_views(counts: ViewCounts, path: str) -> list[dict[str, Any]]:
    """Return the saved views as a group of the sidebar, or [] if there are none. view_counts.js adds their counts later."""
    if not counts.saved_views:
        return []
    items = []
    for view in counts.saved_views:
        href = url_of_view(view)
        if view.search is not None:
            is_current = view.search == getattr(g, "current_search", None)
            items.append(_rail_item("search", view.name, href, "search", current=is_current))
            continue
        current = path == href or getattr(g, "current_view", None) == str(view.id)
        icon = {"private": "funnel", "team": "users", "everyone": "globe"}[view.scope]
        items.append({**_rail_item("view", view.name, href, icon, current=current), "view_id": view.id})
    counts_url = url_for("inbox.saved_view_counts")
    return [{"title": _("Views"), "href": url_for("inbox.saved_views"), "items": items, "counts_url": counts_url}]


def url_of_view(view: View | SavedView) -> str:
    """Return the URL of a saved view: its list, or the results of its search."""
    if view.search is not None:
        return url_for("inbox.search", q=view.search)
    return url_for("inbox.saved_view", view_id=view.id)


def url_to(endpoint: str, *, thread_id: uuid.UUID | None = None, message_id: uuid.UUID | None = None, **more: Any) -> str:
    """Return the URL of a thread or message, like `url_for` but fast enough for every row of a list.

    The URL pattern is built once per request.
    """
    patterns: dict[Any, str] = g.setdefault("url_patterns", {})
    key = (endpoint, *more.items())
    if key not in patterns:
        ids = {"thread_id": NO_ID} if message_id is None else {"message_id": NO_ID}
        patterns[key] = url_for(endpoint, **ids, **more)
    return patterns[key].replace(str(NO_ID), str(message_id or thread_id))


@bp.record_once
def _register_template_tools(state: Any) -> None:
    """Register the Jinja filters and functions for the templates.

    The functions are globals and not context, because context takes time on every page, and cached macros can use only
    globals.
    """
    state.app.jinja_env.filters.update({**words.FILTERS, **clock_words.FILTERS, **chat_words.FILTERS})
    state.app.jinja_env.globals.update(
        nav_groups=nav_groups,
        url_of_view=url_of_view,
        url_to=url_to,
        view_counts=view_counts,
        view_audiences=view_audiences,
        rows_html=rows_html,
        task_html=task_html,
        event_runs=event_runs,
        MEDIUM_ICONS=words.MEDIUM_ICONS,
        REACTIONS=EMOJI,
        STATUS_TONES=words.STATUS_TONES,
        PRIORITY_TONES=words.PRIORITY_TONES,
    )


def parse_uuid(text: str | None) -> uuid.UUID | None:
    """Parse an id. Return None if the text is not a valid id."""
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None
