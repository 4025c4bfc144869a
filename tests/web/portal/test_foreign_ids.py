"""No address of the portal or the partner API shows or changes anything of another partner: each is asked with the ids of another
one in every place that takes one, in the address and in the body, and is answered where they are one's own.

An address without a row here fails, and so does an id for which nothing foreign is known.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.core.db import Base
from app.core.ids import new_id
from app.domain.events.actions import SYSTEM
from app.domain.orders.models import Order
from app.domain.partners.models import Environment
from app.domain.partners.people import add_partner_person
from app.domain.partners.take_order import take_order
from app.domain.webhooks.models import WebhookDelivery, WebhookEndpoint
from tests.api.partners.conftest import Program, body
from tests.domain.partners.test_own_bodies import BODY, ROWS
from tests.support.signing_in import csrf_token
from tests.web.portal.conftest import House, Side, make_document, order_of

PLACE = re.compile(r"<(?:\w+:)?(\w+)>")
FREE = {"environment", "new"}  # what is no id of something that is there
SANDBOX, LIVE = Environment.SANDBOX, Environment.LIVE
Ids = dict[str, str]


@dataclass(frozen=True)
class Row:
    """What is sent to an address, with places for ids, and how it is answered where they are one's own; with others': 404."""

    method: str
    path: str
    status: int = 200
    sent: Mapping[str, Any] = field(default_factory=dict)
    for_dealers: bool = False

    def places(self) -> list[str]:
        return [name for name in dict.fromkeys(PLACE.findall(f"{self.path} {self.sent}")) if name not in FREE]

    def filled(self, ids: Ids) -> tuple[str, dict[str, Any]]:
        """The address and what is sent."""
        path = PLACE.sub(lambda match: quote(ids[match[1]]), self.path)
        return path, json.loads(PLACE.sub(lambda match: ids[match[1]], json.dumps(self.sent)))


ENDPOINT = "/portal/endpoints/<uuid:endpoint_id>"
PORTAL = (
    Row("GET", "/portal", for_dealers=True),
    Row("GET", "/portal/orders", for_dealers=True),
    Row("GET", "/portal/orders/<uuid:row_id>"),
    Row("POST", "/portal/orders/<uuid:row_id>/status", 303, {"status": "approved"}),
    Row("GET", "/portal/callbacks"),
    Row("POST", "/portal/callbacks/<environment>", 303, {"url": "https://groendus.example/other"}),
    Row("POST", "/portal/callbacks/<environment>/secret"),
    Row("POST", f"{ENDPOINT}/test", 303),
    Row("POST", f"{ENDPOINT}/activity", 303),
    Row("GET", f"{ENDPOINT}/deliveries"),
    Row("GET", f"{ENDPOINT}/deliveries/<uuid:delivery_id>"),
    Row("POST", f"{ENDPOINT}/deliveries/<uuid:delivery_id>/retry", 303),
    Row("GET", f"{ENDPOINT}/replay"),
    Row("POST", f"{ENDPOINT}/replay", 303, {"what": "all", "hours": "24"}),
    Row("GET", "/portal/agreement"),
    Row("POST", "/portal/agreement/<uuid:agreement_id>/acceptance", 303),
    Row("GET", "/portal/keys"),
    Row("POST", "/portal/keys", 200, {"scopes": "orders:read"}),
    Row("POST", "/portal/keys/<uuid:partner_key_id>/rotation"),
    Row("POST", "/portal/keys/<uuid:partner_key_id>/revocation", 303),
    Row("GET", "/portal/calls"),
    Row("GET", "/portal/statements", for_dealers=True),
    Row("GET", "/portal/statements.csv", for_dealers=True),
)
ONE = "/orders/<path:partner_order_id>"
OWN_BODY = {**BODY, "opdracht": {"nummer": "<new>"}}
TOLD = {"partner_order_id": "<partner_order_id>", "status": "CONFIRMED"}
API = (
    *(
        row
        for base in ("/api/v1/partners/<partner>", "/partners/<partner>")
        for row in (
            Row("POST", f"{base}/orders", 201, body(partner_order_id="<new>")),
            Row("GET", f"{base}/orders"),
            Row("GET", f"{base}{ONE}"),
            Row("GET", f"{base}{ONE}/status"),
            Row("POST", f"{base}{ONE}/cancel"),
            Row("GET", f"{base}{ONE}/documents"),
            Row("GET", f"{base}{ONE}/documents/<uuid:document_id>"),
            Row("POST", f"{base}/integration-config", 200, {"integration_name": "Groendus ERP"}),
        )
    ),
    Row("GET", f"/api/v1{ONE}/status"),
    Row("GET", f"{ONE}/status"),
    Row("POST", "/api/v1/webhooks/partner-status/<partner>", 200, TOLD),
    Row("POST", "/webhooks/partner-status/<partner>", 200, TOLD),
    *(Row("POST", f"{base}/webhooks/partner-orders/<partner>", 201, OWN_BODY) for base in ("/api/v1", "")),
)


def test_no_page_of_the_portal_shows_or_changes_anything_of_another_partner(house: House, app: Flask) -> None:
    assert {(row.method, row.path) for row in PORTAL} == routes(app, "portal")
    foreign, before = foreign_ids(house), state(house.desk.session, house.theirs)
    walk(house, PORTAL, foreign, lambda row, ids: open_page(house, row, ids))
    assert state(house.desk.session, house.theirs) == before


def test_a_dealer_sees_nothing_of_its_partner(house: House) -> None:
    ours, who = house.ours, {"now": utc_now(), "actor": SYSTEM, "dealer_id": house.ours.dealer_id}
    house.desk.as_user(add_partner_person(house.desk.session, ours.partner, email="w@west.example", name="Wes", **who))  # type: ignore[arg-type]
    house.desk.session.commit()
    ids, before = own_ids(house), state(house.desk.session, ours)
    for row in PORTAL:
        answer = open_page(house, row, ids)
        assert (answer.status_code == 200) if row.for_dealers else (answer.status_code in (403, 404)), row
        assert "Klant Groendus" not in answer.text, row
    assert state(house.desk.session, ours) == before


def test_no_call_shows_or_changes_anything_of_another_partner(house: House, app: Flask) -> None:
    assert {(row.method, row.path) for row in API} == routes(app, "partner_api")
    house.ours.partner.body_mapping = ROWS
    house.desk.session.commit()
    theirs = Program(house.desk.client.plain, house.theirs.keys[LIVE]).get("/api/v1/partners/eneco/orders?limit=1").json
    foreign, before = foreign_ids(house), state(house.desk.session, house.theirs)
    program = Program(house.desk.client.plain, house.ours.keys[LIVE])

    def call(row: Row, ids: Ids) -> TestResponse:
        path, sent = row.filled(ids)
        return program.call(row.method, path, json=sent if row.method == "POST" else None)

    walk(house, API, foreign, call)
    listed = program.get("/api/v1/partners/groendus/orders", query_string={"cursor": theirs["data"]["next_cursor"]})  # type: ignore[index]
    assert listed.status_code == 200
    assert "Eneco" not in listed.text
    assert state(house.desk.session, house.theirs) == before


def test_an_order_that_names_what_is_anothers_has_nothing_of_it(house: House) -> None:
    """Its number is another order, its dealer is nobody."""
    session, theirs = house.desk.session, house.theirs
    before = state(session, theirs)
    sent = body(partner_order_id=theirs.live.partner_order_id, dealer_group_id="ENECO_WEST")
    answer = Program(house.desk.client.plain, house.ours.keys[LIVE]).post(sent)
    assert answer.status_code == 201
    made = session.get_one(Order, uuid.UUID(answer.json["data"]["chargecars_order_uuid"]))  # type: ignore[index]
    assert made.id != theirs.live.order_id
    assert theirs.dealer_id not in made.channel_contact_ids
    assert state(session, theirs) == before


def walk(house: House, rows: tuple[Row, ...], foreign: dict[str, list[str]], send: Callable[[Row, Ids], TestResponse]) -> None:
    """Each row with every foreign id in each of its places, one at a time; then with one's own."""
    for row in rows:
        own = own_ids(house)
        for place in row.places():
            unknown = send(row, {**own, place: foreign[place][0]})
            for value in foreign[place]:
                answer = send(row, {**own, place: value})
                assert answer.status_code == 404, (row, place, value, answer.status_code)
                assert told(answer) == told(unknown), (row, place, value)
        answer = send(row, own)
        assert answer.status_code == row.status, (row, answer.status_code, answer.data)
        assert b"eneco" not in answer.data.lower(), row


