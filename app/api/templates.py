"""Serve /templates: list, read, create and change reply templates."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.api.answers import Answer, answer, check_if_match, show, version_tag
from app.api.authorize import current_viewer, require
from app.api.idempotency import write
from app.api.registry import Routes
from app.api.schemas.base import IdPath
from app.api.schemas.templates import (
    TemplateChannel,
    TemplateCreate,
    TemplateListQuery,
    TemplateOut,
    TemplatePage,
    TemplateUpdate,
)
from app.core.clock import utc_now
from app.core.db import db
from app.core.keyset import Sort
from app.core.problems import FieldError, Problem, invalid
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand
from app.domain.accounts.permissions import Permission
from app.domain.reply_templates.actions import (
    BadTemplate,
    TemplateContent,
    archive_template,
    create_template,
    edit_template,
    lock_template,
    restore_template,
)
from app.domain.reply_templates.api_queries import TemplateConditions, page_templates
from app.domain.reply_templates.formatting import cleaned, own_plain, plain_of
from app.domain.reply_templates.models import ReplyTemplate
from app.domain.reply_templates.queries import TemplateRow, may_change
from app.domain.reply_templates.queries import get_template as find_template
from app.domain.reply_templates.variables import PLACE

routes = Routes("Templates")
ALL_BRANDS = "all"
MEDIUM_OF = {
    TemplateChannel.EMAIL: "email",
    TemplateChannel.WHATSAPP: "whatsapp",
    TemplateChannel.SMS: "sms",
    TemplateChannel.INTERNAL: "internal",
}
COLUMNS = {
    "template_name": "name",
    "template_category": "category",
    "message_template": "text",
    "subject_template": "subject",
    "language": "language",
    "for_visits": "for_visits",
}
FIELD_OF = {"subject": "subject_template", "text": "message_template", "html": "html_template"}
CREATE = {
    "template_name": "Visit confirmed",
    "template_category": "installation_scheduling",
    "channel_type": "email_outlook",
    "business_entity": "all",
    "subject_template": "Your visit",
    "message_template": "Dear {{contact.first_name|customer}}, we are coming on Thursday.",
    "language": "en",
}


@routes.add("get", "/templates", scope="templates:read", answers=TemplatePage)
def list_templates(query: TemplateListQuery) -> Response:
    """List templates.

    Includes templates for every brand, and templates for a brand the token's owner may see. Archived templates are included
    unless `is_active` says otherwise.
    """
    session, viewer = db.session(), current_viewer()
    keys = _brand_keys(session, viewer)
    conditions = TemplateConditions(
        category=query.template_category,
        medium=query.medium,
        language=query.language,
        brand_ids=tuple(i for i, key in keys.items() if key == query.brand) if query.brand is not None else None,
        is_active=query.is_active,
    )
    page = page_templates(
        session, viewer=viewer, conditions=conditions, sort=Sort.parse(query.sort), cursor=query.cursor, limit=query.limit
    )
    return answer(TemplatePage(items=[_template_out(r, keys) for r in page.items], next_cursor=page.next_cursor)).response()


@routes.add("get", "/templates/<uuid:id>", scope="templates:read", answers=TemplateOut, refuses=(404,))
def get_template(path: IdPath) -> Response:
    """Show one template."""
    session, viewer = db.session(), current_viewer()
    row = find_template(session, viewer=viewer, template_id=path.id)
    return show(_template_out(row, _brand_keys(session, viewer)), etag=_etag(row.template))


@routes.add("post", "/templates", scope="templates:write", answers=TemplateOut, status=201, refuses=(409,), example=CREATE)
def create_a_template(body: TemplateCreate) -> Response:
    """Add a template.

    For leads and administrators.
    """
    return write(lambda session: _create(session, current_viewer(), body))


@routes.change(
    "/templates/<uuid:id>",
    scope="templates:write",
    answers=TemplateOut,
    example={"is_active": False},
    example_of_put={"template_name": "Visit moved"},
)
def update_a_template(path: IdPath, body: TemplateUpdate) -> Response:
    """Change a template.

    For leads and administrators who see all of its brands. PUT and PATCH do the same: a field that is left out does not
    change.
    """
    return write(lambda session: _update(session, current_viewer(), path.id, body))


def _etag(template: ReplyTemplate) -> str:
    return f"{version_tag(template)}{'a' if template.archived_at else ''}"


def _create(session: Session, viewer: Viewer, body: TemplateCreate) -> Answer:
    require(Permission.TEMPLATES_MANAGE)
    keys = _brand_keys(session, viewer)
    if not body.message_template and not body.html_template:
        raise invalid("message_template", "write it, or html_template")
    html = cleaned(body.html_template)
    content = TemplateContent(
        name=" ".join(body.template_name.split()),
        category=body.template_category,
        language=body.language,
        text=_lines(body.message_template or "") or _plain_text(body.html_template),
        html=html,
        subject=" ".join(body.subject_template.split()),
        media=_media(body, ()),
        brand_ids=_brand_ids(body, keys, ()),
        for_visits=body.for_visits,
    )
    try:
        template = create_template(session, content, now=utc_now(), actor=viewer.actor)
    except BadTemplate as error:
        raise _refusal(error) from error
    return _answer(session, viewer, template.id, keys, 201)


def _update(session: Session, viewer: Viewer, template_id: uuid.UUID, body: TemplateUpdate) -> Answer:
    find_template(session, viewer=viewer, template_id=template_id)
    template, now, keys = lock_template(session, template_id), utc_now(), _brand_keys(session, viewer)
    row = find_template(session, viewer=viewer, template_id=template_id)
    check_if_match(_etag(template))
    require(Permission.TEMPLATES_MANAGE)
    if not may_change(viewer, row):
        raise Problem("forbidden", "A template is changed by who sees all its brands")
    try:
        edit_template(session, template_id, _changed(row, body, keys), now=now, actor=viewer.actor)
    except BadTemplate as error:
        raise _refusal(error) from error
    if "is_active" in body.model_fields_set:
        act = restore_template if body.is_active else archive_template
        act(session, template_id, now=now, actor=viewer.actor)
    return _answer(session, viewer, template_id, keys, 200)


def _changed(row: TemplateRow, body: TemplateUpdate, keys: dict[uuid.UUID, str]) -> TemplateContent:
    template = row.template
    values: dict[str, Any] = {column: getattr(template, column) for column in COLUMNS.values()}
    values |= {column: getattr(body, name) for name, column in COLUMNS.items() if name in body.model_fields_set}
    values |= {"name": " ".join(values["name"].split()), "subject": " ".join(values["subject"].split())}
    values["text"] = _lines(values["text"])
    values["html"] = template.html
    if "html_template" in body.model_fields_set:
        values["html"] = cleaned(body.html_template)
        was_made = template.html and not own_plain(template.text, template.html)
        if was_made and body.html_template and "message_template" not in body.model_fields_set:
            values["text"] = _plain_text(body.html_template)
    return TemplateContent(media=_media(body, template.media), brand_ids=_brand_ids(body, keys, row.brand_ids), **values)


def _plain_text(html: str) -> str:
    """Return the plain text of HTML. Raises `Problem` if the HTML has no words."""
    text = plain_of(html)
    if not text:
        raise invalid("html_template", "holds no words")
    return text


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _media(body: TemplateCreate | TemplateUpdate, former: Any) -> tuple[str, ...]:
    sent = body.model_fields_set
    if {"channel_type", "media"} <= sent:
        raise invalid("media", "says the same as channel_type: send one of them")
    if "channel_type" in sent:
        return () if body.channel_type == TemplateChannel.ANY else (MEDIUM_OF[body.channel_type],)
    return tuple(dict.fromkeys(body.media)) if "media" in sent else tuple(former)


def _brand_ids(
    body: TemplateCreate | TemplateUpdate, keys: dict[uuid.UUID, str], former: tuple[uuid.UUID, ...]
) -> tuple[uuid.UUID, ...]:
    sent, ids = body.model_fields_set, {key: brand_id for brand_id, key in keys.items()}
    if {"business_entity", "brands"} <= sent:
        raise invalid("brands", "says the same as business_entity: send one of them")
    if "brands" in sent:
        field, wanted = "brands", body.brands
    elif "business_entity" in sent:
        field, wanted = "business_entity", [] if body.business_entity == ALL_BRANDS else [body.business_entity]
    else:
        return former
    for key in wanted:
        if key not in ids:
            raise invalid(field, "there is no such brand")
    return tuple(dict.fromkeys(ids[key] for key in wanted))


def _refusal(error: BadTemplate) -> Problem:
    faults = [
        FieldError(
            FIELD_OF[name],
            f"line {p.line}: there is no variable {p.name}"
            if p.kind == "unknown"
            else f"line {p.line}: braces without their pair",
        )
        for name, p in error.problems[:50]
    ]
    return Problem("validation_failed", f"{faults[0].field}: {faults[0].message}", faults)


def _brand_keys(session: Session, viewer: Viewer) -> dict[uuid.UUID, str]:
    rows = session.execute(sa.select(Brand.id, Brand.key).where(Brand.id.in_(viewer.brand_ids)).order_by(Brand.key))
    return {row.id: row.key for row in rows}


def _answer(session: Session, viewer: Viewer, template_id: uuid.UUID, keys: dict[uuid.UUID, str], status: int) -> Answer:
    session.flush()
    row = find_template(session, viewer=viewer, template_id=template_id)
    location = f"/api/v1/templates/{template_id}" if status == 201 else None
    return answer(_template_out(row, keys), status, etag=_etag(row.template), location=location)


def _template_out(row: TemplateRow, keys: dict[uuid.UUID, str]) -> TemplateOut:
    template = row.template
    brands = sorted(keys[brand_id] for brand_id in row.brand_ids if brand_id in keys)
    used = [match[1] for text in (template.subject, template.text, template.html) for match in PLACE.finditer(text)]
    return TemplateOut(
        id=template.id,
        template_name=template.name,
        template_category=template.category,
        channel_type=_channel_type(template.media),
        media=template.media,  # type: ignore[arg-type]
        subject_template=template.subject,
        message_template=template.text,
        html_template=template.html or None,
        variables=list(dict.fromkeys(used)),
        language=template.language,  # type: ignore[arg-type]
        business_entity=ALL_BRANDS if not row.brand_ids else brands[0] if len(row.brand_ids) == 1 else None,
        brands=brands,
        for_visits=template.for_visits,
        is_active=template.archived_at is None,
        usage_count=row.uses,
        version=template.version,
        created_at=template.created_at,
        updated_at=template.updated_at,
    )


def _channel_type(media: list[str]) -> TemplateChannel | None:
    if not media:
        return TemplateChannel.ANY
    return next((channel for channel, medium in MEDIUM_OF.items() if media == [medium]), None)
