"""Groendus, a partner of Alice's brand, with a live and a sandbox key; Essent is another partner of it."""

from __future__ import annotations

import copy
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.runtime import runtime
from app.domain.orders.models import Order
from app.domain.partners.actions import NewKey
from app.domain.partners.models import Environment, Partner, PartnerCall, PartnerOrder
from app.domain.partners.signature import SignedRequest, sign
from tests.api.conftest import World
from tests.domain.partners.factories import WORKFLOW_BODY, make_partner, make_partner_key

ORDERS = "/api/v1/partners/groendus/orders"


@dataclass
class Program:
    """A partner's program with a key."""

    client: FlaskClient
    key: NewKey

    def call(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any) -> TestResponse:
        sent = {"Authorization": f"Bearer {self.key.text}", **(headers or {})}
        return self.client.open(path, method=method, headers=sent, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.call("GET", path, **options)

    def post(self, body: Any, path: str = ORDERS, **options: Any) -> TestResponse:
        return self.call("POST", path, json=body, **options)

    def signed(self, path: str, body: bytes = b"", *, method: str = "POST", **changed: str) -> TestResponse:
        """A signed request; `changed` are headers (without X-) that are sent instead of the right ones."""
        parts = urlsplit(path)
        request = SignedRequest(method, parts.path, parts.query, str(int(time.time())), secrets.token_hex(16), body)
        right = {"Timestamp": request.timestamp, "Nonce": request.nonce}
        told = {**right, **{k: v for k, v in changed.items() if k in right}}
        request = SignedRequest(method, parts.path, parts.query, told["Timestamp"], told["Nonce"], body)
        told["Signature"] = changed.get("Signature", sign(request, self.key.signing_secret))
        headers = {f"X-{name}": value for name, value in told.items() if value}
        return self.call(method, path, data=body, content_type="application/json", headers=headers)


@dataclass
class Gateway:
    """The partner API from outside, and what is in the database."""

    session: Session
    partner: Partner
    other: Partner
    live: Program
    sandbox: Program

    def rows(self, model: Any) -> list[Any]:
        query = sa.select(model).order_by(model.id).execution_options(populate_existing=True)
        return list(self.session.execute(query).scalars())

    def orders(self) -> list[Order]:
        return self.rows(Order)

    def rows_of_orders(self) -> list[PartnerOrder]:
        return self.rows(PartnerOrder)

    def partner_order(self) -> PartnerOrder:
        (row,) = self.rows(PartnerOrder)
        return row  # type: ignore[no-any-return]

    def last_call(self) -> PartnerCall:
        return self.rows(PartnerCall)[-1]  # type: ignore[no-any-return]


def body(**more: Any) -> dict[str, Any]:
    """An order as the workflow document has it."""
    return {**copy.deepcopy(WORKFLOW_BODY), **more}


@pytest.fixture
def gateway(app: Flask, client: FlaskClient, db_session: Session, world: World) -> Gateway:
    with app.app_context():
        keyring = runtime().keyring
    partner, other = make_partner(db_session, world.brand), make_partner(db_session, world.brand, "Essent")
    live = make_partner_key(db_session, partner, keyring)
    sandbox = make_partner_key(db_session, partner, keyring, Environment.SANDBOX)
    db_session.commit()
    return Gateway(db_session, partner, other, Program(client, live), Program(client, sandbox))
