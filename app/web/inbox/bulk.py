"""Routes of bulk actions: change many threads, watch progress, undo."""

from __future__ import annotations

import json
import uuid
from typing import Any

from flask import abort, jsonify, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.core.translation import ngettext, number_words
from app.core.work import READY, RUNNING
from app.domain.threads.bulk import ABOUT, BULK_CAP, Change, NothingToUndo, start_bulk_action, undo_bulk_action
from app.domain.threads.models import Priority, ThreadStatus, ThreadType
from app.domain.threads.queries import count_matching
from app.domain.threads.snooze import BadSnoozeTime
from app.domain.threads.tags import BadTag, clean_tag, known_spelling, list_known_tags
from app.domain.threads.timeline import list_assignable_users
from app.domain.threads.triage_models import BulkAction
from app.domain.threads.words import thread_type_words
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp, parse_uuid
from app.web.inbox.bulk_about import UnknownAbout, about_change, about_words
from app.web.inbox.listing import asked_filter
from app.web.inbox.macros import bulk_change as macro_change
from app.web.inbox.snooze import snooze_time_asked_for
from app.web.inbox.words import priority_words, status_words
from app.web.pages import page


@bp.get("/bulk/count")
def bulk_count() -> ResponseReturnValue:
    """Return the number of threads in the whole list as JSON, with the words for the button "Select all"."""
    filter, _kept = asked_filter(request.args.get("view") or "open")
    count = count_matching(db.session(), viewer=current_viewer(), filter=filter, cap=BULK_CAP)
    text = _("Select the newest %(count)s threads") if count >= BULK_CAP else _("Select all %(count)s matching threads")
    return jsonify(count=count, text=text % {"count": number_words(count)})


@bp.get("/bulk/people")
def bulk_people() -> ResponseReturnValue:
    """List the people to whom threads of the viewer's brands can be assigned."""
    session, viewer = db.session(), current_viewer()
    people = dict(pair for brand_id in viewer.brand_ids for pair in list_assignable_users(session, brand_id))
    people.pop(viewer.user_id, None)
    return render_template("inbox/bulk_people.html", people=sorted(people.items(), key=lambda pair: pair[1]))


@bp.get("/bulk/tags")
def bulk_tags() -> ResponseReturnValue:
    known = list_known_tags(db.session(), brand_ids=current_viewer().brand_ids)
    return render_template("inbox/tag_choices.html", present=(), known=known, prefix="bulk-", field="add_tag")


@bp.post("/bulk")
def start_bulk() -> ResponseReturnValue:
    """Start a bulk action on the threads in `thread` (several values). With `all`, use all threads of the list in the URL
    instead.

    The action is one of `set_status`, `set_priority`, `set_type`, `set_assignee`, `add_tag`, `remove_tag`, `set_spam`,
    `macro`, `choice` or `until` (snooze), or `about` (the name of one of the fields `about_…`).
    """
    viewer = current_viewer()
    ids = [found for found in map(parse_uuid, request.form.getlist("thread")) if found]
    matching = asked_filter(request.args.get("view") or "open")[0] if request.form.get("all") else None
    try:
        change = _change()
    except BadTag:
        return _refused(_("A tag is one to fifty characters long."))
    except UnknownAbout as error:
        return _refused(str(error))
    except BadSnoozeTime:
        return _refused(_("Choose a future date and time, at most two years ahead."))
    if not ids and matching is None:
        return _refused(_("No thread is selected."))
    with transaction() as session:
        bulk = start_bulk_action(session, viewer=viewer, change=change, now=utc_now(), thread_ids=ids, matching=matching)
    return _started(bulk)


@bp.get("/bulk/<uuid:bulk_id>")
def show_bulk(bulk_id: uuid.UUID) -> ResponseReturnValue:
    """Show the progress of a bulk action, and its undo."""
    bulk = _own(bulk_id)
    response = page("inbox/bulk.html", blocks=("bulk_progress",), **bulk_context(bulk))
    if bulk.state not in (READY, RUNNING) and request.htmx:
        response.headers["HX-Trigger"] = json.dumps({"bulk-done": True, "announce": {"text": _said(bulk)}})
    return response


