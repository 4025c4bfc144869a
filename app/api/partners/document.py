"""Build the OpenAPI 3.1 document of the partner API, callbacks included, from the schemas of the bodies that the API accepts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.api.partners.config import ConfigSent
from app.api.partners.reads import CancelSent
from app.api.partners.shapes import OrderSent, OwnBody
from app.api.partners.status_in import StatusSent
from app.core.problems import CATALOGUE, MEDIA_TYPE
from app.domain.partners.models import Scope

REFERENCE = "#/components/schemas/{model}"
ALWAYS = (400, 401, 403, 404, 429, 503)
ROOT = "/api/v1/partners/{partner}/orders"
DOCUMENTS = f"{ROOT}/{{partner_order_id}}/documents"
FILE = "File"  # an answer that is no JSON
INTRODUCTION = """\
Post orders, follow them, be told of every change.

**Keys.** `Authorization: Bearer <key>`, or `X-API-Key`. A key begins with `swp_test_` (sandbox: orders stand apart, nobody is
written to, numbers begin with `TEST-`) or `swp_live_`. Ask your contact at our side for both.

**Once for each number.** Posting the same `partner_order_id` again answers 200 with the first answer's `data` and
`duplicate: true`. With other content the order stays as it is; the answer says `payload_differs` and names the fields.

**Unknown fields** are kept with the order and named in `warnings`; a number that has no article of ours is listed in
`unmapped_skus`, and the order is taken all the same.

**Signed requests** (your choice, or a key that takes nothing else): `X-Timestamp` (Unix seconds, at most 300 off), `X-Nonce`
(16 to 64 letters, figures, `-`, `_`; each once) and `X-Signature: v1=<hex>` with
`HMAC-SHA256(signing secret, "v1" LF METHOD LF raw path LF raw query LF timestamp LF nonce LF hex(SHA-256(body)))`.

**Limits** are told in `RateLimit-Policy` and `RateLimit`; past them the answer is 429 with `Retry-After`. The state of an order
may be asked for once a minute; the list with `updated_since` tells of all that changed.

