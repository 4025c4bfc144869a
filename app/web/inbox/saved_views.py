"""Routes of saved views: create, change, copy, order, delete, count."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from flask import flash, jsonify, make_response, redirect, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.accounts.permissions import Permission
from app.domain.accounts.queries import list_teams
from app.domain.threads.columns import ASKED_FOR, Column, hidden_beside
from app.domain.threads.list_filters import ViewFilters
from app.domain.threads.saved_view_actions import (
    NAME_CHARACTERS,
    VIEWS_PER_USER,
    NotForYou,
    TooManyViews,
    ViewContent,
    change_view,
    copy_view,
    create_view,
    delete_view,
    move_view,
)
from app.domain.threads.saved_views import View, ViewMissing, count_of_views, get_view, list_views
from app.domain.threads.search import clean_query
from app.domain.threads.sorting import ListSort
from app.domain.threads.view_models import ViewScope
from app.domain.threads.words import thread_type_words
from app.web.accounts.refusal import refuse
from app.web.accounts.session import current_viewer
from app.web.inbox import words
from app.web.inbox.blueprint import bp, parse_uuid, url_of_view, view_audiences, view_counts, view_title
from app.web.inbox.column_words import column_choices
from app.web.inbox.list_request import Asked, ask
from app.web.inbox.more_filters import narrowed_to
from app.web.inbox.team_filter import gone_team
from app.web.pages import page


@bp.get("/inbox/views")
def saved_views() -> ResponseReturnValue:
    """Show all the viewer's saved views, in their order."""
    return _views_page(list_views(db.session(), viewer=current_viewer()))


def _views_page(views: list[View]) -> ResponseReturnValue:
    teams = {team.id: team.name for team in list_teams(db.session())} if any(view.filters.team for view in views) else {}
    said_of = partial(_said_of, teams=teams)
    return page("inbox/views.html", blocks=("views_list",), views=views, said_of=said_of, audience_of=_audience_words)


@bp.get("/inbox/views/counts")
def saved_view_counts() -> ResponseReturnValue:
    """Return the thread counts of the first saved views in the rail, by view id, as the rail shows them ("999+" for many).

    The page asks for them after it has loaded.
    """
    session, viewer = db.session(), current_viewer()
    counts = count_of_views(session, viewer=viewer, views=list_views(session, viewer=viewer), now=utc_now())
    return jsonify({str(view_id): words.capped(count) for view_id, count in counts.items()})


@bp.post("/inbox/views")
def create_saved_view() -> ResponseReturnValue:
    """Save the list in the URL (`view` and its filters) as a view with the name `name` and the audience `for`.

    If the form has the field `search`, save this search text instead of the list.
    """
    asked, values = ask(request.args.get("view") or "open"), _values()
    content, errors = _content(asked, values)
    if not errors:
        try:
            with transaction() as session:
                view = create_view(session, content, viewer=current_viewer(), now=utc_now())
        except NotForYou:
            errors["for"] = _("You cannot save views for this audience.")
        except TooManyViews:
            errors["name"] = _("You have %(count)s views already; delete one first.", count=VIEWS_PER_USER)
    if errors:
        to = asked.url_of("inbox.create_saved_view")
        return _form(values, errors, action=to, hidden=content.hidden_columns, status=422)
    flash(_("View saved.") if content.search is None else _("Search saved."))
    return redirect(url_of_view(view), 303)


@bp.get("/inbox/views/<uuid:view_id>/edit")
def edit_saved_view(view_id: uuid.UUID) -> ResponseReturnValue:
    """Show the form of a saved view: name, audience, columns, and the button that deletes it."""
    view = _own(view_id)
    values = {"name": view.name, "for": _audience(view), **_searched(view.search)}
    return _form(values, {}, view=view, hidden=view.hidden_columns)


@bp.post("/inbox/views/<uuid:view_id>")
def save_saved_view(view_id: uuid.UUID) -> ResponseReturnValue:
    """Change a view's `name`, its audience (`for`) and its columns: each ticked column is one field `column`.

    For a saved search, change `search` instead of the columns.
    """
    view = _own(view_id)
    values = {**_searched(view.search), **_values()}
    if view.search is None:
        values.pop("search", None)
    content, errors = _content(Asked(str(view_id), view.filters, view.sort, {}, view), values)
    if not errors:
        errors = _change(view_id, content)
    if errors:
        return _form(values, errors, view=view, hidden=content.hidden_columns, status=422)
    flash(_("Saved."))
    return redirect(url_of_view(replace(view, search=content.search)), 303)


