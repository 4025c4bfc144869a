"""Routes that run and undo macros on the open thread, and list macros for the thread and the bulk bar."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask.wrappers import Response
from htmx_flask import request
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.ids import new_id
from app.core.translation import gettext as _
from app.core.translation import told
from app.domain.accounts.access import Viewer
from app.domain.automation.actions import withdraw_intents
from app.domain.delivery.actions import UnableToReply
from app.domain.delivery.recall import AlreadyLeft, NotTheWriter, take_back
from app.domain.tasks.automatic import take_asked_tasks_back
from app.domain.threads.actions import ThreadMovedOn, lock_thread
from app.domain.threads.bulk import Change, NothingToUndo, read_state
from app.domain.threads.macro_models import Macro
from app.domain.threads.macro_run import (
    Run,
    StepFailed,
    check_brand,
    is_first_run,
    note_run,
    snooze_end,
    take_first_steps,
    take_last_steps,
)
from app.domain.threads.macro_undo import note_outcome, undo_run
from app.domain.threads.macros import MacroMissing, MacroSteps, as_json, get_macro, list_macros, steps_of
from app.domain.threads.models import Message, Thread
from app.domain.threads.queries import get_thread
from app.domain.threads.recall_state import AlreadyTakenBack
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp, parse_uuid
from app.web.inbox.composer import sent_toast
from app.web.inbox.macro_reply import insert_later, plan_reply, send_reply
from app.web.inbox.macro_words import failed_words, names_in, staying_words, step_words
from app.web.inbox.recall import put_into_composer, say
from app.web.inbox.snooze import zone
from app.web.inbox.thread import changed, list_uploads
from app.web.pages import page

ERROR_STAYS_SECONDS = 60


@bp.get("/threads/<uuid:thread_id>/macros")
def thread_macros(thread_id: uuid.UUID) -> ResponseReturnValue:
    """List the macros for the thread: as a fragment for the menu, or as a page without scripts.

    The query parameter `seen` is the newest item that the page shows.
    """
    thread = get_thread(db.session(), viewer=current_viewer(), thread_id=thread_id)
    macros = list_macros(db.session(), viewer=current_viewer(), brand_id=thread.brand_id)
    whole = not request.htmx
    template = "inbox/macros_page.html" if whole else "inbox/macros.html"
    return page(template, thread=thread, macros=_offered(macros), token=new_id(), whole=whole)


@bp.get("/bulk/macros")
def bulk_macros() -> ResponseReturnValue:
    """List the macros for the chosen threads: those with steps besides a reply."""
    macros = list_macros(db.session(), viewer=current_viewer())
    offered = [item for item in _offered(macros, of_many=True) if item["words"]]
    return render_template("inbox/bulk_macros.html", macros=offered, token=new_id())


def _offered(macros: list[Macro], *, of_many: bool = False) -> list[dict[str, Any]]:
    every = [(macro, steps_of(macro).without_reply if of_many else steps_of(macro)) for macro in macros]
    names = names_in(db.session(), [steps for _macro, steps in every])
    return [{"macro": macro, "words": step_words(steps, names)} for macro, steps in every]


@bp.post("/threads/<uuid:thread_id>/macros/<uuid:macro_id>")
def run_macro(thread_id: uuid.UUID, macro_id: uuid.UUID) -> ResponseReturnValue:
    """Run a macro on the thread: all of its steps, or none if one fails. Several posts with the same `macro_token` run it once.

    The form also contains the composer's fields.
    """
    viewer = current_viewer()
    thread = get_thread(db.session(), viewer=viewer, thread_id=thread_id)
    macro = get_macro(db.session(), viewer=viewer, macro_id=macro_id)
    name, steps = macro.name, steps_of(macro)
    token = parse_uuid(request.form.get("macro_token")) or new_id()
    run = Run(viewer.actor, viewer.name, utc_now(), token, snooze_end(steps, now=utc_now(), zone=zone()))
    try:
        outcome = _take_steps(thread, macro, steps, run)
    except ThreadMovedOn:
        return _failed(thread.id, "template_id", _("A newer message came in. Read it, then run the macro again"))
    except UnableToReply as error:
        return _failed(thread.id, "template_id", told(str(error)))
    except StepFailed as error:
        return _failed(thread.id, error.step, told(str(error)))
    undo = url_for("inbox.undo_macro", thread_id=thread.id, run_token=token) if outcome.can_be_undone else ""
    response = make_response(changed(thread.id, _("Macro: %(name)s", name=name), undo=undo))
    return _with_triggers(response, steps, outcome.sent) if outcome.is_first else response


@dataclass(frozen=True)
class Outcome:
    """The result of running a macro. `is_first` is False if the same `macro_token` had run it before; then nothing was done."""

    is_first: bool
    sent: Message | None = None
    can_be_undone: bool = False


def _take_steps(thread: Thread, macro: Macro, steps: MacroSteps, run: Run) -> Outcome:
    """Take the macro's steps in one transaction.

    Raises StepFailed, ThreadMovedOn, UnableToReply; then nothing is changed.
    """
    plan = plan_reply(thread, steps) if steps.template_id is not None else None
    with transaction() as session:
        if not is_first_run(session, run, macro=macro, thread=thread):
            return Outcome(is_first=False)
        check_brand(macro.brand_id, thread)
        note_run(session, macro, thread, run)
        former = read_state(session, lock_thread(session, thread.id))
        locked = take_first_steps(session, thread_id=thread.id, steps=steps, run=run)
        sent = None
        if plan is not None and steps.sends:
            sent = send_reply(session, locked, plan, steps, run)
        elif plan is not None and not request.htmx:
            insert_later(session, locked, plan)
        take_last_steps(session, thread_id=thread.id, steps=steps, run=run)
        latter = read_state(session, locked)
        note_outcome(session, run, former=former, latter=latter, message_id=sent.id if sent else None)
    return Outcome(True, sent, former != latter or steps.task is not None or bool(steps.calls))


def _with_triggers(response: Response, steps: MacroSteps, sent: Message | None) -> Response:
    """Add HX-Trigger events to the response: one that puts the template into the composer, or a toast for the reply that was
    sent."""
    if "HX-Trigger" not in response.headers:
        return response
    triggers = json.loads(response.headers["HX-Trigger"])
    if steps.template_id is not None and not steps.sends:
        triggers["insert-template"] = {"id": str(steps.template_id)}
    toast = sent_toast(sent, current_viewer().undo_send_seconds) if sent is not None else None
    if toast is not None:  # the undo of the macro takes its reply back as well
        triggers["toast"] = {**toast, **triggers["toast"]}
    response.headers["HX-Trigger"] = json.dumps(triggers)
    return response


@bp.post("/threads/<uuid:thread_id>/macro-runs/<uuid:run_token>/undo")
def undo_macro(thread_id: uuid.UUID, run_token: uuid.UUID) -> ResponseReturnValue:
    """Undo the viewer's run of a macro on the thread, and say what cannot be undone.

    A reply is taken back if it still waits, a task if nobody changed it, and a call to an outside service if it was not made
    yet.
    """
    viewer, now = current_viewer(), utc_now()
    thread = get_thread(db.session(), viewer=viewer, thread_id=thread_id)
    files: list[str] | None = None
    tasks = calls = 0
    try:
        with transaction() as session:
            undone = undo_run(session, thread, token=run_token, actor=viewer.actor, now=now)
            if undone.message_id is not None:
                files = _take_reply_back(session, undone.message_id, viewer, now)
            asked = undone.asked.get("TaskAsked", [])
            tasks = take_asked_tasks_back(session, asked, thread_id=thread.id, now=now, actor=viewer.actor)
            calls = withdraw_intents(session, undone.asked.get("OutsideCallAsked", []))
    except NothingToUndo:
        return _undone(thread.id, _("There is nothing left to undo."))
    has_left = undone.message_id is not None and files is None
    stays = staying_words(reply=has_left, note=undone.has_note, tasks=tasks, calls=calls)
    return _undone(thread.id, ". ".join([_("Macro undone: %(name)s", name=undone.name), *([stays] if stays else [])]), files)


def _undone(thread_id: uuid.UUID, said: str, files: list[str] | None = None) -> ResponseReturnValue:
    """Answer an undo with the composer if a reply was taken back (`files` is not None), otherwise with the thread's head."""
    if files is not None:
        return say(thread_id, said, uploads=list_uploads(files))
    return say(thread_id, said) if request.htmx.target == "composer" else changed(thread_id, said, undo="")


