"""One mail to many: each exactly once, to those who agreed and may be written to, and ended with one click."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from app.contract.suppression import AddressNews, Stop
from app.core.clock import utc_now
from app.core.db import table_of
from app.core.ids import new_id
from app.domain.contacts.details import set_consent
from app.domain.contacts.models import ConsentPurpose, ContactConsent
from app.domain.events.actions import SYSTEM
from app.domain.mailings.filling import BlankLeft, fill_in
from app.domain.mailings.models import MailingRecipient
from app.domain.suppressions.actions import note_address
from app.domain.suppressions.models import Suppression
from app.domain.threads.models import Message, Thread
from tests.domain.mailings.conftest import House, agreed
from tests.factories import make_contact


def test_each_recipient_gets_it_once_however_often_the_work_is_taken_up(house: House) -> None:
    mailing = house.mailing(agreed("jan@example.nl", name="Jan"), agreed("els@example.nl"), agreed("JAN@example.nl"))
    assert (mailing["total"], mailing["waiting"]) == (2, 2)
    house.carry_out(times=3)
    texts = {sent.recipients[0]: sent.raw.decode() for sent in house.received()}
    assert sorted(sent.recipients for sent in house.received()) == [("els@example.nl",), ("jan@example.nl",)]
    assert "Beste Jan, drie tips." in texts["jan@example.nl"]
    assert "Beste klant, drie tips." in texts["els@example.nl"]
    shown = house.progress(mailing)
    assert (shown["waiting"], shown["queued"], shown["deliveries"]) == (0, 2, {"sent": 2})


def test_a_row_whose_lease_was_lost_leaves_nothing_behind(house: House) -> None:
    """Another worker took it over while the first was still writing: what that one wrote is taken back."""
    from app.core.promises import Overtaken, call_and_note
    from app.core.work import Lease
    from app.domain.mailings.jobs import PROMISE

    mailing = house.mailing(agreed("jan@example.nl"))
    (row_id,) = house.session.execute(sa.select(MailingRecipient.id)).scalars().all()
    values = {"state": "running", "lease_token": new_id(), "lease_until": utc_now() + timedelta(minutes=2)}
    house.session.execute(sa.update(table_of(MailingRecipient)).values(**values))
    house.session.commit()
    lease = Lease(row_id, new_id(), 1)
    with pytest.raises(Overtaken):
        call_and_note(PROMISE, lease, lease)
    house.session.expire_all()
    assert house.session.execute(sa.select(sa.func.count()).select_from(Message)).scalar_one() == 0
    assert house.progress(mailing)["waiting"] == 1


def test_who_did_not_agree_or_must_not_be_written_to_gets_nothing_and_is_named(house: House) -> None:
    for address, stop in (("dood@example.nl", Stop.BOUNCED), ("weg@example.nl", Stop.UNSUBSCRIBED)):
        note_address(house.session, AddressNews(address, stop, "user", utc_now()), brand_id=house.channel.brand_id, now=utc_now())
    house.session.commit()
    refused = {"email": "nee@example.nl", "consent": {"given": False}}
    mailing = house.mailing(
        agreed("dood@example.nl"), agreed("weg@example.nl"), refused, {"email": "nooit@example.nl"}, agreed("jan@example.nl")
    )
    house.carry_out()
    assert [sent.recipients for sent in house.received()] == [("jan@example.nl",)]
    shown = house.progress(mailing)
    assert {name: shown[name] for name in ("queued", "stopped", "no_consent", "failed")} == {
        "queued": 1,
        "stopped": 2,
        "no_consent": 2,
        "failed": 0,
    }
    assert {one["email"]: one["outcome"] for one in shown["problems"]} == {
        "dood@example.nl": "stopped",
        "weg@example.nl": "stopped",
        "nee@example.nl": "no_consent",
        "nooit@example.nl": "no_consent",
    }


def test_a_blank_without_a_value_fails_for_that_one_alone(house: House) -> None:
    mailing = house.mailing(agreed("jan@example.nl", order="7"), agreed("els@example.nl"), message_content="Order {{order}}")
    house.carry_out()
    shown = house.progress(mailing)
    assert (shown["queued"], shown["failed"]) == (1, 1)
    assert shown["problems"][0]["reason"] == "The field order has no value"


def test_a_mailing_for_later_waits(house: House) -> None:
    mailing = house.mailing(agreed("jan@example.nl"), send_at=(utc_now() + timedelta(hours=1)).isoformat())
    house.carry_out()
    assert (house.received(), house.progress(mailing)["waiting"]) == ([], 1)


def test_its_threads_ask_nobody_for_anything(house: House) -> None:
    house.mailing(agreed("jan@example.nl"))
    house.carry_out()
    assert house.session.execute(sa.select(Thread.status)).scalars().all() == ["resolved"]


def test_one_click_ends_them_and_looking_at_the_link_does_not(house: House) -> None:
    house.mailing(agreed("jan@example.nl"))
    house.carry_out()
    mail = house.received()[0].mail
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = urlsplit(str(mail["List-Unsubscribe"]).strip("<>")).path
    client = house.lead.client.application.test_client()
    assert client.get(link).status_code == 200
    assert house.session.execute(sa.select(Suppression.id)).first() is None
    for _click in range(2):
        assert client.post(link, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    house.session.expire_all()
    stopped = house.session.execute(sa.select(Suppression)).scalar_one()
    assert (stopped.address, stopped.reason, stopped.source) == ("jan@example.nl", Stop.UNSUBSCRIBED, "link")
    consent = house.session.execute(sa.select(ContactConsent)).scalar_one()
    assert (consent.purpose, consent.is_given) == (ConsentPurpose.MARKETING_EMAIL, False)
    second = house.mailing(agreed("jan@example.nl"))
    house.carry_out()
    assert (len(house.received()), house.progress(second)["stopped"]) == (1, 1)


def test_a_made_up_link_is_none(house: House) -> None:
    client = house.lead.client.application.test_client()
    assert [client.get("/u/made-up").status_code, client.post("/u/made-up").status_code] == [404, 404]


def test_who_may_send_and_see_them(house: House) -> None:
    mailing = house.mailing(agreed("jan@example.nl"))
    body = {"subject": "a", "message_content": "b", "recipients": [agreed("jan@example.nl")]}
    assert house.agent.post("/external/send-bulk-email", body).status_code == 403
    path = f"/external/send-bulk-email/{mailing['id']}"
    assert [caller.get(path).status_code for caller in (house.lead, house.agent, house.stranger)] == [200, 200, 404]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"recipients": []}, "recipients"),
        ({"recipients": [{"email": "geen adres"}]}, "recipients.0.email"),
        ({"subject": ""}, ""),
        ({"message_content": " "}, ""),
        ({"template_id": "d-123"}, "template_id"),
        ({"template_id": "unknown"}, "template_id"),
        ({"channel_id": "0198c0de-0000-7000-8000-000000000001"}, "channel_id"),
        ({"list_id": "all"}, "list_id"),
    ],
)
def test_bad_input_names_the_field(house: House, change: dict[str, object], field: str) -> None:
    body = {"subject": "a", "message_content": "b", "recipients": [agreed("jan@example.nl")], **change}
    answer = house.lead.post("/external/send-bulk-email", body)
    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json["errors"]]


def test_repeated_request_makes_one_mailing(house: House) -> None:
    body = {"subject": "a", "message_content": "b", "recipients": [agreed("jan@example.nl")]}
    ids = {
        house.lead.post("/external/send-bulk-email", body, headers={"Idempotency-Key": "winter"}).json["id"] for _time in range(2)
    }
    assert len(ids) == 1


def test_one_mail_begins_a_thread_and_is_promised(house: House) -> None:
    body = {
        "to": "jan@example.nl",
        "to_name": "Jan",
        "subject": "Order {{order_id}}",
        "message_html": "<p>Dag <b>{{customer_name}}</b></p><script>x</script>",
        "dynamic_data": {"order_id": "CC-1", "customer_name": "<Jan>"},
        "category": "order_confirmation",
    }
    answer = house.agent.post("/external/send-email", body)
    assert (answer.status_code, answer.json["delivery_status"]) == (202, "pending")
    house.carry_out()
    (sent,) = house.received()
    assert sent.recipients == ("jan@example.nl",)
    assert sent.mail["Subject"] == "Order CC-1"
    assert "List-Unsubscribe" not in sent.mail
    assert house.session.execute(sa.select(Thread.status)).scalar_one() == "waiting_customer"
    assert "<strong>&lt;Jan&gt;</strong>" in answer.json["message_html"]
    assert "script" not in answer.json["message_html"]


def test_one_mail_to_a_dead_address_is_refused_and_to_who_unsubscribed_is_not(house: House) -> None:
    for address, stop in (("dood@example.nl", Stop.BOUNCED), ("weg@example.nl", Stop.UNSUBSCRIBED)):
        note_address(house.session, AddressNews(address, stop, "user", utc_now()), brand_id=house.channel.brand_id, now=utc_now())
    house.session.commit()
    body = {"subject": "Uw vraag", "message_content": "Antwoord"}
    refused = house.agent.post("/external/send-email", {**body, "to": "dood@example.nl"})
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "to")
    assert house.agent.post("/external/send-email", {**body, "to": "weg@example.nl"}).status_code == 202
    missing = house.agent.post("/external/send-email", {**body, "to": "jan@example.nl", "message_content": "{{a}}"})
    assert missing.json["errors"][0]["field"] == "dynamic_data.a"


def test_blanks_are_filled_once_and_values_stay_text() -> None:
    assert fill_in("{{a}} {{ b | twee }}", {"a": "{{b}}"}) == "{{b}}  twee "
    assert fill_in("<p>{{a}}</p>", {"a": "<b>"}, is_html=True) == "<p>&lt;b&gt;</p>"
    with pytest.raises(BlankLeft, match="c"):
        fill_in("{{c}}", {"c": ""})


def test_the_contacts_own_latest_word_goes_before_the_senders(house: House) -> None:
    contact = make_contact(house.session, "Jan", kind="email", value="jan@example.nl")
    purpose, now = ConsentPurpose.MARKETING_EMAIL, utc_now()
    set_consent(house.session, contact, purpose, is_given=False, basis="telefoon", actor=SYSTEM, now=now)
    house.session.commit()
    mailing = house.mailing(agreed("jan@example.nl"))
    house.carry_out()
    assert house.progress(mailing)["problems"][0]["reason"] == "The contact declined mailings"
    set_consent(house.session, contact, purpose, is_given=True, basis="telefoon", actor=SYSTEM, now=now)
    house.session.commit()
    house.mailing({"email": "jan@example.nl"})
    house.carry_out()
    assert len(house.received()) == 1
