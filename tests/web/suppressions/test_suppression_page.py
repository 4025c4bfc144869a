"""The page of stopped addresses: seen, found and lifted by leads of the brand."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.suppression import AddressNews, Stop
from app.domain.accounts.models import Brand, Role
from app.domain.events.models import AuditEntry
from app.domain.suppressions.actions import AddressStopped, check_not_stopped, note_address
from app.domain.suppressions.models import Suppression
from app.domain.suppressions.queries import find_stopped
from tests.factories import NOW, make_brand, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import post, sign_in


def stop(session: Session, brand: Brand, address: str, reason: Stop = Stop.BOUNCED, **more: object) -> None:
    note_address(session, AddressNews(address, reason, "sendgrid", NOW, "550 unknown"), brand_id=brand.id, now=NOW)


@pytest.fixture
def brand(app: object, db_session: Session) -> Brand:
    return make_brand(db_session)


def test_news_is_kept_once_in_lower_case(db_session: Session, brand: Brand) -> None:
    for address in ("Jan@Example.nl", "jan@example.nl", "no address", ""):
        stop(db_session, brand, address)
    assert db_session.execute(sa.select(Suppression.address)).scalars().all() == ["jan@example.nl"]


def test_mailings_stop_for_every_reason_and_answers_only_where_nothing_would_arrive(db_session: Session, brand: Brand) -> None:
    for address, reason in (("a@x.nl", Stop.BOUNCED), ("b@x.nl", Stop.COMPLAINED), ("c@x.nl", Stop.UNSUBSCRIBED)):
        stop(db_session, brand, address, reason)
    everybody = ["A@x.nl", "b@x.nl", "c@x.nl", "d@x.nl"]
    assert set(find_stopped(db_session, brand_id=brand.id, addresses=everybody)) == {"a@x.nl", "b@x.nl"}
    assert set(find_stopped(db_session, brand_id=brand.id, addresses=everybody, is_bulk=True)) == {"a@x.nl", "b@x.nl", "c@x.nl"}
    other = make_brand(db_session, "other")
    assert find_stopped(db_session, brand_id=other.id, addresses=everybody) == {}
    with pytest.raises(AddressStopped, match=r"b@x.nl marked an email"):
        check_not_stopped(db_session, brand_id=brand.id, addresses=["d@x.nl", "b@x.nl"])


def test_a_lead_finds_an_address_and_lifts_it(page_client: PageClient, db_session: Session, brand: Brand) -> None:
    leila = make_user(db_session, "Leila", role=Role.LEAD, brands=(brand,))
    sign_in(page_client.plain, db_session, leila)
    stop(db_session, brand, "jan@example.nl")
    stop(db_session, brand, "els@example.nl", Stop.COMPLAINED)
    db_session.commit()
    listed = page_client.get("/settings/suppressions?q=JAN").text
    assert "jan@example.nl" in listed
    assert "els@example.nl" not in listed
    suppression = db_session.execute(sa.select(Suppression).where(Suppression.address == "jan@example.nl")).scalar_one()
    answer = post(page_client.plain, f"/settings/suppressions/{suppression.id}/release")
    assert answer.status_code == 303
    db_session.expire_all()
    assert (suppression.lifted_at is not None, suppression.lifted_by_user_id) == (True, leila.id)
    assert find_stopped(db_session, brand_id=brand.id, addresses=["jan@example.nl"]) == {}
    assert post(page_client.plain, f"/settings/suppressions/{suppression.id}/release").status_code == 303
    audited = sa.select(AuditEntry.action).where(AuditEntry.object_id == str(suppression.id))
    assert db_session.execute(audited).scalars().all() == ["SuppressionLifted"]


def test_empty_list_and_many_pages(page_client: PageClient, db_session: Session, brand: Brand) -> None:
    leila = make_user(db_session, "Leila", role=Role.LEAD, brands=(brand,))
    sign_in(page_client.plain, db_session, leila)
    assert "No one is blocked" in page_client.get("/settings/suppressions").text
    for number in range(60):
        stop(db_session, brand, f"mail{number}@example.nl")
    for place, row in enumerate(db_session.execute(sa.select(Suppression)).scalars()):
        row.created_at = NOW - timedelta(minutes=place)
    db_session.commit()
    first = page_client.get("/settings/suppressions").text
    assert first.count("Unblock<") == 50
    assert "No blocked address matches" in page_client.get("/settings/suppressions?q=nobody").text
    page_client.get("/settings/suppressions?before=rubbish")
