"""Each named partner's story: an order comes in by the partner's own protocol, a colleague sees and approves it in a browser, the
partner is told of it (in a full run although its side fails at first), and a call that was refused is on a page."""

from __future__ import annotations

import json
import secrets
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from email.message import EmailMessage
from functools import partial
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from playwright.sync_api import Page, expect
from standardwebhooks.webhooks import Webhook

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.domain.accounts.models import Brand, Role, User
from app.domain.connections.models import Channel, ChannelType
from app.domain.contacts.models import ContactIdentity
from app.domain.events.actions import SYSTEM
from app.domain.integrations.actions import IntegrationContent, create_integration
from app.domain.integrations.models import Provider
from app.domain.orders.articles import add_article
from app.domain.partners.actions import NewKey
from app.domain.partners.callbacks import CHANGED, UPDATE
from app.domain.partners.endpoints import keep_endpoint
from app.domain.partners.models import Environment, Partner, Protocol
from app.domain.partners.products import ProductContent, keep_product
from app.domain.partners.signature import SignedRequest, sign
from app.sandbox.demo.partners import ESSENT_BODY
from tests.browser.conftest import Desk
from tests.domain.partners.factories import DEALER_BODY, WORKFLOW_BODY, make_partner, make_partner_key
from tests.factories import make_channel
from tests.support.browsing import Browsing
from tests.support.full import IS_FULL
from tests.support.receiver import FINE, Receiver, answer, receiving
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser
BROKEN = answer(500, "Content-Type: application/json", body=b'{"error": "deadlock"}')
ANSWERS = {
    "Ordernummer": "50F-2041",
    "Naam": "Jan Janssen",
    "email": "jan@example.com",
    "phone": "06-12345678",
    "address": "Kerkstraat 123, 1234AB Amsterdam",
    "Producten": ["1 x 50F-ZAPPI-7 zappi 7 kW"],
}
ESSENT_ORDER = {
    "opdracht": {"nummer": "ESS-7719", "campagne": "winter"},
    "klant": {"naam": "Jan Jansen", "email": "jan@example.nl", "telefoon": "+31612345678"},
    "locatie": {"straat": "Kerkstraat", "huisnummer": 12, "postcode": "1234AB", "plaats": "Amsterdam"},
    "regels": [{"artikelcode": "ESS-WALLBOX-22", "aantal": "1"}],
}
MAIL = """Opdrachtnummer: {number}
Naam: Jan Jansen
Telefoon: 0612345678
E-mail: jan@example.nl
Installatieadres: Kerkstraat 12, 1234AB Amsterdam

1x ALVA-EVE-11 Laadpaal"""


@dataclass
class Story:
    """A partner of the desk's brand, its program, its receiver, and the colleague who looks after its orders."""

    desk: Desk
    page: Page
    receiver: Receiver
    partner_id: uuid.UUID
    slug: str
    key: NewKey
    secret: str

    def call(self, path: str, body: dict[str, Any], *, signing_secret: str = "") -> requests.Response:
        content, headers = json.dumps(body).encode(), {"Authorization": f"Bearer {self.key.text}"}
        if signing_secret:
            asked = SignedRequest("POST", path, "", str(int(time.time())), secrets.token_hex(16), content)
            signed = {"X-Timestamp": asked.timestamp, "X-Nonce": asked.nonce, "X-Signature": sign(asked, signing_secret)}
            headers |= signed
        return requests.post(
            self.desk.live.url + path, data=content, headers={"Content-Type": "application/json", **headers}, timeout=120
        )

    def post_order(self, body: dict[str, Any], **more: Any) -> requests.Response:
        return self.call(f"/api/v1/partners/{self.slug}/orders", body, **more)

    def open_order(self, number: str) -> None:
        """The order of the partner's number, found by a search."""
        wait_until(lambda: " data-row>" in self.page.request.get(f"/orders?q={number}").text(), f"order {number} is there")
        self.page.goto(f"/orders?q={number}")
        self.page.locator("a[data-row]").first.click()
        expect(self.page.locator(".case-head h1")).to_be_visible()

    def approve(self) -> None:
        self.page.locator(".case-steps button[value=approved]").click()
        expect(self.page.locator(".case-head .pill").first).to_have_text("Approved")

    def told(self, words: str) -> dict[str, Any]:
        """The callback whose body has these words, proven with the package partners use."""
        wait_until(lambda: any(words.encode() in got.body for got in self.receiver.got), f"the partner is told {words}")
        got = next(got for got in reversed(self.receiver.got) if words.encode() in got.body)
        headers = {name.lower(): value for name, value in got.headers.items()}
        Webhook(self.secret).verify(got.body, headers)
        return dict(json.loads(got.body))


