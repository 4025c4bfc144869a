"""Every URL tried as everybody; the table is tests/web/accounts/every_url.py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app import create_app
from app.config import Settings
from app.core.clock import utc_now
from app.core.crypto import Keyring
from app.core.ids import new_id
from app.core.runtime import runtime
from app.core.unsubscribe_tokens import DIGEST, MAILINGS, unsubscribe_token
from app.domain.accounts.models import Brand, Role, Team, User, UserSession
from app.domain.accounts.permissions import role_may
from app.domain.accounts.sessions import open_session
from app.domain.accounts.tokens import create_token
from app.domain.automation.models import AutomationRule
from app.domain.connections.models import Channel, ChannelType
from app.domain.delivery.models import ScheduledReply
from app.domain.events.actions import SYSTEM, Actor
from app.domain.events.models import Event, OutboxEntry
from app.domain.ingest.intake import RawEvent, store_event
from app.domain.integrations.actions import IntegrationContent, create_integration
from app.domain.integrations.models import Provider
from app.domain.mailings.actions import NewMailing, NewRecipient, create_mailing
from app.domain.mailings.models import MailingRecipient
from app.domain.notifications.models import Notification, NotificationKind, PushSubscription
from app.domain.notifications.teams.hooks import NewHook, set_hook
from app.domain.reply_templates.actions import TemplateContent, create_template
from app.domain.reply_templates.models import TemplateCategory
from app.domain.sla.actions import CalendarContent, create_calendar, create_policy
from app.domain.sla.rules import DEFAULT_CALENDAR, PolicyRules
from app.domain.suppressions.models import Suppression
from app.domain.tasks.actions import TaskContent, create_task
from app.domain.threads.macro_models import Macro
from app.domain.threads.models import Attachment, MessageType, Thread
from app.domain.threads.move_models import ThreadMove
from app.domain.threads.sorting import ListSort
from app.domain.threads.triage_models import BulkAction
from app.domain.threads.view_models import SavedView, ViewScope
from app.domain.webhooks.actions import EndpointContent, create_endpoint, send_test_event
from app.domain.webhooks.models import EndpointKind
from tests.domain.appointments.factories import make_appointment
from tests.domain.field.factories import make_photo
from tests.domain.partners.factories import make_partner, make_partner_key, things_of_portal
from tests.domain.routing.factories import make_rule
from tests.factories import NOW, make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.database import back_to, ground_session
from tests.support.signing_in import CSRF_SECRET, csrf_token, csrf_value, session_cookie
from tests.web.accounts.audiences import HANDSHAKE, IN, PUBLIC, SIGN_IN, UNSIGNED, Entry, Verdict
from tests.web.accounts.every_url import TABLE
from tests.web.accounts.narrow_roles import expected_of
from tests.web.accounts.order_ids import order_ids

# Least first: who is refused changes nothing for those who come after.
PEOPLE = ("nobody", "mallory", "moritz", "rita", "theo", "paula", "alice", "mia", "leila", "root")
ROLES = {"mia": Role.MANAGER, "rita": Role.READ_ONLY, "theo": Role.TECHNICIAN, "paula": Role.PARTNER, "root": Role.ADMIN}
ROLES |= dict.fromkeys(("leila", "moritz"), Role.LEAD) | dict.fromkeys(("alice", "mallory"), Role.AGENT)
# Made-up content only.
OPEN_IN_A_DEMO = frozenset({"/dev/components"})
IDS_OF_API = {
    "channels": "channel_id",
    "attachments": "attachment_id",
    "messages": "message_id",
    "threads": "thread_id",
    "contacts": "contact_id",
    "tasks": "task_id",
    "orders": "order_id",
    "imports": "import_id",
    "partners": "partner_id",
    "appointments": "appointment_id",
    "templates": "template_id",
    "teams": "team_id",
    "brands": "brand_id",
    "send-bulk-email": "mailing_id",
    "users": "user_id",
    "webhooks": "endpoint_id",
}


@dataclass(frozen=True)
class World:
    """The people, their tokens of the API and their browsers' cookies, and what to put into the URLs."""

    users: dict[str, User]
    tokens: dict[str, str]
    cookies: dict[str, str]
    csrf_token: str
    ids: dict[str, object]