@bp.post("/bulk/<uuid:bulk_id>/undo")
def undo_bulk(bulk_id: uuid.UUID) -> ResponseReturnValue:
    _own(bulk_id)
    try:
        with transaction() as session:
            undo = undo_bulk_action(session, bulk_id=bulk_id, viewer=current_viewer(), now=utc_now())
    except NothingToUndo:
        return _refused(_("There is nothing left to undo."))
    return _started(undo)


def _own(bulk_id: uuid.UUID) -> BulkAction:
    bulk = db.session.get(BulkAction, bulk_id)
    if bulk is None or bulk.user_id != current_viewer().user_id:
        abort(404)
    return bulk


def _change() -> Change:
    form = request.form
    if form.get("set_status"):
        return Change("status", ThreadStatus(form["set_status"]).value)
    if form.get("set_priority"):
        return Change("priority", Priority(form["set_priority"]).value)
    if form.get("set_type"):
        return Change("type", ThreadType(form["set_type"]).value)
    if "set_assignee" in form:
        found = parse_uuid(form["set_assignee"])
        return Change("assignee", str(found) if found else None)
    if form.get("choice") or form.get("until"):
        return Change("snooze", snooze_time_asked_for().isoformat())
    if form.get("about"):
        return about_change(form["about"], form)
    if form.get("macro"):
        return macro_change()
    if "set_spam" in form:
        return Change("spam", form["set_spam"] and "yes")
    if form.get("remove_tag"):
        return Change("untag", form["remove_tag"])
    return Change("tag", known_spelling(db.session(), clean_tag(form.get("add_tag", "")), viewer=current_viewer()))


def _started(bulk: BulkAction) -> ResponseReturnValue:
    runtime().nudger.nudge()
    if not request.htmx:
        return redirect(url_for("inbox.show_bulk", bulk_id=bulk.id), 303)
    response = make_response(render_template("inbox/bulk_progress.html", **bulk_context(bulk)))
    response.headers["HX-Trigger"] = json.dumps({"bulk-started": True})
    return response


def _refused(text: str) -> ResponseReturnValue:
    fragment = bool(request.htmx)
    template = "inbox/bulk_progress.html" if fragment else "inbox/bulk.html"
    return make_response(render_template(template, bulk=None, bulk_error=text), 422)


def bulk_context(bulk: BulkAction) -> dict[str, Any]:
    running = bulk.state in (READY, RUNNING)
    undone = bulk.undoes_id is not None or bulk.changed == 0
    return {"bulk": bulk, "bulk_runs": running, "bulk_said": _said(bulk), "bulk_undo": not undone, "bulk_error": ""}


def _said(bulk: BulkAction) -> str:
    """Return the progress or the result in words, for example "Status Closed: 150 of 200"."""
    if bulk.state in (READY, RUNNING):
        return _("%(what)s: %(done)s of %(total)s", what=_what(bulk), done=bulk.done, total=bulk.total)
    said = ngettext("%(num)s thread changed", "%(num)s threads changed", bulk.changed)
    left = bulk.total - bulk.changed
    rest = ngettext("%(num)s stayed as it was", "%(num)s stayed as they were", left) if left else ""
    return f"{_what(bulk)}: {said}, {rest}" if rest else f"{_what(bulk)}: {said}"


def _what(bulk: BulkAction) -> str:
    kind, to = bulk.change["kind"], bulk.change["to"] or ""
    if kind == "status":
        return status_words(to)
    if kind == "priority":
        return _("Priority %(priority)s", priority=priority_words(to).lower())
    if kind == "type":
        return _("Type: %(kind)s", kind=thread_type_words(ThreadType(to)))
    if kind in ABOUT:
        return about_words(kind, to, bulk.change.get("named", ""))
    if kind == "macro":
        return _("Macro %(name)s", name=to)
    if kind == "spam":
        return _("Spam") if to else _("Not spam")
    if kind in ("tag", "untag"):
        return _("Tag %(tags)s", tags=to) if kind == "tag" else _("Remove tag %(tags)s", tags=to)
    return {"assignee": _("Assign"), "snooze": _("Snooze"), "undo": _("Undo")}[kind]
