"""The OpenAPI document: it is one, it tells of every operation, and the API does what it says."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema_rs import validator_for

from app.api.routes import OPERATIONS


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    return answer.get_json()


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(references(member) for member in value.values()))
    return set().union(*(references(member) for member in value)) if isinstance(value, list) else set()


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    assert {r.removeprefix("#/components/schemas/") for r in references(document)} <= document["components"]["schemas"].keys()


def test_every_shape_is_json_schema(document: dict[str, Any]) -> None:
    for name in document["components"]["schemas"]:
        validator_for({"$ref": f"#/components/schemas/{name}", "components": document["components"]})


def test_every_operation_is_told_under_both_prefixes_with_security_and_refusals(app: Flask, document: dict[str, Any]) -> None:
    api_rules = {r.rule for r in app.url_map.iter_rules() if r.endpoint.split(".")[0] in ("api", "api_v1")}
    assert {re.sub(r"<uuid:(\w+)>", r"{\1}", rule) for rule in api_rules} == document["paths"].keys()
    names = [described["operationId"] for path in document["paths"].values() for described in path.values()]
    assert len(names) == len(set(names)) == 2 * len(OPERATIONS)
    for path in document["paths"].values():
        for described in path.values():
            assert described["security"] == [{"token": []}]
            assert described["summary"]
            assert {"401", "403", "503"} <= described["responses"].keys()


def test_every_example_is_valid(document: dict[str, Any]) -> None:
    for operation in OPERATIONS:
        described = document["paths"]["/api/v1" + operation.address][operation.method]
        for content in described.get("requestBody", {}).get("content", {}).values():
            if "example" in content:
                validator_for({**content["schema"], "components": document["components"]}).validate(content["example"])


def test_the_docs_page_needs_no_other_host(client: FlaskClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert "http" not in page.text.replace("<!doctype html>", "")
    for path in ("css/swagger-ui.css", "js/swagger-ui-bundle.js"):
        assert f"/docs/assets/{path}" in page.text
        with client.get(f"/docs/assets/{path}") as file:
            assert file.status_code == 200
    assert client.get("/docs/assets/../../__init__.py").status_code == 404
