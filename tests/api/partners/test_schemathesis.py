"""The partner API against its own document: good and bad requests made from it are answered as it says.

Bounded: a few examples for each operation, always the same ones.
"""

from __future__ import annotations

from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from tests.api.partners.conftest import Gateway
from tests.support.full import amount

CHECKS = (
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
)
BOUNDED = settings(
    max_examples=amount(4, full=100), deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
OURS = ("authorization", "x-api-key", "accept-encoding")  # it says it reads gzip, but in the process it reads what comes as it is


def test_answers_are_as_described(shared_app: Flask, gateway: Gateway) -> None:
    schema: Any = schemathesis.openapi.from_wsgi("/partners/openapi.json", shared_app)
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) >= 7
    for operation in operations:
        _try(operation, gateway)


def _try(operation: Any, gateway: Gateway) -> None:
    @BOUNDED
    @given(case=st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode)))
    def answers_as_described(case: Any) -> None:
        kept = {name: value for name, value in dict(case.headers or {}).items() if name.lower() not in OURS}
        case.headers = {**kept, "Authorization": f"Bearer {gateway.live.key.text}", "Accept-Encoding": "identity"}
        if "partner" in (case.path_parameters or {}):
            case.path_parameters = {**case.path_parameters, "partner": gateway.partner.slug}
        case.validate_response(case.call(), checks=CHECKS)

    answers_as_described()
