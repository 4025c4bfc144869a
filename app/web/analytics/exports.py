"""Download reports and their facts as files (CSV, XLSX, PDF), with an audit entry for each."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import abort, request, send_file, stream_with_context
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from app.core.clock import utc_now
from app.core.db import db, let_go, transaction
from app.core.translation import gettext as _
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.analytics.figures import count_facts, read_state
from app.domain.analytics.listing import Place, list_facts
from app.domain.analytics.measures import MEASURES, Measure
from app.domain.analytics.report_rows import about_file, report_heads, report_rows
from app.domain.analytics.sheets import Dialect, Value, csv_lines, write_sheet
from app.domain.analytics.slices import Slice
from app.domain.events.actions import audit
from app.domain.scheduled_reports.contents import read_contents
from app.domain.scheduled_reports.report_paper import report_paper
from app.web.accounts.session import current_viewer
from app.web.analytics.asked import Asked, parse_bucket
from app.web.analytics.blueprint import bp
from app.web.analytics.choices import read_choices
from app.web.analytics.pages import read_asked

CHUNK = 1000
MOST_IN_SHEET = 20_000
"""Facts of one workbook that is made while its reader waits; more go as CSV, which is streamed."""
FORMATS = ("csv", "programs", "xlsx", "pdf")


@dataclass(frozen=True)
class _Column:
    """A column in a file of facts. `key` is its heading in a file for programs, `head` its heading in a file for people."""

    key: str
    head: str
    is_personal: bool = False
    is_duration: bool = False


def columns(with_names: bool) -> list[_Column]:
    """Return the columns of a file of facts. Contact names and subjects are included only with `with_names`."""
    found = [
        _Column("at", _("When")),
        _Column("local_day", _("Day")),
        _Column("local_hour", _("Hour")),
        _Column("number", _("Thread")),
        _Column("subject", _("Subject"), is_personal=True),
        _Column("contact_name", _("Contact"), is_personal=True),
        _Column("user_name", _("Colleague")),
        _Column("team_name", _("Team")),
        _Column("brand_name", _("Brand")),
        _Column("medium", _("Channel")),
        _Column("thread_type", _("Type")),
        _Column("priority", _("Priority")),
        _Column("open_seconds", _("Duration within opening hours"), is_duration=True),
        _Column("wall_seconds", _("Total duration"), is_duration=True),
        _Column("met", _("Result (yes or no)")),
        _Column("score", _("Score")),
    ]
    return [column for column in found if with_names or not column.is_personal]


@bp.get("/analytics/list/export")
def export_list() -> ResponseReturnValue:
    """Download the facts behind the figure `m` as a file.

    `format` is csv, programs (CSV with plain values) or xlsx. `names=yes` includes contact names and subjects.
    """
    viewer, asked = current_viewer(), read_asked()
    measure = MEASURES.get(request.args.get("m", "")) or abort(404)
    file_format = _format()
    session = db.session()
    slice = asked.slice(viewer, **parse_bucket(request.args))
    slice = replace(slice, as_of=slice.as_of or read_state(session).batch_at)
    with_names = request.args.get("names") == "yes" and viewer.may(Permission.ANALYTICS_SEE)
    count = count_facts(session, slice, measure)
    if file_format == "pdf":
        abort(404)
    if file_format == "xlsx" and count > MOST_IN_SHEET:
        abort(422, _("An Excel file can have at most %(count)s rows. Choose CSV, or fewer days.", count=MOST_IN_SHEET))
    _note(viewer, measure.key, slice, count, file_format)
    shown = columns(with_names)
    rows = _rows(slice, measure, shown)
    heads = [column.key if file_format == "programs" else column.head for column in shown]
    name = f"{measure.key}-{slice.first}-{slice.last}"
    if file_format == "xlsx":
        durations = frozenset(number for number, column in enumerate(shown) if column.is_duration)
        return _sheet(viewer, name, about_file(viewer, measure, slice, count), heads, rows, durations)
    return _csv(viewer, name, heads, rows, file_format)


@bp.get("/analytics/export")
def export_report() -> ResponseReturnValue:
    """Download every figure of a report, day by day. With `format=pdf` download the report as it is sent by mail."""
    viewer, asked = current_viewer(), read_asked()
    file_format, slice = _format(), asked.slice(viewer)
    if file_format == "pdf":
        return _paper(viewer, asked, slice)
    state = read_state(db.session())
    rows = report_rows(db.session(), slice, is_plain=file_format == "programs")
    heads = report_heads(is_plain=file_format == "programs")
    _note(viewer, "report", replace(slice, as_of=state.batch_at), len(rows), file_format)
    name = f"report-{slice.first}-{slice.last}"
    if file_format == "xlsx":
        return _sheet(viewer, name, about_file(viewer, None, replace(slice, as_of=state.batch_at), len(rows)), heads, rows)
    return _csv(viewer, name, heads, rows, file_format)


def _paper(viewer: Viewer, asked: Asked, slice: Slice) -> Response:
    chips = read_choices(db.session(), viewer, is_own=slice.own_user_id is not None).chips(asked)
    contents = read_contents(
        db.session(),
        viewer,
        name=_("Analytics"),
        args=asked.filters,
        is_open=asked.is_open,
        first=slice.first,
        last=slice.last,
        has_sheet=False,
        filters=[f"{chip.name}: {chip.value}" for chip in chips],
    )
    _note(viewer, "report", replace(slice, as_of=contents.as_of), len(contents.lines), "pdf")
    response = Response(report_paper(viewer, contents), mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="report-{slice.first}-{slice.last}.pdf"'
    return response


def _format() -> str:
    found = request.args.get("format", "csv")
    if found not in FORMATS:
        abort(404)
    return found


def _rows(slice: Slice, measure: Measure, shown: Sequence[_Column]) -> Iterator[tuple[Value, ...]]:
    """Yield the rows of a file. Read them in chunks with short queries; all rows are as of the same instant."""
    after: Place | None = None
    cells = attrgetter(*(column.key for column in shown))
    while True:
        found = list_facts(db.session(), slice, measure, after=after, limit=CHUNK)
        let_go()
        yield from map(cells, found)
        if len(found) < CHUNK:
            return
        after = (found[-1].at, found[-1].id)


def _csv(viewer: Viewer, name: str, heads: Sequence[str], rows: Any, file_format: str) -> Response:
    dialect = Dialect.PROGRAMS if file_format == "programs" else Dialect.EXCEL
    lines = csv_lines(heads, rows, dialect=dialect, locale=viewer.locale, zone=ZoneInfo(viewer.timezone))
    response = Response(stream_with_context(lines), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _sheet(
    viewer: Viewer,
    name: str,
    about: Sequence[tuple[str, str]],
    heads: Sequence[str],
    rows: Any,
    durations: frozenset[int] = frozenset(),
) -> Response:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{uuid.uuid4()}.xlsx"
        zone = ZoneInfo(viewer.timezone)
        write_sheet(path, title=name, about=about, heads=heads, rows=rows, zone=zone, durations=durations)
        file = path.open("rb")  # open after its folder is gone
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return send_file(file, mimetype=kind, as_attachment=True, download_name=f"{name}.xlsx")


def _note(viewer: Viewer, what: str, slice: Slice, count: int, file_format: str) -> None:
    """Write an audit entry: who exported which figures."""
    detail = {"format": file_format, "rows": count, "from": slice.first.isoformat(), "to": slice.last.isoformat()}
    with transaction() as session:
        about = {"action": "ReportExported", "object_type": "report", "object_id": what}
        audit(session, now=utc_now(), actor=viewer.actor, detail=detail, **about)
