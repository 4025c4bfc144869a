"""Orders by mail: taken once when sure, else looked at; nothing twice, nothing cancelled or changed by a mail alone."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.connections.models import ChannelType
from app.domain.events.actions import SYSTEM, Actor
from app.domain.orders.articles import add_article
from app.domain.orders.models import Order, OrderThread
from app.domain.partners.mail_lines import all_lines
from app.domain.partners.mail_models import PartnerMailLayout, PartnerMailReading, ReadingState
from app.domain.partners.mail_orders import AlreadyDecided, accept, cancel_order, dismiss, read_message, values_of
from app.domain.partners.mail_queries import find_layout
from app.domain.partners.models import Partner, PartnerOrder
from app.domain.partners.order_mail.labels import EMAIL, NAME
from app.domain.threads.models import Attachment, Message
from tests.domain.partners.factories import make_partner
from tests.domain.partners.order_mail.test_pdf import tabled
from tests.factories import NOW, make_brand, make_channel, make_contact, make_message, make_thread

TEXT = """Opdrachtnummer: {number}
Naam: Jan Jansen
Telefoon: 0612345678
E-mail: jan@example.nl
Installatieadres: Kerkstraat 12, 1234AB Amsterdam

1x ALV-LP11-S Laadpaal"""
PROVEN = {"authentication": {"dmarc": "pass"}}


@dataclass
class Desk:
    session: Session
    partner: Partner
    count: int = 0

    def mail(self, text: str, subject: str = "", meta: dict[str, Any] | None = None) -> Message:
        self.count += 1
        channel = self.session.info["channel"]
        contact = make_contact(self.session, kind="email", value=f"orders{self.count}@alva.example")
        thread = make_thread(self.session, channel, contact, subject=subject)
        message = make_message(self.session, thread, text)
        message.sender, message.medium, message.meta = {"name": "Alva", "address": "Orders@Alva.example"}, "email", meta or PROVEN
        message.subject = subject
        self.session.flush()
        return message

    def read(self, number: str, **more: Any) -> PartnerMailReading:
        found = read_message(self.session, self.mail(TEXT.format(number=number), f"Opdracht {number}", **more), now=utc_now())
        assert found is not None
        return found

    def accept(self, row: PartnerMailReading, values: dict[str, Any] | None = None, *, learns: bool = False) -> str:
        message = self.session.get_one(Message, row.message_id)
        read = {**values_of(row), **(values or {})}
        return accept(self.session, self.partner, message, row, read, learns=learns, now=utc_now(), actor=Actor())

    def orders(self) -> int:
        return int(self.session.execute(sa.select(sa.func.count()).select_from(Order)).scalar_one())


@pytest.fixture
def desk(app: Any, db_session: Session) -> Desk:

    brand = make_brand(db_session)
    add_article(db_session, brand_id=brand.id, sku="ALV-LP11-S", name="Laadpaal", unit_price=Decimal(800), now=NOW)
    with app.app_context():
        db_session.info["channel"] = make_channel(db_session, brand, ChannelType.EMAIL, keyring=runtime().keyring)
    return Desk(db_session, make_partner(db_session, brand, "Alva", order_mail_senders=("alva.example",)))


def _known(desk: Desk, row: PartnerMailReading) -> None:
    """As if eight mails of this layout had been looked at."""
    layout = find_layout(desk.session, desk.partner.id, row.labels)
    if layout is None:
        desk.accept(row)
        layout = desk.session.get_one(PartnerMailLayout, row.layout_id)
    layout.clean_in_row = 8
    desk.session.flush()


def test_the_first_mails_of_a_layout_wait_and_then_they_need_no_hand(desk: Desk) -> None:
    first = desk.read("ALV-10001")
    assert (first.state, first.reason) == (ReadingState.REVIEW, "layout")
    assert desk.orders() == 0
    _known(desk, first)
    assert (first.state, first.by_hand, desk.orders()) == (ReadingState.ACCEPTED, True, 1)
    second = desk.read("ALV-10002")
    assert (second.state, second.by_hand, desk.orders()) == (ReadingState.ACCEPTED, False, 2)
    order = desk.session.get_one(PartnerOrder, second.order_row_id)
    thread_id = desk.session.get_one(Message, second.message_id).thread_id
    linked = desk.session.execute(sa.select(OrderThread.thread_id).where(OrderThread.order_id == order.order_id)).scalars().all()
    assert linked == [thread_id]
    assert order.partner_order_id == "ALV-10002"


def test_a_sender_who_is_not_proven_is_looked_at(desk: Desk) -> None:
    _known(desk, desk.read("ALV-10001"))
    forged = desk.read("ALV-10002", meta={"authentication": {"dmarc": "fail", "dkim": "pass"}})
    assert (forged.state, forged.reason) == (ReadingState.REVIEW, "sender")


def test_nothing_is_made_twice_and_nothing_cancelled_by_a_mail_alone(desk: Desk) -> None:
    first = desk.read("ALV-10001")
    _known(desk, first)
    again = read_message(desk.session, desk.session.get_one(Message, first.message_id), now=utc_now())
    forwarded = desk.mail(
        "Zie onder.\n\nVan: Alva\nVerzonden: maandag\nAan: u\nOnderwerp: Opdracht\n\n" + TEXT.format(number="ALV-10001"), "FW: x"
    )
    repeated = read_message(desk.session, forwarded, now=utc_now())
    changed = read_message(
        desk.session, desk.mail(TEXT.format(number="ALV-10001").replace("1x", "2x"), "ALV-10001"), now=utc_now()
    )
    called_off = read_message(
        desk.session, desk.mail("Graag annuleren.\nOrdernummer: ALV-10001", "Annulering ALV-10001"), now=utc_now()
    )
    reply = read_message(desk.session, desk.mail("Dank je wel!", "RE: Opdracht ALV-10001"), now=utc_now())
    assert again is None
    assert repeated is not None
    assert changed is not None
    assert called_off is not None
    assert reply is not None
    assert (repeated.state, changed.state, called_off.state, reply.state) == (
        ReadingState.DUPLICATE,
        ReadingState.CHANGE,
        ReadingState.CANCELLATION,
        ReadingState.NOT_AN_ORDER,
    )
    desk.accept(changed)
    row = desk.session.get_one(PartnerOrder, first.order_row_id, populate_existing=True)
    assert row.differing is not None
    assert row.differing["changed_fields"] == ["/products/0/quantity"]
    assert (desk.orders(), row.order_status) == (1, "new")
    assert cancel_order(desk.session, desk.partner, called_off, now=utc_now(), actor=SYSTEM) == ""
    assert desk.session.get_one(PartnerOrder, row.id, populate_existing=True).order_status == "cancelled"
    with pytest.raises(AlreadyDecided):
        dismiss(desk.session, called_off, now=utc_now(), actor=SYSTEM)


def test_a_correction_is_counted_and_becomes_a_rule_of_the_layout(desk: Desk) -> None:
    text = TEXT.replace("Naam: Jan Jansen", "Naam: Alva Energie\nEindgebruiker: Piet Smit")
    row = read_message(desk.session, desk.mail(text.format(number="ALV-1"), "ALV-1"), now=utc_now())
    assert row is not None
    assert row.fields[NAME]["value"] == "Alva Energie"
    assert desk.accept(row, {NAME: "Piet Smit"}, learns=True) == "learned"
    layout = desk.session.get_one(PartnerMailLayout, row.layout_id)
    assert (layout.rules, layout.version, layout.clean_in_row) == ({NAME: "eindgebruiker"}, 2, 0)
    following = read_message(desk.session, desk.mail(text.format(number="ALV-2"), "ALV-2"), now=utc_now())
    assert following is not None
    assert following.fields[NAME]["value"] == "Piet Smit"


def test_a_rule_that_would_change_earlier_mails_is_not_kept(desk: Desk) -> None:
    text = TEXT.replace("Naam: Jan Jansen", "Naam: Jan Jansen\nEindgebruiker: Piet Smit")
    first = read_message(desk.session, desk.mail(text.format(number="ALV-1"), "ALV-1"), now=utc_now())
    second = read_message(desk.session, desk.mail(text.format(number="ALV-2"), "ALV-2"), now=utc_now())
    assert first is not None
    assert second is not None
    desk.accept(first)
    assert desk.accept(second, {NAME: "Piet Smit", EMAIL: "piet@example.nl"}, learns=True) == "differs"
    assert desk.session.get_one(PartnerMailLayout, second.layout_id).rules == {}


def test_mail_of_anybody_else_is_no_order(desk: Desk) -> None:
    message = desk.mail(TEXT.format(number="ALV-1"))
    message.sender = {"name": "x", "address": "jan@alva.example.evil.example"}
    assert read_message(desk.session, message, now=utc_now()) is None


@pytest.mark.usefixtures("app_context")
def test_an_order_in_a_file_is_read_once_the_file_is_here_and_shown_beside_the_form(desk: Desk) -> None:
    message = desk.mail("In de bijlage onze opdracht.", "Opdracht")
    file = Attachment(id=new_id(), message_id=message.id, filename="Opdracht.PDF", content_type="application/octet-stream")
    file.state, file.provider, file.created_at = "pending", {}, NOW
    desk.session.add(file)
    desk.session.flush()
    assert read_message(desk.session, message, now=utc_now()) is None
    file.storage_key, file.state = runtime().storage.put(tabled()).key, "stored"
    desk.session.flush()
    row = read_message(desk.session, message, now=utc_now())
    assert row is not None
    assert (row.state, row.fields[NAME]["value"]) == (ReadingState.REVIEW, "Jan Jänssen")
    spot = row.fields[NAME]
    assert all_lines(message, row.pdf_rows)[spot["line"]].cells[spot["cell"]] == "Jan Jänssen"
    assert read_message(desk.session, message, now=utc_now()) is None
    desk.accept(row)
    assert desk.session.execute(sa.select(PartnerOrder.partner_order_id)).scalars().all() == ["ALV-77"]
