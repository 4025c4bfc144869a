"""Lists of threads, the rail, and search."""

from __future__ import annotations

import uuid
from dataclasses import replace
from functools import partial
from typing import Any

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.accounts.session import current_viewer
from app.core.db import db
from app.core.paging import BadCursor, Page
from app.inbox.models import Priority, ThreadStatus
from app.inbox.queries import ThreadFilter, ThreadRow, list_threads
from app.inbox.routes.blueprint import bp, filter_of, parse_uuid, url_to, view_title, view_total
from app.inbox.search import clean_query, search_threads
from app.inbox.tags import TAG_CHARACTERS
from app.web import page

PAGE_ROWS = 30


@bp.get("/")
def home() -> ResponseReturnValue:
    return redirect(url_for("inbox.list_view"), 303)


@bp.get("/inbox", defaults={"view": "open"})
@bp.get("/inbox/<view>")
def list_view(view: str) -> ResponseReturnValue:
    """One view of the inbox; as a fragment for `#thread-list` (first page again) or `#list-more` (the next page)."""
    return page("inbox/page.html", blocks=("thread_list", "list_more"), **list_context(view), thread=None)


@bp.get("/rail")
def rail() -> ResponseReturnValue:
    """The views and their counts alone, for a page that heard of a change."""
    return render_template("rail.html")


def list_context(view: str, *, with_rows: bool = True) -> dict[str, Any]:
    """What the list pane needs. Unknown filters are ignored, a foreign cursor starts from the top.

    Without rows it is what links back to the list need, and asks no query.
    """
    g.current_view = view
    filter, kept = asked_filter(view)
    return {
        "view": view,
        "view_title": view_title(view),
        "view_total": view_total(view) if with_rows and not any(kept.values()) else "",
        "rows": _rows(filter) if with_rows else Page(()),
        "chips": _chips(view),
        "brand_count": len(current_viewer().brand_ids),
        "status_filter": kept["status"] or "",
        "tag_filter": kept["tag"] or "",
        "list_priorities": list(Priority),
        "bulk_statuses": list(ThreadStatus),
        "statuses": [s for s in ThreadStatus if s not in (ThreadStatus.RESOLVED, ThreadStatus.CLOSED)],
        "first_page": "cursor" not in request.args,
        "bulk_url": partial(url_for, view=None if view == "open" else view, **kept),
        "list_url": partial(_list_url, view, **kept),
        "thread_url": partial(_thread_url, view, **kept),
    }


def asked_filter(view: str) -> tuple[ThreadFilter, dict[str, Any]]:
    """Which threads the request asks for: a view of the rail narrowed by `status`, `brand` and `tag`, and these three as they go
    into an address. What makes no sense is ignored. Raises 404 for a view that does not exist."""
    filter, args = filter_of(view), request.args
    status = ThreadStatus(args["status"]) if args.get("status") in set(ThreadStatus) else None
    if status is not None:
        filter = replace(filter, view="all" if filter.view == "open" else filter.view, status=status)
    brand_id, tag = parse_uuid(args.get("brand")), args.get("tag", "")[:TAG_CHARACTERS] or None
    filter = replace(filter, brand_id=brand_id or filter.brand_id, tag=tag)
    return filter, {"status": status.value if status else None, "brand": brand_id, "tag": tag}


def _list_url(view: str, **more: Any) -> str:
    """The address of this list with its filters; keyword arguments change some of them, None drops one."""
    return url_for("inbox.list_view", view=None if view == "open" else view, **more)


def _thread_url(view: str, thread_id: uuid.UUID, endpoint: str = "inbox.show_thread", **more: Any) -> str:
    """The address of a thread (or of something below it) that remembers from which list it was opened."""
    return url_to(endpoint, thread_id=thread_id, view=None if view == "open" else view, **more)


def _chips(view: str) -> list[dict[str, Any]]:
    """The views one tap away, where the rail is not in sight."""
    names = ("open", "email", "whatsapp", "mine", "unassigned", "snoozed")
    return [{"href": _list_url(v), "label": _("All") if v == "open" else view_title(v), "current": v == view} for v in names]


def _rows(filter: Any) -> Page[ThreadRow]:
    viewer, session = current_viewer(), db.session()
    try:
        return list_threads(session, viewer=viewer, filter=filter, cursor=request.args.get("cursor"), limit=PAGE_ROWS)
    except BadCursor:
        return list_threads(session, viewer=viewer, filter=filter, limit=PAGE_ROWS)


@bp.get("/search")
def search() -> ResponseReturnValue:
    """Find threads by words, people or numbers."""
    query = clean_query(request.args.get("q", ""))
    try:
        hits = search_threads(db.session(), viewer=current_viewer(), text=query, cursor=request.args.get("cursor"))
    except BadCursor:
        hits = search_threads(db.session(), viewer=current_viewer(), text=query)
    return page("inbox/search.html", blocks=("search_results",), query=query, hits=hits)
