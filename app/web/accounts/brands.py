"""Pages of brands: list, create, change, archive; and for each brand its automatic answers, tasks and messages about visits."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.domain.accounts.access import Viewer
from app.domain.accounts.brands import BrandRule, set_rule
from app.domain.accounts.permissions import Permission
from app.domain.accounts.queries import list_brand_groups, list_brands, list_team_groups
from app.domain.brands.actions import BrandInUse, WrongBrand, archive_brand, change_brand, create_brand, restore_brand
from app.domain.brands.queries import BrandContent, BrandMissing, BrandRow, get_brand_row, list_brand_rows
from app.web.accounts.blueprint import bp
from app.web.accounts.forms import BrandForm, choices
from app.web.accounts.session import require
from app.web.pages import page
from app.web.sla.calendar_form import country_choices


@bp.get("/settings/brands")
def brands() -> ResponseReturnValue:
    """Show the brands with their channels and number of open threads, and the teams with their people."""
    require(Permission.PEOPLE_SEE)
    session = db.session()
    rows = list_brand_rows(session, [brand.id for brand in list_brands(session)])
    return page("accounts/brands.html", brands=rows, teams=list_team_groups(session))


@bp.get("/settings/brands/new")
def new_brand() -> ResponseReturnValue:
    """Show the form of a new brand."""
    require(Permission.BRANDS_MANAGE)
    return page("accounts/new_brand.html", form=with_countries(BrandForm()))


@bp.post("/settings/brands")
def add_brand() -> ResponseReturnValue:
    """Add a brand from the posted form."""
    viewer, form = require(Permission.BRANDS_MANAGE), with_countries(BrandForm(request.form))
    if form.validate() and add_brand_of(form, viewer):
        flash(_("Brand created. Next, connect a channel to it. Under “People”, choose who may see the brand."))
        return redirect(url_for("accounts.brands"), 303)
    return page("accounts/new_brand.html", form=form, status=422)


@bp.get("/settings/brands/<uuid:brand_id>")
def brand(brand_id: uuid.UUID) -> ResponseReturnValue:
    """Show one brand: its settings, its rules for answering, and the users who see it."""
    require(Permission.PEOPLE_SEE)
    return _brand_page(brand_id)


@bp.post("/settings/brands/<uuid:brand_id>")
def save_brand(brand_id: uuid.UUID) -> ResponseReturnValue:
    """Change the settings of a brand."""
    viewer, form = require(Permission.BRANDS_MANAGE), with_countries(BrandForm(request.form))
    _find(brand_id)
    if not form.validate():
        return _brand_page(brand_id, form=form, status=422)
    try:
        with transaction() as session:
            change_brand(session, brand_id, content_of(form), now=utc_now(), actor=viewer.actor)
    except WrongBrand as error:
        blame(form, error)
        return _brand_page(brand_id, form=form, status=422)
    flash(_("Saved."))
    return redirect(url_for("accounts.brand", brand_id=brand_id), 303)


@bp.post("/settings/brands/<uuid:brand_id>/archiving")
def archive(brand_id: uuid.UUID) -> ResponseReturnValue:
    """Archive the brand. Answer 409 if one of its channels is still switched on."""
    viewer = require(Permission.BRANDS_MANAGE)
    try:
        with transaction() as session:
            archive_brand(session, brand_id, now=utc_now(), actor=viewer.actor)
    except BrandMissing:
        abort(404)
    except BrandInUse as error:
        return _brand_page(brand_id, problem=_("Switch off these channels first: %(names)s", names=str(error)), status=409)
    flash(_("The brand is archived."))
    return redirect(url_for("accounts.brand", brand_id=brand_id), 303)


@bp.post("/settings/brands/<uuid:brand_id>/restoring")
def restore(brand_id: uuid.UUID) -> ResponseReturnValue:
    """Restore the archived brand."""
    viewer = require(Permission.BRANDS_MANAGE)
    _find(brand_id)
    with transaction() as session:
        restore_brand(session, brand_id, now=utc_now(), actor=viewer.actor)
    flash(_("The brand is in use again."))
    return redirect(url_for("accounts.brand", brand_id=brand_id), 303)


@bp.post("/settings/brands/<uuid:brand_id>/answering")
def set_answering(brand_id: uuid.UUID) -> ResponseReturnValue:
    """Set whether only the assignee may answer the brand's threads."""
    return _set_rule(brand_id, BrandRule.ONLY_ASSIGNEE_ANSWERS, is_on=request.form.get("only_assignee") == "on")


