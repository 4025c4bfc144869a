"""Make the people of a demo company and their channels at the simulated providers."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.core.crypto import Keyring
from app.core.ids import new_id, new_secret
from app.domain.accounts.models import Brand, BrandMember, Team, TeamMember, User
from app.domain.accounts.permissions import Permission, role_may
from app.domain.brands.actions import change_brand
from app.domain.brands.queries import BrandContent
from app.domain.connections.actions import NewChannel, create_channel
from app.domain.connections.models import Channel, ChannelType, Medium
from app.domain.contacts.models import Contact
from app.sandbox.demo.company import DemoBrand, DemoCompany

# Simulated providers only: these open nothing outside this machine.
GRAPH_TENANT = "5d1f7c0e-7777-4c1e-9a55-000000000001"
GRAPH_CLIENT = "c0ffee00-7777-4c1e-9a55-000000000002"
GRAPH_SECRET = "simulated-client-secret"  # noqa: S105
WHATSAPP_TOKEN = "simulated-access-token"  # noqa: S105
WABA = "200600000000001"
TWILIO_ACCOUNT = "AC00000000000000000000000000000777"

TEMPLATES = [
    {
        "name": "appointment_reminder",
        "language": "nl",
        "category": "UTILITY",
        "status": "APPROVED",
        "parameter_format": "POSITIONAL",
        "components": [{"type": "BODY", "text": "Beste {{1}}, op {{2}} komen wij bij u langs. Schikt dat nog steeds?"}],
    },
    {
        "name": "order_status_update",
        "language": "nl",
        "category": "UTILITY",
        "status": "APPROVED",
        "parameter_format": "POSITIONAL",
        "components": [{"type": "BODY", "text": "Uw bestelling {{1}} is nu {{2}}. Vragen? Antwoord op dit bericht."}],
    },
    {
        "name": "order_completion_notification",
        "language": "nl",
        "category": "UTILITY",
        "status": "APPROVED",
        "parameter_format": "POSITIONAL",
        "components": [{"type": "BODY", "text": "Uw bestelling {{1}} is {{2}}. Bedankt voor uw vertrouwen!"}],
    },
    {
        "name": "follow_up",
        "language": "nl",
        "category": "UTILITY",
        "status": "APPROVED",
        "parameter_format": "POSITIONAL",
        "components": [{"type": "BODY", "text": "Beste {{1}}, is uw vraag naar wens opgelost? Antwoord gerust op dit bericht."}],
    },
    {
        "name": "follow_up",
        "language": "en",
        "category": "UTILITY",
        "status": "APPROVED",
        "parameter_format": "POSITIONAL",
        "components": [
            {"type": "BODY", "text": "Dear {{1}}, has your question been answered? Feel free to reply to this message."}
        ],
    },
]


OLD = timedelta(days=60)  # calendars hold from then on


@dataclass(frozen=True)
class Accounts:
    """The secrets of the demo's accounts at the providers: `chat` for WhatsApp, `phone` for Twilio.

    All demo companies share these two accounts, as one account serves all numbers.
    """

    chat: Mapping[str, str]
    phone: Mapping[str, str]

    @classmethod
    def new(cls) -> Accounts:
        chat = {"access_token": WHATSAPP_TOKEN, "signing_secret": new_secret(), "verify_token": new_secret(128)}
        return cls(chat, {"signing_secret": new_secret()})


@dataclass
class Company:
    """A demo company while it is being made, with the brands, users, teams and channels for its threads."""

    demo: DemoCompany
    brands: dict[str, Brand] = field(default_factory=dict)
    users: list[User] = field(default_factory=list)
    technicians: list[User] = field(default_factory=list)
    members: dict[uuid.UUID, list[User]] = field(default_factory=dict)
    channels: dict[tuple[str, Medium], Channel] = field(default_factory=dict)
    organizations: list[tuple[Contact, str]] = field(default_factory=list)

    @property
    def brand_ids(self) -> dict[str, uuid.UUID]:
        return {key: brand.id for key, brand in self.brands.items()}

    @property
    def lead(self) -> User:
        return next(user for user in self.users if role_may(user.role, Permission.RULES_MANAGE))


def make_people(session: Session, company: Company, password_hash: str, now: datetime) -> None:
    """Make the brands, teams and users of a company."""
    for demo in company.demo.brands:
        company.brands[demo.key] = _brand(session, company.demo, demo, now)
    teams = {name: Team(id=new_id(), name=name) for name in company.demo.teams}
    session.add_all(teams.values())
    session.flush()
    for person in company.demo.users:
        contact = Contact(id=new_id(), name=person.name, name_source="user", created_at=now, updated_at=now)
        session.add(contact)
        session.flush()
        user = User(
            id=new_id(),
            contact_id=contact.id,
            email=person.email,
            name=person.name,
            role=person.role,
            password_hash=password_hash,
            locale=person.locale,
            timezone=company.demo.zone,
            created_at=now,
        )
        session.add(user)
        session.flush()
        session.add(TeamMember(team_id=teams[person.team].id, user_id=user.id))
        works_in_inbox = role_may(user.role, Permission.THREADS_REPLY)
        (company.users if works_in_inbox else company.technicians).append(user)
        for key in person.brands or tuple(company.brands):
            session.add(BrandMember(brand_id=company.brands[key].id, user_id=user.id))
            if works_in_inbox:
                company.members.setdefault(company.brands[key].id, []).append(user)
    session.flush()


def _brand(session: Session, company: DemoCompany, demo: DemoBrand, now: datetime) -> Brand:
    """Make a brand. A brand with a `prefix` also gets its country's currency, tax and holidays, as on the page of brands."""
    signature = company.signature.format(name=demo.name)
    brand = Brand(id=new_id(), key=demo.key, name=demo.name, hue=demo.hue, email_signature=signature)
    brand.languages = [company.language]
    session.add(brand)
    session.flush()
    if demo.prefix:
        content = BrandContent(
            demo.name, demo.prefix, demo.hue, (company.language,), company.zone, demo.country, email_signature=signature
        )
        change_brand(session, brand.id, content, now=now - OLD)
    return brand


