"""Order emails are looked at: the email beside its form, accepted with one key, refused where something is missing."""

from __future__ import annotations

from app.core.clock import utc_now
from app.domain.partners.mail_orders import read_message
from app.domain.partners.mail_queries import list_waiting
from tests.domain.orders.conftest import Desk
from tests.domain.orders.conftest import desk as desk
from tests.domain.partners.factories import make_partner
from tests.domain.partners.test_mail_orders import PROVEN, TEXT
from tests.factories import make_message


def test_a_mail_is_looked_at_corrected_and_taken(desk: Desk) -> None:
    make_partner(desk.session, desk.brand, "Alva", order_mail_senders=("alva.example",))
    assert "Nothing to review" in desk.get("/order-mail")
    for number in ("ALV-1", "ALV-2"):
        message = make_message(desk.session, desk.thread, TEXT.format(number=number).replace("0612345678", "volgt"))
        message.sender, message.subject, message.meta = {"address": "orders@alva.example"}, f"Opdracht {number}", PROVEN
        desk.session.flush()
        read_message(desk.session, message, now=utc_now())
    desk.session.commit()
    first, second = (row.reading.id for row in list_waiting(desk.session, brand_ids=[desk.brand.id]))
    listed = desk.get("/order-mail")
    assert f"/order-mail/{first}" in listed
    shown = desk.get(f"/order-mail/{first}")
    assert 'data-mark="customer.name">Jan Jansen</mark>' in shown
    assert "missing" in shown
    fields = {
        "partner_order_id": "ALV-1", "customer.name": "Jan Jansen", "customer.email": "jan@example.nl", "customer.phone": "",
        "address": "Kerkstraat 12, 1234AB Amsterdam", "lines": "1 x ALV-LP11-S Laadpaal", "preferred_date": "2026-12-01",
    }  # fmt: skip
    refused = desk.post(f"/order-mail/{first}/acceptance", **fields)
    assert (refused.status_code, "This is not a phone number." in refused.text, desk.orders()) == (422, True, [])
    taken = desk.post(f"/order-mail/{first}/acceptance", **{**fields, "customer.phone": "06 12345678"})
    assert (taken.status_code, taken.location) == (303, f"/order-mail/{second}")
    assert [one.external_references["partner_order_id"] for one in desk.orders()] == ["ALV-1"]
    assert desk.post(f"/order-mail/{second}/dismissal").location == "/order-mail"
    assert "A colleague already reviewed this email" in desk.get(desk.post(f"/order-mail/{second}/dismissal").location)
    desk.as_user(desk.mallory)
    assert desk.client.plain.get(f"/order-mail/{second}").status_code == 404
