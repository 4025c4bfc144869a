"""Serve the documents of a partner's order: reports of its visits, and their photos."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote

from flask import Response

from app.api.partners.door import json_answer, operation
from app.api.partners.orders import ORDERS
from app.api.partners.reads import ONE, find_own
from app.core.clock import utc_now
from app.core.db import db
from app.core.problems import Problem
from app.core.runtime import runtime
from app.core.storage import FileMissing
from app.domain.field.order_documents import OrderDocument, list_order_documents, read_order_document
from app.domain.partners.models import PartnerOrder, Scope

ALL = tuple(f"{path}/documents" for path in ONE)
GONE = "There is no such document of this order"


@operation("GET", *ALL, scope=Scope.ORDERS_READ)
def list_documents(partner_order_id: str, partner: str = "") -> Response:
    """List every report and photo of an order. The list of a sandbox order is empty."""
    items = [_told(partner, partner_order_id, one) for one in _documents(find_own(partner_order_id))]
    return json_answer({"success": True, "data": {"items": items}})


@operation("GET", *(f"{path}/<uuid:document_id>" for path in ALL), scope=Scope.ORDERS_READ)
def get_document(partner_order_id: str, document_id: uuid.UUID, partner: str = "") -> Response:
    """Download one document of an order. The browser saves the file and never shows it in our origin. Raises `Problem` if there
    is none."""
    found = next((one for one in _documents(find_own(partner_order_id)) if one.id == document_id), None)
    if found is None:
        raise Problem("not_found", GONE)
    try:
        content = read_order_document(db.session(), found, storage=runtime().storage, now=utc_now())
    except FileMissing as error:
        raise Problem("not_found", GONE) from error
    response = Response(content, mimetype="application/octet-stream")
    response.headers["Content-Disposition"] = f'attachment; filename="{found.name}"'
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _documents(row: PartnerOrder) -> list[OrderDocument]:
    return list_order_documents(db.session(), row.order_id) if row.order_id else []


def _told(partner: str, number: str, one: OrderDocument) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "kind": one.kind.value,
        "label": one.label,
        "name": one.name,
        "content_type": one.content_type,
        "created_at": one.created_at.isoformat().replace("+00:00", "Z"),
        "url": f"{ORDERS[0].replace('<partner>', partner)}/{quote(number, safe='')}/documents/{one.id}",
    }
