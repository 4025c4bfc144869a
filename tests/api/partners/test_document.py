"""The document of the partner API says what the API does."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

from flask import Flask
from jsonschema_rs import validator_for

from app.api.partners.door import SCOPE_OF, bp
from app.api.partners.errors import ADVICE
from app.core.problems import CATALOGUE
from tests.api.partners.conftest import ORDERS, Gateway
from tests.api.partners.test_guide import GUIDE


def test_the_document_is_valid_and_has_every_operation(app: Flask) -> None:
    document = json.loads(app.test_client().get("/partners/openapi.json").data)
    for name in document["components"]["schemas"]:
        validator_for({"$ref": f"#/components/schemas/{name}", "components": document["components"]})
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    served = set()
    for rule in app.url_map.iter_rules():
        if rule.endpoint in SCOPE_OF and rule.rule.startswith("/api/v1/") and "<partner>" in rule.rule:
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            served |= {(method, path) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    assert described == served
    assert all(f"`{code}`" in document["info"]["description"] for code in CATALOGUE)
    assert bp.name == "partner_api"


def test_its_examples_are_taken(gateway: Gateway) -> None:
    document = json.loads(gateway.live.client.get("/partners/openapi.json").data)
    for path in ("/api/v1/partners/{partner}/orders", "/api/v1/webhooks/partner-status/{partner}"):
        example = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["example"]
        answer = gateway.live.post(example, path.replace("{partner}", "groendus"))
        assert answer.status_code in (200, 201), answer.text
        assert "warnings" not in answer.json  # type: ignore[operator]
    assert gateway.live.client.get("/partners/docs").status_code == 200


def test_the_type_of_an_error_leads_to_its_page(gateway: Gateway) -> None:
    refused = gateway.live.get(f"{ORDERS}/NOBODY-1").get_json()
    path = urlsplit(refused["type"]).path
    assert path == "/partners/errors/not_found"
    shown = gateway.live.client.get(path)
    assert (shown.status_code, "that is yours" in shown.text) == (200, True)
    listed = gateway.live.client.get("/partners/errors").text
    assert all(f"/partners/errors/{code}" in listed for code in ADVICE)
    assert gateway.live.client.get("/partners/errors/none").status_code == 404
    rows = re.findall(r"^\| (`.*?) \|", GUIDE.split("## When something is refused")[1], re.MULTILINE)[1:]
    assert {code for row in rows for code in re.findall(r"`(.*?)`", row)} <= set(ADVICE)
