"""Make the demo's partners, each with protocol, keys, product numbers and orders of the last weeks.

Their keys are derived from the secret key of this installation. So `demo secrets` can print them at any time, and nobody
else can know them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.address_parts import read_line
from app.core.crypto import Keyring
from app.domain.accounts.models import Brand
from app.domain.contacts.edit import ContactEdit, create_contact
from app.domain.contacts.models import Contact, ContactIdentity, ContactType
from app.domain.events.actions import SYSTEM
from app.domain.orders.actions import set_order_status
from app.domain.orders.articles import add_article
from app.domain.orders.models import Article, OrderStatus
from app.domain.partners.actions import PartnerContent, create_key, create_partner
from app.domain.partners.agreements import accept_agreement, write_agreement
from app.domain.partners.callbacks import CHANGED, UPDATE
from app.domain.partners.dealers import keep_dealer
from app.domain.partners.endpoints import find_endpoint, keep_endpoint
from app.domain.partners.incoming import IncomingLine, IncomingOrder
from app.domain.partners.key_text import KeyTexts, key_texts_from
from app.domain.partners.models import Environment, Partner, PartnerOrder, Protocol
from app.domain.partners.people import add_partner_person
from app.domain.partners.products import ProductContent, keep_product
from app.domain.partners.take_order import take_order
from app.domain.threads.actions import change_status
from app.domain.threads.models import ThreadStatus
from app.domain.threads.order_threads import find_thread_of_order
from app.sandbox.demo.clocks import tell_what_is_past
from app.sandbox.demo.order_mail import SENDER, make_order_mails

LOOPBACK = "127.0.0.1"
MOODY = frozenset({"essent"})  # fails at the first try of each message
OLD = timedelta(hours=8)
BEGAN = timedelta(days=500)  # how long ago the partners joined
BRAND, SEED = "chargecars", 20261124
ARTICLES = (
    ("ALF-EVE-S-11KW", "Alfen Eve Single 11 kW", "849.00"),
    ("ALF-EVE-D-22KW", "Alfen Eve Double 22 kW", "1649.00"),
    ("MYE-ZAPPI-7KW", "myenergi zappi 7 kW", "929.00"),
)


@dataclass(frozen=True)
class DemoPartner:
    """A partner of the demo. `prefix` is how its order numbers begin, `orders` how many orders it has.

    `products` are (the partner's number, our number, type, price); with the price None, the article's own price is used.
    """

    name: str
    slug: str
    protocol: Protocol
    prefix: str
    products: tuple[tuple[str, str, str, str | None], ...]
    orders: int


PARTNERS = (
    DemoPartner(
        "Groendus",
        "groendus",
        Protocol.API,
        "GRO",
        (("GRO-ALFEN-11", "ALF-EVE-S-11KW", "Wallbox", "829.00"), ("GRO-INSTALL-1", "INST-BASIC-1P", "Installation", None)),
        14,
    ),
    DemoPartner("Eneco", "eneco", Protocol.API, "ENE", (("ENE-LP-11", "ALF-EVE-S-11KW", "Wallbox", None),), 4),
    DemoPartner("Essent", "essent", Protocol.WEBHOOK, "ESS", (("ESS-WALLBOX-22", "ALF-EVE-D-22KW", "Wallbox", "1599.00"),), 5),
    DemoPartner("50five", "50five", Protocol.FORM, "50F", (("50F-ZAPPI-7", "MYE-ZAPPI-7KW", "Wallbox", None),), 2),
    DemoPartner("Alva", "alva", Protocol.EMAIL, "ALV", (("ALVA-EVE-11", "ALF-EVE-S-11KW", "Wallbox", None),), 2),
    DemoPartner("Volvo dealer", "volvo-dealer", Protocol.API, "VLV", (("VLV-WB-11", "WALLBOX-11KW", "Wallbox", None),), 3),
)
ESSENT_BODY = tuple(
    {"path": path, "field": field}
    for path, field in {
        "opdracht.nummer": "partner_order_id",
        "klant.naam": "customer.name",
        "klant.email": "customer.email",
        "klant.telefoon": "customer.phone",
        "locatie.straat": "customer.address.street",
        "locatie.huisnummer": "customer.address.house_number",
        "locatie.postcode": "customer.address.postal_code",
        "locatie.plaats": "customer.address.city",
        "regels[].artikelcode": "products[].partner_sku",
        "regels[].omschrijving": "products[].description",
        "regels[].aantal": "products[].quantity",
    }.items()
)
PERSON = ("groendus", "Paula Prins", "paula@groendus.example")  # who signs in to the portal: slug, name, address
AGREEMENT = """1. An order has at least a number of yours, a customer who can be reached, a postal code and one product.
2. The API takes 60 calls a minute for each key.
3. Orders are kept for seven years, calls for ninety days.
4. We confirm an order within 24 to 48 hours and tell each state within a minute.
5. An order can be cancelled free of charge until the day before the visit.
6. Personal data are used for the order alone."""
MAILED = "orders@50five.example"  # the mailbox of a partner whose people order by form
DEALER = ("VAN_MOSSEL_WEST", "Van Mossel West")
PEOPLE = (
    "Jan Janssen",
    "Marit de Groot",
    "Olaf Timmer",
    "Hanna Vos",
    "Sem Bakker",
    "Noor Peters",
    "Tygo Smit",
    "Lieke Mol",
    "Bas Kuiper",
)
STREETS = ("Kerkstraat 12, 1234AB Amsterdam", "Molenweg 7, 3511CD Utrecht", "Dorpsstraat 40, 2011KL Haarlem")
UNKNOWN_SKU = "GRO-BORING-2"  # a number without an article


def make_partners(
    session: Session,
    *,
    secret_key: str,
    keyring: Keyring,
    now: datetime,
    receiver_url: str | None = None,
    password_hash: str | None = None,
) -> None:
    """Make the partners with all their data. The newest order came an hour ago.

    `receiver_url` is where callbacks to partners are sent, None for nowhere. `password_hash` is for the partner's user who
    signs in to the portal.
    """
    dice = random.Random(SEED)
    brand_id = session.execute(sa.select(Brand.id).where(Brand.key == BRAND)).scalar_one()
    for sku, name, price in ARTICLES:
        add_article(session, brand_id=brand_id, sku=sku, name=name, unit_price=Decimal(price), now=now)
    for number, one in enumerate(PARTNERS):
        partner = _make(session, one, brand_id, now=now - BEGAN)
        for environment in Environment:
            create_key(
                session,
                partner,
                environment=environment,
                name="Orders",
                keyring=keyring,
                now=now - BEGAN,
                actor=SYSTEM,
                texts=demo_key(secret_key, one.slug, environment),
            )
        if one.slug == PERSON[0]:
            person = add_partner_person(session, partner, name=PERSON[1], email=PERSON[2], now=now, actor=SYSTEM)
            person.password_hash = password_hash
            agreement = write_agreement(session, partner, AGREEMENT, now=now - BEGAN, actor=SYSTEM)
            accept_agreement(session, partner, agreement.id, person, now=now - BEGAN, actor=SYSTEM)
        if receiver_url is not None:
            _connect(session, partner, receiver_url, secret_key=secret_key, keyring=keyring, now=now)
        if one.protocol == Protocol.EMAIL:
            make_order_mails(session, partner, now=now)
        for age in reversed(range(one.orders)):
            at = now - timedelta(days=4 * max(0, age - 3) ** 2, hours=1 + number * 5 + age * 31)
            taken = take_order(session, partner, Environment.LIVE, _order(dice, one, 48_200 + one.orders - age), now=at)
            if now - at > OLD:
                _look_after(session, taken.row, at=at + timedelta(hours=2))
        if one.protocol == Protocol.FORM:
            partner.mailed_states = [OrderStatus.NEW.value]  # for orders from now on, not for those above
    tell_what_is_past(session, now=now)


def connect_partners(session: Session, receiver_url: str, *, secret_key: str, keyring: Keyring, now: datetime) -> None:
    """Set the address of the demo partners' callbacks to `receiver_url`. An address that somebody entered by hand is not
    changed."""
    slugs = [one.slug for one in PARTNERS]
    for partner in session.execute(sa.select(Partner).where(Partner.slug.in_(slugs)).order_by(Partner.slug)).scalars():
        known = find_endpoint(session, partner, Environment.LIVE)
        if known is not None and known.url.startswith(f"http://{LOOPBACK}:"):
            _connect(session, partner, receiver_url, secret_key=secret_key, keyring=keyring, now=now)


def _connect(session: Session, partner: Partner, receiver_url: str, *, secret_key: str, keyring: Keyring, now: datetime) -> None:
    keep_endpoint(
        session,
        partner,
        Environment.LIVE,
        url=f"{receiver_url}/{'moody' if partner.slug in MOODY else 'taken'}",
        events=(),
        payload_version=CHANGED if partner.slug == "volvo-dealer" else UPDATE,
        allows_http=True,
        ports=(),
        secret=demo_callback_secret(secret_key, partner.slug),
        keyring=keyring,
        now=now,
        actor=SYSTEM,
    )


def _look_after(session: Session, row: PartnerOrder, *, at: datetime) -> None:
    """Approve the order, and resolve its thread, so that nothing waits for an answer."""
    assert row.order_id is not None
    set_order_status(session, row.order_id, OrderStatus.APPROVED, reason="", now=at, actor=SYSTEM)
    thread_id = find_thread_of_order(session, row.order_id)
    if thread_id is not None:
        change_status(session, thread_id=thread_id, status=ThreadStatus.RESOLVED, actor=SYSTEM, now=at)


def demo_key(secret_key: str, slug: str, environment: Environment) -> KeyTexts:
    """Return the key and the signing secret of a demo partner. They follow from `secret_key`, so they are always the same."""
    return key_texts_from(environment, _derived(secret_key, f"{slug}:{environment.value}"))


def list_partner_secrets(secret_key: str, public_url: str) -> list[dict[str, str]]:
    """Return what a program of each partner needs: addresses, keys and secrets."""
    found = []
    for one in PARTNERS:
        live, sandbox = (demo_key(secret_key, one.slug, environment) for environment in (Environment.LIVE, Environment.SANDBOX))
        found.append(
            {
                "partner": one.slug,
                "orders_url": f"{public_url}/api/v1/{_door_of(one)}",
                "api_key": live.key,
                "signing_secret": live.signing_secret,
                "sandbox_api_key": sandbox.key,
                "sandbox_signing_secret": sandbox.signing_secret,
                "callback_secret": demo_callback_secret(secret_key, one.slug),
            }
        )
    return found


def _door_of(one: DemoPartner) -> str:
    return f"webhooks/partner-orders/{one.slug}" if one.protocol == Protocol.WEBHOOK else f"partners/{one.slug}/orders"


def demo_callback_secret(secret_key: str, slug: str) -> str:
    """Return the secret that signs the callbacks of live orders to a demo partner, unless somebody gave them another."""
    return "whsec_" + base64.b64encode(_derived(secret_key, f"{slug}:callbacks")[:32]).decode()


def _derived(secret_key: str, name: str) -> bytes:
    return hmac.new(secret_key.encode(), f"demo partner:{name}".encode(), hashlib.sha512).digest()


def _make(session: Session, one: DemoPartner, brand_id: uuid.UUID, *, now: datetime) -> Partner:
    contact_id = None
    if one.prefix == "VLV":
        contact_id = _tree(session, now=now)
    senders = (SENDER,) if one.protocol == Protocol.EMAIL else ()
    content = PartnerContent(
        one.name,
        one.slug,
        brand_id,
        contact_id=contact_id,
        protocol=one.protocol,
        order_mail_senders=senders,
        body_mapping=ESSENT_BODY if one.protocol == Protocol.WEBHOOK else (),
    )
    partner = create_partner(session, content, now=now, actor=SYSTEM)
    if one.protocol == Protocol.FORM:
        session.add(ContactIdentity(contact_id=partner.contact_id, kind="email", value=MAILED, created_at=now))
    if contact_id is not None:
        dealer = ContactEdit({"name": DEALER[1], "contact_type": ContactType.ORGANIZATION, "parent_organization_id": contact_id})
        keep_dealer(session, partner, DEALER[0], create_contact(session, dealer, actor=SYSTEM, now=now).id, now=now)
    articles = {article.sku: article.id for article in session.execute(_articles(brand_id)).scalars()}
    for sku, ours, kind, price in one.products:
        product = ProductContent(sku, articles[ours], kind, Decimal(price) if price else None)
        keep_product(session, partner, product, now=now, actor=SYSTEM)
    return partner


def _articles(brand_id: uuid.UUID) -> sa.Select[Article]:
    return sa.select(Article).where(Article.brand_id == brand_id)


def _tree(session: Session, *, now: datetime) -> uuid.UUID:
    """Make an importer and, below it, an organization of its dealers (the commission tree). Return the id of the dealers'
    organization."""
    master = create_contact(session, ContactEdit(_organization("Volvo Car Nederland")), actor=SYSTEM, now=now)
    under = ContactEdit({**_organization("Volvo dealers West"), "parent_organization_id": master.id})
    dealers: Contact = create_contact(session, under, actor=SYSTEM, now=now)
    return dealers.id


def _organization(name: str) -> dict[str, Any]:
    return {"name": name, "contact_type": ContactType.ORGANIZATION}


def _order(dice: random.Random, one: DemoPartner, number: int) -> IncomingOrder:
    name = dice.choice(PEOPLE)
    email = f"{name.split()[0].lower()}.{one.slug}.{number}@example.nl"
    skus = [sku for sku, *_ in one.products]
    if one.prefix == "GRO" and number % 4 == 0:
        skus.append(UNKNOWN_SKU)
    lines = [IncomingLine(sku, "", Decimal(1)) for sku in skus]
    partner_order_id = f"{one.prefix}-{number}"
    references = {"dealer_group_id": DEALER[0]} if one.prefix == "VLV" else {"purchase_order": f"PO-{number}"}
    payload: dict[str, Any] = {
        "partner_order_id": partner_order_id,
        "customer": {"name": name, "email": email},
        "products": [{"partner_sku": sku, "quantity": 1} for sku in skus],
        "partner_references": references,
    }
    return IncomingOrder(
        partner_order_id=partner_order_id,
        customer_name=name,
        email=email,
        phone="",
        address=read_line(dice.choice(STREETS)),
        lines=lines,
        payload=payload,
        references=references,
    )