@bp.post("/inbox/views/<uuid:view_id>/filters")
def save_filters(view_id: uuid.UUID) -> ResponseReturnValue:
    """Store the filters and the order of the URL in the saved view."""
    view, asked = _own(view_id), ask(str(view_id))
    content = ViewContent(view.name, view.scope, view.team_id, asked.filters, asked.sort, hidden_columns=view.hidden_columns)
    if _change(view_id, content):
        flash(_("You cannot save views for this audience."))
    else:
        flash(_("Saved."))
    return redirect(url_for("inbox.saved_view", view_id=view_id), 303)


@bp.post("/inbox/views/<uuid:view_id>/copy")
def copy_saved_view(view_id: uuid.UUID) -> ResponseReturnValue:
    """Copy a view. The copy belongs to the viewer."""
    viewer = current_viewer()
    name = _("Copy of %(name)s", name=get_view(db.session(), viewer=viewer, view_id=view_id).name[: NAME_CHARACTERS - 12])
    try:
        with transaction() as session:
            copied = copy_view(session, view_id, name=name, viewer=viewer, now=utc_now()).id
    except TooManyViews:
        flash(_("You have %(count)s views already; delete one first.", count=VIEWS_PER_USER))
        return redirect(url_for("inbox.saved_views"), 303)
    flash(_("Copied. Give the copy its own name."))
    return redirect(url_for("inbox.edit_saved_view", view_id=copied), 303)


@bp.post("/inbox/views/<uuid:view_id>/place")
def place_saved_view(view_id: uuid.UUID) -> ResponseReturnValue:
    """Move a view: before the view with the id `before` ("" for the end), or as `to` says: "up", "down", "first" or "last".

    Answers with the list if htmx asks for it. Otherwise htmx gets only a message, as the page has already moved the view.
    """
    view, viewer = _own(view_id), current_viewer()
    views = list_views(db.session(), viewer=viewer)
    try:
        with transaction() as session:
            move_view(session, view_id, before_id=_before(view_id, views), viewer=viewer, now=utc_now())
    except ViewMissing:
        return _again(_("Not moved: a view was deleted in the meantime."))
    views = list_views(db.session(), viewer=viewer)
    place = next((number for number, found in enumerate(views, start=1) if found.id == view_id), 0)
    return _moved(views, _("%(name)s is now in position %(place)s of %(count)s.", name=view.name, place=place, count=len(views)))


def _before(view_id: uuid.UUID, views: list[View]) -> uuid.UUID | None:
    """Return the id of the view that will follow the moved one, read from the form. Return None to move it to the end."""
    others, to = [view.id for view in views if view.id != view_id], request.form.get("to", "")
    here = next((number for number, view in enumerate(views) if view.id == view_id), len(others))
    steps = {"up": max(here - 1, 0), "down": here + 1, "first": 0, "last": len(others)}
    if to in steps:
        return others[steps[to]] if steps[to] < len(others) else None
    return parse_uuid(request.form.get("before"))


def _again(said: str) -> ResponseReturnValue:
    """Reload the whole page with the message `said`, so that it shows the current views."""
    flash(said)
    if request.htmx:
        return "", 204, {"HX-Refresh": "true"}
    return redirect(url_for("inbox.saved_views"), 303)


def _moved(views: list[View], said: str) -> ResponseReturnValue:
    if not request.htmx:
        flash(said)
        return redirect(url_for("inbox.saved_views"), 303)
    response = make_response(_views_page(views) if request.htmx.target == "views-list" else ("", 204))
    response.headers["HX-Trigger"] = json.dumps({"views-moved": True, "announce": {"text": said}})
    return response


@bp.post("/inbox/views/<uuid:view_id>/deletion")
def delete_saved_view(view_id: uuid.UUID) -> ResponseReturnValue:
    """Delete a view, after its form asked for confirmation; threads stay as they are."""
    view = _own(view_id)
    with transaction() as session:
        delete_view(session, view.id, viewer=current_viewer(), now=utc_now())
    flash(_("%(name)s is deleted.", name=view.name))
    return redirect(url_for("inbox.saved_views"), 303)


def _own(view_id: uuid.UUID) -> View:
    """Return a view that this viewer may change. Raises ViewMissing if the viewer does not see it. Aborts with 403 if they may
    only see it."""
    view = get_view(db.session(), viewer=current_viewer(), view_id=view_id)
    if not view.may_be_changed_by(current_viewer()):
        refuse(Permission.VIEWS_SHARE)
    return view