**Callbacks** are signed as Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature`), with
`X-ChargeCars-Signature` and `X-ChargeCars-Event` beside them. Answer 2xx within 15 seconds; otherwise we try again after one and
after two more minutes, and keep it to be sent again.

**Errors** are `application/problem+json` (RFC 9457) with a `code`:

| code | status | meaning |
|---|---|---|
{codes}
"""
SUPPORT = """
**Questions.** {support}. Say the `X-Request-Id` of the answer.
"""


@dataclass(frozen=True)
class Described:
    """One operation of the OpenAPI document: its method, path, scope, body and answer."""

    method: str
    path: str
    name: str
    scope: Scope
    summary: str
    body: type[BaseModel] | None = None
    example: Mapping[str, Any] | None = None
    answers: str = "State"
    status: int = 200


EXAMPLE_ORDER = {
    "partner_order_id": "GRO-123456",
    "customer": {
        "name": "Jan Jansen",
        "email": "jan@example.nl",
        "phone": "+31612345678",
        "address": {"street": "Kerkstraat", "house_number": "12", "postal_code": "1234AB", "city": "Amsterdam"},
    },
    "products": [{"partner_sku": "GRO-ALFEN-11", "quantity": 1, "description": "Wallbox 11 kW"}],
    "installation_preferences": {"preferred_date": "2026-12-01", "notes": "Side door"},
    "partner_references": {"purchase_order": "PO-2026-001"},
}
OPERATIONS = (
    Described("post", ROOT, "postOrder", Scope.ORDERS_WRITE, "Post an order", OrderSent, EXAMPLE_ORDER, "Received", 201),
    Described(
        "post",
        "/api/v1/webhooks/partner-orders/{partner}",
        "postOwnBody",
        Scope.ORDERS_WRITE,
        "Post an order in your own shape, by the mapping agreed with you",
        OwnBody,
        {"order": {"number": "ESS-1"}},
        "Received",
        201,
    ),
    Described("get", ROOT, "listOrders", Scope.ORDERS_READ, "List orders in the order of their change", answers="StatePage"),
    Described("get", f"{ROOT}/{{partner_order_id}}", "getOrder", Scope.ORDERS_READ, "Show an order"),
    Described("get", f"{ROOT}/{{partner_order_id}}/status", "getOrderStatus", Scope.ORDERS_READ, "Poll the state of an order"),
    Described("get", DOCUMENTS, "listDocuments", Scope.ORDERS_READ, "List reports and photos of an order", answers="Documents"),
    Described("get", f"{DOCUMENTS}/{{document_id}}", "getDocument", Scope.ORDERS_READ, "Save one of them", answers=FILE),
    Described(
        "post",
        f"{ROOT}/{{partner_order_id}}/cancel",
        "cancelOrder",
        Scope.ORDERS_WRITE,
        "Cancel an order",
        CancelSent,
        {"reason": "The customer moved"},
    ),
    Described(
        "post",
        "/api/v1/webhooks/partner-status/{partner}",
        "reportStatus",
        Scope.STATUS_WRITE,
        "Tell us a state in your word",
        StatusSent,
        {"partner_order_id": "GRO-123456", "status": "IN_PROGRESS", "timestamp": "2026-12-01T08:30:00Z"},
        "Reported",
    ),
    Described(
        "post",
        "/api/v1/partners/{partner}/integration-config",
        "configure",
        Scope.CONFIG_WRITE,
        "Say where you are told, and your words for states",
        ConfigSent,
        {"webhook_url": "https://partner.example/hooks", "webhook_events": ["order_created", "status_changed"]},
        "Config",
    ),
)
_TEXT, _TIME = {"type": "string"}, {"type": "string", "format": "date-time"}
_STATE = {
    "partner_order_id": _TEXT,
    "chargecars_order_id": _TEXT,
    "chargecars_order_uuid": {"type": "string", "format": "uuid"},
    "status": {"type": "string", "description": "Our word"},
    "partner_status": {"type": ["string", "null"], "description": "Yours, where there is one"},
    "sequence": {"type": "integer", "description": "One more with each change"},
    "created_at": _TIME,
    "updated_at": _TIME,
}
_DOCUMENT = {
    "id": {"type": "string", "format": "uuid"},
    "kind": {"enum": ["visit_report", "photo"]},
    "label": {"type": "string", "description": "Of a photo: before, after, fuse_box, charger, nameplate, obstacle, other"},
    "name": _TEXT,
    "content_type": _TEXT,
    "created_at": _TIME,
    "url": _TEXT,
}
_RECEIVED = {
    "chargecars_order_id": _TEXT,
    "chargecars_order_uuid": {"type": "string", "format": "uuid"},
    "status": {"const": "received"},
    "estimated_processing_time": {"const": "24-48 hours"},
}


def build_document(version: str, *, support: str = "") -> dict[str, Any]:
    """Return the OpenAPI document as it is served. `support` is the contact for a partner's engineers; "" leaves out that
    section."""
    told = INTRODUCTION + (SUPPORT if support else "")
    codes = "\n".join(f"| `{code}` | {status} | {title} |" for code, (status, title) in CATALOGUE.items())
    paths: dict[str, Any] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Switchyard partner API", "version": version, "description": told.format(codes=codes, support=support)},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"key": []}],
        "paths": paths,
        "webhooks": {"statusChanged": {"post": _callback()}},
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
    }


def _operation(one: Described) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.summary,
        "description": f"Scope `{one.scope.value}`.",
        "parameters": _parameters(one),
        "responses": {str(one.status): _answer(one.answers), **{str(code): _refusal(code) for code in ALWAYS}},
    }
    if one.status == 201:
        described["responses"]["200"] = {**_answer(one.answers), "description": "The order has been posted before"}
        link = {"operationId": "getOrderStatus", "parameters": {"partner_order_id": "$request.body#/partner_order_id"}}
        described["responses"]["201"]["links"] = {"status": link}
    if one.name == "getOrderStatus":
        described["responses"]["304"] = {"description": "Not changed since"}
    if one.body is not None:
        content = {"schema": {"$ref": REFERENCE.format(model=one.body.__name__)}, "example": dict(one.example or {})}
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
        described["responses"] |= {str(code): _refusal(code) for code in (413, 415, 422)}
    elif one.answers == "StatePage":
        described["responses"]["422"] = _refusal(422)
    if one.name in ("cancelOrder", "postOwnBody"):
        described["responses"]["409"] = _refusal(409)
    return described


def _parameters(one: Described) -> list[dict[str, Any]]:
    names = [name for name in ("partner", "partner_order_id") if f"{{{name}}}" in one.path]
    found: list[dict[str, Any]] = [{"name": name, "in": "path", "required": True, "schema": _TEXT} for name in names]
    if "{document_id}" in one.path:
        found.append({"name": "document_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}})
    if one.name == "listOrders":
        asked = {
            "updated_since": _TIME,
            "cursor": _TEXT,
            "limit": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
        }
        found += [{"name": name, "in": "query", "required": False, "schema": schema} for name, schema in asked.items()]
    if one.name == "getOrderStatus":
        found.append({"name": "If-None-Match", "in": "header", "required": False, "schema": _TEXT})
    return found


def _answer(name: str) -> dict[str, Any]:
    headers = {"RateLimit": {"schema": _TEXT}, "X-Request-Id": {"schema": _TEXT}}
    content: dict[str, Any] = {"application/json": {"schema": {"$ref": REFERENCE.format(model=f"{name}Answer")}}}
    if name == FILE:
        content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    return {"description": "Done", "headers": headers, "content": content}


def _refusal(status: int) -> dict[str, Any]:
    codes = [f"`{code}`" for code, (of, _title) in CATALOGUE.items() if of == status]
    schema = {"$ref": REFERENCE.format(model="Problem")}
    return {"description": ", ".join(codes), "content": {MEDIA_TYPE: {"schema": schema}}}


def _callback() -> dict[str, Any]:
    return {
        "operationId": "statusChanged",
        "summary": "We tell you of an order that came in, or of a state it got",
        "requestBody": {"content": {"application/json": {"schema": {"$ref": REFERENCE.format(model="Callback")}}}},
        "responses": {"2XX": {"description": "You have it"}},
    }


def _schemas() -> dict[str, Any]:
    models = [(one.body, "validation") for one in OPERATIONS if one.body is not None]
    _, made = models_json_schema(models, ref_template=REFERENCE)  # type: ignore[arg-type]
    own = {
        "Problem": _object({"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT, "code": _TEXT}),
        "StateAnswer": _envelope(_object(_STATE)),
        "StatePageAnswer": _envelope(
            _object({"items": {"type": "array", "items": _object(_STATE)}, "next_cursor": {"type": ["string", "null"]}})
        ),
        "DocumentsAnswer": _envelope(_object({"items": {"type": "array", "items": _object(_DOCUMENT)}})),
        "ReceivedAnswer": _envelope(_object(_RECEIVED)),
        "ReportedAnswer": _envelope(
            _object({"chargecars_order_id": _TEXT, "outcome": {"enum": ["applied", "unchanged", "skipped"]}})
        ),
        "ConfigAnswer": _envelope(_object({"partner_id": _TEXT})),
        "Callback": _object(
            {"event": _TEXT, "timestamp": _TIME, "order_id": _TEXT, "partner_order_id": _TEXT, "sequence": {"type": "integer"}}
        ),
    }
    return {**made["$defs"], **own}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(properties), "additionalProperties": True}


def _envelope(data: Mapping[str, Any]) -> dict[str, Any]:
    return _object({"success": {"const": True}, "data": dict(data)})
