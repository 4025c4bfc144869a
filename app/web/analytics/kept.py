"""Pages of saved reports and of the targets of each brand."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from flask import abort, flash, redirect, request
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.links import url_for
from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.accounts.models import Brand
from app.domain.accounts.permissions import Permission
from app.domain.accounts.queries import list_brands
from app.domain.analytics import words
from app.domain.analytics.measures import MEASURES, Measure, Shape
from app.domain.analytics.saved import (
    TARGETS,
    NameTaken,
    TargetKey,
    TooManyReports,
    delete_report,
    list_saved_reports,
    read_targets,
    save_report,
    save_targets,
)
from app.web.accounts.session import current_viewer, require
from app.web.analytics.asked import parse
from app.web.analytics.blueprint import bp
from app.web.inbox.words import medium_words
from app.web.pages import page

NAME_CHARACTERS = 80
LONGEST_HOURS = 1000.0


@bp.get("/analytics/reports")
def saved_reports() -> ResponseReturnValue:
    """Show the viewer's saved reports, and those shared with everyone."""
    return _reports_page()


@bp.post("/analytics/reports")
def keep_report() -> ResponseReturnValue:
    """Save a report of the viewer under `name`. `report` is the query string of the report's URL.

    With `shared=yes` the report is saved for everyone. This needs the permission `REPORTS_SHARE`.
    """
    viewer, name = current_viewer(), " ".join(storable(request.form.get("name", "")).split())
    is_shared = request.form.get("shared") == "yes"
    if is_shared:
        require(Permission.REPORTS_SHARE)
    args = parse(dict(parse_qsl(request.form.get("report", "")[:2000])), timezone=viewer.timezone, now=utc_now()).args()
    if not name or len(name) > NAME_CHARACTERS:
        return _reports_page(_("Enter a name of at most %(count)s characters.", count=NAME_CHARACTERS))
    try:
        with transaction() as session:
            save_report(session, viewer, name=name, args=args, is_shared=is_shared, now=utc_now())
    except NameTaken:
        return _reports_page(_("You already have a report with this name: choose another name."))
    except TooManyReports:
        return _reports_page(_("You have the maximum number of reports: delete one first."))
    flash(_("Saved."))
    return redirect(url_for("analytics.overview", **args), 303)


@bp.post("/analytics/reports/<uuid:report_id>/deletion")
def drop_report(report_id: uuid.UUID) -> ResponseReturnValue:
    """Delete one of the viewer's own saved reports."""
    with transaction() as session:
        if not delete_report(session, current_viewer(), report_id):
            abort(404)
    flash(_("Deleted."))
    return redirect(url_for("analytics.saved_reports"), 303)


@bp.get("/analytics/targets")
def targets() -> ResponseReturnValue:
    """Show the targets of a brand's figures. `brand` in the URL chooses the brand; without it, show the first brand."""
    require(Permission.TARGETS_MANAGE)
    brand = brand_of(request.args.get("brand", ""))
    return _targets_page(brand, _shown(read_targets(db.session(), [brand.id])))


@bp.post("/analytics/targets/<uuid:brand_id>")
def set_targets(brand_id: uuid.UUID) -> ResponseReturnValue:
    """Save the targets of a brand's figures. An empty field means the default target."""
    viewer, brand = require(Permission.TARGETS_MANAGE), brand_of(str(brand_id))
    typed = {_field(key): request.form.get(_field(key), "").strip() for key in TARGETS}
    values, errors = {}, {}
    for key in TARGETS:
        measure, text = MEASURES[key[0]], typed[_field(key)]
        values[key] = _read(measure, text)
        if text and values[key] is None:
            errors[_field(key)] = _("Enter a number from 0 to %(most)s.", most=round(_most(measure)))
    if errors:
        return _targets_page(brand, typed, errors, status=422)
    with transaction() as session:
        save_targets(session, brand.id, values, actor=viewer.actor, now=utc_now())
    flash(_("Saved."))
    return redirect(url_for("analytics.targets", brand=str(brand.id)), 303)


def _reports_page(error: str = "") -> ResponseReturnValue:
    found = list_saved_reports(db.session(), current_viewer())
    shown = [(row, url_for("analytics.overview", **row.args), row.owner_user_id == current_viewer().user_id) for row in found]
    return page("analytics/reports.html", reports=shown, error=error, status=422 if error else 200)


def _targets_page(
    brand: Brand, values: dict[str, str], errors: dict[str, str] | None = None, status: int = 200
) -> ResponseReturnValue:
    rows = [(_field(key), _name(key), _unit(MEASURES[key[0]]), _usual(key)) for key in TARGETS]
    context: dict[str, Any] = {"values": values, "errors": errors or {}, "brands": own_brands()}
    return page("analytics/targets.html", brand=brand, rows=rows, status=status, **context)


def _unit(measure: Measure) -> str:
    return _("hours") if measure.shape == Shape.TIME else _("of 5") if measure.shape == Shape.MEAN else _("percent")


def _scale(measure: Measure) -> float:
    """Return the factor from a typed number to the stored one: 3600 for hours (stored in seconds), 0.01 for per cent, 1 for a
    mean."""
    return 3600.0 if measure.shape == Shape.TIME else 1.0 if measure.shape == Shape.MEAN else 0.01


def _most(measure: Measure) -> float:
    return LONGEST_HOURS if measure.shape == Shape.TIME else 5.0 if measure.shape == Shape.MEAN else 100.0


def _read(measure: Measure, text: str) -> float | None:
    """Parse a number typed with a point or a comma, and return it in the stored unit. Return None if it is not valid."""
    number = text.replace(",", ".")
    if not number.isascii() or not number.replace(".", "", 1).isdigit() or len(number) > 8:
        return None
    return float(number) * _scale(measure) if float(number) <= _most(measure) else None


def _shown(found: dict[TargetKey, float]) -> dict[str, str]:
    return {_field(key): f"{found[key] / _scale(MEASURES[key[0]]):.2f}".rstrip("0").rstrip(".") for key in TARGETS}


def _field(key: TargetKey) -> str:
    return "-".join(filter(None, key))


def _name(key: TargetKey) -> str:
    measure, medium = key
    name = words.name_words(measure)
    return _("%(name)s, %(channel)s only", name=name, channel=medium_words(medium)) if medium else name


def _usual(key: TargetKey) -> str:
    return words.target_words(replace(MEASURES[key[0]], target=TARGETS[key]))


def own_brands() -> list[Brand]:
    return [brand for brand in list_brands(db.session()) if brand.id in current_viewer().brand_ids]


def brand_of(text: str) -> Brand:
    """Return the viewer's brand with this id, or their first brand if the text is empty. Answer 404 if they do not see the
    brand."""
    found = [one for one in own_brands() if text in ("", str(one.id))]
    return found[0] if found else abort(404)
