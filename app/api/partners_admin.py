"""Serve /partners: manage the partners who may post orders, and their keys. The API that partners' programs call is
`app/api/partners`."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.api.answers import Answer, answer, check_if_match, show, version_tag
from app.api.authorize import require
from app.api.brand import choose_brand_id
from app.api.idempotency import write
from app.api.registry import Routes
from app.api.schemas.base import IdPath
from app.api.schemas.partners import (
    BodyFault,
    BodyFound,
    BodyPreview,
    BodySample,
    PartnerCreate,
    PartnerKeyCreate,
    PartnerKeyOut,
    PartnerKeyPage,
    PartnerListQuery,
    PartnerOut,
    PartnerPage,
    PartnerUpdate,
)
from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.keyset import Place, Sort, cut, paged
from app.core.problems import invalid
from app.core.runtime import runtime
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand
from app.domain.accounts.permissions import Permission
from app.domain.contacts.models import Contact, ContactType
from app.domain.contacts.queries import contact_exists
from app.domain.partners import actions
from app.domain.partners.actions import NewKey, PartnerContent
from app.domain.partners.models import Partner, PartnerKey
from app.domain.partners.own_bodies import WrongBodyMapping, checked, preview
from app.domain.partners.queries import get_partner, list_keys
from app.domain.threads.api_queries import contact_in_sight

routes = Routes("Partners")


@routes.add("get", "/partners", scope="partners:read", answers=PartnerPage)
def list_the_partners(query: PartnerListQuery) -> Response:
    """List partners.

    For administrators. Limited to the brands the token's owner may see.
    """
    viewer, session, sort = require(Permission.PARTNERS_MANAGE), db.session(), Sort.parse(query.sort)
    here = sa.select(Partner).where(Partner.brand_id.in_(viewer.brand_ids))
    found = session.execute(paged(here, sort, Partner.created_at, Partner.id, cursor=query.cursor, limit=query.limit))
    page = cut(found.scalars().all(), query.limit, sort, lambda one: Place(one.created_at, one.id))
    keys = _brand_keys(session, viewer)
    items = [_out(one, keys[one.brand_id]) for one in page.items]
    return answer(PartnerPage(items=items, next_cursor=page.next_cursor)).response()


@routes.add("get", "/partners/<uuid:id>", scope="partners:read", answers=PartnerOut, refuses=(404,))
def get_a_partner(path: IdPath) -> Response:
    """Show one partner.

    For administrators.
    """
    viewer = require(Permission.PARTNERS_MANAGE)
    partner = get_partner(db.session(), path.id, brand_ids=viewer.brand_ids)
    return show(_out(partner, _brand_keys(db.session(), viewer)[partner.brand_id]), etag=version_tag(partner))


@routes.add("post", "/partners", scope="partners:write", answers=PartnerOut, status=201, example={"name": "Groendus"})
def create_a_partner(body: PartnerCreate) -> Response:
    """Add a partner.

    For administrators.
    """
    viewer = require(Permission.PARTNERS_MANAGE)
    return write(lambda session: _create(session, viewer, body))


@routes.change(
    "/partners/<uuid:id>",
    scope="partners:write",
    answers=PartnerOut,
    example={"allowed_networks": ["203.0.113.0/24"]},
    example_of_put={"calls_per_minute": 120},
)
def update_a_partner(path: IdPath, body: PartnerUpdate) -> Response:
    """Change a partner.

    For administrators. PUT and PATCH do the same: a field that is left out does not change.
    """
    viewer = require(Permission.PARTNERS_MANAGE)
    return write(lambda session: _update(session, viewer, path.id, body))


@routes.add(
    "post",
    "/partners/<uuid:id>/body-preview",
    scope="partners:read",
    answers=BodyPreview,
    refuses=(404,),
    example={"body": {"nummer": "ESS-1"}, "body_mapping": [{"path": "nummer", "field": "partner_order_id"}]},
)
def preview_a_body(path: IdPath, body: BodySample) -> Response:
    """Preview the order that a body in the partner's own shape would become.

    For administrators. Nothing is saved.
    """
    viewer = require(Permission.PARTNERS_MANAGE)
    partner = get_partner(db.session(), path.id, brand_ids=viewer.brand_ids)
    try:
        sent = [one.model_dump() for one in body.body_mapping] if "body_mapping" in body.model_fields_set else None
        rows = checked(partner.body_mapping if sent is None else sent)
    except WrongBodyMapping as error:
        raise invalid("body_mapping", str(error)) from error
    found = preview(rows, body.body)
    return answer(
        BodyPreview(
            found=[BodyFound(field=name, value=value) for name, value in found.found],
            faults=[BodyFault(field=name, message=message) for name, message in found.faults],
            unread=list(found.unread),
        )
    ).response()


@routes.add("get", "/partners/<uuid:id>/keys", scope="partners:read", answers=PartnerKeyPage, refuses=(404,))
def list_partner_keys(path: IdPath) -> Response:
    """List the keys of a partner.

    For administrators. Keys that work come first. All keys are on one page.
    """
    viewer = require(Permission.PARTNERS_MANAGE)
    partner = get_partner(db.session(), path.id, brand_ids=viewer.brand_ids)
    items = [_key_out(key) for key in list_keys(db.session(), partner.id)]
    return answer(PartnerKeyPage(items=items, next_cursor=None)).response()


@routes.add(
    "post",
    "/partners/<uuid:id>/keys",
    scope="partners:write",
    answers=PartnerKeyOut,
    status=201,
    refuses=(404,),
    example={"environment": "sandbox", "name": "Order export"},
)
def create_a_partner_key(path: IdPath, body: PartnerKeyCreate) -> Response:
    """Make a key for a partner.

    For administrators. The key and its signing secret are shown only in this answer. An `Idempotency-Key` has no effect
    here: two requests make two keys.
    """
    viewer = require(Permission.PARTNERS_MANAGE)
    with transaction() as session:
        return _create_key(session, viewer, path.id, body).response()


def _create(session: Session, viewer: Viewer, body: PartnerCreate) -> Answer:
    sent = body.model_dump(exclude={"brand"}, exclude_unset=True)
    if body.contact_id is not None:
        _check_organization(session, viewer, body.contact_id)
    content = PartnerContent(
        slug=sent.pop("slug", "") or actions.suggest_slug(body.name),
        brand_id=choose_brand_id(session, viewer=viewer, key=body.brand, owner=None, owner_name=""),
        **sent,
    )
    partner = actions.create_partner(session, content, now=utc_now(), actor=viewer.actor)
    return _answer(session, viewer, partner, 201)


def _update(session: Session, viewer: Viewer, partner_id: uuid.UUID, body: PartnerUpdate) -> Answer:
    partner, now = get_partner(session, partner_id, brand_ids=viewer.brand_ids, lock=True), utc_now()
    check_if_match(version_tag(partner))
    sent: dict[str, Any] = {name: getattr(body, name) for name in body.model_fields_set}
    if "body_mapping" in sent:
        sent["body_mapping"] = [one.model_dump() for one in body.body_mapping]
    if "is_active" in sent:
        actions.switch_partner(session, partner, active=sent.pop("is_active"), now=now, actor=viewer.actor)
    actions.change_partner(session, partner, replace(actions.content_of(partner), **sent), now=now, actor=viewer.actor)
    return _answer(session, viewer, partner, 200)


def _create_key(session: Session, viewer: Viewer, partner_id: uuid.UUID, body: PartnerKeyCreate) -> Answer:
    partner = get_partner(session, partner_id, brand_ids=viewer.brand_ids, lock=True)
    new = actions.create_key(
        session,
        partner,
        environment=body.environment,
        name=body.name,
        scopes=[scope.value for scope in body.scopes],
        requires_signature=body.requires_signature,
        keyring=runtime().keyring,
        now=utc_now(),
        actor=viewer.actor,
    )
    return answer(_key_out(new.row, new), 201, location=f"/api/v1/partners/{partner_id}/keys")


def _check_organization(session: Session, viewer: Viewer, contact_id: uuid.UUID) -> None:
    is_known = contact_exists(session, contact_id=contact_id, within=contact_in_sight(viewer))
    if not is_known or session.get_one(Contact, contact_id).contact_type != ContactType.ORGANIZATION:
        raise invalid("contact_id", "there is no such organization")


def _answer(session: Session, viewer: Viewer, partner: Partner, status: int) -> Answer:
    session.flush()
    location = f"/api/v1/partners/{partner.id}" if status == 201 else None
    out = _out(partner, _brand_keys(session, viewer)[partner.brand_id])
    return answer(out, status, etag=version_tag(partner), location=location)


def _brand_keys(session: Session, viewer: Viewer) -> dict[uuid.UUID, str]:
    rows = session.execute(sa.select(Brand.id, Brand.key).where(Brand.id.in_(viewer.brand_ids)))
    return {row.id: row.key for row in rows}


def _out(partner: Partner, brand_key: str) -> PartnerOut:
    names = [name for name in PartnerOut.model_fields if name != "brand"]
    return PartnerOut(brand=brand_key, **{name: getattr(partner, name) for name in names})


def _key_out(key: PartnerKey, new: NewKey | None = None) -> PartnerKeyOut:
    values: dict[str, Any] = {name: getattr(key, name, None) for name in PartnerKeyOut.model_fields}
    if new is not None:
        values |= {"api_key": new.text, "signing_secret": new.signing_secret}
    return PartnerKeyOut(**values)
