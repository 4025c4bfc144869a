"""A partner's engineer with the guide alone: a sandbox key of the portal, an order, its signed callback, its state, a state told
to us; timed. Then seven calls that are broken, each explained by the portal."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect
from standardwebhooks.webhooks import Webhook

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.accounts.models import Brand
from app.domain.events.actions import SYSTEM
from app.domain.orders.articles import add_article
from app.domain.partners.models import Partner
from app.domain.partners.people import add_partner_person
from app.domain.partners.products import ProductContent, keep_product
from tests.browser.conftest import Desk
from tests.domain.partners.factories import make_partner
from tests.support.browsing import Browsing
from tests.support.receiver import Receiver, receiving
from tests.support.signing_in import sign_in_browser
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser
GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "partner-api.md").read_text()
BLOCK = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
WORD = "GRO-ALFEN-11"  # what the guide orders
MOST_SECONDS = 600


def test_the_guide_leads_from_a_key_to_a_mapped_state_and_the_portal_explains_what_is_broken(
    browsing: Browsing, desk: Desk
) -> None:
    partner_id, slug, email = make_groendus(desk)
    page = browsing.new_page(viewport={"width": 1440, "height": 900})
    sign_in_browser(page, desk.live.app, email)
    began = time.monotonic()
    key = make_key(page)
    with receiving() as receiver:
        known = {"BASE": desk.live.url, "PARTNER": slug, "KEY": key, "HOOK": receiver.url}
        answers = [run(code, known) for code in BLOCK.findall(GUIDE)[1:]]  # the first one says what the reader fills in
        posted, polled, *_others, configured, told = answers
        number = posted["data"]["chargecars_order_id"]
        assert number.startswith("TEST-")
        assert (polled["data"]["status"], polled["data"]["partner_status"]) == ("new", "RECEIVED")
        assert (told["data"]["outcome"], told["data"]["mapped_status"]) == ("applied", "approved")
        assert verified(receiver, configured["data"]["webhook_secret"])["status"] == "approved"
    page.goto("/portal/orders?environment=sandbox")
    expect(page.locator("main")).to_contain_text("FIRST-1")
    took = time.monotonic() - began
    print(f"from a key to a mapped state in {took:.0f} s")
    assert took < MOST_SECONDS
    for broken, why in break_calls(desk.live.url, slug, key):
        assert broken in (400, 401, 404, 415, 422), broken
        page.goto("/portal/calls?failed=1")
        expect(page.locator("main tbody tr, main li").filter(has_text=why).first).to_be_visible()
    assert partner_id


def make_groendus(desk: Desk) -> tuple[Any, str, str]:
    """What the partner's contact at our side did before: the partner, the article of its number, a person for the portal."""
    email, now = f"paula.{desk.name}@groendus.example", utc_now()
    with desk.live.app.app_context(), transaction() as session:
        brand = session.get_one(Brand, desk.brand_id)
        partner: Partner = make_partner(session, brand, f"Groendus {desk.name}")
        sku = f"ALF-{desk.name}"
        article = add_article(session, brand_id=brand.id, sku=sku, name="Alfen Eve", unit_price=None, now=now)
        keep_product(session, partner, ProductContent(WORD, article.id), now=now, actor=SYSTEM)
        add_partner_person(session, partner, name="Paula", email=email, now=now, actor=SYSTEM)
        return partner.id, partner.slug, email


def make_key(page: Page) -> str:
    page.goto("/portal/keys")
    page.locator("input[name=key_name]").fill("First steps")
    page.locator("form:has(input[name=key_name]) button.btn--primary").click()
    return page.locator("#made-key").inner_text().strip()


def run(code: str, known: dict[str, str]) -> Any:
    done = subprocess.run(["bash", "-euc", code], env={**os.environ, **known}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def verified(receiver: Receiver, secret: str) -> dict[str, Any]:
    """The callback of the state, by the package partners use."""
    wait_until(lambda: any(b'"approved"' in got.body for got in receiver.got), "the callback is there")
    got = next(got for got in receiver.got if b'"approved"' in got.body)
    return dict(Webhook(secret).verify(got.body, {name.lower(): value for name, value in got.headers.items()}))


def break_calls(base: str, slug: str, key: str) -> list[tuple[int, str]]:
    """Seven calls, each wrong in another way: its status, and what the portal must say of it."""
    path, headers = f"{base}/api/v1/partners/{slug}/orders", {"Authorization": f"Bearer {key}"}
    order = json.loads(BLOCK.findall(GUIDE)[1].partition("-d '")[2].rpartition("'")[0])
    signed = {"X-Timestamp": "1", "X-Nonce": "n" * 32, "X-Signature": "v1=" + "0" * 64}
    no_mail = {**order, "partner_order_id": "BROKEN", "customer": {**order["customer"], "email": "nobody"}}
    now = {**signed, "X-Timestamp": str(int(time.time()))}
    calls: list[tuple[dict[str, Any], str]] = [
        ({"json": order}, "No key was sent"),
        ({"json": order, "headers": {"Authorization": f"Bearer {key[:-1]}_"}}, "It has a typing error"),
        ({"json": order, "headers": {**headers, **signed}}, "timestamp_out_of_window"),
        ({"json": order, "headers": {**headers, **now}}, "signature_invalid"),
        ({"json": no_mail, "headers": headers}, "customer.email"),
        ({"data": b"{", "headers": {**headers, "Content-Type": "application/json"}}, "malformed_json"),
        ({"data": json.dumps(order), "headers": {**headers, "Content-Type": "text/plain"}}, "unsupported_media_type"),
    ]
    return [(requests.post(path, timeout=60, **sent).status_code, why) for sent, why in calls]
