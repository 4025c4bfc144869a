"""Routes that merge and split threads, and undo both."""

from __future__ import annotations

import json
import uuid
from typing import Any

from flask import flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from htmx_flask import request

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.ids import new_id
from app.core.runtime import runtime
from app.core.text import storable
from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.core.translation import ngettext
from app.domain.threads.merge import UnableToMerge, merge_threads, undo_merge
from app.domain.threads.models import Message, Thread
from app.domain.threads.move_queries import list_merge_targets, list_split_places, lock_batch
from app.domain.threads.queries import get_message, get_thread, get_thread_head, list_rows
from app.domain.threads.row_moves import UnableToUndo
from app.domain.threads.split import UnableToSplit, split_thread, undo_split
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp, parse_uuid
from app.web.pages import page

MOST_AT_ONCE = 20
STAY_SECONDS = 600
NOT_UNDONE = {
    "done": N_("This merge or split was already undone."),
    "late": N_("It is too late to undo this. To reverse a merge, split the thread; to reverse a split, merge the threads."),
    "later": N_("This thread was merged or split again afterwards: undo that first."),
}


@bp.get("/threads/<uuid:thread_id>/merge")
def choose_merge(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Show the dialog that chooses the thread to merge this one into. htmx may ask for its list of threads alone."""
    return _merge_page(thread_id, status=200)


def _merge_page(thread_id: uuid.UUID, *, status: int, error: str = "") -> ResponseReturnValue:
    session, viewer, text = db.session(), current_viewer(), storable(request.values.get("q", ""))
    head = get_thread_head(session, viewer=viewer, thread_id=thread_id)
    found = list_merge_targets(session, viewer=viewer, thread=head.row.thread, text=text)
    return page(
        "inbox/merge.html",
        blocks=("move_place", "merge_choices"),
        status=status,
        thread=head.row.thread,
        row=head.row,
        found=found,
        sought=text,
        merge_error=error,
    )


@bp.post("/threads/<uuid:thread_id>/merge")
def merge(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Merge this thread into the thread with the id `into`."""
    viewer, into = current_viewer(), parse_uuid(request.form.get("into"))
    thread = get_thread(db.session(), viewer=viewer, thread_id=thread_id)
    if into is None:
        return _merge_page(thread_id, status=422, error=_("Choose the thread to merge into."))
    kept = get_thread(db.session(), viewer=viewer, thread_id=into)
    if kept.id == thread.id:
        return _merge_page(thread_id, status=422, error=_("These threads are already merged."))
    number, batch_id = thread.number, new_id()
    try:
        with transaction() as session:
            merge_threads(session, keep_id=kept.id, merge_id=thread.id, now=utc_now(), actor=viewer.actor, batch_id=batch_id)
    except UnableToMerge:
        return _merge_page(thread_id, status=422, error=_("Threads of different brands cannot be merged."))
    said = _("#%(gone)s is merged into #%(kept)s", gone=number, kept=kept.number)
    return _lead_to(kept.id, said, batch_id=batch_id)


@bp.post("/bulk/merge")
def merge_chosen() -> ResponseReturnValue:
    """Merge the threads whose ids are in the field `thread` (two or more) into the one with the newest message."""
    viewer = current_viewer()
    ids = list(dict.fromkeys(found for found in map(parse_uuid, request.form.getlist("thread")) if found))
    rows = list_rows(db.session(), viewer=viewer, thread_ids=ids[: MOST_AT_ONCE + 1])
    threads = sorted((row.thread for row in rows), key=lambda thread: (thread.last_message_at, thread.id), reverse=True)
    refusal = _refusal(threads)
    if refusal:
        return _refuse_bulk(refusal)
    kept_id, kept_number, batch_id = threads[0].id, threads[0].number, new_id()
    with transaction() as session:
        for thread_id in [thread.id for thread in threads[1:]]:
            merge_threads(session, keep_id=kept_id, merge_id=thread_id, now=utc_now(), actor=viewer.actor, batch_id=batch_id)
    said = ngettext(
        "%(num)s thread is merged into #%(kept)s", "%(num)s threads are merged into #%(kept)s", len(threads) - 1, kept=kept_number
    )
    return _lead_to(kept_id, said, batch_id=batch_id, of_many=True)


def _refusal(threads: list[Thread]) -> str:
    if request.form.get("all") or len(threads) > MOST_AT_ONCE:
        return _("To merge threads, select them one by one, at most %(count)s.", count=MOST_AT_ONCE)
    if len(threads) < 2:
        return _("Choose two or more threads to merge.")
    return _("Threads of different brands cannot be merged.") if len({thread.brand_id for thread in threads}) > 1 else ""


def _refuse_bulk(text: str) -> ResponseReturnValue:
    template = "inbox/bulk_progress.html" if request.htmx else "inbox/bulk.html"
    return make_response(render_template(template, bulk=None, bulk_error=text), 422)


@bp.get("/threads/<uuid:thread_id>/split")
def choose_split(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Show the dialog that splits the thread from the message `from` on. It proposes a subject for the new thread."""
    return _split_page(thread_id, status=200)


def _split_page(thread_id: uuid.UUID, *, status: int, error: str = "") -> ResponseReturnValue:
    session, viewer = db.session(), current_viewer()
    head = get_thread_head(session, viewer=viewer, thread_id=thread_id)
    thread = head.row.thread
    places = list_split_places(session, thread=thread)
    wanted = parse_uuid(request.values.get("from"))
    chosen = next((message for message in places if message.id == wanted), places[0] if places else None)
    if wanted is not None and (chosen is None or chosen.id != wanted):
        older = get_message(session, viewer=viewer, message_id=wanted)
        if older.thread_id == thread.id and places:
            chosen, places = older, [*places, older]
    return page(
        "inbox/split.html",
        blocks=("move_place",),
        status=status,
        thread=thread,
        row=head.row,
        places=places,
        chosen=chosen,
        subject=request.values.get("subject") or _split_subject(thread, chosen),
        split_error=error,
    )


def _split_subject(thread: Thread, chosen: Message | None) -> str:
    return chosen.subject if chosen is not None and chosen.subject else thread.subject


@bp.post("/threads/<uuid:thread_id>/split")
def split(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Move the message `from` and all later messages into a new thread with the subject `subject`."""
    viewer, first = current_viewer(), parse_uuid(request.form["from"])
    thread = get_thread(db.session(), viewer=viewer, thread_id=thread_id)
    subject = storable(request.form.get("subject", "")).strip()[:998]
    batch_id = new_id()
    if first is None:
        return _split_page(thread_id, status=422, error=_("Choose the message the new thread begins with."))
    try:
        with transaction() as session:
            new = split_thread(
                session,
                thread_id=thread.id,
                from_message_id=first,
                subject=subject,
                now=utc_now(),
                actor=viewer.actor,
                batch_id=batch_id,
            )
    except UnableToSplit:
        return _split_page(thread_id, status=422, error=_("Nothing would be left in this thread: choose a later message."))
    said = _("#%(new)s is now split off from #%(old)s", new=new.number, old=thread.number)
    return _lead_to(new.id, said, batch_id=batch_id)


@bp.post("/thread-moves/<uuid:batch_id>/undo")
def undo_moves(batch_id: uuid.UUID) -> ResponseReturnValue:
    """Undo a whole merge or split. Every user who sees the brand may do this."""
    viewer = current_viewer()
    try:
        with transaction() as session:
            for move in lock_batch(session, viewer=viewer, batch_id=batch_id):
                undo = undo_merge if move.kind == "merge" else undo_split
                thread = undo(session, move, now=utc_now(), actor=viewer.actor)
    except UnableToUndo as error:
        return _not_undone(_(NOT_UNDONE[error.because]))
    return _lead_to(thread.id, _("Undone: thread #%(number)s is as it was before", number=thread.number))


def _not_undone(text: str) -> ResponseReturnValue:
    if request.htmx:
        return "", 204, {"HX-Trigger": json.dumps({"toast": {"text": text}})}
    flash(text)
    return redirect(request.referrer or url_for("inbox.list_view"), 303)


def _lead_to(thread_id: uuid.UUID, said: str, *, batch_id: uuid.UUID | None = None, of_many: bool = False) -> ResponseReturnValue:
    """Answer with an event that opens the thread, and a toast with an undo button for ten minutes.

    After a bulk action (`of_many`) the list stays open instead. Without scripts, redirect to the thread.
    """
    runtime().nudger.nudge()
    view = request.args.get("view")
    url = url_for("inbox.show_thread", thread_id=thread_id, view=view)
    if not request.htmx:
        flash(said)
        return redirect(url, 303)
    toast: dict[str, Any] = {"text": said}
    if batch_id is not None:
        undo = url_for("inbox.undo_moves", batch_id=batch_id, view=view)
        toast |= {"undo_label": _("Undo"), "undo_url": undo, "stay_seconds": STAY_SECONDS}
    happened: dict[str, Any] = {"bulk-started": True, "bulk-done": True} if of_many else {"thread-moved": {"url": url}}
    body = render_template("inbox/bulk_progress.html", bulk=None, bulk_error="") if of_many else ""
    response = make_response(body, 200 if of_many else 204)
    response.headers["HX-Trigger"] = json.dumps({**happened, "toast": toast})
    return response
