"""The approved templates of a WhatsApp number: read from its provider, changed by what it says, offered where they can go."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.models import Brand, Role
from app.domain.connections.account import account_of
from app.domain.connections.models import ChannelType
from app.domain.delivery.catalogue import keep_templates, list_kept, read_due_templates, read_templates, with_templates_among
from app.domain.events.models import Event
from app.domain.threads.models import Thread
from tests.factories import make_channel, make_user
from tests.sandbox.simulators.whatsapp_world import WABA_ID
from tests.support.chat_desk import ChatDesk
from tests.support.signing_in import sign_in


def make_templates(chat: ChatDesk, count: int) -> None:
    for number in range(count):
        body = {"type": "BODY", "text": f"Bericht nummer {number} over uw afspraak"}
        wanted = {"name": f"afspraak_{number:03}", "language": "nl", "category": "UTILITY", "components": [body]}
        assert chat.world.call("POST", f"{WABA_ID}/message_templates", json=wanted).ok


def kept(chat: ChatDesk, name: str) -> dict[str, Any]:
    chat.session.expire_all()
    return next(one for one in list_kept(chat.channel) if one["name"] == name)


def names(chat: ChatDesk) -> set[str]:
    chat.session.expire_all()
    return {one["name"] for one in list_kept(chat.channel)}


def read(chat: ChatDesk) -> None:
    assert read_templates(chat.channel.id) is None


def close_window(chat: ChatDesk) -> None:
    chat.session.execute(sa.update(Thread).values(window_opened_at=sa.func.now() - sa.text("interval '25 hours'")))
    chat.session.commit()


def test_every_page_of_the_list_is_read(chat: ChatDesk) -> None:
    make_templates(chat, 130)
    read(chat)
    assert len([name for name in names(chat) if name.startswith("afspraak_1")]) == 30


def test_a_channel_that_was_connected_has_its_templates_read_if_its_type_has_any(chat: ChatDesk) -> None:
    brand = chat.session.get_one(Brand, chat.channel.brand_id)
    mail = make_channel(chat.session, brand, ChannelType.EMAIL, keyring=runtime().keyring, address="service@cc.example")
    events = [
        Event(type="ChannelConnected", payload={"channel_id": str(one.id)}, occurred_at=utc_now()) for one in (chat.channel, mail)
    ]
    assert list(with_templates_among(chat.session, events)) == events[:1]


def test_what_the_provider_deleted_is_gone_after_the_next_reading(chat: ChatDesk) -> None:
    make_templates(chat, 2)
    read(chat)
    assert chat.world.call("DELETE", f"{WABA_ID}/message_templates?name=afspraak_000").ok
    read(chat)
    assert "afspraak_000" not in names(chat)


def test_a_list_is_read_daily_and_one_that_failed_again_later(chat: ChatDesk) -> None:
    read_due_templates()
    before = chat.session.execute(sa.text("SELECT settings->>'templates_read_at' FROM channels")).scalar_one()
    read_due_templates()
    assert chat.session.execute(sa.text("SELECT settings->>'templates_read_at' FROM channels")).scalar_one() == before
    chat.session.execute(
        sa.text('UPDATE channels SET settings = settings || \'{"templates_read_at": "2020-01-01T00:00:00+00:00"}\'')
    )
    chat.session.execute(sa.text("UPDATE channels SET settings = settings - 'templates_tried_at'"))
    chat.session.commit()
    chat.world.fault(path="message_templates", status=500, times=1)
    read_due_templates()
    chat.session.expire_all()
    assert chat.channel.settings["templates_problem"]["title"]
    read_due_templates()
    chat.session.expire_all()
    assert "templates_problem" in chat.channel.settings  # not again at once


@pytest.mark.parametrize(
    ("field", "more", "name", "value"),
    [
        ("message_template_status_update", {"event": "PAUSED"}, "status", "PAUSED"),
        ("message_template_status_update", {"event": "REINSTATED"}, "status", "APPROVED"),
        ("message_template_status_update", {"event": "REJECTED", "reason": "ABUSIVE_CONTENT"}, "reason", "ABUSIVE_CONTENT"),
        ("message_template_quality_update", {"new_quality_score": "RED"}, "quality", "RED"),
        ("template_category_update", {"new_category": "MARKETING"}, "category", "MARKETING"),
    ],
)
def test_what_the_provider_says_changes_the_template(
    chat: ChatDesk, field: str, more: dict[str, str], name: str, value: str
) -> None:
    make_templates(chat, 1)
    read(chat)
    about = {"message_template_name": "afspraak_000", "message_template_language": "nl"}
    chat.customer(kind="change", field=field, value={**about, **more})
    assert kept(chat, "afspraak_000")[name] == value
    assert chat.channel.health != "degraded"


def test_news_of_another_account_changes_nothing(chat: ChatDesk) -> None:
    make_templates(chat, 1)
    read(chat)
    value = {"message_template_name": "afspraak_000", "message_template_language": "nl", "event": "PAUSED"}
    chat.customer(kind="change", field="message_template_status_update", value=value, waba_id="555")
    assert kept(chat, "afspraak_000")["status"] == "APPROVED"


def test_a_reading_that_began_before_the_news_does_not_undo_it(chat: ChatDesk) -> None:
    make_templates(chat, 1)
    read(chat)
    began_at = utc_now()
    listed = runtime().adapters.catalogues["whatsapp_business"].list_templates(account_of(chat.channel))
    chat.customer(kind="template", name="afspraak_000", language="nl", status="PAUSED")
    keep_templates(chat.session, chat.channel.id, listed, began_at=began_at)
    chat.session.commit()
    assert kept(chat, "afspraak_000")["status"] == "PAUSED"


def test_a_template_nobody_knows_makes_the_list_be_read(chat: ChatDesk) -> None:
    read(chat)
    make_templates(chat, 1)
    chat.customer(kind="template", name="afspraak_000", language="nl", status="APPROVED")
    read_due_templates()
    assert "afspraak_000" in names(chat)


def test_the_composer_offers_what_can_be_sent_and_says_why_others_cannot(chat: ChatDesk) -> None:
    make_templates(chat, 2)
    read(chat)
    chat.customer(kind="template", name="afspraak_001", language="nl", status="PAUSED")
    chat.customer(text="Hoi")
    close_window(chat)
    page = chat.page()
    assert 'value="afspraak_000/nl"' in page
    assert 'value="afspraak_001/nl"' not in page
    assert "Paused by the provider for low quality" in page.partition("cannot be used now")[2]


def test_a_template_paused_while_it_waits_is_not_sent(chat: ChatDesk) -> None:
    make_templates(chat, 1)
    read(chat)
    chat.customer(text="Hoi")
    close_window(chat)
    assert chat.reply(template="afspraak_000/nl").status_code == 200
    chat.customer(kind="template", name="afspraak_000", language="nl", status="PAUSED")
    chat.deliver()
    assert chat.sent() == []
    message = chat.message("Bericht nummer 0 over uw afspraak")
    assert message.delivery_status == "failed"


def test_leads_see_the_list_with_its_states_and_read_it_again(chat: ChatDesk) -> None:
    brand = chat.session.get_one(Brand, chat.channel.brand_id)
    sign_in(chat.client.plain, chat.session, make_user(chat.session, "Lea", role=Role.LEAD, brands=(brand,)))
    make_templates(chat, 1)
    read(chat)
    about = {"message_template_name": "afspraak_000", "message_template_language": "nl"}
    value = {**about, "event": "REJECTED", "reason": "ABUSIVE_CONTENT"}
    chat.customer(kind="change", field="message_template_status_update", value=value)
    path = f"/settings/channels/{chat.channel.id}/templates"
    assert "Rejected by the provider: ABUSIVE_CONTENT" in chat.client.get(path).text
    chat.world.fault(path="message_templates", status=500, times=1)
    chat.post(f"{path}/reading")
    assert "We could not load the list" in chat.client.get(path).text
    chat.post(f"{path}/reading")
    assert "We could not load the list" not in chat.client.get(path).text
