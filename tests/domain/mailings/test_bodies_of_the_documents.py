"""The bodies of send-email and send-bulk-email as the external-integrations document prints them."""

from __future__ import annotations

from app.core.clock import utc_now
from app.domain.contacts.details import set_consent
from app.domain.contacts.models import ConsentPurpose
from app.domain.events.actions import SYSTEM
from app.domain.reply_templates.actions import TemplateContent, create_template
from app.domain.reply_templates.models import TemplateCategory
from tests.domain.mailings.conftest import House
from tests.factories import NOW, make_contact, make_thread

MAIL = {
    "to": "customer@example.com",
    "template_id": "order_confirmation",
    "dynamic_data": {"customer_name": "Jan Janssen", "order_id": "ORD-2025-001"},
    "category": "order_confirmation",
}
MAILING = {"list_id": "marketing_subscribers", "template_id": "monthly_newsletter", "send_at": "2025-02-01T09:00:00Z"}


def _template(house: House, name: str, subject: str, text: str) -> None:
    content = TemplateContent(name, TemplateCategory.FOLLOW_UP, "nl", text, subject=subject, brand_ids=(house.channel.brand_id,))
    create_template(house.session, content, now=NOW)
    house.session.commit()


def test_a_mail_by_the_name_of_a_template_takes_its_subject_and_the_documents_names(house: House) -> None:
    refused = house.lead.post("/external/send-email", MAIL)
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "template_id")  # type: ignore[index]
    _template(
        house, "Order confirmation", "Uw order {{order.number}}", "Beste {{contact.first_name}}, wij hebben {{order.number}}."
    )
    made = house.lead.post("/external/send-email", MAIL)
    assert made.status_code == 202, made.text
    assert made.json["subject"] == "Uw order ORD-2025-001"  # type: ignore[index]
    assert made.json["message_content"] == "Beste Jan, wij hebben ORD-2025-001."  # type: ignore[index]


def test_a_mailing_to_a_list_goes_to_those_of_the_brand_who_agreed(house: House) -> None:
    _template(house, "monthly_newsletter", "Nieuws", "Beste {{contact.first_name|klant}}, nieuws.")
    empty = house.lead.post("/external/send-bulk-email", MAILING)
    assert (empty.status_code, empty.json["errors"][0]["field"]) == (422, "list_id")  # type: ignore[index]
    for name, agrees in (("Jan Janssen", True), ("Els de Vries", False), ("Otto", None)):
        contact = make_contact(house.session, name, kind="email", value=f"{name.split()[0].lower()}@example.nl")
        make_thread(house.session, house.channel, contact)
        if agrees is not None:
            purpose, now = ConsentPurpose.MARKETING_EMAIL, utc_now()
            set_consent(house.session, contact, purpose, is_given=agrees, basis="formulier", actor=SYSTEM, now=now)
    stranger = make_contact(house.session, "Lotte", kind="email", value="lotte@example.nl")  # no conversation of the brand
    set_consent(house.session, stranger, ConsentPurpose.MARKETING_EMAIL, is_given=True, basis="x", actor=SYSTEM, now=utc_now())
    house.session.commit()
    made = house.lead.post("/external/send-bulk-email", MAILING)
    assert made.status_code == 202, made.text
    house.carry_out()
    (mail,) = house.received()
    assert mail.recipients == ("jan@example.nl",)
    assert "Beste Jan, nieuws." in mail.raw.decode()


def test_recipients_and_a_list_are_one_or_the_other(house: House) -> None:
    both = {**MAILING, "recipients": [{"email": "jan@example.nl"}]}
    assert house.lead.post("/external/send-bulk-email", both).status_code == 422
    assert house.lead.post("/external/send-bulk-email", {"template_id": "x"}).status_code == 422
    assert house.lead.post("/external/send-bulk-email", {**MAILING, "list_id": "vips"}).status_code == 422
