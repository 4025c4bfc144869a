"""Load the demo company once: brands, people, channels and a few hundred threads with plausible times.

The same seed gives the same company; times are counted back from the moment of loading, so the inbox looks like this morning's.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.crypto import Keyring
from app.core.ids import new_id, new_secret
from app.domain.accounts.models import Brand, BrandMember, Team, TeamMember, User
from app.domain.accounts.permissions import Permission, role_may
from app.domain.analytics.settle import ask_for_rebuild
from app.domain.connections.actions import NewChannel, create_channel
from app.domain.connections.models import Channel, ChannelType, Medium
from app.domain.contacts.actions import IdentityInput, find_or_create_contact
from app.domain.contacts.models import Contact, ContactType
from app.domain.threads.actions import NewThread, create_thread, lock_thread
from app.domain.threads.models import Priority
from app.sandbox.demo.auto_replies import make_auto_replies
from app.sandbox.demo.automation import make_automation
from app.sandbox.demo.clocks import make_clocks
from app.sandbox.demo.conversations import finish, how_far, mark_seen, tell
from app.sandbox.demo.macros import make_macros
from app.sandbox.demo.mailboxes import simulated_mailboxes
from app.sandbox.demo.orders import make_orders
from app.sandbox.demo.people import (
    BRANDS,
    DUTCH_FIRST,
    DUTCH_LAST,
    ENGLISH_FIRST,
    ENGLISH_LAST,
    ORGANIZATIONS,
    STREETS,
    TEAMS,
    TOWNS,
    USERS,
    DemoBrand,
)
from app.sandbox.demo.routing import make_routing
from app.sandbox.demo.sample_threads import STORIES, Story
from app.sandbox.demo.surveys import make_surveys
from app.sandbox.demo.tasks import make_tasks
from app.sandbox.demo.templates import make_templates
from app.sandbox.demo.visits import make_visits

THREADS = 340
DAYS = 21
SEED = 20261121
AMSTERDAM = ZoneInfo("Europe/Amsterdam")

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


@dataclass
class Company:
    """What is made once and then used by every thread."""

    brands: dict[str, Brand] = field(default_factory=dict)
    users: list[User] = field(default_factory=list)
    technicians: list[User] = field(default_factory=list)
    members: dict[uuid.UUID, list[User]] = field(default_factory=dict)
    channels: dict[tuple[str, Medium], Channel] = field(default_factory=dict)
    organizations: list[tuple[Contact, str]] = field(default_factory=list)


def load_demo(session: Session, *, keyring: Keyring, password_hash: str, now: datetime) -> int:
    """Make the company and its threads; returns how many threads. 0 if a brand exists already: nothing is touched then."""
    if session.execute(sa.select(Brand.id).limit(1)).first() is not None:
        return 0
    dice = random.Random(SEED)
    company = Company()
    _make_people(session, company, password_hash, now)
    _make_channels(session, company, keyring, now)
    _make_organizations(session, company, now)
    for started_at in _start_times(dice, now):
        _make_thread(session, company, dice, started_at, now)
    session.flush()
    lead = next(user for user in company.users if role_may(user.role, Permission.RULES_MANAGE))
    brand_ids = {key: brand.id for key, brand in company.brands.items()}
    make_templates(session, random.Random(SEED), brand_ids=brand_ids, author_user_id=lead.id, now=now)
    make_macros(session, brand_ids=brand_ids, author=lead, now=now)
    make_tasks(session, random.Random(SEED), user_ids=[user.id for user in company.users], now=now)
    make_orders(session, random.Random(SEED), brand_ids=list(brand_ids.values()), now=now)
    make_visits(session, brand_id=brand_ids[BRANDS[0].key], technician=company.technicians[0], now=now)
    make_routing(session, users=company.users, channels={c.name: c for c in company.channels.values()}, now=now)
    make_automation(session, author=lead, brand_ids=list(brand_ids.values()), now=now)
    make_clocks(session, now=now)
    make_auto_replies(session, channels={c.name: c for c in company.channels.values()}, now=now)
    make_surveys(session, random.Random(SEED), brand_id=brand_ids[BRANDS[0].key], now=now)
    ask_for_rebuild(session, now=now)
    return THREADS


def _make_people(session: Session, company: Company, password_hash: str, now: datetime) -> None:
    for demo in BRANDS:
        brand = Brand(
            id=new_id(), key=demo.key, name=demo.name, hue=demo.hue, email_signature=f"Met vriendelijke groet,\nTeam {demo.name}"
        )
        session.add(brand)
        company.brands[demo.key] = brand
    teams = {name: Team(id=new_id(), name=name) for name in TEAMS}
    session.add_all(teams.values())
    session.flush()
    for person in USERS:
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


def _make_channels(session: Session, company: Company, keyring: Keyring, now: datetime) -> None:
    # One app at the provider serves both numbers, so they share its secrets.
    secrets = {"access_token": WHATSAPP_TOKEN, "signing_secret": new_secret(), "verify_token": new_secret(128)}
    for demo in BRANDS:
        company.channels[demo.key, Medium.EMAIL] = _mailbox(session, company, demo, keyring, now)
        if demo.phone_number_id:
            company.channels[demo.key, Medium.WHATSAPP] = _number(session, company, demo, secrets, keyring, now)
    first = BRANDS[0]
    inbound = NewChannel(
        channel_type=ChannelType.EMAIL,
        name=f"{first.name} archive",
        brand_id=company.brands[first.key].id,
        address="archive@chargecars.example",
        secrets={"url_key": new_secret()},
    )
    create_channel(session, inbound, keyring=keyring, now=now)
    _make_phone_channels(session, first, company.brands[first.key].id, keyring, now)
    for made in simulated_mailboxes({key: brand.id for key, brand in company.brands.items()}):
        create_channel(session, made, keyring=keyring, now=now)


def _make_phone_channels(session: Session, demo: DemoBrand, brand_id: uuid.UUID, keyring: Keyring, now: datetime) -> None:
    """One number for texts and one for calls, of one account."""
    secrets, settings = {"signing_secret": new_secret()}, {"account_sid": TWILIO_ACCOUNT}
    price = {"part_price": "0.0849", "part_currency": "EUR"}
    for kind, name, number, shown, more in (
        (ChannelType.SMS, "SMS", "+3197010200777", "+31 970 1020 0777", price),
        (ChannelType.PHONE_CALL, "phone", "+31201234500", "+31 20 123 4500", {}),
    ):
        new = NewChannel(
            channel_type=kind,
            name=f"{demo.name} {name}",
            brand_id=brand_id,
            address=number,
            display_address=shown,
            settings={**settings, **more},
            secrets=secrets,
        )
        create_channel(session, new, keyring=keyring, now=now)


def _mailbox(session: Session, company: Company, demo: DemoBrand, keyring: Keyring, now: datetime) -> Channel:
    new = NewChannel(
        channel_type=ChannelType.EMAIL_OUTLOOK,
        name=f"{demo.name} e-mail",
        brand_id=company.brands[demo.key].id,
        address=demo.mailbox,
        settings={"tenant_id": GRAPH_TENANT, "client_id": GRAPH_CLIENT, "from_name": demo.name},
        secrets={"client_secret": GRAPH_SECRET, "url_key": new_secret()},
    )
    return create_channel(session, new, keyring=keyring, now=now)


def _number(
    session: Session, company: Company, demo: DemoBrand, secrets: dict[str, str], keyring: Keyring, now: datetime
) -> Channel:
    new = NewChannel(
        channel_type=ChannelType.WHATSAPP_BUSINESS,
        name=f"{demo.name} WhatsApp",
        brand_id=company.brands[demo.key].id,
        address=demo.phone_number_id or "",
        display_address=demo.whatsapp_number or "",
        settings={"waba_id": WABA, "templates": TEMPLATES},
        secrets=secrets,
    )
    return create_channel(session, new, keyring=keyring, now=now)


def _make_organizations(session: Session, company: Company, now: datetime) -> None:
    for name, address in ORGANIZATIONS:
        contact = find_or_create_contact(session, [IdentityInput("email", address, display=address)], name=name, now=now)
        contact.contact_type = ContactType.ORGANIZATION
        company.organizations.append((contact, address))


def _start_times(dice: random.Random, now: datetime) -> Iterator[datetime]:
    """Mostly office hours on weekdays, more of them lately; oldest first, so that thread numbers follow time."""
    moments: list[datetime] = []
    while len(moments) < THREADS:
        day = (now - timedelta(days=DAYS * dice.random() ** 1.6)).astimezone(AMSTERDAM)
        weekend = day.weekday() >= 5
        hour = dice.triangular(7.5, 19.5, 10.5) if dice.random() < 0.85 else dice.uniform(0, 24)
        moment = datetime.combine(day.date(), time(), AMSTERDAM) + timedelta(hours=hour)
        recent = now - moment < timedelta(hours=30)
        if moment < now - timedelta(minutes=3) and (not weekend or recent or dice.random() < 0.3):
            moments.append(moment)
    return iter(sorted(moments))


def _make_thread(session: Session, company: Company, dice: random.Random, at: datetime, now: datetime) -> None:
    story = dice.choice(STORIES)
    brand_key = _pick_brand(dice, story)
    medium = _pick_medium(dice, story, company, brand_key)
    channel = company.channels[brand_key, medium]
    facts = _facts(dice, at)
    contact, address = _pick_contact(session, company, dice, story, medium, facts, now)
    subject = story.subject.format(**facts) if medium == Medium.EMAIL else ""
    new = NewThread(
        brand_id=channel.brand_id,
        medium=medium.value,
        subject=subject,
        channel_id=channel.id,
        contact_id=contact.id,
        thread_type=story.thread_type,
        priority=story.priority if dice.random() < 0.7 else Priority.NORMAL,
    )
    thread = lock_thread(session, create_thread(session, new, now=at, at=at).id)
    lines = story.lines[: how_far(dice, story, at, now)]
    owner = dice.choice(company.members[channel.brand_id])
    last_at = tell(session, dice, thread, channel, contact, address, owner, lines, facts, at, now)
    finish(session, dice, thread, owner, lines, last_at, now)
    mark_seen(session, company.members[thread.brand_id], dice, thread, last_at)


def _pick_brand(dice: random.Random, story: Story) -> str:
    if story.partner:
        return "chargecars"
    return dice.choices([b.key for b in BRANDS], weights=[42, 22, 14, 12, 10])[0]


def _pick_medium(dice: random.Random, story: Story, company: Company, brand_key: str) -> Medium:
    chat_possible = (brand_key, Medium.WHATSAPP) in company.channels and not story.partner
    return Medium.WHATSAPP if chat_possible and dice.random() < 0.55 else Medium.EMAIL


def _facts(dice: random.Random, at: datetime) -> dict[str, str]:
    days = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag")
    return {
        "order": f"CC-{at.year}-{dice.randint(1, 999):05d}",
        "day": dice.choice(days),
        "time": f"{dice.randint(8, 15):02d}:{dice.choice(('00', '30'))}",
        "town": dice.choice(TOWNS),
        "street": f"{dice.choice(STREETS)} {dice.randint(1, 180)}",
    }


def _pick_contact(
    session: Session, company: Company, dice: random.Random, story: Story, medium: Medium, facts: dict[str, str], now: datetime
) -> tuple[Contact, str]:
    if story.partner:
        return dice.choice(company.organizations)
    first, last = (DUTCH_FIRST, DUTCH_LAST) if story.language == "nl" else (ENGLISH_FIRST, ENGLISH_LAST)
    name = f"{dice.choice(first)} {dice.choice(last)}"
    digits = f"316{dice.randint(10_000_000, 99_999_999)}"
    mail = f"{name.lower().replace(' ', '.').replace(chr(39), '')}@example.{'nl' if story.language == 'nl' else 'com'}"
    mail = mail.encode("ascii", "ignore").decode()
    chat = [IdentityInput("wa_id", digits, display=digits), IdentityInput("phone", f"+{digits}", display=f"+{digits}")]
    identities = chat if medium == Medium.WHATSAPP else [IdentityInput("email", mail, display=mail)]
    if dice.random() < 0.35:
        identities = [*identities, *([IdentityInput("email", mail, display=mail)] if medium == Medium.WHATSAPP else chat)]
    contact = find_or_create_contact(session, identities, name=name, now=now)
    contact.language, contact.address = story.language, f"{facts['street']}, {facts['town']}"
    return contact, identities[0].value
