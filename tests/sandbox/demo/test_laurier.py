"""Domaine Laurier beside ChargeCars: Quebec's taxes to the cent, its holidays, and walls between the two companies."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date
from fractions import Fraction

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import db
from app.core.runtime import runtime
from app.domain.accounts.access import Viewer, viewer_of
from app.domain.accounts.models import Brand, Role, User
from app.domain.accounts.queries import list_teams
from app.domain.appointments.models import Appointment
from app.domain.brands.queries import rules_of
from app.domain.contacts.models import Contact
from app.domain.orders.models import LineItem, Order, OrderStatus, OrderTaxTotal, PaymentState
from app.domain.orders.payments import balance_of, list_payments
from app.domain.orders.queries import OrderMissing, get_order
from app.domain.reply_templates.queries import list_templates
from app.domain.reply_templates.visit_texts import USUAL
from app.domain.sla.public_holidays import name_of
from app.domain.sla.queries import list_calendars
from app.domain.tasks.models import Task
from app.domain.threads.macros import list_macros
from app.domain.threads.models import Attachment, Thread, ThreadStatus
from app.domain.threads.queries import ThreadMissing, get_thread
from app.domain.transitions.models import Transition
from app.sandbox.demo.company import DemoCompany
from app.sandbox.demo.laurier import BRANDS, LAURIER
from app.sandbox.demo.macros import MACROS
from app.sandbox.demo.people import CHARGECARS
from tests.support.signing_in import sign_in

# What each order of theirs comes to, worked out by hand: net, TPS, TVQ, with tax.
WORKED = {
    ("1639.75", "77.39", "154.39", "1871.53"),
    ("1287.60", "64.38", "128.44", "1480.42"),
    ("449.00", "22.45", "44.79", "516.24"),
    ("327.45", "16.37", "32.66", "376.48"),
    ("494.38", "24.72", "49.31", "568.41"),
    ("1325.78", "66.29", "132.25", "1524.32"),
    ("185.00", "9.25", "18.45", "212.70"),
    ("507.63", "20.78", "41.46", "569.87"),
    ("277.45", "13.87", "27.68", "319.00"),
}


@pytest.fixture
def session(demo_app: Flask, loadings: list[Result]) -> Iterator[Session]:
    with demo_app.app_context():
        yield db.session()


@pytest.fixture
def brand_ids(session: Session) -> list[uuid.UUID]:
    keys = [brand.key for brand in BRANDS]
    return list(session.execute(sa.select(Brand.id).where(Brand.key.in_(keys)).order_by(Brand.key)).scalars())


@pytest.fixture
def orders(session: Session, brand_ids: list[uuid.UUID]) -> list[Order]:
    return list(session.execute(sa.select(Order).where(Order.brand_id.in_(brand_ids)).order_by(Order.order_number)).scalars())


def cents(amount: Fraction) -> Fraction:
    """Half a cent goes up."""
    return Fraction((amount * 100 + Fraction(1, 2)).__floor__(), 100)


def reckon(lines: list[LineItem], discount: Fraction) -> tuple[Fraction, Fraction, Fraction]:
    """Net, TPS and TVQ in fractions: no code of the application is asked. A discount is on orders with one rate alone."""
    amounts = [(cents(Fraction(line.quantity) * Fraction(line.unit_price or 0)), line.tax_code) for line in lines]
    taxed = sum((amount for amount, code in amounts if code == "qc"), Fraction(0)) - discount
    free = sum((amount for amount, code in amounts if code == "qc_exempt"), Fraction(0))
    return taxed + free, cents(taxed * 5 / 100), cents(taxed * 9975 / 100_000)


def test_every_order_is_right_to_the_cent_with_tps_and_tvq(session: Session, orders: list[Order]) -> None:
    assert len(orders) == 12
    for order in orders:
        lines = list(session.execute(sa.select(LineItem).where(LineItem.order_id == order.id)).scalars())
        net, tps, tvq = reckon(lines, Fraction(order.discount_amount))
        rows = session.execute(sa.select(OrderTaxTotal).where(OrderTaxTotal.order_id == order.id)).scalars().all()
        told = {part: sum((Fraction(row.tax) for row in rows if row.part == part), Fraction(0)) for part in ("TPS", "TVQ")}
        assert order.currency == "CAD"
        assert (Fraction(order.net_total or 0), told) == (net, {"TPS": tps, "TVQ": tvq}), order.order_number
        assert Fraction(order.gross_total or 0) == net + tps + tvq, order.order_number


def test_the_orders_come_to_what_was_worked_out_by_hand(session: Session, orders: list[Order]) -> None:
    found = set()
    for order in orders:
        rows = session.execute(sa.select(OrderTaxTotal).where(OrderTaxTotal.order_id == order.id)).scalars().all()
        tps, tvq = (str(sum(row.tax for row in rows if row.part == part)) for part in ("TPS", "TVQ"))
        found.add((str(order.net_total), tps, tvq, str(order.gross_total)))
    assert found == WORKED


def test_what_was_paid_is_what_was_asked_and_a_refund_gives_all_of_it_back(session: Session, orders: list[Order]) -> None:
    paid = {order.id: list_payments(session, order.id) for order in orders}
    balances = {order.id: balance_of(order, paid[order.id]) for order in orders}
    done = [order for order in orders if order.status is OrderStatus.COMPLETED]
    assert done
    assert all(balances[order.id].open == 0 for order in done)
    assert any(one.state is PaymentState.FAILED for payments in paid.values() for one in payments)
    cancelled = [order for order in orders if order.status is OrderStatus.CANCELLED]
    assert [(len(paid[order.id]), balances[order.id].paid) for order in cancelled] == [(2, 0)]


def test_the_orders_were_walked_and_have_numbers_of_their_own(session: Session, orders: list[Order]) -> None:
    prefixes = {brand.prefix for brand in BRANDS}
    assert {order.order_number.partition("-")[0] for order in orders} == prefixes
    assert len({order.status for order in orders}) >= 7
    walked = sa.select(Transition.entity_id).where(Transition.entity_id.in_([order.id for order in orders]))
    assert set(session.execute(walked).scalars()) == {order.id for order in orders}


def test_its_brands_keep_the_holidays_and_the_time_of_quebec(session: Session, brand_ids: list[uuid.UUID]) -> None:
    calendars = list_calendars(session)
    places = {(rules.zone, rules.country, rules.region) for rules in (rules_of(brand, calendars) for brand in brand_ids)}
    assert places == {("America/Toronto", "CA", "QC")}
    assert name_of("CA", "QC", date(2026, 6, 24), locale="fr")  # Fête nationale, a day of Quebec alone
    languages = set(session.execute(sa.select(Brand.languages).where(Brand.id.in_(brand_ids))).scalars().all()[0])
    assert languages == {"fr"}


def test_its_threads_are_french_some_of_them_late_some_resolved_and_one_with_a_photo(
    session: Session, brand_ids: list[uuid.UUID]
) -> None:
    threads = session.execute(sa.select(Thread).where(Thread.brand_id.in_(brand_ids))).scalars().all()
    assert len(threads) == len(LAURIER.stories)
    assert {thread.medium for thread in threads} == {"email", "whatsapp", "sms"}
    assert {ThreadStatus.OPEN, ThreadStatus.ESCALATED, ThreadStatus.RESOLVED} <= {thread.status for thread in threads}
    assert sum(thread.response_due_at is not None and thread.response_due_at < utc_now() for thread in threads) >= 2
    writers = sa.select(Contact.language).where(Contact.id.in_({thread.contact_id for thread in threads}))
    languages = list(session.execute(writers).scalars())
    assert (languages.count("en"), set(languages)) == (1, {"en", "fr"})
    photos = session.execute(sa.select(Attachment).where(Attachment.thread_id.in_({t.id for t in threads}))).scalars().all()
    assert [photo.filename for photo in photos] == ["plafond.jpg"]
    with runtime().storage.open(photos[0].storage_key or "") as file:
        assert file.read(3) == b"\xff\xd8\xff"


def test_its_technician_has_visits_to_come_and_its_people_tasks(session: Session, brand_ids: list[uuid.UUID]) -> None:
    visits = sa.select(User.email, Appointment.zone).join(Appointment, Appointment.technician_user_id == User.id)
    found = session.execute(visits.where(Appointment.brand_id.in_(brand_ids))).all()
    assert {tuple(row) for row in found} == {("marc-andre@laurier.example", "America/Toronto")}
    assert len(found) >= len(LAURIER.visits.planned)
    tasks = session.execute(sa.select(sa.func.count()).select_from(Task).where(Task.brand_id.in_(brand_ids))).scalar_one()
    assert tasks >= len(LAURIER.tasks)


def sees_thread(session: Session, viewer: Viewer, thread_id: uuid.UUID) -> bool:
    try:
        get_thread(session, viewer=viewer, thread_id=thread_id)
    except ThreadMissing:
        return False
    return True


def sees_order(session: Session, viewer: Viewer, order_id: uuid.UUID) -> bool:
    try:
        get_order(session, viewer=viewer, order_id=order_id)
    except OrderMissing:
        return False
    return True


@pytest.mark.parametrize("company", [CHARGECARS, LAURIER], ids=lambda company: company.name)
def test_nobody_but_the_administrator_sees_what_is_the_other_companys(session: Session, company: DemoCompany) -> None:
    key_of = {row.id: row.key for row in session.execute(sa.select(Brand.id, Brand.key))}
    ours = {brand.key for brand in company.brands}
    threads = {key_of[row[0]]: row[1] for row in session.execute(sa.select(Thread.brand_id, Thread.id))}
    orders = {key_of[row[0]]: row[1] for row in session.execute(sa.select(Order.brand_id, Order.id))}
    assert set(threads) == set(key_of.values())
    for person in company.users:
        viewer = viewer_of(session, session.execute(sa.select(User).where(User.email == person.email)).scalar_one())
        allowed = set(key_of.values()) if person.role is Role.ADMIN else set(person.brands) or ours
        assert {key for key, one in threads.items() if sees_thread(session, viewer, one)} == allowed, person.name
        assert {key for key, one in orders.items() if sees_order(session, viewer, one)} == allowed & set(orders), person.name


@pytest.mark.parametrize("company", [LAURIER, CHARGECARS], ids=lambda one: one.name)
def test_its_people_are_offered_the_teams_texts_and_macros_of_their_own_company(session: Session, company: DemoCompany) -> None:
    texts = {one[0] for one in company.templates} | set(USUAL)
    macros = {one[0] for one in MACROS} if company is CHARGECARS else set()
    for person in company.users:
        if person.role is Role.ADMIN:
            continue
        viewer = viewer_of(session, session.execute(sa.select(User).where(User.email == person.email)).scalar_one())
        assert {one.name for one in list_teams(session, brand_ids=viewer.brand_ids)} == set(company.teams), person.name
        offered = {row.template.name for row in list_templates(session, viewer=viewer)}
        assert offered, person.name
        assert offered <= texts, person.name
        assert {one.name for one in list_macros(session, viewer=viewer)} == macros, person.name


def test_the_page_that_signs_in_offers_the_people_of_each_company_under_its_name(demo_app: Flask, loadings: list[Result]) -> None:
    page = demo_app.test_client().get("/sign-in").text
    first, second = page.partition(">Domaine Laurier<")[::2]
    assert ">ChargeCars<" in first
    assert all(name in first and name not in second for name in ("Sarah Bakker", "Noah Smit", "Paula Prins"))
    people = ("Camille Tremblay", "Geneviève Roy", "Sylvie Pelletier", "Marc-André Bouchard")
    assert all(name in second and name not in first for name in people)


@pytest.mark.parametrize("path", ["/simulator", "/simulator/phone"])
def test_whoever_plays_the_customer_writes_to_brands_they_may_see(demo_app: Flask, loadings: list[Result], path: str) -> None:
    pages = {}
    for email in ("camille@laurier.example", "sarah@chargecars.example"):
        client = demo_app.test_client()
        with demo_app.app_context():
            user = db.session.execute(sa.select(User).where(User.email == email)).scalar_one()
            sign_in(client, db.session(), user)
        pages[email] = client.get(path).text
    theirs, ours = pages["camille@laurier.example"], pages["sarah@chargecars.example"]
    assert "Laurier " in theirs or "laurier.example" in theirs
    assert "ChargeCars WhatsApp" not in theirs
    assert "ChargeCars SMS" not in theirs
    assert "ChargeCars" in ours
    assert "laurier.example" not in ours
    assert "Laurier Déneigement SMS" not in ours
