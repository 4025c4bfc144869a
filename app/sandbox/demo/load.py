"""Load the demo companies once: brands, people, channels and a few hundred threads with plausible times.

The same seed gives the same companies; times are counted back from the moment of loading, so the inbox looks like this
morning's.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from heapq import merge
from operator import itemgetter
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.crypto import Keyring
from app.core.ids import new_secret
from app.domain.accounts.models import Brand
from app.domain.analytics.settle import ask_for_rebuild
from app.domain.connections.actions import NewChannel, create_channel
from app.domain.connections.models import ChannelType, Medium
from app.domain.contacts.actions import IdentityInput, find_or_create_contact
from app.domain.contacts.models import Contact, ContactType
from app.domain.threads.actions import NewThread, create_thread, lock_thread
from app.domain.threads.models import Priority, Thread
from app.sandbox.demo.auto_replies import make_auto_replies
from app.sandbox.demo.automation import make_automation
from app.sandbox.demo.channels import Accounts, Company, make_channels, make_people
from app.sandbox.demo.clocks import make_clocks
from app.sandbox.demo.company import DemoCompany, Story, plain
from app.sandbox.demo.conversations import finish, finish_as_told, how_far, mark_seen, tell
from app.sandbox.demo.laurier import LAURIER
from app.sandbox.demo.macros import make_macros
from app.sandbox.demo.mailboxes import simulated_mailboxes
from app.sandbox.demo.orders import Wanted, Work, make_articles, make_orders, orders_by_chance
from app.sandbox.demo.people import BRANDS, CHARGECARS
from app.sandbox.demo.photos import attach_photo
from app.sandbox.demo.routing import make_routing
from app.sandbox.demo.sample_threads import STORIES
from app.sandbox.demo.surveys import make_surveys
from app.sandbox.demo.tasks import make_tasks
from app.sandbox.demo.templates import make_templates
from app.sandbox.demo.views import make_views
from app.sandbox.demo.visits import make_visits

COMPANIES = (CHARGECARS, LAURIER)
THREADS = sum(company.by_chance + len(company.stories) for company in COMPANIES)
DAYS = 21
SEED = 20261121


def load_demo(session: Session, *, keyring: Keyring, password_hash: str, now: datetime) -> int:
    """Make the companies and their threads; return the number of threads. If a brand exists already, do nothing and return 0."""
    if session.execute(sa.select(Brand.id).limit(1)).first() is not None:
        return 0
    accounts = Accounts.new()
    company, *_others = (_load_company(session, demo, accounts, keyring, password_hash, now) for demo in COMPANIES)
    brand_ids, channels = company.brand_ids, {c.name: c for c in company.channels.values()}
    make_macros(session, brand_ids=brand_ids, author=company.lead, now=now)
    make_routing(session, users=company.users, channels=channels, now=now)
    make_automation(session, author=company.lead, brand_ids=list(brand_ids.values()), now=now)
    make_clocks(session, now=now)
    make_auto_replies(session, channels=channels, now=now)
    make_surveys(session, random.Random(SEED), brand_id=brand_ids[BRANDS[0].key], now=now)
    ask_for_rebuild(session, now=now)
    return THREADS


def _load_company(
    session: Session, demo: DemoCompany, accounts: Accounts, keyring: Keyring, password_hash: str, now: datetime
) -> Company:
    """Make one company with everything it has. Orders, tasks and templates come after the threads they need."""
    company = Company(demo)
    make_people(session, company, password_hash, now)
    make_channels(session, company, accounts, keyring, now)
    if demo is CHARGECARS:
        _make_more_mailboxes(session, company, keyring, now)
    _make_organizations(session, company, now)
    told = [(_make_thread(session, company, dice, story, at, now), story) for story, at, dice in _stories(demo, now)]
    session.flush()
    brand_ids, technician = company.brand_ids, company.technicians[0]
    make_templates(session, company, random.Random(SEED), now=now)
    users = [user.id for user in company.users]
    make_tasks(session, random.Random(SEED), tasks=demo.tasks, user_ids=users, zone=demo.zone, now=now)
    make_articles(session, demo.articles, brand_ids=brand_ids.values(), now=now)
    work = Work(demo.visits.title, demo.zone, None if demo.by_chance else technician.id)
    wanted = orders_by_chance(session, random.Random(SEED), now=now) if demo.by_chance else _orders_of_stories(told, now)
    make_orders(session, wanted, work=work, now=now)
    make_visits(session, demo.visits, brand_ids=brand_ids, zone=demo.zone, technician=technician, now=now)
    make_views(session, demo.views, users=company.users, now=now)
    return company


def _orders_of_stories(told: list[tuple[Thread, Story]], now: datetime) -> Iterator[Wanted]:
    """Yield the orders of stories. Each order is made half an hour after its thread began.

    It reaches its final status two days after its thread was resolved, at the latest an hour ago.
    """
    for thread, story in told:
        if story.order is not None:
            over = thread.resolved_at + timedelta(days=2) if thread.resolved_at else now
            yield Wanted(thread.created_at + timedelta(minutes=30), min(over, now - timedelta(hours=1)), thread, story.order)


def _make_more_mailboxes(session: Session, company: Company, keyring: Keyring, now: datetime) -> None:
    """Make a channel that receives forwarded mail, and one mailbox for each transport besides Microsoft 365."""
    first = BRANDS[0]
    inbound = NewChannel(
        channel_type=ChannelType.EMAIL,
        name=f"{first.name} archive",
        brand_id=company.brands[first.key].id,
        address="archive@chargecars.example",
        secrets={"url_key": new_secret()},
    )
    for made in (inbound, *simulated_mailboxes(company.brand_ids)):
        create_channel(session, made, keyring=keyring, now=now)


def _make_organizations(session: Session, company: Company, now: datetime) -> None:
    for name, address in company.demo.organizations:
        contact = find_or_create_contact(session, [IdentityInput("email", address, display=address)], name=name, now=now)
        contact.contact_type = ContactType.ORGANIZATION
        company.organizations.append((contact, address))


def _stories(demo: DemoCompany, now: datetime) -> Iterator[tuple[Story, datetime, random.Random]]:
    """Yield (story, time it began, random generator for it), oldest first, so that thread numbers follow time.

    Written and random stories have separate generators. So one more written story does not change the random ones.
    """
    dice, chance = random.Random(SEED), random.Random(SEED)
    written = [(now - timedelta(hours=story.hours_ago or 0), story) for story in demo.stories]
    by_chance = ((at, None) for at in _start_times(chance, ZoneInfo(demo.zone), demo.by_chance, now))
    for at, story in merge(sorted(written, key=itemgetter(0)), by_chance, key=itemgetter(0)):
        yield (story, at, dice) if story else (chance.choice(STORIES), at, chance)


def _start_times(dice: random.Random, zone: ZoneInfo, count: int, now: datetime) -> list[datetime]:
    """Return `count` random times at which threads begin, oldest first.

    Most are in office hours on weekdays, and recent days have more of them.
    """
    moments: list[datetime] = []
    while len(moments) < count:
        day = (now - timedelta(days=DAYS * dice.random() ** 1.6)).astimezone(zone)
        weekend = day.weekday() >= 5
        hour = dice.triangular(7.5, 19.5, 10.5) if dice.random() < 0.85 else dice.uniform(0, 24)
        moment = datetime.combine(day.date(), time(), zone) + timedelta(hours=hour)
        recent = now - moment < timedelta(hours=30)
        if moment < now - timedelta(minutes=3) and (not weekend or recent or dice.random() < 0.3):
            moments.append(moment)
    return sorted(moments)


def _make_thread(session: Session, company: Company, dice: random.Random, story: Story, at: datetime, now: datetime) -> Thread:
    by_chance = story.hours_ago is None
    brand_key = _pick_brand(dice, company, story) if by_chance else story.brand
    medium = _pick_medium(dice, story, company, brand_key) if by_chance else story.medium
    channel = company.channels[brand_key, medium]
    facts = _facts(dice, company, at)
    contact, address = _pick_contact(session, company, dice, story, medium, facts, now)
    new = NewThread(
        brand_id=channel.brand_id,
        medium=medium.value,
        subject=story.subject.format(**facts) if medium == Medium.EMAIL else "",
        channel_id=channel.id,
        contact_id=contact.id,
        thread_type=story.thread_type,
        priority=story.priority if not by_chance or dice.random() < 0.7 else Priority.NORMAL,
    )
    thread = lock_thread(session, create_thread(session, new, now=at, at=at).id)
    lines = story.lines[: how_far(dice, story, at, now)]
    members = company.members[channel.brand_id]
    drawn = dice.choice(members)
    owner = next((one for one in members if story.owner and one.name.startswith(story.owner)), drawn)
    last_at = tell(session, dice, thread, channel, contact, address, owner, story, lines, facts, at, now)
    if by_chance:
        finish(session, dice, thread, owner, lines, last_at, now)
    else:
        finish_as_told(session, thread, owner, story, last_at, now)
    if story.photo:
        attach_photo(session, thread, story.photo)
    mark_seen(session, company.members[thread.brand_id], dice, thread, last_at)
    return thread


def _pick_brand(dice: random.Random, company: Company, story: Story) -> str:
    if story.partner:
        return company.demo.brands[0].key
    return dice.choices([b.key for b in company.demo.brands], weights=[42, 22, 14, 12, 10])[0]


def _pick_medium(dice: random.Random, story: Story, company: Company, brand_key: str) -> Medium:
    chat_possible = (brand_key, Medium.WHATSAPP) in company.channels and not story.partner
    return Medium.WHATSAPP if chat_possible and dice.random() < 0.55 else Medium.EMAIL


def _facts(dice: random.Random, company: Company, at: datetime) -> dict[str, str]:
    customers, days = company.demo.customers, ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag")
    return {
        "order": f"CC-{at.year}-{dice.randint(1, 999):05d}",
        "day": dice.choice(days),
        "time": f"{dice.randint(8, 15):02d}:{dice.choice(('00', '30'))}",
        "town": dice.choice(customers.towns),
        "street": f"{dice.choice(customers.streets)} {dice.randint(1, 180)}",
    }


def _pick_contact(
    session: Session, company: Company, dice: random.Random, story: Story, medium: Medium, facts: dict[str, str], now: datetime
) -> tuple[Contact, str]:
    if story.partner:
        return dice.choice(company.organizations)
    customers = company.demo.customers
    first, last = customers.names[story.language]
    name = f"{dice.choice(first)} {dice.choice(last)}"
    digits = f"{customers.dialling}{dice.randint(10 ** (customers.digits - 1), 10**customers.digits - 1)}"
    mail = plain(f"{name.lower().replace(' ', '.').replace(chr(39), '')}@{customers.domains[story.language]}")
    phone = IdentityInput("phone", f"+{digits}", display=f"+{digits}")
    by_mail, chat = [IdentityInput("email", mail, display=mail)], [IdentityInput("wa_id", digits, display=digits), phone]
    identities = {Medium.WHATSAPP: chat, Medium.SMS: [phone], Medium.PHONE: [phone]}.get(medium, by_mail)
    if dice.random() < 0.35:
        identities = [*identities, *(chat if medium == Medium.EMAIL else by_mail)]
    contact = find_or_create_contact(session, identities, name=name, now=now)
    contact.language, contact.address = story.language, f"{facts['street']}, {facts['town']}"
    return contact, identities[0].value
