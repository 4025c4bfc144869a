"""Read reply templates for the API, filtered and paged. Limited to what the viewer may see."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.keyset import Place, Sort, cut, paged
from app.core.paging import Page
from app.domain.accounts.access import Viewer
from app.domain.reply_templates.models import ReplyTemplate, TemplateCategory
from app.domain.reply_templates.queries import TemplateRow, for_brands, template_row, template_rows


@dataclass(frozen=True)
class TemplateConditions:
    """The filters of a list of templates. None means no filter.

    `medium` and `brand_ids` also match templates for any medium or every brand.
    """

    category: TemplateCategory | None = None
    medium: str | None = None
    language: str | None = None
    brand_ids: tuple[uuid.UUID, ...] | None = None
    is_active: bool | None = None


def page_templates(
    session: Session, *, viewer: Viewer, conditions: TemplateConditions, sort: Sort, cursor: str | None = None, limit: int = 50
) -> Page[TemplateRow]:
    """Return a page of templates. `sort.field` must be created_at. One query. Raises `BadCursor`."""
    query = template_rows(viewer).where(*_conditions(conditions))
    query = paged(query, sort, ReplyTemplate.created_at, ReplyTemplate.id, cursor=cursor, limit=limit)
    rows = [template_row(record) for record in session.execute(query)]
    return cut(rows, limit, sort, lambda row: Place(row.template.created_at, row.template.id))


def _conditions(wanted: TemplateConditions) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if wanted.category is not None:
        conditions.append(ReplyTemplate.category == wanted.category)
    if wanted.language is not None:
        conditions.append(ReplyTemplate.language == wanted.language)
    if wanted.medium is not None:
        fits = sa.or_(ReplyTemplate.media == [], ReplyTemplate.media.contains([wanted.medium]))
        conditions.append(fits)
    if wanted.brand_ids is not None:
        conditions.append(for_brands(wanted.brand_ids))
    if wanted.is_active is not None:
        archived = ReplyTemplate.archived_at
        conditions.append(archived.is_(None) if wanted.is_active else archived.is_not(None))
    return conditions
