"""Settings pages of reply templates. Leads and administrators create and change templates."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup
from wtforms.fields.choices import SelectChoice

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.accounts.queries import list_brands
from app.domain.reply_templates.actions import TemplateMovedOn, archive_template, create_template, edit_template, restore_template
from app.domain.reply_templates.formatting import marked_html, own_plain
from app.domain.reply_templates.models import ReplyTemplateVersion, TemplateCategory
from app.domain.reply_templates.queries import (
    TemplateRow,
    find_thread_by_number,
    get_facts,
    get_template,
    list_templates,
    list_versions,
    may_change,
)
from app.domain.reply_templates.variables import VARIABLES, fill, list_problems
from app.domain.reply_templates.views import category_words, date_in, example_facts
from app.domain.reply_templates.visit_texts import has_visit_templates, install_visit_texts
from app.mail.rich import rich_to_text
from app.web.accounts.session import current_viewer, require
from app.web.inbox.words import medium_words
from app.web.pages import page
from app.web.reply_templates.blueprint import bp
from app.web.reply_templates.forms import FITS, TemplateForm


@bp.get("/settings/templates")
def templates() -> ResponseReturnValue:
    """List the templates of the viewer's brands; as a fragment: `template-list`."""
    viewer, args = current_viewer(), request.args
    category = next((known for known in TemplateCategory if known.value == args.get("category")), None)
    words, archived = args.get("q", "").strip()[:200], args.get("archived") == "1"
    rows = list_templates(db.session(), viewer=viewer, category=category, words=words, archived=archived)
    chosen: dict[str, Any] = {"words": words, "category": category, "archived": archived, "categories": list(TemplateCategory)}
    chosen["lacks_visit_texts"] = viewer.may(Permission.TEMPLATES_MANAGE) and not has_visit_templates(db.session())
    return page("reply_templates/list.html", blocks=("template_list",), rows=rows, **chosen)


@bp.post("/settings/templates/visit-texts")
def add_visit_texts() -> ResponseReturnValue:
    """Add the ready-made texts for technicians' visits, if there are none yet. Leads can change them afterwards."""
    require(Permission.TEMPLATES_MANAGE)
    with transaction() as session:
        install_visit_texts(session, now=utc_now())
    flash(_("Technicians can now use these texts during visits. Edit the texts as you like."))
    return redirect(url_for("reply_templates.templates", q="Visit:"), 303)


@bp.get("/settings/templates/new")
def new_template() -> ResponseReturnValue:
    """Show an empty editor."""
    viewer = require(Permission.TEMPLATES_MANAGE)
    form = _with_choices(TemplateForm(language=viewer.locale), viewer)
    return _editor(form)


@bp.post("/settings/templates")
def add_template() -> ResponseReturnValue:
    """Save a new template. If the button `preview` was pressed, only show the form again with a preview."""
    viewer = require(Permission.TEMPLATES_MANAGE)
    form = _with_choices(TemplateForm(request.form), viewer)
    if "preview" in request.form:
        return _editor(form)
    if not form.validate():
        return _editor(form, status=422)
    with transaction() as session:
        template = create_template(session, form.content(), now=utc_now(), actor=viewer.actor)
    flash(_("Saved."))
    return redirect(url_for("reply_templates.template", template_id=template.id), 303)


@bp.get("/settings/templates/<uuid:template_id>")
def template(template_id: uuid.UUID) -> ResponseReturnValue:
    """Show one template with its versions; `version` puts an earlier one into the editor."""
    viewer = current_viewer()
    row = get_template(db.session(), viewer=viewer, template_id=template_id)
    form = _with_choices(_form_of(row), viewer)
    earlier = request.args.get("version", "")
    if earlier.isdigit() and may_change(viewer, row):
        _fill_from_version(form, row, int(earlier))
    return _editor(form, row=row)


@bp.post("/settings/templates/<uuid:template_id>")
def save_template(template_id: uuid.UUID) -> ResponseReturnValue:
    """Save a new version of a template. Answers 409 and keeps the typed text if somebody else saved a version meanwhile.

    If the button `preview` was pressed, only show the form again with a preview.
    """
    viewer, row = _changeable(template_id)
    form = _with_choices(TemplateForm(request.form), viewer)
    _keep_formatting(form, row)
    if "preview" in request.form:
        return _editor(form, row=row)
    if not form.validate():
        return _editor(form, row=row, status=422)
    try:
        with transaction() as session:
            edit_template(session, template_id, form.content(), now=utc_now(), actor=viewer.actor, if_version=_version_seen())
    except TemplateMovedOn:
        return _editor(form, row=get_template(db.session(), viewer=viewer, template_id=template_id), moved_on=True, status=409)
    flash(_("Saved."))
    return redirect(url_for("reply_templates.template", template_id=template_id), 303)


@bp.post("/settings/templates/<uuid:template_id>/archiving")
def archive(template_id: uuid.UUID) -> ResponseReturnValue:
    """Archive a template: it is not offered any more."""
    viewer, _row = _changeable(template_id)
    with transaction() as session:
        archive_template(session, template_id, now=utc_now(), actor=viewer.actor)
    flash(_("The template is archived. You can no longer choose it; messages sent with it are kept."))
    return redirect(url_for("reply_templates.templates"), 303)