@pytest.fixture(scope="module")
def built(shared_app: Flask, ground: sa.Connection) -> World:
    """The world, put in place once for all these tests."""
    with ground_session(ground) as session:
        ours, theirs = make_brand(session), make_brand(session, "laderthuis")
        users = {
            "alice": make_user(session, "Alice", brands=(ours,)),
            "leila": make_user(session, "Leila", role=Role.LEAD, brands=(ours,)),
            "mia": make_user(session, "Mia", role=Role.MANAGER, brands=(ours,)),
            "root": make_user(session, "Root", role=Role.ADMIN),
            "rita": make_user(session, "Rita", role=Role.READ_ONLY, brands=(ours,)),
            **{name.lower(): make_user(session, name, role=Role.TECHNICIAN, brands=(ours,)) for name in ("Theo", "Tess")},
            "paula": make_user(session, "Paula", role=Role.PARTNER, brands=()),
            "mallory": make_user(session, "Mallory", brands=(theirs,)),
            "moritz": make_user(session, "Moritz", role=Role.LEAD, brands=(theirs,)),
        }
        tokens = {name: create_token(session, user, name="test", scopes=(), now=NOW)[1] for name, user in users.items()}
        later = utc_now() + timedelta(hours=1)  # no request notes that it was used
        sessions = {name: open_session(session, user, ip="127.0.0.1", user_agent="", now=later) for name, user in users.items()}
        cookies = {name: session_cookie(shared_app, token, csrf_token=CSRF_SECRET) for name, token in sessions.items()}
        ids = _things(shared_app, session, ours, users["alice"], users["theo"])
        ids |= things_of_portal(session, users["paula"], ids["partner_id"])
        session.flush()
        # Nobody works here, and /readyz tells of what has waited for a minute.
        session.execute(sa.update(OutboxEntry).where(OutboxEntry.state == "ready").values(state="done"))
        session.commit()
        return World(users, tokens, cookies, csrf_value(shared_app), ids)


@pytest.fixture
def connection(built: World, ground: sa.Connection) -> Iterator[sa.Connection]:
    with back_to(ground) as connection:
        yield connection


