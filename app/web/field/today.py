"""Technician's pages: today, one visit, unsent actions of the phone, the report of a visit."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from io import BytesIO
from typing import Any

from flask import Response, abort, request, send_file
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db
from app.core.ids import new_id
from app.core.runtime import runtime
from app.core.storage import FileMissing
from app.domain.accounts.models import Brand
from app.domain.field.access import get_own_visit
from app.domain.field.documentation import lacking
from app.domain.field.effects import SUFFIXES
from app.domain.field.models import FieldFile, PhotoLabel
from app.domain.field.queries import VisitRow, drives, get_visit_page, list_own_visits, today_of
from app.domain.field.quick_texts import quick_texts
from app.domain.field.record import find_file
from app.domain.field.steps import ENDED, MAIN_STEPS, REASONS
from app.domain.field.visit_threads import list_visit_threads
from app.mail.filetypes import real_content_type
from app.web.accounts.session import current_viewer
from app.web.field.blueprint import bp
from app.web.pages import page

WEEK = timedelta(days=7)
SHOWN_INLINE = frozenset({"image/png", "image/jpeg", "image/webp"})
FILE_POLICY = "sandbox; default-src 'none'; img-src 'self' data:; frame-ancestors 'none'"


@bp.get("/today")
def today() -> ResponseReturnValue:
    """Show the viewer's next visit in full and the other visits of today below it. Tomorrow and the week are collapsed."""
    viewer, now = current_viewer(), utc_now()
    first = today_of(viewer, now)
    days = list_own_visits(db.session(), viewer=viewer, first=first, last=first + WEEK)
    of_today = days.get(first, [])
    open_ones = [visit for visit in of_today if visit.step not in ENDED]
    next_visit = open_ones[0] if open_ones else None
    context: dict[str, Any] = {
        "day": first,
        "visits": of_today,
        "next_visit": next_visit,
        "shown": get_visit_page(db.session(), viewer=viewer, appointment_id=next_visit.id) if next_visit else None,
        "others": [visit for visit in of_today if visit is not next_visit],
        "drives": drives(of_today),
        "tomorrow": days.get(first + timedelta(days=1), []),
        "week": _later(days, first),
        "token": new_id,
        "made_at": now,
    }
    return page("field/today.html", **context)


@bp.get("/visits/<uuid:appointment_id>")
def visit(appointment_id: uuid.UUID) -> ResponseReturnValue:
    """Show one visit of the viewer, with every action for it."""
    return visit_page(appointment_id)


def visit_page(appointment_id: uuid.UUID, *, problem: str = "", status: int = 200) -> ResponseReturnValue:
    """Render a visit's page. `problem` says why an action failed, and is empty if none failed."""
    shown = get_visit_page(db.session(), viewer=current_viewer(), appointment_id=appointment_id)
    context: dict[str, Any] = {
        "shown": shown,
        "brand": db.session().get_one(Brand, shown.visit.row.appointment.brand_id),
        "visit": shown.visit,
        "record": shown.record,
        "labels": [label.value for label in PhotoLabel],
        "lacks": lacking(shown.record, shown.checklist),
        "main_steps": MAIN_STEPS,
        "reasons": REASONS,
        "token": new_id,
        "problem": problem,
        "quick_texts": quick_texts(db.session(), shown.visit.row.appointment, viewer=current_viewer(), now=utc_now()),
        "made_at": utc_now(),
    }
    return page("field/visit.html", status=status, **context)


@bp.get("/visits/messages")
def messages() -> ResponseReturnValue:
    """Show the threads of the viewer's visits."""
    viewer, now = current_viewer(), utc_now()
    return page("field/messages.html", threads=list_visit_threads(db.session(), viewer=viewer, now=now), made_at=now)


@bp.get("/visits/queue")
def queue() -> ResponseReturnValue:
    """Show the page of unsent actions on this phone; a script on the phone fills in the list."""
    return page("field/queue.html", made_at=utc_now())


@bp.get("/visits/<uuid:appointment_id>/report")
def report(appointment_id: uuid.UUID) -> ResponseReturnValue:
    """Show the visit report, to print or to show the customer."""
    session = db.session()
    shown = get_visit_page(session, viewer=current_viewer(), appointment_id=appointment_id)
    brand = session.get_one(Brand, shown.visit.row.appointment.brand_id)
    return page("field/report.html", shown=shown, visit=shown.visit, record=shown.record, brand=brand, made_at=utc_now())


@bp.get("/visits/<uuid:appointment_id>/report.pdf")
def report_paper(appointment_id: uuid.UUID) -> ResponseReturnValue:
    """Serve the visit report as the PDF that the customer gets."""
    get_own_visit(db.session(), viewer=current_viewer(), appointment_id=appointment_id)
    return send_paper(appointment_id)


def send_paper(appointment_id: uuid.UUID) -> Response:
    """Return the visit report as a PDF, created now in the customer's language.

    The caller must check that the viewer may see the visit.
    """
    from app.domain.field.report_paper import draw_report, read_facts  # imported here: what draws a PDF takes long to import

    facts = read_facts(db.session(), appointment_id)
    content = draw_report(facts, storage=runtime().storage, now=utc_now())
    return send_file(BytesIO(content), mimetype="application/pdf", as_attachment=True, download_name=facts.name)


@bp.get("/visits/<uuid:appointment_id>/files/<uuid:file_id>")
def file(appointment_id: uuid.UUID, file_id: uuid.UUID) -> ResponseReturnValue:
    """Serve a file of one of the viewer's visits. A picture or sound is shown, any other file is a download."""
    session = db.session()
    get_own_visit(session, viewer=current_viewer(), appointment_id=appointment_id)
    return send_kept(find_file(session, appointment_id=appointment_id, file_id=file_id))


def send_kept(found: FieldFile | None) -> Response:
    """Return the file as a response, or with `?size=small` its thumbnail if it has one. Answer 404 if `found` is None.

    The file is shown inline only if its bytes really are a picture or a sound.
    """
    if found is None:
        abort(404)
    small = found.thumbnail_key if request.args.get("size") == "small" else None
    try:
        with runtime().storage.open(small or found.storage_key) as kept:
            content = kept.read()
    except FileMissing:
        abort(404)
    kind = found.content_type if found.content_type in SUFFIXES else real_content_type("application/octet-stream", content)
    shown = kind in SHOWN_INLINE or kind in SUFFIXES
    response = send_file(
        BytesIO(content), mimetype=kind if shown else "application/octet-stream", as_attachment=not shown, download_name="photo"
    )
    response.headers["Content-Security-Policy"] = FILE_POLICY
    response.headers["Cache-Control"] = "private, max-age=86400, immutable"
    return response


def _later(days: dict[date, list[VisitRow]], first: date) -> dict[date, list[VisitRow]]:
    return {day: visits for day, visits in sorted(days.items()) if day > first + timedelta(days=1)}
