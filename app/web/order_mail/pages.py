"""Pages of order mails: queue, and review of one beside its form."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.domain.partners.mail_lines import all_lines
from app.domain.partners.mail_orders import AlreadyDecided, UnableToTake, accept, cancel_order, dismiss
from app.domain.partners.mail_queries import ReadingRow, get_reading, list_decided, list_waiting, read_day
from app.domain.partners.models import PartnerOrder
from app.domain.partners.order_mail.confidence import ENOUGH
from app.domain.partners.order_mail.labels import LINES, PATHS, REQUIRED
from app.domain.partners.order_mail.lines import Line
from app.web.accounts.session import current_viewer
from app.web.order_mail.blueprint import bp
from app.web.order_mail.forms import ReadingForm, address_of, form_of
from app.web.pages import page


@dataclass(frozen=True)
class Part:
    """A piece of the text in one table cell of the mail. `path` is the field that was read from it, or "" if none was."""

    text: str
    path: str = ""
    tone: str = ""


@bp.get("/order-mail")
def queue() -> ResponseReturnValue:
    """Show waiting order mails, the oldest first, and recently decided ones."""
    viewer = current_viewer()
    return page(
        "order_mail/queue.html",
        waiting=list_waiting(db.session(), brand_ids=viewer.brand_ids),
        decided=list_decided(db.session(), brand_ids=viewer.brand_ids, limit=30),
        day=read_day(db.session(), brand_ids=viewer.brand_ids, now=utc_now()),
    )


@bp.get("/order-mail/<uuid:reading_id>")
def review(reading_id: uuid.UUID) -> ResponseReturnValue:
    """Show one order mail beside its form."""
    found = _find(reading_id)
    return _page(found, form_of(found.reading))


@bp.post("/order-mail/<uuid:reading_id>/acceptance")
def accept_reading(reading_id: uuid.UUID) -> ResponseReturnValue:
    """Accept the order as the form has it, and open the next mail."""
    viewer, found = current_viewer(), _find(reading_id)
    form = ReadingForm(request.form.to_dict(), address_of(found.reading))
    values = form.values()
    if form.errors:
        return _page(found, form, status=422)
    try:
        with transaction() as session:
            row = get_reading(session, reading_id, brand_ids=viewer.brand_ids, lock=True)
            learned = accept(
                session,
                row.partner,
                row.message,
                row.reading,
                values,
                learns=request.form.get("always") == "1",
                now=utc_now(),
                actor=viewer.actor,
            )
    except UnableToTake as error:
        form.errors[error.field] = _("A required field is empty.")
        return _page(found, form, status=422)
    except AlreadyDecided:
        return _next(_("A colleague already reviewed this email."))
    runtime().nudger.nudge()
    said = {
        "learned": _("Email accepted. From now on we apply your corrections to all emails with this layout."),
        "differs": _(
            "Email accepted. We do not apply your corrections to other emails with this layout: the corrections "
            "would have changed how we read some of the last 50 emails."
        ),
    }
    return _next(said.get(learned, _("Email accepted.")))


@bp.post("/order-mail/<uuid:reading_id>/cancellation")
def cancel(reading_id: uuid.UUID) -> ResponseReturnValue:
    """Cancel the order that the mail asks to cancel. If it can no longer be cancelled, show the mail again with a message."""
    viewer = current_viewer()
    try:
        with transaction() as session:
            row = get_reading(session, reading_id, brand_ids=viewer.brand_ids, lock=True)
            refused = cancel_order(session, row.partner, row.reading, now=utc_now(), actor=viewer.actor)
    except AlreadyDecided:
        return _next(_("A colleague already reviewed this email."))
    runtime().nudger.nudge()
    if refused:
        flash(_("Not cancelled: this order can no longer be cancelled. Open the order to check its status."))
        return redirect(url_for("order_mail.review", reading_id=reading_id), 303)
    return _next(_("The order is cancelled."))


@bp.post("/order-mail/<uuid:reading_id>/dismissal")
def dismiss_reading(reading_id: uuid.UUID) -> ResponseReturnValue:
    """Dismiss the mail: it is no order, or nothing follows from it."""
    viewer = current_viewer()
    try:
        with transaction() as session:
            row = get_reading(session, reading_id, brand_ids=viewer.brand_ids, lock=True)
            dismiss(session, row.reading, now=utc_now(), actor=viewer.actor)
    except AlreadyDecided:
        return _next(_("A colleague already reviewed this email."))
    return _next(_("The email is dismissed."))


def _find(reading_id: uuid.UUID) -> ReadingRow:
    return get_reading(db.session(), reading_id, brand_ids=current_viewer().brand_ids)


def _next(words: str) -> ResponseReturnValue:
    flash(words)
    waiting = list_waiting(db.session(), brand_ids=current_viewer().brand_ids)
    if not waiting:
        return redirect(url_for("order_mail.queue"), 303)
    return redirect(url_for("order_mail.review", reading_id=waiting[0].reading.id), 303)


def _page(found: ReadingRow, form: ReadingForm, *, status: int = 200) -> ResponseReturnValue:
    reading, message = found.reading, found.message
    tones = {path: _tone(reading.fields.get(path)) for path in PATHS}
    doubtful = [path for path in PATHS if form.errors.get(path)] or [
        path for path in PATHS if tones[path] == "check" or (tones[path] == "missing" and path in REQUIRED)
    ]
    lines = all_lines(message, reading.pdf_rows)
    ids = [one.reading.id for one in list_waiting(db.session(), brand_ids=current_viewer().brand_ids)]
    return page(
        "order_mail/review.html",
        status=status,
        row=found,
        form=form,
        paths=PATHS,
        required=REQUIRED,
        long=(LINES, "notes"),
        tones=tones,
        first=doubtful[0] if doubtful else PATHS[0],
        doubts=len(doubtful),
        lines=[(line.kind.value, [_parts(reading.fields, tones, number, place, line) for place in range(len(line.cells))])
               for number, line in enumerate(lines)],
        subject=_parts(reading.fields, tones, -1, 0, Line((message.subject,))),
        order=db.session().get(PartnerOrder, reading.order_row_id) if reading.order_row_id else None,
        place=ids.index(reading.id) + 1 if reading.id in ids else 0,
        waiting=len(ids),
        proof=message.meta.get("authentication") or {},
    )  # fmt: skip


def _tone(one: dict[str, Any] | None) -> str:
    if one is None or "value" not in one:
        return "missing"
    return "sure" if one["confidence"] >= ENOUGH else "check"


def _parts(fields: dict[str, Any], tones: dict[str, str], number: int, place: int, line: Line) -> list[Part]:
    """Return the cell `place` of a line, cut into parts: the text of the field that was read from it, and the text before and
    after.

    `number`: the line's number. `tones`: the colour of each field, by path.
    """
    text = line.cells[place]
    for path, one in fields.items():
        if one.get("line") == number and one.get("cell") == place and (raw := one.get("raw")) and raw in text:
            before, _raw, after = text.partition(raw)
            return [part for part in (Part(before), Part(raw, path, tones[path]), Part(after)) if part.text]
    return [Part(text)]