def _change(view_id: uuid.UUID, content: ViewContent) -> dict[str, str]:
    """Change the view. Return the errors by field, or {} if the view was changed."""
    try:
        with transaction() as session:
            change_view(session, view_id, content, viewer=current_viewer(), now=utc_now())
    except NotForYou:
        return {"for": _("You cannot save views for this audience.")}
    return {}


def _values() -> dict[str, str]:
    name = " ".join(storable(request.form.get("name", "")).split())
    searched = request.form.get("search")
    return {"name": name, "for": request.form.get("for", "private"), **_searched(searched and clean_query(searched))}


def _searched(text: str | None) -> dict[str, str]:
    """Return the form value of a saved search, {"search": text}. Return {} if `text` is None, as for a saved list."""
    return {} if text is None else {"search": text}


def _content(asked: Asked, values: dict[str, str]) -> tuple[ViewContent, dict[str, str]]:
    """Return the pair (content of the view that the form describes, errors by field)."""
    errors = {}
    if not values["name"]:
        errors["name"] = _("Enter a name.")
    elif len(values["name"]) > NAME_CHARACTERS:
        errors["name"] = _("Use at most %(count)s characters.", count=NAME_CHARACTERS)
    kind, _colon, team = values["for"].partition(":")
    if kind not in set(ViewScope):
        errors["for"] = _("Choose who the view is for.")
        kind = ViewScope.PRIVATE.value
    if values.get("search") == "":
        errors["search"] = _("Enter what to look for.")
    who = (values["name"], ViewScope(kind), parse_uuid(team))
    if "search" in values:
        return ViewContent(*who, ViewFilters(), ListSort.NEWEST, values["search"]), errors
    return ViewContent(*who, asked.filters, asked.sort, hidden_columns=_hidden_columns(asked)), errors


def _hidden_columns(asked: Asked) -> tuple[Column, ...]:
    """Return the columns that the form leaves without a tick.

    The form above a list has no columns. A view saved from it hides the same columns as the list.
    """
    if "columns" in request.form:
        return hidden_beside(request.form.getlist("column"))
    return asked.saved.hidden_columns if asked.saved else ASKED_FOR


def _form(
    values: dict[str, str],
    errors: dict[str, str],
    *,
    view: View | None = None,
    action: str = "",
    hidden: tuple[Column, ...] = (),
    status: int = 200,
) -> ResponseReturnValue:
    audiences = view_audiences()
    if view is not None and _audience(view) not in dict(audiences):
        audiences.append((_audience(view), _audience_words(view)))
    to = action or url_for("inbox.save_saved_view", view_id=view.id if view else "")
    context: dict[str, Any] = {"values": values, "errors": errors, "view": view, "audiences": audiences, "action": to}
    context |= {"columns": column_choices(), "hidden": hidden, "example_name": "Pieter van Dam"}
    return page("inbox/view_form.html", status=status, **context)


def _audience(view: View) -> str:
    """Return the audience of a view as the form's value: the scope, or "team:" and the team's id."""
    return f"team:{view.team_id}" if view.scope == ViewScope.TEAM else view.scope.value


def _audience_words(view: View) -> str:
    if view.scope == ViewScope.TEAM:
        return dict(view_counts().teams).get(view.team_id or uuid.UUID(int=0), _("A team"))
    return _("Everyone") if view.scope == ViewScope.EVERYONE else _("Only me")


def saved_search(query: str) -> View | None:
    """Return the saved search in the rail with exactly this query, or None if there is none."""
    return next((view for view in view_counts().saved_views if query and view.search == query), None)


def _said_of(view: View, *, teams: Mapping[uuid.UUID, str]) -> str:
    """Return one line that describes a view: its filters and order, or its search. `teams`: the names of teams by id."""
    if view.search is not None:
        return _("Search: %(words)s", words=view.search)
    filters = view.filters
    status = words.status_words(filters.status) if filters.status else ""
    priority = words.priority_words(filters.priority) if filters.priority else ""
    team = teams.get(filters.team, gone_team()) if filters.team else ""
    kind, due = (
        thread_type_words(filters.type) if filters.type else "",
        words.due_filter_words(filters.due) if filters.due else "",
    )
    parts = [view_title(filters.view), status, priority, kind, team, *narrowed_to(filters), filters.tag or "", due]
    parts.append(words.sort_words(view.sort))
    parts += [_("with my tasks")] if filters.tasks else []
    return " · ".join(part for part in parts if part)
