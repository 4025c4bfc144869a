"""Pages of thread lists, and the rail."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from flask import g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.db import db
from app.core.links import url_for
from app.core.paging import BadCursor, Page
from app.domain.accounts.permissions import Permission
from app.domain.threads.columns import ASKED_FOR
from app.domain.threads.models import Priority, ThreadStatus
from app.domain.threads.queries import ThreadFilter, list_threads
from app.domain.threads.sorting import ListSort
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp, url_of_view, url_to, view_counts, view_title, view_total
from app.web.inbox.list_request import Asked, IsSearch, ask, ask_beside_thread, bare_url, is_saved, name_only
from app.web.inbox.mixed_listing import list_with_tasks
from app.web.inbox.more_filters import more_context
from app.web.inbox.orders_kept import remember_sort
from app.web.inbox.task_listing import TASK_VIEWS, task_list_context
from app.web.inbox.team_filter import team_context
from app.web.pages import page, wants_page

PAGE_ROWS = 30
BLOCKS = ("thread_list", "list_more")
OWN_DAY = "/today"


@bp.get("/")
def home() -> ResponseReturnValue:
    """Redirect to the page of this user's work: portal, inbox or today's visits."""
    viewer = current_viewer()
    if viewer.may(Permission.PORTAL_OWN):
        return redirect(url_for("portal.overview"), 303)
    return redirect(url_for("inbox.list_view") if viewer.may(Permission.THREADS_SEE) else OWN_DAY, 303)


@bp.get("/inbox", defaults={"view": "open"})
@bp.get("/inbox/<view>")
def list_view(view: str) -> ResponseReturnValue:
    """Show one view of the inbox.

    htmx gets a fragment: `#thread-list` (the first page again) or `#list-more` (the next page).
    """
    if is_saved(view):
        return redirect(url_for("inbox.saved_view", view_id=view), 303)
    if view in TASK_VIEWS:
        return page("inbox/page.html", blocks=BLOCKS, **_task_context(view), thread=None)
    return _list_page(view)


@bp.get("/inbox/views/<uuid:view_id>")
def saved_view(view_id: uuid.UUID) -> ResponseReturnValue:
    """Show a saved view, whole or in the same fragments as `list_view`. A saved search redirects to its results."""
    try:
        return _list_page(str(view_id))
    except IsSearch as found:
        return redirect(url_of_view(found.view), 303)


def _list_page(view: str) -> ResponseReturnValue:
    if wants_page(BLOCKS):
        view_counts()
    asked = ask(view)
    if asked.kept["sort"] and asked.saved is None:
        remember_sort(view, asked.sort)
    return page("inbox/page.html", blocks=BLOCKS, **_context(asked, with_rows=True), thread=None)


@bp.get("/rail")
def rail() -> ResponseReturnValue:
    """Render the rail alone, for a page that was notified of a change."""
    return render_template("rail.html")


def list_context(view: str, *, with_rows: bool = True) -> dict[str, Any]:
    """Return the template context of the list pane beside a thread. Unknown filters are ignored; an invalid cursor gives the
    first page.

    With `with_rows=False` the context has only what the links back to the list need, and no query is made.
    """
    if with_rows:
        view_counts()
    if view in TASK_VIEWS:
        return _task_context(view, with_rows=with_rows)
    return _context(ask_beside_thread(view) if with_rows else name_only(view), with_rows=with_rows)


def _context(asked: Asked, *, with_rows: bool) -> dict[str, Any]:
    g.current_view = view = asked.view
    filters, viewer = asked.filters, current_viewer()
    return {
        "view": view,
        "view_base": filters.view,
        "view_title": asked.saved.name if asked.saved else "" if is_saved(view) else view_title(view),
        "view_total": view_total(view) if with_rows and not asked.is_narrowed and not asked.saved else "",
        "saved_view": asked.saved,
        "view_is_changed": asked.is_changed,
        "may_change_view": asked.saved is not None and asked.saved.may_be_changed_by(viewer),
        "rows": _rows(asked) if with_rows else Page(()),
        "more_columns": frozenset(ASKED_FOR) - {*asked.saved.hidden_columns} if asked.saved else frozenset(),
        "sort": asked.sort,
        "with_tasks": bool(filters.tasks),
        "tasks_url": asked.url_with_tasks(),
        "with_all_tasks": filters.tasks == "all",
        "all_tasks_url": asked.url_with_all_tasks(),
        "sorts": [{"value": sort, "href": asked.url_sorted(sort)} for sort in ListSort],
        "chips": _chips(view, with_saved=with_rows),
        "brand_count": len(viewer.brand_ids),
        "status_filter": filters.status or "",
        "priority_filter": filters.priority or "",
        "tag_filter": filters.tag or "",
        "type_filter": filters.type or "",
        "order_filter": filters.order or "",
        "due_filter": filters.due or "",
        **(team_context(asked) if with_rows else {"team_filter": "", "own_teams": {}}),
        **(more_context(asked) if with_rows else {}),
        "list_priorities": list(Priority),
        "bulk_statuses": list(ThreadStatus),
        "statuses": [s for s in ThreadStatus if s not in (ThreadStatus.RESOLVED, ThreadStatus.CLOSED)],
        "first_page": "cursor" not in request.args,
        "bulk_url": asked.url_of,
        "list_count": f"{asked.saved.id}" if asked.saved and not asked.is_narrowed else "",
        "list_url": asked.url,
        "thread_url": partial(_thread_url, view, **asked.kept),
    }


def _task_context(view: str, *, with_rows: bool = True) -> dict[str, Any]:
    """Return the context of the list pane for a list of the viewer's tasks."""
    g.current_view = view
    return {
        **task_list_context(view, with_rows=with_rows),
        "view": view,
        "view_title": view_title(view),
        "view_total": view_total(view) if with_rows else "",
        "chips": _chips(view, with_saved=with_rows),
        "brand_count": len(current_viewer().brand_ids),
        "thread_url": partial(_thread_url, view),
    }


