"""Brands with what other features keep of them: made, changed, archived."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.brands.actions import BrandInUse, WrongBrand, archive_brand, change_brand, create_brand, restore_brand
from app.domain.brands.queries import BrandContent, BrandMissing, get_brand_row, list_brand_rows
from app.domain.events.actions import SYSTEM
from app.domain.events.models import AuditEntry
from app.domain.orders.numbers import take_order_number
from app.domain.sla.actions import CalendarContent, change_calendar, create_calendar
from app.domain.sla.queries import list_calendars, list_policies
from app.domain.sla.rules import DEFAULT_CALENDAR, DEFAULT_TASK_MINUTES
from app.domain.sla.task_due import list_task_minutes, set_task_minutes
from tests.domain.orders.factories import make_order
from tests.factories import NOW, make_channel, make_contact, make_thread

CONTENT = BrandContent("Thuisbatterij Plus", hue=3, languages=("nl", "fr"), email_signature="Groet,\nTeam Plus\n")


def test_a_brand_gets_a_key_and_a_prefix_of_its_name(db_session: Session) -> None:
    brand = create_brand(db_session, CONTENT, now=NOW)
    row = get_brand_row(db_session, brand.id, brand_ids=[brand.id])
    assert (brand.key, row.content) == (
        "thuisbatterij-plus",
        replace(CONTENT, order_prefix="TP", email_signature="Groet,\nTeam Plus"),
    )
    assert create_brand(db_session, replace(CONTENT, name="Thuisbatterij+Plus"), now=NOW).key == "thuisbatterij-plus-2"


@pytest.mark.parametrize(
    "field, value",
    [
        ("name", " "),
        ("name", "thuisbatterij plus"),
        ("languages", ()),
        ("languages", ("de",)),
        ("timezone", "Europe/Nowhere"),
        ("country", "XX"),
        ("order_prefix", "tp"),
        ("order_prefix", "TP"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(db_session: Session, field: str, value: object) -> None:
    create_brand(db_session, CONTENT, now=NOW)
    with pytest.raises(WrongBrand) as refused:
        create_brand(db_session, replace(BrandContent("Another"), **{field: value}), now=NOW)  # type: ignore[arg-type]
    assert refused.value.field == field


def test_a_prefix_of_numbers_that_were_given_is_not_given_to_another(db_session: Session) -> None:
    brand, other = create_brand(db_session, CONTENT, now=NOW), create_brand(db_session, BrandContent("Other"), now=NOW)
    make_order(db_session, brand, make_contact(db_session, kind="email", value="a@example.nl"))
    change_brand(db_session, brand.id, replace(CONTENT, order_prefix="TBP"), now=NOW)
    assert take_order_number(db_session, brand.id, now=NOW).startswith("TBP-2026-")
    with pytest.raises(WrongBrand, match="Another brand"):
        change_brand(db_session, other.id, BrandContent("Other", order_prefix="TP"), now=NOW)


def test_another_time_zone_or_country_makes_a_calendar_of_the_brand(db_session: Session) -> None:
    brand = create_brand(db_session, replace(CONTENT, timezone="Europe/Brussels", country="BE"), now=NOW)
    (own,) = [row for row in list_calendars(db_session) if row.calendar.brand_id == brand.id]
    assert (own.rules.zone, own.rules.country) == ("Europe/Brussels", "BE")
    changed = replace(CONTENT, timezone="Europe/Paris", country="FR")
    change_brand(db_session, brand.id, changed, now=NOW)
    (row,) = list_brand_rows(db_session, [brand.id])
    assert (row.content.timezone, row.content.country) == ("Europe/Paris", "FR")
    assert len([row for row in list_calendars(db_session) if row.calendar.brand_id == brand.id]) == 1


@pytest.mark.parametrize(
    ("zone", "languages", "region"),
    [
        ("America/Toronto", ("fr", "en"), "QC"),
        ("America/Montreal", ("en",), "QC"),
        ("America/Toronto", ("en", "fr"), "ON"),
        ("Europe/Amsterdam", ("en",), ""),
    ],
)
def test_a_brand_in_canada_has_the_holidays_of_its_province(
    db_session: Session, zone: str, languages: tuple[str, ...], region: str
) -> None:
    brand = create_brand(db_session, replace(CONTENT, timezone=zone, country="CA", languages=languages), now=NOW)
    (own,) = [row for row in list_calendars(db_session) if row.calendar.brand_id == brand.id]
    assert own.rules.region == region


def test_where_the_calendar_for_all_fits_the_brand_has_none_of_its_own(db_session: Session) -> None:
    brand = create_brand(db_session, CONTENT, now=NOW)
    assert [row for row in list_calendars(db_session) if row.calendar.brand_id == brand.id] == []


def test_an_equal_change_is_none(db_session: Session) -> None:
    brand = create_brand(db_session, replace(CONTENT, email_signature=""), now=NOW)
    change_brand(db_session, brand.id, replace(CONTENT, email_signature=""), now=NOW)
    db_session.flush()
    actions = db_session.execute(sa.select(AuditEntry.action).where(AuditEntry.object_id == str(brand.id))).scalars().all()
    assert actions == ["BrandCreated"]


def test_a_brand_is_archived_when_its_channels_are_off_and_keeps_its_threads(app: Flask, db_session: Session) -> None:
    brand = create_brand(db_session, CONTENT, now=NOW)
    with app.app_context():
        keyring = runtime().keyring
    channel = make_channel(db_session, brand, keyring=keyring, name="Plus WhatsApp")
    make_thread(db_session, channel, make_contact(db_session, kind="email", value="a@example.nl"))
    with pytest.raises(BrandInUse, match="Plus WhatsApp"):
        archive_brand(db_session, brand.id, now=NOW)
    channel.is_active = False
    db_session.flush()
    assert archive_brand(db_session, brand.id, now=NOW).archived_at == NOW
    assert get_brand_row(db_session, brand.id, brand_ids=[brand.id]).open_threads == 1
    assert restore_brand(db_session, brand.id, now=NOW).archived_at is None


def test_a_brand_that_is_not_seen_is_missing(db_session: Session) -> None:
    brand = create_brand(db_session, CONTENT, now=NOW)
    with pytest.raises(BrandMissing):
        get_brand_row(db_session, brand.id, brand_ids=[])


def test_a_new_house_begins_with_the_hours_targets_and_due_times_that_ship(db_session: Session) -> None:
    create_brand(db_session, CONTENT, now=NOW)
    (calendar,) = list_calendars(db_session)
    assert [calendar.rules.week[day] for day in (0, 4, 5)] == [((480, 1020),), ((480, 1020),), ()]
    policies = [(row.rules.name, row.rules.first_minutes, row.rules.next_minutes) for row in list_policies(db_session)]
    assert policies == [
        ("Escalated and urgent", 30, 30),
        ("WhatsApp", 60, 60),
        ("Technical issues", 120, 120),
        ("E-mail", 240, 240),
        ("Everything else", 240, 240),
    ]
    assert list_task_minutes(db_session) == DEFAULT_TASK_MINUTES
    set_task_minutes(db_session, {}, now=NOW, actor=SYSTEM)
    create_brand(db_session, replace(CONTENT, name="Nog een", order_prefix="NOG"), now=NOW)
    assert (len(list_policies(db_session)), list_task_minutes(db_session)) == (5, {}), "what was changed since stays"


def test_a_house_that_promised_something_already_keeps_it(db_session: Session) -> None:
    first = list_calendars(db_session)[0]
    change_calendar(db_session, first.calendar.id, CalendarContent("Ours", first.rules), now=NOW, actor=SYSTEM)
    create_brand(db_session, CONTENT, now=NOW)
    assert (list_calendars(db_session)[0].rules.week[0], len(list_policies(db_session))) == (((540, 1020),), 4)


def test_a_change_keeps_the_hours_of_the_brands_own_calendar(db_session: Session) -> None:
    brand = create_brand(db_session, CONTENT, now=NOW)
    hours = ((600, 720),)
    rules = DEFAULT_CALENDAR.model_copy(update={"week": (hours, *DEFAULT_CALENDAR.week[1:])})
    create_calendar(db_session, CalendarContent("Plus", rules, brand_id=brand.id), now=NOW, actor=SYSTEM)
    change_brand(db_session, brand.id, replace(CONTENT, country="BE"), now=NOW)
    (own,) = [row for row in list_calendars(db_session) if row.calendar.brand_id == brand.id]
    assert (own.rules.country, own.rules.week[0]) == ("BE", hours)