def told(answer: TestResponse) -> object:
    """What an answer says, but for its number."""
    return {**answer.json, "instance": ""} if answer.is_json and answer.json else answer.status_code


def open_page(house: House, row: Row, ids: Ids) -> TestResponse:
    client = house.desk.client.plain
    path, sent = row.filled(ids)
    data = {"csrf_token": csrf_token(client), **sent} if row.method == "POST" else None
    return client.open(path, method=row.method, data=data)


def own_ids(house: House) -> Ids:
    """Things of one's own; an order that nobody has asked for yet."""
    ours, number = house.ours, str(new_id())
    row = take_order(house.desk.session, ours.partner, LIVE, order_of(ours.partner, number), now=utc_now()).row
    document_id = make_document(house, row)
    house.desk.session.commit()
    return {
        "environment": SANDBOX.value,
        "new": f"NEW-{number}",
        "partner": ours.partner.slug,
        "partner_order_id": row.partner_order_id,
        "document_id": str(document_id),
        "row_id": str(ours.trial.id),
        "endpoint_id": str(ours.endpoints[SANDBOX].id),
        "delivery_id": str(ours.deliveries[SANDBOX].id),
        "partner_key_id": str(ours.keys[SANDBOX].row.id),
        "agreement_id": str(ours.agreement.id),
    }


