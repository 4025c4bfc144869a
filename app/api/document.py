"""Build the OpenAPI 3.1 document: the framework's document, completed with security, headers, examples and error responses.

The schemas are generated again from the pydantic models, because the framework drops the keywords it does not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_type_hints

from flask_openapi3.openapi import OpenAPI
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from app.api.registry import ALIAS, CANONICAL, Operation
from app.api.schemas.base import ProblemDetails
from app.api.schemas.messages import MovedOnBody
from app.core.problems import CATALOGUE, MEDIA_TYPE, OF_PARTNERS
from app.domain.accounts.tokens import SCOPES

REFERENCE = "#/components/schemas/{model}"
OURS = {code: of for code, of in CATALOGUE.items() if code not in OF_PARTNERS}
ALWAYS = (401, 403, 429, 503)
TOKEN = "token"  # noqa: S105 the name of a scheme
DESCRIPTION = """\
One inbox for every channel: threads, messages, contacts, and what they refer to.

**Signing in.** `Authorization: Bearer <token>`. A token acts as its user and never sees more; `flask --app wsgi tokens create
EMAIL --name NAME` makes one. Scopes: {scopes}.

**Lists** answer `{{"items": […], "next_cursor": …}}`. Send `next_cursor` as `cursor` for the next page; filters are named as
the fields.

**Single objects** carry an `ETag`. Send it as `If-Match` with a change and nothing is changed if somebody was quicker (412);
send it as `If-None-Match` and an unchanged object costs nothing (304).

**Writes** take an `Idempotency-Key`: the same key and body again are answered with the first answer, and done once. Keys are
kept for two days.

**Limits** count the calls of a token and of an address. `RateLimit` and `RateLimit-Policy` say how many are left of how many;
past them the answer is 429 with `Retry-After`, and nothing was done.

**Errors** are `application/problem+json` (RFC 9457) with a `code`; 422 lists `errors` by field.

Every address works under `/api/v1/` and, for the first version, under `/api/` too.

| code | status | meaning |
|---|---|---|
{codes}
"""


def build_document(app: OpenAPI, operations: Sequence[Operation]) -> dict[str, Any]:
    """Return the OpenAPI document as it is served."""
    document: dict[str, Any] = {**app.api_doc}
    document["info"] = {"title": "Switchyard API", "version": app.info.version, "description": _description()}
    document["servers"] = [{"url": "/"}]
    document["tags"] = [{"name": name} for name in dict.fromkeys(o.tag for o in operations)]
    document["components"] = {"schemas": _schemas(operations), "securitySchemes": _security()}
    document["security"] = [{TOKEN: []}]
    paths = document["paths"] = dict(document["paths"])
    for operation in operations:
        address = operation.address
        described = paths[f"{CANONICAL}{address}"][operation.method]
        _complete(described, operation)
        twin = {**described, "operationId": f"{operation.name}_api"}
        paths[f"{ALIAS}{address}"] = {**paths.get(f"{ALIAS}{address}", {}), operation.method: twin}
    return document


def _description() -> str:
    codes = "\n".join(f"| `{code}` | {status} | {title} |" for code, (status, title) in OURS.items())
    return DESCRIPTION.format(scopes=", ".join(f"`{scope}`" for scope in SCOPES), codes=codes)


def _security() -> dict[str, Any]:
    return {TOKEN: {"type": "http", "scheme": "bearer", "description": "A token made for a user, with scopes"}}


def _schemas(operations: Sequence[Operation]) -> dict[str, Any]:
    """Return all JSON schemas except those of query parameters, by the name that the framework uses in references."""
    _, made = models_json_schema(list(dict.fromkeys(_models(operations))), ref_template=REFERENCE)
    shapes: dict[str, Any] = made["$defs"]
    return {name: shapes[name] for name in sorted(shapes) if not name.endswith("Query")}


def _models(operations: Sequence[Operation]) -> Iterator[tuple[type[BaseModel], JsonSchemaMode]]:
    yield ProblemDetails, "validation"
    yield MovedOnBody, "serialization"
    for operation in operations:
        if operation.answers is not None:
            yield operation.answers, "serialization"
        for name in ("body", "form", "query"):
            model = _annotation(operation, name)
            if model is not None:
                yield model, "validation"


def _annotation(operation: Operation, name: str) -> type[BaseModel] | None:
    model: type[BaseModel] | None = get_type_hints(operation.view).get(name)
    return model


def _complete(described: dict[str, Any], operation: Operation) -> None:
    """Add security, headers, examples and every error response to `described`, the description of one operation."""
    described["security"] = [{TOKEN: []}]
    described["description"] = f"{described.get('description', '').replace('<br/>', ' ').strip()}\n\nScope `{operation.scope}`."
    described["parameters"] = [*_without_nulls(described.get("parameters", [])), *_header_parameters(operation)]
    described["responses"] = {str(operation.status): _success(operation), **_refusals(operation)}
    if not described["parameters"]:
        del described["parameters"]
    if operation.example:
        described["requestBody"]["content"]["application/json"]["example"] = dict(operation.example)


def _without_nulls(parameters: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Remove null from the schemas of query parameters and return the new list: a parameter is sent or left out, never null."""
    plain = []
    for parameter in parameters:
        schema = {k: v for k, v in parameter["schema"].items() if not (k == "default" and v is None)}
        choices = [choice for choice in schema.get("anyOf", []) if choice != {"type": "null"}]
        if len(choices) == 1:
            schema = {**{k: v for k, v in schema.items() if k != "anyOf"}, **choices[0]}
        elif choices:
            schema["anyOf"] = choices
        plain.append({**parameter, "schema": schema})
    return plain