def _take_reply_back(session: Session, message_id: uuid.UUID, viewer: Viewer, now: datetime) -> list[str] | None:
    """Take the reply back into the composer and return the ids of its files. Return None if it cannot be taken back any more."""
    try:
        taken = take_back(session, message_id=message_id, actor=viewer.actor, now=now)
    except (AlreadyLeft, AlreadyTakenBack, NotTheWriter):
        return None
    return put_into_composer(session, viewer.user_id, taken)


def _failed(thread_id: uuid.UUID, step: str, why: str) -> ResponseReturnValue:
    """Answer that a step of the macro failed; the thread is unchanged."""
    db.session.rollback()
    said = failed_words(step, why)
    if request.htmx:
        return "", 204, {"HX-Trigger": json.dumps({"toast": {"text": said, "stay_seconds": ERROR_STAYS_SECONDS}})}
    flash(said)
    return redirect(url_for("inbox.show_thread", thread_id=thread_id, view=request.args.get("view")), 303)


def bulk_change() -> Change:
    """Return the bulk change that runs the macro named in the form (`macro`, `macro_token`), with its current steps but without
    its reply.

    Raises MacroMissing if the viewer has no such macro.
    """
    viewer, macro_id = current_viewer(), parse_uuid(request.form.get("macro"))
    if macro_id is None:
        raise MacroMissing(request.form.get("macro", "")[:40])
    macro = get_macro(db.session(), viewer=viewer, macro_id=macro_id)
    steps = steps_of(macro).without_reply
    until = snooze_end(steps, now=utc_now(), zone=zone())
    what = {
        "brand_id": str(macro.brand_id) if macro.brand_id else None,
        "steps": as_json(steps),
        "author_name": viewer.name,
        "token": str(parse_uuid(request.form.get("macro_token")) or new_id()),
        "until": until.isoformat() if until else None,
    }
    return Change("macro", macro.name, what)
