"""Settings pages of macros. Leads and administrators create and change macros."""

from __future__ import annotations

import uuid
from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.translation import gettext as _
from app.domain.accounts.permissions import Permission
from app.domain.accounts.queries import list_brands
from app.domain.threads.macro_models import Macro
from app.domain.threads.macros import (
    MACROS_AT_MOST,
    TooManyMacros,
    change_macro,
    create_macro,
    delete_macro,
    get_macro,
    list_macros,
    steps_of,
)
from app.web.accounts.session import current_viewer, require
from app.web.inbox.blueprint import bp
from app.web.inbox.macro_form import MacroForm, choices, empty_form, form_of, read_form
from app.web.inbox.macro_words import names_in, step_words
from app.web.pages import page


@bp.get("/settings/macros")
def macros() -> ResponseReturnValue:
    """Show the macros that the viewer may run, each with its steps."""
    session, viewer = db.session(), current_viewer()
    found = list_macros(session, viewer=viewer)
    names = names_in(session, [steps_of(macro) for macro in found])
    brands: dict[uuid.UUID | None, str] = {brand.id: brand.name for brand in list_brands(session)}
    rows = [(macro, step_words(steps_of(macro), names), brands.get(macro.brand_id)) for macro in found]
    return page("inbox/macro_settings/list.html", rows=rows)


@bp.get("/settings/macros/new")
def new_macro() -> ResponseReturnValue:
    require(Permission.MACROS_MANAGE)
    return _editor(empty_form())


@bp.post("/settings/macros")
def add_macro() -> ResponseReturnValue:
    """Save a new macro."""
    viewer = require(Permission.MACROS_MANAGE)
    form = read_form(viewer)
    if not form.errors:
        try:
            with transaction() as session:
                content = {"name": form.values["name"], "brand_id": form.brand_id}
                create_macro(session, **content, steps=form.steps, viewer=viewer, now=utc_now())  # type: ignore[arg-type]
        except TooManyMacros:
            form.errors["name"] = _("There are %(count)s macros already; delete one first.", count=MACROS_AT_MOST)
    if form.errors:
        return _editor(form, status=422)
    flash(_("Saved."))
    return redirect(url_for("inbox.macros"), 303)


@bp.get("/settings/macros/<uuid:macro_id>")
def edit_macro(macro_id: uuid.UUID) -> ResponseReturnValue:
    macro = _changeable(macro_id)
    return _editor(form_of(macro), macro=macro)


@bp.post("/settings/macros/<uuid:macro_id>")
def save_macro(macro_id: uuid.UUID) -> ResponseReturnValue:
    """Change a macro."""
    viewer, macro = require(Permission.MACROS_MANAGE), _changeable(macro_id)
    form = read_form(viewer)
    if form.errors:
        return _editor(form, macro=macro, status=422)
    with transaction() as session:
        content = {"name": form.values["name"], "brand_id": form.brand_id}
        change_macro(session, macro, **content, steps=form.steps, viewer=viewer, now=utc_now())  # type: ignore[arg-type]
    flash(_("Saved."))
    return redirect(url_for("inbox.macros"), 303)


@bp.post("/settings/macros/<uuid:macro_id>/deletion")
def remove_macro(macro_id: uuid.UUID) -> ResponseReturnValue:
    """Delete a macro, after its form asked for confirmation. Changes that the macro made to threads stay."""
    macro = _changeable(macro_id)
    name = macro.name
    with transaction() as session:
        delete_macro(session, macro, viewer=current_viewer(), now=utc_now())
    flash(_("%(name)s is deleted.", name=name))
    return redirect(url_for("inbox.macros"), 303)


def _changeable(macro_id: uuid.UUID) -> Macro:
    """Return a macro that the viewer may change. Raises MacroMissing. Aborts with 403 if the viewer lacks the permission."""
    return get_macro(db.session(), viewer=require(Permission.MACROS_MANAGE), macro_id=macro_id)


def _editor(form: MacroForm, *, macro: Macro | None = None, status: int = 200) -> Response:
    action = url_for("inbox.save_macro", macro_id=macro.id) if macro else url_for("inbox.add_macro")
    context: dict[str, Any] = {
        "form": form,
        "macro": macro,
        "action": action,
        "choices": choices(db.session(), current_viewer(), form),
    }
    return page("inbox/macro_settings/edit.html", status=status, **context)
