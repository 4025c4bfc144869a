"""The blueprint of the inbox and what its templates may use."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, abort, current_app, g, request, url_for
from flask_login import current_user
from werkzeug.exceptions import NotFound

from app import error_pages
from app.accounts.session import current_viewer
from app.core.db import db
from app.inbox.models import ThreadStatus
from app.inbox.queries import ThreadFilter, ThreadMissing, ViewCounts, count_views
from app.inbox.routes import words
from app.translation import gettext as _

NO_ID = uuid.UUID(int=0)
bp = Blueprint("inbox", __name__)


@bp.before_request
def _signed_in_only() -> Any:
    if not current_user.is_authenticated:
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
    return None


@bp.errorhandler(ThreadMissing)
def _not_here(_error: ThreadMissing) -> Any:
    return error_pages.answer(NotFound())  # raising here would be a 500: this is a handler already


def filter_of(view: str) -> ThreadFilter:
    """What a view of the rail shows. Raises 404 for a view that does not exist."""
    viewer = current_viewer()
    filters = {
        "open": ThreadFilter(),
        "mine": ThreadFilter(assignee_user_id=viewer.user_id),
        "unassigned": ThreadFilter(unassigned=True),
        "snoozed": ThreadFilter(view="snoozed"),
        "email": ThreadFilter(medium="email"),
        "whatsapp": ThreadFilter(medium="whatsapp"),
        "all": ThreadFilter(view="all"),
        "resolved": ThreadFilter(view="all", status=ThreadStatus.RESOLVED),
    }
    if view not in filters:
        abort(404)
    return filters[view]


def view_title(view: str) -> str:
    titles: dict[str, str] = {
        "open": _("Inbox"),
        "mine": _("Mine"),
        "unassigned": _("Unassigned"),
        "snoozed": _("Snoozed"),
        "email": _("E-mail"),
        "whatsapp": "WhatsApp",
        "all": _("All threads"),
        "resolved": _("Resolved"),
    }
    return titles[view]


def view_counts() -> ViewCounts:
    """The counts of the rail, asked for once per request."""
    if "view_counts" not in g:
        g.view_counts = count_views(db.session(), viewer=current_viewer())
    counts: ViewCounts = g.view_counts
    return counts


def view_total(view: str) -> str:
    """How many threads a view has, as it is shown; "" where nobody counts."""
    return words.capped(getattr(view_counts(), view, 0))


def nav_groups() -> list[dict[str, Any]]:
    """The rail: views with counts; the current one is marked."""
    counts = view_counts()
    path = request.args.get("path") or request.path

    def item(view: str, icon: str, count: int = 0) -> dict[str, Any]:
        href = url_for("inbox.list_view") if view == "open" else url_for("inbox.list_view", view=view)
        current = path == href or getattr(g, "current_view", None) == view
        return {"label": view_title(view), "href": href, "icon": icon, "count": words.capped(count), "current": current}

    tasks = {
        "label": _("Tasks"),
        "href": "/tasks",
        "icon": "circle-check",
        "count": words.capped(counts.tasks),
        "current": path.startswith("/tasks"),
    }
    contacts = {
        "label": _("Contacts"),
        "href": "/contacts",
        "icon": "building",
        "count": "",
        "current": path.startswith("/contacts"),
    }
    groups: list[dict[str, Any]] = [
        {
            "title": "",
            "items": [
                item("open", "inbox", counts.open),
                item("mine", "user", counts.mine),
                item("unassigned", "users", counts.unassigned),
                item("snoozed", "clock", counts.snoozed),
                tasks,
                contacts,
            ],
        },
        {
            "title": _("Channels"),
            "items": [item("email", "mail", counts.email), item("whatsapp", "message-circle", counts.whatsapp)],
        },
        {"title": _("Archive"), "items": [item("all", "list"), item("resolved", "circle-check", counts.resolved)]},
    ]
    if current_viewer().is_lead:
        settings = {
            "label": _("Settings"),
            "href": "/settings",
            "icon": "settings",
            "count": "",
            "current": path.startswith("/settings"),
        }
        groups.append({"title": "", "items": [settings]})
    return groups


def url_to(endpoint: str, *, thread_id: uuid.UUID | None = None, message_id: uuid.UUID | None = None, **more: Any) -> str:
    """`url_for` for a thread or a message, cheap enough for every row of a page: all but the id is built once per request."""
    patterns: dict[Any, str] = g.setdefault("url_patterns", {})
    key = (endpoint, *more.items())
    if key not in patterns:
        ids = {"thread_id": NO_ID} if message_id is None else {"message_id": NO_ID}
        patterns[key] = url_for(endpoint, **ids, **more)  # type: ignore[arg-type]
    return patterns[key].replace(str(NO_ID), str(message_id or thread_id))


@bp.app_context_processor
def _template_tools() -> dict[str, Any]:
    return {
        "nav_groups": nav_groups,
        "url_to": url_to,
        "MEDIUM_ICONS": words.MEDIUM_ICONS,
        "STATUS_TONES": words.STATUS_TONES,
        "PRIORITY_TONES": words.PRIORITY_TONES,
    }


@bp.record_once
def _register_filters(state: Any) -> None:
    state.app.jinja_env.filters.update(words.FILTERS)


def parse_uuid(text: str | None) -> uuid.UUID | None:
    """None where the text is no id."""
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None