Begin = Callable[..., Story]


@pytest.fixture
def begin(browsing: Browsing, desk: Desk) -> Iterator[Begin]:
    with receiving() as receiver:

        def start(name: str, sku: str, *, payload_version: str = UPDATE, signs: bool = False, **settings: Any) -> Story:
            now, keyring = utc_now(), runtime_keyring(desk)
            slug = f"{name.lower()}-{desk.name}"
            with desk.live.app.app_context(), transaction() as session:
                session.execute(sa.update(User).where(User.email == desk.email("alice")).values(role=Role.ADMIN))
                brand = session.get_one(Brand, desk.brand_id)
                partner = make_partner(session, brand, f"{name} {desk.name}", **settings)
                article = add_article(
                    session, brand_id=brand.id, sku=f"ALF-{desk.name}", name="Alfen Eve", unit_price=Decimal(849), now=now
                )
                keep_product(session, partner, ProductContent(sku, article.id), now=now, actor=SYSTEM)
                key = make_partner_key(session, partner, keyring, requires_signature=signs)
                kept = keep_endpoint(
                    session, partner, Environment.LIVE, url=receiver.url, events=(), payload_version=payload_version,
                    allows_http=True, ports=(), keyring=keyring, now=now, actor=SYSTEM,
                )  # fmt: skip
                partner_id, secret = partner.id, kept.secret or ""
            receiver.script[:] = [BROKEN, FINE] if IS_FULL else [FINE]
            page = browsing.new_page(viewport={"width": 1440, "height": 900})
            desk.sign_in(page, to="/orders")
            return Story(desk, page, receiver, partner_id, slug, key, secret)

        yield start


def runtime_keyring(desk: Desk) -> Any:
    with desk.live.app.app_context():
        return runtime().keyring


def numbered(body: dict[str, Any], number: str, sku: str) -> dict[str, Any]:
    made = json.loads(json.dumps(body)) | {"partner_order_id": number}
    for line in made.get("products", []):
        line["partner_sku"] = sku
    for line in made.get("line_items", []):
        line["sku"] = sku
    return dict(made)


@pytest.mark.parametrize(
    ("name", "number", "sku", "body", "version", "signs"),
    [
        ("Groendus", "GRO-48211", "GRO-ALFEN-11", WORKFLOW_BODY, UPDATE, True),
        pytest.param("Eneco", "ENE-3301", "ENE-LP-11", WORKFLOW_BODY, UPDATE, False, marks=pytest.mark.full),
        ("Essent", "ESS-7719", "ESS-WALLBOX-22", ESSENT_ORDER, UPDATE, False),
        pytest.param("Volvo", "VLV-2026-789", "VLV-WB-11", DEALER_BODY, CHANGED, False, marks=pytest.mark.full),
    ],
    ids=["Groendus", "Eneco", "Essent", "Volvo"],
)
def test_an_order_by_the_api_is_approved_told_and_answered(
    begin: Begin, name: str, number: str, sku: str, body: dict[str, Any], version: str, signs: bool
) -> None:
    own = {"body_mapping": ESSENT_BODY} if name == "Essent" else {}
    story = begin(name, sku, payload_version=version, signs=signs, **own)
    order = body if own else numbered(body, number, sku)
    if signs:
        assert story.post_order(order, signing_secret="not-the-secret").status_code == 401
    way = {"signing_secret": story.key.signing_secret} if signs else {}
    post = partial(story.call, f"/api/v1/webhooks/partner-orders/{story.slug}") if name == "Essent" else story.post_order
    made, again = post(order, **way), post(order, **way)
    assert (made.status_code, again.status_code) == (201, 200), made.text + again.text
    assert again.json()["data"] == made.json()["data"]
    if name == "Essent":
        assert "campagne" in str(made.json()["warnings"])
    story.open_order(number)
    expect(story.page.locator("main")).to_contain_text("Alfen Eve")
    story.approve()
    assert story.told('"approved"' if version == UPDATE else "status_changed")["partner_order_id"] == number
    if IS_FULL:
        assert len(story.receiver.ids) > len(set(story.receiver.ids)), "the first try failed, and it came again under its id"
    report = story.call(
        f"/api/v1/webhooks/partner-status/{story.slug}",
        {"partner_order_id": number, "status": "ON_HOLD", "notes": "Wacht"},
        **way,
    )
    assert report.status_code == 200, report.text
    if signs:
        story.page.goto(f"/settings/partners/{story.partner_id}/calls")
        expect(story.page.locator("main")).to_contain_text("401")


