"""Make the demo's order mails: one with a new layout that waits for a person, and one without a phone number."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.connections.models import Channel, ChannelType
from app.domain.contacts.actions import IdentityInput, find_or_create_contact
from app.domain.events.actions import SYSTEM
from app.domain.partners.mail_orders import read_message
from app.domain.partners.models import Partner
from app.domain.threads.actions import NewMessage, NewThread, add_message, change_status, create_thread, lock_thread
from app.domain.threads.models import MessageType, ThreadStatus

SENDER = "orders@alva.example"
MAILS = (
    ("ALV-20417", "Lotte Oosterhuis", "06 - 1234 09 87", "Kleverparkweg 14, 2023 CB Haarlem"),
    ("ALV-20418", "Mehmet Kaya", "", "Plein 1944 nr 5, 6511 JD Nijmegen"),
)
LINES = "<tr><td>ALVA-EVE-11</td><td>Laadpaal 11 kW, socket</td><td>1</td></tr>"


def make_order_mails(session: Session, partner: Partner, *, now: datetime) -> None:
    """Make the order mails, as if they came within the last quarter of an hour."""
    query = sa.select(Channel).where(Channel.brand_id == partner.brand_id, Channel.channel_type == ChannelType.EMAIL)
    channel = session.execute(query.order_by(Channel.id).limit(1)).scalar_one_or_none()
    contact = find_or_create_contact(session, [IdentityInput("email", SENDER, display=SENDER)], name="Alva Orders", now=now)
    for age, (number, name, phone, address) in enumerate(MAILS):
        at = now - timedelta(minutes=4 + age * 5)
        subject = f"Nieuwe opdracht {number} – laadpaal"
        new = NewThread(partner.brand_id, "email", subject, channel_id=channel.id if channel else None, contact_id=contact.id)
        thread = lock_thread(session, create_thread(session, new, now=at).id)
        values = {
            "sender_contact_id": contact.id,
            "sender": {"name": "Alva Orders", "address": SENDER},
            "html": _html(number, name, phone, address),
            "meta": {"authentication": {"dkim": "pass", "dmarc": "pass"}},
        }
        mail = NewMessage(MessageType.INCOMING, "email", at, f"Opdracht {number}", subject, thread.channel_id, values=values)
        message = add_message(session, thread, mail, now=at)
        change_status(session, thread_id=thread.id, status=ThreadStatus.RESOLVED, actor=SYSTEM, now=at)
        read_message(session, message, now=at)


def _html(number: str, name: str, phone: str, address: str) -> str:
    facts = {
        "Opdrachtnummer": number, "Naam": name, "Telefoon": phone or "volgt", "E-mail": f"{name.split()[0].lower()}@example.org",
        "Installatieadres": address, "Factuuradres": "Alva Energie, Postbus 220, 3800 AE Amersfoort",
    }  # fmt: skip
    rows = "".join(f"<tr><td><b>{label}</b></td><td>{value}</td></tr>" for label, value in facts.items())
    head = "<tr><th>Artikel</th><th>Omschrijving</th><th>Aantal</th></tr>"
    end = "<p>Met vriendelijke groet,<br>Team Orders, Alva Energie<br>KvK 34112233 · 088 – 220 11 00</p>"
    return f"<p>Beste ChargeCars,</p><p>Hierbij een nieuwe opdracht.</p><table>{rows}</table><table>{head}{LINES}</table>{end}"