def foreign_ids(house: House) -> dict[str, list[str]]:
    """By place: first what nobody has, then what is another partner's, and what is one's own elsewhere."""
    ours, theirs, nobody = house.ours, house.theirs, str(new_id())
    of_orders = [(row.id, row.order_id, row.partner_order_id, row.order_number) for row in (theirs.live, theirs.trial)]
    numbers = [str(one) for row in of_orders for one in row if one]
    return {
        "partner": [nobody, theirs.partner.slug, theirs.partner.slug.upper(), str(theirs.partner.id)],
        "partner_order_id": [nobody, *numbers, ours.trial.partner_order_id],
        "document_id": [nobody, *(str(make_document(house, side.live)) for side in (theirs, ours))],
        "row_id": [nobody, str(theirs.live.id), str(theirs.trial.id), str(theirs.live.order_id), str(ours.live.order_id)],
        "endpoint_id": [nobody, *(str(one.id) for one in theirs.endpoints.values())],
        "delivery_id": [nobody, *(str(one.id) for one in theirs.deliveries.values()), str(ours.deliveries[LIVE].id)],
        "agreement_id": [nobody, str(theirs.agreement.id)],
        "partner_key_id": [nobody, *(str(key.row.id) for key in theirs.keys.values())],
    }


def routes(app: Flask, blueprint: str) -> set[tuple[str, str]]:
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.partition(".")[0] == blueprint]
    return {(method, rule.rule) for rule in rules for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}


def state(session: Session, side: Side) -> list[tuple[object, ...]]:
    """Every row of a partner in any table."""
    tables = [mapper.local_table for mapper in Base.registry.mappers if "partner_id" in mapper.local_table.c]
    queries = [sa.select(table).where(table.c.partner_id == side.partner.id) for table in tables]
    owned = WebhookEndpoint.owner_id == side.partner.id
    deliveries = sa.select(WebhookDelivery.__table__).join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
    queries += [sa.select(WebhookEndpoint.__table__).where(owned), deliveries.where(owned)]
    queries.append(sa.select(Order.__table__).where(Order.account_contact_id == side.partner.contact_id))
    return sorted((tuple(row) for query in queries for row in session.execute(query)), key=str)
