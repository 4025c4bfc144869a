"""Serve /brands: list, read, create and change brands."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.api.answers import Answer, answer, check_if_match, content_tag, show
from app.api.authorize import current_viewer, require
from app.api.idempotency import write
from app.api.registry import Routes
from app.api.schemas.base import IdPath
from app.api.schemas.brands import BrandCreate, BrandListQuery, BrandOut, BrandPage, BrandUpdate
from app.core.clock import utc_now
from app.core.db import db
from app.core.keyset import Place, Sort, cut, paged
from app.domain.accounts.models import Brand
from app.domain.accounts.permissions import Permission
from app.domain.brands import actions
from app.domain.brands.queries import BrandContent, BrandRow, get_brand_row, list_brand_rows

routes = Routes("Brands")


@routes.add("get", "/brands", scope="brands:read", answers=BrandPage)
def list_brands(query: BrandListQuery) -> Response:
    """List brands.

    Limited to those the token's owner may see; archived ones are included.
    """
    session, sort = db.session(), Sort.parse(query.sort)
    here = sa.select(Brand).where(Brand.id.in_(current_viewer().brand_ids))
    found = session.execute(paged(here, sort, Brand.name, Brand.id, cursor=query.cursor, limit=query.limit, kind=str))
    page = cut(found.scalars().all(), query.limit, sort, lambda brand: Place(brand.name, brand.id))
    rows = {row.brand.id: row for row in list_brand_rows(session, [brand.id for brand in page.items])}
    return answer(BrandPage(items=[_out(rows[b.id]) for b in page.items], next_cursor=page.next_cursor)).response()


@routes.add("get", "/brands/<uuid:id>", scope="brands:read", answers=BrandOut, refuses=(404,))
def get_brand(path: IdPath) -> Response:
    """Show one brand."""
    return show(_out(get_brand_row(db.session(), path.id, brand_ids=current_viewer().brand_ids)))


@routes.add(
    "post", "/brands", scope="brands:write", answers=BrandOut, status=201, refuses=(409,), example={"name": "Thuisbatterij Plus"}
)
def create_a_brand(body: BrandCreate) -> Response:
    """Add a brand.

    For administrators.
    """
    require(Permission.BRANDS_MANAGE)
    return write(lambda session: _create(session, body))


@routes.change(
    "/brands/<uuid:id>",
    scope="brands:write",
    answers=BrandOut,
    example={"name": "Thuisbatterij"},
    example_of_put={"email_signature": "Met vriendelijke groet,\nTeam Thuisbatterij"},
)
def update_a_brand(path: IdPath, body: BrandUpdate) -> Response:
    """Change a brand.

    For administrators. PUT and PATCH do the same: a field that is left out does not change.
    """
    return write(lambda session: _update(session, path.id, body))


def _create(session: Session, body: BrandCreate) -> Answer:
    content = replace(BrandContent(body.name), **_values(body.model_dump(exclude_unset=True)))
    brand = actions.create_brand(session, content, now=utc_now(), actor=current_viewer().actor)
    return _answer(session, brand.id, 201)


def _update(session: Session, brand_id: uuid.UUID, body: BrandUpdate) -> Answer:
    viewer, now, sent = current_viewer(), utc_now(), body.model_dump(exclude_unset=True)
    session.get(Brand, brand_id, with_for_update=True)
    row = get_brand_row(session, brand_id, brand_ids=viewer.brand_ids)
    require(Permission.BRANDS_MANAGE)
    check_if_match(content_tag(_out(row)))
    archived = sent.pop("is_archived", None)
    if sent:
        actions.change_brand(session, brand_id, replace(row.content, **_values(sent)), now=now, actor=viewer.actor)
    if archived is not None:
        move = actions.archive_brand if archived else actions.restore_brand
        move(session, brand_id, now=now, actor=viewer.actor)
    return _answer(session, brand_id, 200)


def _values(sent: dict[str, Any]) -> dict[str, Any]:
    values = {("hue" if name == "colour" else name): value for name, value in sent.items()}
    return values | ({"languages": tuple(values["languages"])} if "languages" in values else {})


def _answer(session: Session, brand_id: uuid.UUID, status: int) -> Answer:
    session.flush()
    body = _out(list_brand_rows(session, [brand_id])[0])
    location = f"/api/v1/brands/{brand_id}" if status == 201 else None
    return answer(body, status, etag=content_tag(body), location=location)


def _out(row: BrandRow) -> BrandOut:
    brand, content = row.brand, row.content
    return BrandOut(
        id=brand.id,
        key=brand.key,
        name=content.name,
        order_prefix=content.order_prefix,
        colour=content.hue,
        languages=list(content.languages),
        timezone=content.timezone,
        country=content.country,
        email_signature=content.email_signature,
        is_archived=brand.archived_at is not None,
        archived_at=brand.archived_at,
    )