@bp.post("/settings/brands/<uuid:brand_id>/promises")
def set_promises(brand_id: uuid.UUID) -> ResponseReturnValue:
    """Set whether a promise in a reply of the brand becomes a task."""
    return _set_rule(brand_id, BrandRule.TASKS_OF_PROMISES, is_on=request.form.get("tasks_of_promises") == "on")


@bp.post("/settings/brands/<uuid:brand_id>/visits")
def set_visits(brand_id: uuid.UUID) -> ResponseReturnValue:
    """Switch one rule for the brand's visits on or off. The posted field has the rule's name and the value "on" or "off"."""
    known = (BrandRule.SENDS_VISIT_REPORTS, BrandRule.KEEPS_PHOTO_PLACE, BrandRule.RECOGNISES_SPEECH)
    rule = next((one for one in known if one.value in request.form), None)
    return _set_rule(brand_id, rule, is_on=request.form[rule.value] == "on") if rule is not None else abort(422)


def _set_rule(brand_id: uuid.UUID, rule: BrandRule, *, is_on: bool) -> ResponseReturnValue:
    viewer = require(Permission.RULES_MANAGE)
    if brand_id not in viewer.brand_ids:
        abort(404)
    with transaction() as session:
        set_rule(session, brand_id, rule, is_on=is_on, now=utc_now(), actor=viewer.actor)
    flash(_("Saved."))
    return redirect(url_for("accounts.brand", brand_id=brand_id), 303)


def with_countries(form: BrandForm) -> BrandForm:
    form.country.choices = choices(country_choices())
    return form


def add_brand_of(form: BrandForm, viewer: Viewer) -> bool:
    """Add the brand from a valid form. If it cannot be added, put the reason into the form and return False."""
    try:
        with transaction() as session:
            create_brand(session, content_of(form), now=utc_now(), actor=viewer.actor)
    except WrongBrand as error:
        blame(form, error)
        return False
    return True


def content_of(form: BrandForm) -> BrandContent:
    data: dict[str, Any] = dict(form.data)
    language, others = data.pop("language"), data.pop("others")
    return BrandContent(**data, languages=(language, *(one for one in others or () if one != language)))


def blame(form: BrandForm, error: WrongBrand) -> None:
    """Add the reason why the brand is wrong to the form field that the error is about."""
    field = form["language" if error.field == "languages" else error.field]
    field.errors = [_(str(error))]


def _brand_page(
    brand_id: uuid.UUID, *, form: BrandForm | None = None, problem: str = "", status: int = 200
) -> ResponseReturnValue:
    row = _find(brand_id)
    groups = {group.id: group for group in list_brand_groups(db.session())}
    shown: dict[str, Any] = {"row": row, "form": form or _form_of(row), "people": groups[brand_id].members, "problem": problem}
    return page("accounts/brand.html", status=status, **shown)


def _find(brand_id: uuid.UUID) -> BrandRow:
    try:
        return get_brand_row(db.session(), brand_id, brand_ids=[brand_id])
    except BrandMissing:
        abort(404)


def _form_of(row: BrandRow) -> BrandForm:
    values = asdict(row.content)
    language, *others = values.pop("languages")
    return with_countries(BrandForm(language=language, others=others, **values))