def test_an_order_by_a_form_is_confirmed_by_mail_and_told(begin: Begin, desk: Desk) -> None:
    url_key = f"form-{desk.name}"
    with desk.live.app.app_context(), transaction() as session:
        content = IntegrationContent("Form", desk.brand_id, desk.channel_id, {"form_id": f"form-{desk.name}"})
        sealed = {"url_key": url_key, "api_key": "sk_simulated"}
        who: dict[str, Any] = {"keyring": runtime().keyring, "now": utc_now(), "actor": SYSTEM}
        form_id = create_integration(session, Provider.FORMS, content, secrets=sealed, **who).id
    settings = {"protocol": Protocol.FORM, "form_integration_id": form_id, "mailed_states": ("new",)}
    story = begin("50five", "50F-ZAPPI-7", **settings)
    reader = f"orders.{desk.name}@50five.example"
    with desk.live.app.app_context(), transaction() as session:
        contact_id = session.get_one(Partner, story.partner_id).contact_id
        session.add(ContactIdentity(contact_id=contact_id, kind="email", value=reader, created_at=utc_now()))
    number = f"50F-{desk.name}"
    answers = {**ANSWERS, "Ordernummer": number}
    questions = [
        {"id": f"q{at}", "name": name, "type": "ShortAnswer", "value": value} for at, (name, value) in enumerate(answers.items())
    ]
    post = {
        "formId": f"form-{desk.name}", "formName": "Order",
        "submission": {"submissionId": uuid.uuid4().hex, "submissionTime": utc_now().isoformat(), "questions": questions},
    }  # fmt: skip
    path = f"{desk.live.url}/webhooks/fillout/{url_key}"
    assert [requests.post(path, json=post, timeout=120).status_code for _ in range(2)] == [200, 200]
    story.open_order(number)
    mails = f"{desk.live.notices_sim_url}/__sim/mails"
    wait_until(lambda: requests.get(mails, timeout=120).text.count(reader) > 0, "the partner's people have a mail")
    story.approve()
    assert story.told('"approved"')["partner_order_id"] == number


def test_an_order_by_mail_is_looked_at_accepted_and_told(begin: Begin, desk: Desk) -> None:
    url_key, sender = f"mail-{desk.name}", f"orders@alva-{desk.name}.example"
    with desk.live.app.app_context(), transaction() as session:
        channel: Channel = make_channel(
            session, session.get_one(Brand, desk.brand_id), ChannelType.EMAIL, keyring=runtime().keyring,
            address=f"service@{desk.name}.example", secrets={"url_key": url_key},
        )  # fmt: skip
        mailbox = channel.address
    story = begin("Alva", "ALVA-EVE-11", protocol=Protocol.EMAIL, order_mail_senders=(sender,))
    number, mail = f"ALV-{desk.name}", EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Alva Orders <{sender}>", mailbox, f"Nieuwe opdracht {number}"
    mail["Message-ID"] = f"<{number}@alva.example>"
    mail.set_content(MAIL.format(number=number))
    path = f"{desk.live.url}/webhooks/email/inbound?key={url_key}"
    headers = {"Content-Type": "message/rfc822"}
    assert [requests.post(path, data=mail.as_bytes(), headers=headers, timeout=120).status_code for _ in range(2)] == [200, 200]
    page = story.page
    wait_until(lambda: number in page.request.get("/order-mail").text(), "the mail waits to be looked at")
    page.goto("/order-mail")
    page.get_by_role("link", name=f"Nieuwe opdracht {number}").click()
    expect(page.locator("#field-partner_order_id, #field-number").first).to_have_value(number)
    with page.expect_navigation(url="**/order-mail"):
        page.keyboard.press("Control+Enter")
    story.open_order(number)
    story.approve()
    assert story.told('"approved"')["partner_order_id"] == number
