"""What a partner's people fill in a form is their order, once; the partner gets mails of it as agreed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.domain.contacts.models import ContactIdentity
from app.domain.events.actions import SYSTEM
from app.domain.events.models import Event
from app.domain.integrations.models import FormSubmission, Integration
from app.domain.orders.articles import add_article
from app.domain.orders.models import LineItem, OrderSource, OrderStatus
from app.domain.partners.actions import WrongPartner, change_partner, content_of
from app.domain.partners.models import Partner, PartnerOrder, Protocol
from app.domain.partners.move_order import move_order
from app.domain.partners.products import ProductContent, keep_product
from app.domain.partners.status_mails import mail_status
from app.domain.tasks.models import Task
from app.domain.threads.models import Thread
from app.sandbox.simulators.fillout import SHAPES, FormAccount, _shaped
from app.sandbox.simulators.notices.app import Notices
from tests.domain.integrations.conftest import FORM_KEY, NOW, Outside
from tests.domain.integrations.conftest import form as form
from tests.domain.integrations.conftest import outside as outside
from tests.domain.partners.conftest import mails
from tests.domain.partners.factories import make_partner

PATH = f"/webhooks/fillout/{FORM_KEY}"
ANSWERS: dict[str, Any] = {
    "Ordernummer": "50F-2041",
    "Naam": "Jan Janssen",
    "email": "jan@example.com",
    "phone": "06-12345678",
    "address": "Kerkstraat 123, 1234AB Amsterdam",
    "Producten": ["2 x 50F-ZAPPI-7 zappi 7 kW", "50F-ONBEKEND-1"],
    "Opmerkingen": "Achterom",
}


@pytest.fixture
def fiftyfive(outside: Outside, form: Integration) -> Partner:
    """50five, whose form it is, with an article and an address of its own."""
    session = outside.session
    settings: dict[str, Any] = {"protocol": Protocol.FORM, "form_integration_id": form.id, "mailed_states": ("new", "approved")}
    partner = make_partner(session, outside.brand, "50five", **settings)
    mail = {"kind": "email", "value": "orders@50five.example", "created_at": NOW}
    session.add(ContactIdentity(contact_id=partner.contact_id, **mail))
    article = add_article(session, brand_id=outside.brand.id, sku="MYE", name="zappi", unit_price=Decimal(900), now=NOW)
    keep_product(session, partner, ProductContent("50F-ZAPPI-7", article.id), now=NOW, actor=SYSTEM)
    session.commit()
    return partner


def fill_in(outside: Outside, shape: str = "envelope", account: FormAccount | None = None, **answers: Any) -> list[str]:
    """What became of each post so far."""
    told = {**ANSWERS, **answers}
    made = (account or FormAccount(lambda: NOW)).submit(told)
    assert outside.post(PATH, _shaped(shape, dict(made), told)).status_code == 200
    return [event.results[0]["result"] for event in outside.work()]


def rows(session: Session, model: Any) -> list[Any]:
    query = sa.select(model).order_by(model.id).execution_options(populate_existing=True)
    return list(session.execute(query).scalars())


def test_a_submission_is_an_order_of_the_partner_in_any_shape_and_once(outside: Outside, fiftyfive: Partner) -> None:
    account = FormAccount(lambda: NOW)
    made = account.submit(ANSWERS)
    for shape in (*SHAPES, "native"):
        outside.post(PATH, _shaped(shape, dict(made), ANSWERS))
    assert sorted(event.results[0]["result"] for event in outside.work()) == ["duplicate", "duplicate", "new"]
    (row,), (order,) = rows(outside.session, PartnerOrder), outside.orders()
    assert (row.partner_order_id, row.order_id, row.unmapped_skus) == ("50F-2041", order.id, ["50F-ONBEKEND-1"])
    assert (order.source, order.status, order.account_contact_id) == (
        OrderSource.PARTNER,
        OrderStatus.NEW,
        fiftyfive.contact_id,
    )
    lines = outside.session.execute(sa.select(LineItem).order_by(LineItem.position)).scalars().all()
    assert [(line.quantity, line.unit_price) for line in lines] == [(2, 900), (1, None)]
    (thread,), (message,) = rows(outside.session, Thread), outside.messages()
    assert thread.partner_contact_id == fiftyfive.contact_id
    assert "Opmerkingen: Achterom" in message.text
    assert len(rows(outside.session, Task)) == 1
    assert rows(outside.session, FormSubmission)[0].order_id == order.id


def test_the_same_number_again_makes_nothing_twice(outside: Outside, fiftyfive: Partner) -> None:
    account = FormAccount(lambda: NOW)
    fill_in(outside, account=account)
    assert fill_in(outside, account=account, phone="06-87654321") == ["new", "duplicate"]
    (row,) = rows(outside.session, PartnerOrder)
    assert row.differing["changed_fields"] == ["/customer/phone"]
    assert len(outside.orders()) == len(rows(outside.session, Thread)) == 1


def test_what_is_doubtful_is_taken_and_told(outside: Outside, fiftyfive: Partner) -> None:
    fill_in(outside, Ordernummer="", phone="bel maar", address="aan de dijk")
    (row,) = rows(outside.session, PartnerOrder)
    assert row.partner_order_id == "sub_000001"
    assert [one["field"] for one in row.warnings] == ["phone", "address", "reference"]


@pytest.mark.parametrize("missing", [{"Naam": ""}, {"Producten": []}, {"email": "", "phone": ""}])
def test_what_names_nobody_or_nothing_stays_a_request(outside: Outside, fiftyfive: Partner, missing: dict[str, Any]) -> None:
    assert fill_in(outside, **missing) == ["new"]
    (order,) = outside.orders()
    assert (order.source, order.status) == (OrderSource.FORM, OrderStatus.INTAKE_RECEIVED)
    assert rows(outside.session, PartnerOrder) == []


def test_a_form_of_nobody_stays_a_form(outside: Outside, fiftyfive: Partner) -> None:
    change_partner(outside.session, fiftyfive, replace(content_of(fiftyfive), form_integration_id=None), now=NOW, actor=SYSTEM)
    outside.session.commit()
    fill_in(outside)
    assert outside.orders()[0].external_references["reference"] == "50F-2041"
    assert rows(outside.session, PartnerOrder) == []


def test_a_form_is_of_one_partner(outside: Outside, fiftyfive: Partner) -> None:
    with pytest.raises(WrongPartner):
        make_partner(outside.session, outside.brand, "Alva", form_integration_id=fiftyfive.form_integration_id)


def test_the_partner_gets_a_mail_that_it_came_in_and_of_agreed_states_once(
    outside: Outside, fiftyfive: Partner, notices: Notices
) -> None:
    session = outside.session
    fill_in(outside)
    (row,) = rows(session, PartnerOrder)
    for status in (OrderStatus.APPROVED, OrderStatus.ON_HOLD):
        assert not move_order(session, fiftyfive, row, status, reason="Wacht", context={}, now=utc_now()).refused
    session.commit()
    due = rows_of_events(session)
    for event in (*due, *due):
        mail_status(event)
    approved, received = mails(notices)  # the newest first
    assert received["to"] == approved["to"] == "orders@50five.example"
    for words in ("50F-2041", row.order_number, "Jan Janssen", "2 × 50F-ZAPPI-7", "50F-ONBEKEND-1"):
        assert words in str(received), words
    assert "approved" in str(approved)
    assert rows(session, PartnerOrder)[0].mails == {"new": "sent", "approved": "sent"}


def test_where_nobody_reads_mails_the_order_says_so(outside: Outside, form: Integration, app_context: Flask) -> None:
    settings: dict[str, Any] = {"protocol": Protocol.FORM, "form_integration_id": form.id, "mailed_states": ("new",)}
    make_partner(outside.session, outside.brand, "50five", **settings)
    outside.session.commit()
    fill_in(outside)
    for event in rows_of_events(outside.session):
        mail_status(event)
    assert rows(outside.session, PartnerOrder)[0].mails == {"new": "impossible"}


def rows_of_events(session: Session) -> list[Event]:
    return list(session.execute(sa.select(Event).where(Event.type == "PartnerMailDue").order_by(Event.id)).scalars())
