"""An order as a customer and a colleague live it: a form, a quote, a yes by its link, a visit planned and done, completed. The
customer hears of each step once, though the worker that told them dies before it can write down that it did."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import Brand, Role, User
from app.domain.automation.models import AutomationRule
from app.domain.automation.shipped import COMPLETION, CONFIRMATION, SHIPPED, STATUS_UPDATE, take_shipped
from app.domain.connections.models import Channel, ChannelType
from app.domain.delivery.models import Delivery, DeliveryAttempt
from app.domain.events.actions import SYSTEM
from app.domain.integrations.actions import IntegrationContent, create_integration
from app.domain.integrations.models import Provider
from app.domain.reply_templates.actions import TemplateContent, create_template
from app.domain.reply_templates.models import ReplyTemplate, TemplateCategory
from app.domain.threads.macros import MacroSteps
from app.sandbox.simulators.graph.settings import Settings as TenantSettings
from tests.browser.conftest import ANSWER_SECONDS, Desk
from tests.domain.automation.factories import make_rule
from tests.factories import make_channel
from tests.support.browsing import Browsing, assert_accessible
from tests.support.full import IS_FULL
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser
AFTER_SENDING = "delivery.after_send"
TOLD = (COMPLETION, CONFIRMATION, STATUS_UPDATE)
STATUSES = ("goedgekeurd", "ingepland", "in behandeling", "afgerond")
TEMPLATES = [
    {"name": name, "language": "nl", "status": "APPROVED", "components": [{"type": "BODY", "text": "Bestelling {{1}}: {{2}}."}]}
    for name in (STATUS_UPDATE, COMPLETION)
]


@dataclass
class Case:
    """One customer's order at the desk, and what came out at the simulated providers."""

    desk: Desk
    mailbox: str
    customer: str
    form_key: str
    kills: int = 0

    def fill_in_form(self) -> None:
        """Twice, as a form does whose post was answered too late."""
        answers = {
            "Naam": "Emma de Boer",
            "email": self.customer,
            "phone": f"0{self.desk.number[2:]}",
            "address": "Kerkstraat 12, 1234AB Amsterdam",
            "Producten": ["Laadpaal 11 kW"],
        }
        questions = [
            {"id": f"q{at}", "name": name, "type": "ShortAnswer", "value": said}
            for at, (name, said) in enumerate(answers.items())
        ]
        submission = {"submissionId": uuid.uuid4().hex, "submissionTime": utc_now().isoformat(), "questions": questions}
        body = {"formId": self.form_key, "formName": "Aanvraag", "submission": submission}
        path = f"{self.desk.live.url}/webhooks/fillout/{self.form_key}"
        assert [requests.post(path, json=body, timeout=ANSWER_SECONDS).status_code for _ in range(2)] == [200, 200]

    def mails(self) -> list[dict[str, Any]]:
        """What their mailbox received, first to last."""
        url = f"{self.desk.live.graph_sim_url}/__sim/outbox"
        found = requests.get(url, params={"to": self.customer}, timeout=ANSWER_SECONDS).json()["mails"]
        return list(reversed(found))

    def chats(self) -> list[str]:
        """The statuses that their phone was told, first to last."""
        kept = requests.get(f"{self.desk.live.whatsapp_sim_url}/__sim/requests", timeout=ANSWER_SECONDS).json()["requests"]
        bodies = [json.loads(one["body"]) for one in kept if one["method"] == "POST" and one["path"].endswith("/messages")]
        filled = [body["template"]["components"][0]["parameters"] for body in bodies if body.get("type") == "template"]
        return [str(values[1]["text"]) for values in filled]

    def count(self) -> int:
        """Of different ones: one that came twice is for the end to find."""
        return len({mail["text"] for mail in self.mails()}) + len(set(self.chats()))

    def die_after_sending(self, *, always: bool = False) -> Any:
        """Whoever sends the next message dies at once. In a full run each message; else those that are to `always`."""
        if not (always or IS_FULL):
            return None
        self.kills += 1
        return self.desk.live.kill_once_at(AFTER_SENDING)

    def wait_for(self, count: int, armed: Any) -> None:
        """Until so many messages are out, and the one that was to die has died. But in a full run nobody waits for an undo to
        be too late, nor for a dead worker's lease to run out."""

        def is_out() -> bool:
            self._let_time_pass()
            return self.count() >= count and (armed is None or not armed.exists())

        wait_until(is_out, f"{count} messages to the customer", seconds=400)

    def wait_until_settled(self) -> None:
        """Until every promise to this customer has an end, also those whose worker died."""

        def is_over() -> bool:
            self._let_time_pass()
            return all(delivery.state == "done" for delivery in self.deliveries())

        wait_until(is_over, "the end of all deliveries", seconds=600)

    def deliveries(self) -> list[Delivery]:
        with self.desk.live.app.app_context(), transaction() as session:
            ours = sa.select(Channel.id).where(Channel.brand_id == self.desk.brand_id)
            return list(session.execute(sa.select(Delivery).where(Delivery.channel_id.in_(ours))).scalars())

    def unended_attempts(self) -> int:
        """Tries that nobody wrote the end of: their worker died."""
        ids = [delivery.id for delivery in self.deliveries()]
        with self.desk.live.app.app_context(), transaction() as session:
            query = sa.select(sa.func.count(sa.distinct(DeliveryAttempt.delivery_id))).where(DeliveryAttempt.delivery_id.in_(ids))
            return int(session.execute(query.where(DeliveryAttempt.outcome.is_distinct_from("accepted"))).scalar_one())

    def _let_time_pass(self) -> None:
        if IS_FULL:
            return
        with self.desk.live.app.app_context(), transaction() as session:
            ours = sa.select(Channel.id).where(Channel.brand_id == self.desk.brand_id)
            waits = sa.update(Delivery).where(Delivery.channel_id.in_(ours), Delivery.state.in_(("ready", "running")))
            past = utc_now() - timedelta(seconds=1)
            session.execute(waits.where(Delivery.run_at > utc_now(), Delivery.status == "pending").values(run_at=past))
            dead = sa.select(DeliveryAttempt.delivery_id).where(DeliveryAttempt.ended_at.is_(None))
            dead = dead.where(DeliveryAttempt.started_at < utc_now() - timedelta(seconds=5))
            session.execute(waits.where(Delivery.lease_until > utc_now(), Delivery.id.in_(dead)).values(lease_until=past))


