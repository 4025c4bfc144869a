"""People: an administrator lets them in, changes what they may, keeps them out."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.runtime import EXTENSION
from app.domain.accounts.models import Brand, Role, Team, User
from app.domain.accounts.passwords import verify_password
from app.domain.accounts.queries import find_user_by_email
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.events.models import AuditEntry
from tests.factories import make_brand, make_channel, make_contact, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.queries import counted_queries
from tests.support.signing_in import csrf_token, post, sign_in


@pytest.fixture
def brand(app: Flask, db_session: Session) -> Brand:
    return make_brand(db_session)


@pytest.fixture
def root(page_client: PageClient, db_session: Session, brand: Brand) -> User:
    user = make_user(db_session, "Root", role=Role.ADMIN)
    sign_in(page_client.plain, db_session, user)
    return user


def first_password(text: str) -> str:
    return text.split('id="first-password"')[1].split(">")[1].split("<")[0]


def test_a_new_persons_contact_is_matched_by_nothing_that_arrives(
    page_client: PageClient, root: User, db_session: Session
) -> None:
    form = {"name": "Sarah", "email": "sarah@example.nl", "role": "agent"}
    post(page_client.plain, "/settings/people", form)
    sarah = find_user_by_email(db_session, "sarah@example.nl")
    assert sarah is not None
    assert db_session.get_one(Contact, sarah.contact_id).name == "Sarah"
    assert db_session.execute(sa.select(sa.func.count(ContactIdentity.id))).scalar_one() == 0


@pytest.mark.parametrize(
    "change, words",
    [
        ({"email": "root@switchyard.example"}, "This address is already in use."),
        ({"email": "ROOT@switchyard.example"}, "This address is already in use."),
        ({"email": "nonsense"}, "This is not an email address."),
        ({"email": "a@b.nl\r\nBcc: x@y.z"}, "This is not an email address."),
        ({"name": "  "}, "Enter a name."),
        ({"role": "owner"}, "Choose one from the list."),
        ({"brands": ["nonsense"]}, "Choose one from the list."),
        ({"brands": ["00000000-0000-0000-0000-000000000000"]}, "Choose one from the list."),
    ],
)
def test_a_wrong_form_is_explained_and_adds_nobody(
    page_client: PageClient, root: User, db_session: Session, change: dict[str, object], words: str
) -> None:
    form = {"name": "Sarah", "email": "sarah@example.nl", "role": "agent", **change}
    answer = page_client.post("/settings/people", data={**form, "csrf_token": csrf_token(page_client.plain)})
    assert answer.status_code == 422
    assert words in answer.text
    assert db_session.execute(sa.select(sa.func.count(User.id))).scalar_one() == 1


def test_role_brands_and_teams_are_changed_together_and_written_down(
    page_client: PageClient, root: User, brand: Brand, db_session: Session
) -> None:
    alice, team = make_user(db_session), Team(id=new_id(), name="Service")
    db_session.add(team)
    db_session.commit()
    form = {"name": "Alice B", "role": "lead", "brands": [str(brand.id)], "teams": [str(team.id)]}
    assert post(page_client.plain, f"/settings/people/{alice.id}", form).status_code == 303
    text = page_client.get(f"/settings/people/{alice.id}").text
    assert "Alice B" in text
    assert text.count("checked") == 3
    detail = db_session.execute(sa.select(AuditEntry.detail).where(AuditEntry.action == "UserChanged")).scalar_one()
    assert detail == {"role": "lead", "role_before": "agent", "brand_ids": [str(brand.id)], "team_ids": [str(team.id)]}


def test_only_the_listed_fields_of_a_person_can_be_set(page_client: PageClient, root: User, db_session: Session) -> None:
    alice = make_user(db_session)
    db_session.commit()
    before = (alice.email, alice.password_hash, alice.contact_id)
    extra = {"email": "evil@example.com", "password_hash": "x", "contact_id": str(root.contact_id), "disabled_at": "2026-01-01"}
    post(page_client.plain, f"/settings/people/{alice.id}", {"name": "Alice", "role": "agent", **extra})
    db_session.expire_all()
    assert (alice.email, alice.password_hash, alice.contact_id) == before
    assert alice.disabled_at is None


def test_nobody_promotes_themselves_with_extra_fields_on_their_profile(page_client: PageClient, db_session: Session) -> None:
    alice = make_user(db_session)
    sign_in(page_client.plain, db_session, alice)
    form = {"name": "Alice", "locale": "nl", "timezone": "Europe/Paris", "theme": "dark"}
    assert post(page_client.plain, "/settings/profile", {**form, "role": "admin", "email": "x@y.z"}).status_code == 303
    db_session.expire_all()
    assert (alice.role, alice.email) == (Role.AGENT, "alice@switchyard.example")
    assert (alice.locale, alice.timezone, alice.theme, alice.single_keys) == ("nl", "Europe/Paris", "dark", False)


@pytest.mark.parametrize(
    "change", [{"locale": "de"}, {"timezone": "Mars/Phobos"}, {"timezone": "../etc"}, {"theme": "pink"}, {"name": "x" * 101}]
)
def test_a_profile_takes_known_values_only(page_client: PageClient, db_session: Session, change: dict[str, str]) -> None:
    sign_in(page_client.plain, db_session, make_user(db_session))
    form = {"name": "Alice", "locale": "nl", "timezone": "Europe/Paris", "theme": "dark", **change}
    answer = page_client.post("/settings/profile", data={**form, "csrf_token": csrf_token(page_client.plain)})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text or "error-summary" in answer.text


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", '"><img src=x>', "{{ 7*7 }}", "'; DROP TABLE users; --", "Zoë \x00 ☃"]
)
def test_a_name_is_only_ever_text(page_client: PageClient, root: User, db_session: Session, name: str) -> None:
    form = {"name": name, "locale": "en", "timezone": "Europe/Paris", "theme": "dark"}
    assert post(page_client.plain, "/settings/profile", form).status_code == 303
    text = page_client.get("/settings/people").text
    assert "<script>alert(1)" not in text
    assert "<img src=x>" not in text
    assert ">49<" not in text


def test_the_last_administrator_stays_one(page_client: PageClient, root: User, db_session: Session) -> None:
    answer = page_client.post(
        f"/settings/people/{root.id}", data={"name": "Root", "role": "agent", "csrf_token": csrf_token(page_client.plain)}
    )
    assert answer.status_code == 422
    assert "This is the only administrator." in answer.text
    gone = page_client.post(f"/settings/people/{root.id}/disabling", data={"csrf_token": csrf_token(page_client.plain)})
    assert gone.status_code == 409
    db_session.expire_all()
    assert (root.role, root.disabled_at) == (Role.ADMIN, None)


def test_disabling_and_enabling_somebody_is_written_down(page_client: PageClient, root: User, db_session: Session) -> None:
    alice = make_user(db_session)
    db_session.commit()
    for verb in ("disabling", "disabling", "enabling"):
        assert post(page_client.plain, f"/settings/people/{alice.id}/{verb}").status_code == 303
    actions = db_session.execute(sa.select(AuditEntry.action).order_by(AuditEntry.at)).scalars().all()
    assert actions == ["UserDisabled", "UserEnabled"]


def test_a_new_password_for_somebody_ends_their_sessions_and_is_shown_once(
    app: Flask, page_client: PageClient, root: User, db_session: Session
) -> None:
    alice = make_user(db_session)
    browser = sign_in(app.test_client(), db_session, alice)
    answer = page_client.post(f"/settings/people/{alice.id}/password", data={"csrf_token": csrf_token(page_client.plain)})
    assert answer.status_code == 201
    db_session.expire_all()
    assert verify_password(first_password(answer.text), alice.password_hash)
    assert browser.get("/settings/profile").status_code == 303


def test_a_lead_looks_and_an_admin_alone_changes(page_client: PageClient, brand: Brand, db_session: Session) -> None:
    alice = make_user(db_session)
    sign_in(page_client.plain, db_session, make_user(db_session, "Leila", role=Role.LEAD, brands=(brand,)))
    assert "Add a person" not in page_client.get("/settings/people").text
    text = page_client.get(f"/settings/people/{alice.id}").text
    assert "Only an administrator can change people’s accounts." in text
    assert "<form method" not in text.split('class="settings__body"')[1]


def test_the_list_of_people_costs_the_same_however_many_there_are(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session
) -> None:
    for n in range(30):
        make_user(db_session, f"Agent {n}", brands=(brand,))
    db_session.commit()
    with counted_queries(app) as queries:
        page_client.get("/settings/people")
    assert len(queries) <= 10


def test_teams_and_brands_name_who_belongs_to_them(
    page_client: PageClient, root: User, brand: Brand, db_session: Session
) -> None:
    make_user(db_session, "Alice", brands=(brand,))
    db_session.commit()
    text = page_client.get(f"/settings/brands/{brand.id}").text
    assert "Alice, Root" in text


@pytest.mark.parametrize("role", ["manager", "technician", "read_only"])
def test_each_role_can_be_chosen(page_client: PageClient, root: User, db_session: Session, role: str) -> None:
    alice = make_user(db_session)
    db_session.commit()
    assert post(page_client.plain, f"/settings/people/{alice.id}", {"name": "Alice", "role": role}).status_code == 303
    assert db_session.execute(sa.select(User.role).where(User.id == alice.id)).scalar_one() == Role(role)


def test_a_thread_offers_nothing_to_write_with_to_those_who_read_only(
    app: Flask, page_client: PageClient, brand: Brand, db_session: Session
) -> None:
    channel = make_channel(db_session, brand, keyring=app.extensions[EXTENSION].keyring)
    thread = make_thread(db_session, channel, make_contact(db_session), subject="Laadpaal")
    rita = make_user(db_session, "Rita", role=Role.READ_ONLY, brands=(brand,))
    sign_in(page_client.plain, db_session, rita)
    text = page_client.get(f"/threads/{thread.id}").text
    assert "Laadpaal" in text
    assert 'id="composer"' not in text
    assert 'data-key="e"' not in text