def make_channels(session: Session, company: Company, accounts: Accounts, keyring: Keyring, now: datetime) -> None:
    """Make a mailbox for each brand, and a channel for each phone number that the brand has."""
    for demo in company.demo.brands:
        made = {Medium.EMAIL: _mailbox(company, demo)}
        if demo.phone_number_id:
            made[Medium.WHATSAPP] = _number(company, demo, accounts)
        if demo.sms_number:
            price = dict(zip(("part_price", "part_currency"), company.demo.text_price, strict=True))
            made[Medium.SMS] = _line(company, demo, ChannelType.SMS, demo.sms_number, price, accounts)
        if demo.call_number:
            made[Medium.PHONE] = _line(company, demo, ChannelType.PHONE_CALL, demo.call_number, {}, accounts)
        for medium, new in made.items():
            company.channels[demo.key, medium] = create_channel(session, new, keyring=keyring, now=now)


def _mailbox(company: Company, demo: DemoBrand) -> NewChannel:
    return NewChannel(
        channel_type=ChannelType.EMAIL_OUTLOOK,
        name=f"{demo.name} e-mail",
        brand_id=company.brands[demo.key].id,
        address=demo.mailbox,
        settings={"tenant_id": GRAPH_TENANT, "client_id": GRAPH_CLIENT, "from_name": demo.name},
        secrets={"client_secret": GRAPH_SECRET, "url_key": new_secret()},
    )


def _number(company: Company, demo: DemoBrand, accounts: Accounts) -> NewChannel:
    return NewChannel(
        channel_type=ChannelType.WHATSAPP_BUSINESS,
        name=f"{demo.name} WhatsApp",
        brand_id=company.brands[demo.key].id,
        address=demo.phone_number_id or "",
        display_address=demo.whatsapp_number or "",
        settings={"waba_id": WABA, "templates": TEMPLATES},
        secrets=accounts.chat,
    )


def _line(
    company: Company, demo: DemoBrand, kind: ChannelType, number: str, more: dict[str, str], accounts: Accounts
) -> NewChannel:
    """Return a channel for texts or calls with this number. All numbers are at one Twilio account."""
    return NewChannel(
        channel_type=kind,
        name=f"{demo.name} {'SMS' if kind is ChannelType.SMS else 'phone'}",
        brand_id=company.brands[demo.key].id,
        address=number.replace(" ", ""),
        display_address=number,
        settings={"account_sid": TWILIO_ACCOUNT, **more},
        secrets=accounts.phone,
    )