@pytest.fixture
def case(desk: Desk) -> Iterator[Case]:
    tenant, mailbox = TenantSettings(), f"service@{desk.name}.example"
    desk.simulator("config", pair_burst=None)
    config = {"mailboxes": [mailbox], "notify": True}
    assert requests.post(f"{desk.live.graph_sim_url}/__sim/config", json=config, timeout=ANSWER_SECONDS).ok
    form_key = f"form-{desk.name}"
    with desk.live.app.app_context(), transaction() as session:
        now, keyring = utc_now(), runtime().keyring
        lead = session.execute(sa.select(User).where(User.email == desk.email("alice"))).scalar_one()
        lead.role = Role.LEAD
        brand, chat = session.get_one(Brand, desk.brand_id), session.get_one(Channel, desk.channel_id)
        chat.settings = {**chat.settings, "templates": TEMPLATES}
        secrets = {"tenant_id": tenant.tenant_id, "client_id": tenant.client_id, "client_secret": tenant.client_secret}
        make_channel(session, brand, ChannelType.EMAIL_OUTLOOK, keyring=keyring, address=mailbox, secrets=secrets)
        form = IntegrationContent("Aanvraag", brand.id, chat.id, {"form_id": form_key})
        keys = {"url_key": form_key, "api_key": "sk_simulated"}
        create_integration(session, Provider.FORMS, form, secrets=keys, keyring=keyring, now=now, actor=SYSTEM)
        viewer = viewer_of(session, lead)
        rules = [take_shipped(session, one, name=one.name, viewer=viewer, now=now) for one in SHIPPED if one.key in TOLD]
        for rule in rules:
            rule.brand_id, rule.is_on = brand.id, True
        told = TemplateContent(
            "Bezoek", TemplateCategory.AUTO_RESPONSE, "nl", "Wij komen op {{visit.date}}.", "Uw bezoek", ("email",)
        )
        steps = MacroSteps(template_id=create_template(session, told, now=now).id, sends=True)
        planned = make_rule(session, viewer, steps, trigger="AppointmentPlanned", brand_id=brand.id)
        made = [rule.id for rule in (*rules, planned)]
    yield Case(desk, mailbox, f"emma.{desk.name}@example.com", form_key)
    with desk.live.app.app_context(), transaction() as session:  # they are the whole house's, as the templates are
        session.execute(sa.delete(AutomationRule).where(AutomationRule.id.in_(made)))
        session.execute(sa.update(ReplyTemplate).where(ReplyTemplate.archived_at.is_(None)).values(archived_at=utc_now()))