@bp.post("/settings/templates/<uuid:template_id>/restoring")
def restore(template_id: uuid.UUID) -> ResponseReturnValue:
    """Restore an archived template."""
    viewer, _row = _changeable(template_id)
    with transaction() as session:
        restore_template(session, template_id, now=utc_now(), actor=viewer.actor)
    flash(_("The template is restored: you can choose it again."))
    return redirect(url_for("reply_templates.template", template_id=template_id), 303)


@bp.post("/settings/templates/preview")
def preview() -> ResponseReturnValue:
    """Render the fragment beside the editor: the template being written, with its variables filled in."""
    viewer = current_viewer()
    form = _with_choices(TemplateForm(request.form), viewer)
    return render_template("reply_templates/preview.html", preview=_preview(form, viewer))


def _changeable(template_id: uuid.UUID) -> tuple[Viewer, TemplateRow]:
    viewer = require(Permission.TEMPLATES_MANAGE)
    row = get_template(db.session(), viewer=viewer, template_id=template_id)
    if not may_change(viewer, row):
        abort(403)
    return viewer, row


def _version_seen() -> int | None:
    seen = request.form.get("version", "")
    return int(seen) if seen.isdigit() and len(seen) < 10 else None


def _form_of(row: TemplateRow) -> TemplateForm:
    fields = {
        name: getattr(row.template, name) for name in ("name", "language", "media", "for_visits", "subject", "text", "html")
    }
    form = TemplateForm(category=row.template.category.value, brands=list(row.brand_ids), **fields)
    _split_plain(form)
    return form


def _split_plain(form: TemplateForm) -> None:
    """Set the editor's text from the template's HTML. Set the field `plain` if the stored plain version differs from it."""
    html = form.html.data or ""
    form.plain.data = own_plain(form.text.data or "", html)
    if html:
        form.text.data = rich_to_text(html)


def _keep_formatting(form: TemplateForm, row: TemplateRow) -> None:
    """Keep the stored HTML if a browser without scripts sent none and the words are unchanged."""
    if "html" not in request.form and row.template.html and form.text.data == rich_to_text(row.template.html):
        form.html.data = row.template.html


def _fill_from_version(form: TemplateForm, row: TemplateRow, version: int) -> None:
    kept = db.session.get(ReplyTemplateVersion, (row.template.id, version))
    if kept is not None:
        for name in ("name", "category", "language", "media", "subject", "text"):
            form[name].data = kept.content[name]
        form.html.data, form.for_visits.data = kept.content.get("html", ""), kept.content.get("for_visits", False)
        _split_plain(form)
        form.brands.data = [uuid.UUID(brand_id) for brand_id in kept.content["brand_ids"]]


def _with_choices(form: TemplateForm, viewer: Viewer) -> TemplateForm:
    mine = [brand for brand in list_brands(db.session()) if brand.id in viewer.brand_ids]
    form.brands.choices = [SelectChoice(brand.id, brand.name) for brand in mine]
    form.category.choices = [SelectChoice(category.value, category_words(category)) for category in TemplateCategory]
    form.media.choices = [SelectChoice(medium.value, medium_words(medium.value)) for medium in FITS]
    return form


def _editor(
    form: TemplateForm, *, row: TemplateRow | None = None, moved_on: bool = False, status: int = 200
) -> ResponseReturnValue:
    viewer = current_viewer()
    context: dict[str, Any] = {
        "form": form,
        "row": row,
        "moved_on": moved_on,
        "may_change": viewer.may(Permission.TEMPLATES_MANAGE) if row is None else may_change(viewer, row),
        "versions": list_versions(db.session(), row.template.id) if row else [],
        "variables": VARIABLES,
        "preview": _preview(form, viewer),
    }
    return page("reply_templates/edit.html", status=status, **context)


def _preview(form: TemplateForm, viewer: Viewer) -> dict[str, Any]:
    """Return the template context of the preview: `subject`, `text` and `html` filled in, and the `problems` found.

    `thread`: the thread whose values are used. It is None if example values are used.
    """
    session, language = db.session(), form.language.data or "en"
    number = (form.thread.data or "").lstrip("#")
    thread = find_thread_by_number(session, viewer=viewer, number=int(number)) if number.isdigit() and len(number) < 18 else None
    facts = get_facts(session, thread=thread, viewer=viewer, now=utc_now()) if thread else example_facts(language, utc_now())
    values = {"date.today": date_in(language, utc_now()), **facts}
    subject, html, text = form.subject.data or "", form.formatted, form.plain_text
    problems = [("subject", problem) for problem in list_problems(subject)] + [("text", p) for p in list_problems(text)]
    return {
        "subject": fill(subject, values),
        "text": fill(text, values),
        "html": Markup(marked_html(html, values)) if html else "",  # noqa: S704  cleaned, see there
        "problems": problems,
        "thread": thread,
        "not_found": bool(number) and thread is None,
    }