def _header_parameters(operation: Operation) -> list[dict[str, Any]]:
    headers = []
    if operation.is_write:
        key = {"type": "string", "pattern": r"^[\x21-\x7e]{1,200}$"}
        headers.append(_header("Idempotency-Key", key, "The same key and body again are done once"))
    if operation.method in ("put", "patch"):
        headers.append(_header("If-Match", {"type": "string"}, "The `ETag` you read: change only that state"))
    if operation.method == "get" and not operation.is_list and operation.answers is not None:
        headers.append(_header("If-None-Match", {"type": "string"}, "The `ETag` you have: 304 if it is still that"))
    return headers


def _header(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "schema": schema, "description": description}


def _success(operation: Operation) -> dict[str, Any]:
    if operation.answers is None:
        return {"description": "The file", "content": {kind: {"schema": {"type": "string"}} for kind in operation.files}}
    reference = {"$ref": REFERENCE.format(model=operation.answers.__name__)}
    found: dict[str, Any] = {
        "description": "A page of the list" if operation.is_list else "The object",
        "content": {"application/json": {"schema": reference}},
    }
    if not operation.is_list:
        found["headers"] = _success_headers(operation)
    return found


def _success_headers(operation: Operation) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if operation.takes != "form":
        headers["ETag"] = {"schema": {"type": "string"}, "description": "Which state this is"}
    if operation.method == "post":
        headers["Location"] = {"schema": {"type": "string"}, "description": "Where the object is"}
    if operation.is_write:
        description = "`true` if this is the stored answer of an earlier request"
        headers["Idempotent-Replayed"] = {"schema": {"type": "string"}, "required": False, "description": description}
    return headers


def _refusals(operation: Operation) -> dict[str, Any]:
    statuses = {*ALWAYS, *operation.refuses}
    if operation.is_write:
        statuses |= {400, 409, 422}  # its Idempotency-Key: malformed, being served, used for another request
    if operation.takes:
        statuses |= {413, 415}
    if operation.is_list or operation.rule == "/search":
        statuses.add(422)
    conditional = operation.method == "get" and not operation.is_list and operation.answers is not None
    unchanged = {"304": {"description": "Not changed since"}} if conditional else {}
    return {**unchanged, **{str(status): _refusal(operation, status) for status in sorted(statuses)}}


def _refusal(operation: Operation, status: int) -> dict[str, Any]:
    codes = [code for code, (code_status, _) in OURS.items() if code_status == status]
    schema: dict[str, Any] = {"$ref": REFERENCE.format(model="ProblemDetails")}
    if status == 409 and operation.view.__name__ == "send_message":
        schema = {"anyOf": [{"allOf": [schema, {"$ref": REFERENCE.format(model="MovedOnBody")}]}, schema]}
    else:
        codes = [code for code in codes if code != "thread_moved_on"]
    described: dict[str, Any] = {
        "description": f"{CATALOGUE[codes[0]][1]} ({', '.join(f'`{code}`' for code in codes)})",
        "content": {MEDIA_TYPE: {"schema": schema}},
    }
    if status == 401:
        described["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    if status in (429, 503):
        described["headers"] = {"Retry-After": {"schema": {"type": "string"}}}
    return described