def status(page: Page, words: str) -> None:
    expect(page.locator(".case-head .pill").first).to_have_text(words)


def test_from_a_form_to_completed_the_customer_hears_of_each_step_once(case: Case, browsing: Browsing) -> None:
    desk, page = case.desk, browsing.new_page(viewport={"width": 1440, "height": 900})
    armed = case.die_after_sending(always=True)
    case.fill_in_form()
    case.wait_for(1, armed)
    desk.sign_in(page, to="/orders?q=Emma")
    page.locator("a[data-row]").click()
    desk.wait_until_live(page)
    status(page, "Intake received")
    order = page.url
    page.keyboard.press("s")
    status(page, "New order")
    price_the_line(page)

    armed = case.die_after_sending()
    page.keyboard.press("q")
    page.get_by_role("button", name="Send the quote").click()
    status(page, "Quoted")
    case.wait_for(2, armed)
    link = re.search(r"/q/[\w-]+", " ".join(mail["text"] for mail in case.mails()))
    assert link is not None
    customer = browsing.new_page(viewport={"width": 390, "height": 844})
    customer.goto(f"{desk.live.url}{link[0]}")
    expect(customer.locator("main")).to_contain_text("€ 1.210,00")
    assert_accessible(customer)
    customer.locator("#field-name").fill("Emma de Boer")
    armed = case.die_after_sending(always=True)
    customer.locator("button[value=accepted]").click()
    expect(customer.locator(".banner--done")).to_be_visible()
    case.wait_for(3, armed)

    page.reload()
    desk.wait_until_live(page)
    status(page, "Approved")
    expect(page.locator("#order-case")).to_contain_text("Emma de Boer accepted the quote via its link")
    armed = case.die_after_sending()
    plan_a_visit(page)
    status(page, "Scheduled")
    case.wait_for(5, armed)
    armed = case.die_after_sending()
    page.locator(".appointment__title").click()
    page.get_by_role("button", name="Confirm that the appointment took place").click()
    case.wait_for(6, armed)
    page.goto(order)
    desk.wait_until_live(page)
    status(page, "In progress")
    armed = case.die_after_sending()
    page.keyboard.press("s")
    status(page, "Completed")
    case.wait_for(7, armed)

    case.wait_until_settled()
    texts = [mail["text"] for mail in case.mails()]
    told = ("Wij hebben uw bestelling", "/q/", "Wij komen op")
    assert len(texts) == len(told), texts
    assert all(words in text for words, text in zip(told, texts, strict=True)), texts
    assert case.chats() == list(STATUSES)
    assert case.unended_attempts() == case.kills, "as many workers died with a message out as were told to"


def price_the_line(page: Page) -> None:
    page.get_by_role("link", name="Change Laadpaal 11 kW").press("Enter")
    page.locator("#line-price").fill("1000")
    page.locator("#line-price").press("Enter")
    expect(page.locator(".case-head__money")).to_contain_text("€1,210.00")
    expect(page.get_by_role("link", name="Change Laadpaal 11 kW")).to_be_focused()


def plan_a_visit(page: Page) -> None:
    page.get_by_role("link", name="Plan an appointment").press("Enter")
    place = page.locator("#appointment-place")
    place.locator("#field-title").fill("Installatie")
    place.locator("#field-date").fill((utc_now() + timedelta(days=1)).date().isoformat())
    place.locator("#field-time").fill("09:00")
    place.locator("#field-time").press("Enter")
    expect(page.locator("#order-appointments")).to_contain_text("Installatie")
