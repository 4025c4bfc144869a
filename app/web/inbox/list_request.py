"""Read which list a URL asks for: view, filters, sort."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, get_args

from flask import abort, g, request

from app.core.clock import utc_now
from app.core.db import db
from app.core.links import url_for
from app.domain.threads.list_filters import NOBODY, Due, RailView, ViewFilters, thread_filter
from app.domain.threads.models import Priority, ThreadStatus, ThreadType
from app.domain.threads.queries import ThreadFilter
from app.domain.threads.saved_views import View, ViewMissing, get_view
from app.domain.threads.sorting import ListSort
from app.domain.threads.tags import TAG_CHARACTERS
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import parse_uuid
from app.web.inbox.orders_kept import remembered_sort


class IsSearch(ViewMissing):
    """Raised when a list is asked for and the saved view is a saved search, which has no list. Without it the caller would get
    the whole inbox."""

    def __init__(self, view: View) -> None:
        super().__init__(str(view.id))
        self.view = view


@dataclass(frozen=True)
class Asked:
    """The thread list that a URL asks for.

    `view`: the view's name in URLs, which is a view of the rail or the id of the saved view in `saved`. `kept`: the query
    parameters by name. A value is None if the URL does not have it, and "" if it removes a filter of the saved view.
    """

    view: str
    filters: ViewFilters
    sort: ListSort
    kept: dict[str, Any]
    saved: View | None = None
    now: datetime = field(default_factory=utc_now)

    @property
    def filter(self) -> ThreadFilter:
        return thread_filter(self.filters, current_viewer(), self.now)

    @property
    def due_until(self) -> datetime | None:
        """The latest due time of the tasks in this list; None if any due time is allowed."""
        return self.filters.due_until(current_viewer(), self.now)

    @property
    def is_changed(self) -> bool:
        """True if the URL changes a filter or the order of its view."""
        return any(value is not None for value in self.kept.values())

    @property
    def is_narrowed(self) -> bool:
        return any(value is not None for name, value in self.kept.items() if name not in ("sort", "tasks"))

    def url(self, **more: Any) -> str:
        """Return the URL of this list. Each keyword argument changes one filter or the order; the value None removes it."""
        args = {**self.kept, **{name: self._without(name) if value is None else value for name, value in more.items()}}
        return bare_url(self.view, **args)

    def url_of(self, endpoint: str, **more: Any) -> str:
        """Return the URL of the route `endpoint` that acts on this list, with the list's filters in the query."""
        return url_for(endpoint, view=None if self.view == "open" else self.view, **{**self.kept, **more})

    def url_sorted(self, sort: ListSort) -> str:
        return self.url(sort=self._named(sort), **({} if sort == ListSort.DUE else {"tasks": None}))

    def url_with_tasks(self) -> str:
        """Return the URL that switches the reader's tasks in this list: on if the list has no tasks, off if it has tasks."""
        if self.filters.tasks:
            return self.url(tasks=None)
        saved = self.saved is not None and self.saved.filters.tasks
        return bare_url(self.view, **{**self.kept, "sort": self._named(ListSort.DUE), "tasks": None if saved else "mine"})

    def url_with_all_tasks(self) -> str:
        """Return the URL that switches everybody's tasks in this list: on if the list does not have them, off if it has them."""
        if self.filters.tasks == "all":
            return self.url(tasks=None)
        return bare_url(self.view, **{**self.kept, "sort": self._named(ListSort.DUE), "tasks": "all"})

    def _named(self, sort: ListSort) -> str | None:
        """Return the sort order's name for the URL. Return None if it is the saved view's own order, which the URL need not
        name."""
        return None if self.saved is not None and sort == self.saved.sort else sort.value

    def _without(self, name: str) -> str | None:
        return "" if self.saved is not None and getattr(self.saved.filters, name, None) is not None else None


