"""The API against its own document: requests made from the shapes, good and bad; the answers must be as described.

Bounded: a few examples per operation, always the same ones. More: raise EXAMPLES.
"""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from app.api.registry import Operation
from app.api.routes import OPERATIONS
from tests.api.conftest import Caller, World
from tests.support.full import amount

EXAMPLES = amount(2, full=12)
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
BOUNDED = settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
CHECKS = (
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
)


@pytest.fixture(scope="module")
def schema(shared_app: Flask) -> Any:
    return schemathesis.openapi.from_wsgi("/openapi.json", shared_app)


def test_the_document_is_openapi_3_1(schema: Any) -> None:
    assert schema.raw_schema["openapi"].startswith("3.1")
    schema.validate()


@pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.name for operation in OPERATIONS])
def test_answers_are_as_described(schema: Any, alice: Caller, world: World, operation: Operation) -> None:
    described = schema["/api/v1" + operation.address][operation.method.upper()]
    real: dict[str, Any] = {
        "Threads": world.thread,
        "Messages": world.message,
        "Contacts": world.contact,
        "Channels": world.channel,
    }
    real |= {"Tasks": world.task, "Templates": world.template, "External": world.mailing}
    known = str(getattr(real.get(operation.tag, world.bob), "id"))  # noqa: B009

    @BOUNDED
    @given(
        case=st.one_of(*(described.as_strategy(generation_mode=mode) for mode in MODES)),
        use_known=st.booleans(),
    )
    def check(case: Any, use_known: bool) -> None:
        if use_known and case.path_parameters:
            case.path_parameters["id"] = known
        case.headers = {k: v for k, v in (case.headers or {}).items() if k.lower() != "authorization"}
        # Schemathesis says it reads gzip, as requests does, but called in the process it reads what comes as it is.
        headers = {"Authorization": f"Bearer {alice.token}", "Accept-Encoding": "identity"}
        case.call_and_validate(headers=headers, checks=CHECKS)

    check()