def asked_filter(view: str) -> tuple[ThreadFilter, dict[str, Any]]:
    """Return the pair (filter of the threads that the request asks for, its query parameters for another URL). Raises as `ask`
    does."""
    asked = ask(view)
    return asked.filter, asked.kept


def _thread_url(view: str, thread_id: uuid.UUID, endpoint: str = "inbox.show_thread", **more: Any) -> str:
    """Return the URL of a thread, or of another `endpoint` of this thread. The URL names the view from which the thread was
    opened."""
    return url_to(endpoint, thread_id=thread_id, view=None if view == "open" else view, **more)


def _chips(view: str, *, with_saved: bool) -> list[dict[str, Any]]:
    """Return links to the views, for screens on which the rail is not visible. Channels that the viewer hid in the rail are
    left out here too."""
    names = (
        "open",
        "email",
        "whatsapp",
        "sms",
        "phone",
        "internal",
        "mine",
        "unassigned",
        "mentions",
        "overdue",
        "snoozed",
        "spam",
        *TASK_VIEWS,
    )
    saved = view_counts().saved_views if with_saved else ()
    hidden = current_viewer().rail_hidden
    chips = [(v, bare_url(v), _("All") if v == "open" else view_title(v)) for v in names if v not in hidden or v == view]
    chips += [(str(found.id), url_of_view(found), found.name) for found in saved]
    return [{"href": href, "label": label, "current": v == view, "is_saved": is_saved(v)} for v, href, label in chips]


def _rows(asked: Asked) -> Page[Any]:
    """Return a page of ThreadRow, mixed with TaskRow if the list shows tasks. An invalid cursor gives the first page."""
    cursor = request.args.get("cursor")
    try:
        return _page_at(asked, cursor)
    except BadCursor:
        return _page_at(asked, None)


def _page_at(asked: Asked, cursor: str | None) -> Page[Any]:
    if asked.filters.tasks:
        return list_with_tasks(asked, cursor=cursor, limit=PAGE_ROWS)
    viewer, filter = current_viewer(), asked.filter
    return list_threads(db.session(), viewer=viewer, filter=filter, sort=asked.sort, cursor=cursor, limit=PAGE_ROWS)