def ask(view: str) -> Asked:
    """Return the list that the request asks for. Invalid values in the query string are ignored.

    Aborts with 404 if `view` is no view of the rail. Raises ViewMissing if the saved view does not exist for the viewer,
    IsSearch if it is a saved search.
    """
    saved, kept = _find_saved(view), kept_args(view)
    if saved is not None and saved.search is not None:
        raise IsSearch(saved)
    if saved is None and view not in get_args(RailView):
        abort(404)
    everybodys = {"tasks": "all"} if view == "overdue" else {}
    base = saved.filters if saved else ViewFilters.model_validate({"view": view, **everybodys})
    named = {name: value or None for name, value in kept.items() if value is not None and name != "sort"}
    sort = ListSort(kept["sort"] or (saved.sort if saved else remembered_sort(view)))
    filters = ViewFilters.model_validate({**base.model_dump(), **named, **({} if sort == ListSort.DUE else {"tasks": None})})
    return Asked(view, filters, sort, kept, saved)


def ask_beside_thread(view: str) -> Asked:
    """Return the list that the request asks for. If its saved view no longer exists, return all open threads, so that the
    thread beside the list can still be read."""
    try:
        return ask(view)
    except ViewMissing:
        return ask("open")


def name_only(view: str) -> Asked:
    """Return the list with only the values that links back to it need, without a database query. Aborts with 404 if `view` is
    no view of the rail."""
    if not is_saved(view) and view not in get_args(RailView):
        abort(404)
    return Asked(view, ViewFilters(), remembered_sort(view), kept_args(view))


def kept_args(view: str) -> dict[str, Any]:
    """Return the filters and the order in the request's URL, by name, ready to be put into another URL. A missing or invalid
    value is None."""
    kept = {
        "status": _choice(ThreadStatus, "status"),
        "priority": _choice(Priority, "priority"),
        "brand": _given("brand", lambda text: parse_uuid(text) is not None),
        "team": _given("team", lambda text: parse_uuid(text) is not None),
        "tag": _given("tag", lambda text: len(text) <= TAG_CHARACTERS and text.isprintable()),
        "type": _choice(ThreadType, "type"),
        "order": _given("order", lambda text: parse_uuid(text) is not None),
        "assignee": _given("assignee", lambda text: text == NOBODY or parse_uuid(text) is not None),
        "channel": _given("channel", lambda text: parse_uuid(text) is not None),
        "tasks": _given("tasks", lambda text: text in ("mine", "all")),
        "due": _given("due", lambda text: text in get_args(Due)),
        "sort": _choice(ListSort, "sort") or None,
    }
    return kept if is_saved(view) else {name: value or None for name, value in kept.items()}


def bare_url(view: str, **args: Any) -> str:
    """Return the URL of a view. `args` become its query parameters."""
    if is_saved(view):
        return url_for("inbox.saved_view", view_id=view, **args)
    return url_for("inbox.list_view", view=None if view == "open" else view, **args)


def is_saved(view: str) -> bool:
    """Return True if `view` names a saved view. The name of a saved view is its id."""
    return parse_uuid(view) is not None


def _choice(kind: type[StrEnum], name: str) -> str | None:
    return _given(name, lambda text: text in set(kind))


def _given(name: str, fits: Callable[[str], bool]) -> str | None:
    """Return the value of the URL's parameter `name`. Return "" if the URL names it without a value, None if it is missing or
    invalid."""
    text = request.args.get(name)
    return text if text is not None and (text == "" or fits(text)) else None


def _find_saved(view: str) -> View | None:
    """Return the saved view with the id `view`, or None if `view` is no id. Uses the views already loaded for the rail,
    otherwise one query."""
    view_id = parse_uuid(view)
    if view_id is None:
        return None
    counts = g.get("view_counts")
    known = {found.id: found for found in counts.saved_views} if counts else {}
    return known.get(view_id) or get_view(db.session(), viewer=current_viewer(), view_id=view_id)