def _things(app: Flask, session: Session, brand: object, alice: User, theo: User) -> dict[str, object]:
    with app.app_context():
        keyring, stored = runtime().keyring, runtime().storage.put(b"From: a@example.nl\r\n\r\nhallo").key
    channel = make_channel(session, brand, ChannelType.EMAIL, keyring=keyring, address="service@chargecars.example")  # type: ignore[arg-type]
    contact = make_contact(session, kind="email", value="pieter@example.nl")
    thread = make_thread(session, channel, contact, subject="Laadpaal")
    incoming = make_message(session, thread, raw_key=stored, html="<p>hallo</p>")
    failed = make_message(session, thread, message_type=MessageType.OUTGOING, delivery_status="failed")
    attachment = Attachment(
        id=new_id(), message_id=incoming.id, thread_id=thread.id, position=0, filename="a.txt", content_type="text/plain",
        size_bytes=5, storage_key=stored, state="stored", provider={}, created_at=NOW,
    )  # fmt: skip
    team = Team(id=new_id(), name="Service")
    other_person = make_user(session, "Otto", brands=(brand,))  # type: ignore[arg-type]
    event = Event(type="MessageReceived", occurred_at=NOW, brand_id=channel.brand_id, thread_id=thread.id, depth=0, payload={})
    session.add_all([attachment, team, event])
    session.flush()
    entry = OutboxEntry(event_id=event.id, handler="push_thread_change", queue="live", state="failed")
    browser = UserSession(
        id=new_id(), user_id=other_person.id, token_hash=b"x", created_at=NOW, last_seen_at=NOW, expires_at=NOW, user_agent=""
    )
    stopped = Suppression(id=new_id(), brand_id=channel.brand_id, address="weg@example.nl", reason="bounced", source="user")
    stopped.detail, stopped.occurred_at, stopped.created_at = "", NOW, NOW
    session.add_all([entry, browser, stopped])
    new = NewMailing("Winter", "Tips", recipients=(NewRecipient("pieter@example.nl"),))
    mailing = create_mailing(session, new, channel=channel, actor=Actor(alice.id), now=NOW)
    recipient_id = session.execute(sa.select(MailingRecipient.id).where(MailingRecipient.mailing_id == mailing.id)).scalar_one()
    session.flush()
    raw = RawEvent(source="email_inbound", dedupe_key="1", body=b"x", channel_id=channel.id, quarantine_reason="not a mail")
    token = create_token(session, alice, name="alice's", scopes=(), now=NOW)[0]
    content = TemplateContent("Afspraak", TemplateCategory.FOLLOW_UP, "nl", "Tot dan", brand_ids=(channel.brand_id,))
    template = create_template(session, content, now=NOW)
    bulk = BulkAction(id=new_id(), user_id=alice.id, change={"kind": "undo", "to": None}, total=0, created_at=NOW)
    view = SavedView(
        id=new_id(), name="Retouren", owner_user_id=alice.id, scope=ViewScope.PRIVATE, filters={}, sort=ListSort.NEWEST,
        position=1, created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    move = ThreadMove(kind="merge", batch_id=new_id(), brand_id=channel.brand_id, from_thread_id=new_id(), moved_at=NOW)
    move.to_thread_id, move.undo_until, move.undone_at, move.former, move.latter = thread.id, NOW, NOW, {}, {}
    macro = Macro(id=new_id(), name="Storing", brand_id=channel.brand_id, steps={"priority": "high"}, created_at=NOW)
    macro.updated_at = NOW
    session.add_all([bulk, view, move, macro])
    return {
        "routing_rule_id": make_rule(session, channel).id,
        "automation_rule_id": _automation_rule(session, channel.brand_id),
        "macro_id": macro.id, "bulk_id": bulk.id, "view_id": view.id, "batch_id": move.batch_id, "run_token": new_id(),
        "thread_id": thread.id, "message_id": incoming.id, "failed_id": failed.id, "attachment_id": attachment.id,
        "contact_id": contact.id, "channel_id": channel.id,
        "suppression_id": stopped.id, "mailing_id": mailing.id,
        "mailing_token": unsubscribe_token(recipient_id, app.secret_key, purpose=MAILINGS),
        "user_id": other_person.id, "team_id": team.id,
        "session_id": browser.id, "token_id": token.id, "event_id": store_event(session, raw), "entry_id": entry.id,
        "scheduled_id": _scheduled(session, thread, alice),
        **_rules_of_clocks(session),
        "template_id": template.id, "notification_id": _notification(session, thread, alice),
        "device_id": _device(session, alice), "way": "app",
        "token": unsubscribe_token(alice.id, app.secret_key, purpose=DIGEST), "hook_id": _hook(session, team, keyring),
        "brand_id": channel.brand_id,
        **_partner(session, channel, keyring),
        "integration_id": _integration(session, channel, keyring),
        **_callbacks(session, channel, keyring),
        **order_ids(session, brand, contact, alice),  # type: ignore[arg-type]
        **_visit(app, session, thread, theo), "action_id": new_id(),
        "task_id": create_task(session, TaskContent(channel.brand_id, "Bellen"), now=NOW, actor=SYSTEM).id,
        "identity_id": new_id(), "reading_id": new_id(), "address_id": new_id(), "merge_id": new_id(),
        "day": "2026-12-01",
        "view": "mine", "filename": "css/tokens.css", "key": "wrong", "scenario": "order-created", "link": "made-up",
    }  # fmt: skip


def _visit(app: Flask, session: Session, thread: Thread, technician: User) -> dict[str, object]:
    visit = make_appointment(session, thread, technician_user_id=technician.id, starts_at=utc_now())
    with app.app_context():
        return {"appointment_id": visit.id, "file_id": make_photo(session, visit, technician, now=NOW)}


def _automation_rule(session: Session, brand_id: object) -> object:
    part = {"steps": {"priority": "high"}}
    rule = AutomationRule(id=new_id(), name="Storing", brand_id=brand_id, position=1, trigger="NoteAdded", parts=[part])
    rule.created_at = rule.updated_at = NOW
    session.add(rule)
    session.flush()
    return rule.id


def _integration(session: Session, channel: Channel, keyring: Keyring) -> object:
    content = IntegrationContent("Intake", channel.brand_id, channel.id)
    who = {"keyring": keyring, "now": NOW, "actor": SYSTEM}
    return create_integration(session, Provider.FORMS, content, secrets={"url_key": "k"}, **who).id  # type: ignore[arg-type]


def _partner(session: Session, channel: Channel, keyring: Keyring) -> dict[str, object]:
    partner = make_partner(session, session.get_one(Brand, channel.brand_id))
    key = make_partner_key(session, partner, keyring)
    return {
        "partner_id": partner.id,
        "partner_key_id": key.row.id,
        "partner": partner.slug,
        "partner_order_id": "GRO-1",
        "product_id": new_id(),
        "environment": "live",
    }


def _callbacks(session: Session, channel: Channel, keyring: Keyring) -> dict[str, object]:
    content, who = EndpointContent("Lager", "https://nowhere.example/"), {"now": NOW, "actor": SYSTEM}
    made, _ = create_endpoint(
        session,
        content,
        kind=EndpointKind.WEBHOOK,
        brand_id=channel.brand_id,
        keyring=keyring,
        **who,  # type: ignore[arg-type]
    )
    return {"endpoint_id": made.id, "delivery_id": send_test_event(session, made, **who).id}  # type: ignore[arg-type]


def _scheduled(session: Session, thread: Thread, user: User) -> object:
    kept = {"text": "Straks", "attachment_ids": []}
    row = ScheduledReply(
        id=new_id(), thread_id=thread.id, channel_id=thread.channel_id, user_id=user.id, reply=kept, created_at=NOW, state="ready"
    )
    row.run_at, row.attempts, row.hold_if_newer = NOW, 0, True
    session.add(row)
    session.flush()
    return row.id


def _rules_of_clocks(session: Session) -> dict[str, object]:
    who = {"now": NOW, "actor": SYSTEM}
    calendar = create_calendar(session, CalendarContent("Nacht", DEFAULT_CALENDAR, is_by_name_only=True), **who)  # type: ignore[arg-type]
    policy = create_policy(session, PolicyRules(name="Spoed"), position=0, **who)  # type: ignore[arg-type]
    return {"calendar_id": calendar.id, "policy_id": policy.id}


def _device(session: Session, user: User) -> object:
    device = PushSubscription(
        id=new_id(), user_id=user.id, endpoint="https://push.example/1", p256dh="x", auth="x", created_at=NOW
    )
    session.add(device)
    session.flush()
    return device.id


def _hook(session: Session, team: Team, keyring: Keyring) -> object:
    new = NewHook("https://nowhere.example/?sig=x", "nowhere.example", shows_content=False)
    return set_hook(session, new, team_id=team.id, keyring=keyring, now=NOW, actor=SYSTEM).id


def _notification(session: Session, thread: Thread, user: User) -> object:
    told = Notification(
        id=new_id(), user_id=user.id, kind=NotificationKind.ASSIGNMENT, thread_id=thread.id, count=1, created_at=NOW
    )
    session.add(told)
    session.flush()
    return told.id


@pytest.mark.parametrize("entry", TABLE, ids=lambda e: f"{e.method} {e.rule}")
def test_every_url_answers_everybody_as_the_table_says(app: Flask, built: World, entry: Entry) -> None:
    wrong = {}
    for name in PEOPLE:
        expected = expected_of(entry, name)
        answer = call(app, built, entry, name)
        if not fits(answer, expected):
            wrong[name] = f"{answer.status_code} {answer.location or ''} instead of {expected}: {answer.text[:300]}"
        elif expected == 403 and entry.audience is not HANDSHAKE and not is_of_the_table(answer, ROLES[name]):
            wrong[name] = f"refused, and not for a permission the role lacks: {answer.text[:300]}"
    assert not wrong


@pytest.mark.parametrize("entry", [e for e in TABLE if e.audience.nobody == SIGN_IN and e.method == "POST"], ids=lambda e: e.rule)
def test_every_form_is_refused_without_its_token(app: Flask, built: World, entry: Entry) -> None:
    client = app.test_client()
    client.set_cookie(app.config["SESSION_COOKIE_NAME"], built.cookies["root"])
    answer = client.post(fill(entry, built), data=dict(entry.data))
    assert answer.status_code == 400
    assert "Please send the form again" in answer.text


@pytest.mark.parametrize(
    "entry", [e for e in TABLE if e.rule.startswith("/api") and e.audience.nobody == 401], ids=lambda e: f"{e.method} {e.rule}"
)
def test_a_signed_in_browser_opens_nothing_of_the_api(app: Flask, built: World, entry: Entry) -> None:
    client = app.test_client()
    client.set_cookie(app.config["SESSION_COOKIE_NAME"], built.cookies["root"])
    answer = client.open(fill(entry, built), method=entry.method, json=entry.json)
    assert answer.status_code == 401


def test_every_route_stands_in_the_table_and_nothing_else_does(app: Flask) -> None:
    routes = {(m, r.rule) for r in app.url_map.iter_rules() for m in (r.methods or set()) - {"HEAD", "OPTIONS"}}
    listed = {(e.method, e.rule) for e in TABLE}
    assert sorted(routes - listed) == [], "new routes: add them to tests/web/accounts/every_url.py"
    assert sorted(listed - routes) == [], "routes that are gone: take them out of tests/web/accounts/every_url.py"
    assert len(TABLE) == len(listed)


def test_what_a_demo_adds_is_for_people_who_are_signed_in(settings: Settings, app: Flask) -> None:
    demo = create_app(replace(settings, demo=True))
    usual = {(r.rule, r.endpoint) for r in app.url_map.iter_rules()}
    added = [r for r in demo.url_map.iter_rules() if (r.rule, r.endpoint) not in usual]
    assert added
    for rule in added:
        path = re.sub(r"<[^>]+>", "x", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            client = demo.test_client()
            data = {"csrf_token": csrf_token(client)} if method == "POST" else None
            answer = client.open(path, method=method, data=data)
            expected = IN if rule.rule in OPEN_IN_A_DEMO else SIGN_IN
            assert fits(answer, expected), f"{method} {rule.rule}: {answer.status_code}"


def call(app: Flask, world: World, entry: Entry, name: str) -> TestResponse:
    """Call the route as this person: pages with their cookie and token, the API with their bearer token."""
    client = app.test_client()
    path = fill(entry, world) + (f"?{entry.query.format(**world.ids)}" if entry.query else "")
    is_hook = "/webhooks/" in entry.rule and entry.audience in (UNSIGNED, HANDSHAKE, PUBLIC)
    if entry.rule.startswith("/api/") and not is_hook:
        headers = {"Authorization": f"Bearer {world.tokens[name]}"} if name in world.tokens else {}
        return client.open(path, method=entry.method, json=entry.json, headers=headers, buffered=True)
    if name in world.cookies:
        client.set_cookie(app.config["SESSION_COOKIE_NAME"], world.cookies[name])
    elif entry.method == "POST":
        csrf_token(client)
    data = {**entry.data, "csrf_token": world.csrf_token} if entry.method == "POST" else None
    is_part = name in PEOPLE[::2] and expected_of(entry, name) in (403, 404)  # refused without all that is around a page
    return client.open(path, method=entry.method, data=data, headers={"HX-Request": "true"} if is_part else {}, buffered=True)


def fill(entry: Entry, world: World) -> str:
    """Put ids into a rule."""
    ids, rule = {**world.ids, **entry.ids}, entry.rule

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name == "id":
            collection = re.findall(r"/([a-z-]+)/<uuid:id>", rule)[-1]
            name = IDS_OF_API[collection]
        return str(ids[name])

    return re.sub(r"<(?:\w+:)?(\w+)>", value, rule)


def is_of_the_table(answer: TestResponse, role: Role) -> bool:
    """Whether a refusal names a permission, and the table of permissions has it not for this role."""
    named = re.search(r'data-permission="([a-z_.]+)"|lacks the permission ([a-z_]+\.[a-z_]+)', answer.text)
    return named is not None and not role_may(role, named[1] or named[2])


def fits(answer: TestResponse, expected: Verdict) -> bool:
    to_sign_in = answer.status_code in (302, 303) and (answer.location or "").startswith("/sign-in")
    if expected == SIGN_IN:
        return to_sign_in
    if expected == IN:
        return not to_sign_in and answer.status_code < 500 and answer.status_code not in (401, 403, 404, 405)
    return answer.status_code == expected
