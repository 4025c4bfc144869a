"""Forms: the three shapes, posted, doubled, edited, lost and fetched; each is one contact, one order and one conversation."""

from __future__ import annotations

import json
import os
import random
import resource
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.contract.base import UnableToParse
from app.domain.addresses.models import Address
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.events.models import Event
from app.domain.ingest.models import InboundEvent, IntakeCount
from app.domain.integrations.forms.polling import poll_form
from app.domain.integrations.jobs import poll_forms
from app.domain.integrations.models import FormSubmission, Integration
from app.domain.orders.models import LineItem, LineItemStatus, OrderSource, OrderStatus
from app.domain.threads.models import Thread
from app.providers.fillout.parse import in_words, read_intake, read_submission
from app.sandbox.simulators.common import RunningServer
from app.sandbox.simulators.fillout import EXAMPLE, FORM, SHAPES, FormAccount, _shaped
from tests.domain.integrations.conftest import CONNECTED_AT, FORM_KEY, NOW, Outside
from tests.support.full import amount
from tests.support.mutations import mutated

PATH = f"/webhooks/fillout/{FORM_KEY}"
BODIES = int(os.environ.get("MUTATED_BODIES", amount(60, full=300)))
OURS_SAYS = {
    "formId": FORM, "submissionId": "sub_xxx123", "submittedAt": "2025-01-31T14:30:00Z",
    "responses": {
        "customer_name": "Jan Janssen", "email": "jan@example.com", "phone": "06-12345678",
        "address": "Kerkstraat 123, 1234AB Amsterdam", "charging_needs": "Thuisladen voor 2 auto's",
        "installation_preference": "Zo snel mogelijk", "selected_products": ["Wallbox 11kW", "Slimme laadkabel"],
    },
}  # fmt: skip


def shaped(shape: str, answers: dict[str, Any] | None = None, account: FormAccount | None = None) -> dict[str, Any]:
    account, answers = account or FormAccount(lambda: NOW), answers or EXAMPLE
    return _shaped(shape, account.submit(answers), answers)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_form_in_each_shape_becomes_contact_address_order_lines_and_conversation(
    outside: Outside, form: Integration, shape: str
) -> None:
    assert outside.post(PATH, shaped(shape)).status_code == 200
    (event,) = outside.work()
    assert (event.state, event.reason, event.results[0]["result"]) == ("done", None, "new")
    (order,) = outside.orders()
    assert (order.status, order.source, order.notes) == (
        OrderStatus.INTAKE_RECEIVED,
        OrderSource.FORM,
        EXAMPLE["charging_needs"],
    )
    address = outside.session.get_one(Address, order.address_id)
    assert (address.street, address.house_number, address.postal_code, address.city) == (
        "Kerkstraat",
        "123",
        "1234AB",
        "Amsterdam",
    )
    lines = outside.session.execute(sa.select(LineItem).order_by(LineItem.position)).scalars().all()
    assert [(line.description, line.status) for line in lines] == [
        ("Wallbox 11kW", LineItemStatus.PRELIMINARY),
        ("Slimme laadkabel", LineItemStatus.PRELIMINARY),
    ]
    ways = sa.select(ContactIdentity.value).where(ContactIdentity.contact_id == order.customer_contact_id)
    assert set(outside.session.execute(ways).scalars()) == {"jan@example.com", "+31612345678"}
    (thread,) = outside.session.execute(sa.select(Thread)).scalars()
    assert (thread.contact_id, thread.channel_id, thread.medium) == (order.customer_contact_id, outside.channel.id, "email")
    (message,) = outside.messages()
    assert "installation_preference: Zo snel mogelijk" in message.text
    told = outside.session.execute(sa.select(Event.type)).scalars().all()
    assert {"MessageReceived", "OrderCreated"} <= set(told)


def test_the_body_of_our_own_specification_is_understood(outside: Outside, form: Integration) -> None:
    outside.post(PATH, OURS_SAYS)
    outside.work()
    (order,) = outside.orders()
    assert order.external_references["submission"] == "sub_xxx123"
    assert outside.session.get_one(Contact, order.customer_contact_id).name == "Jan Janssen"


def test_a_repeat_in_another_shape_is_one_order_and_an_edit_is_told_in_the_conversation(
    outside: Outside, form: Integration
) -> None:
    account = FormAccount(lambda: NOW)
    first = account.submit(EXAMPLE)
    for shape in (*SHAPES, "native"):
        assert outside.post(PATH, _shaped(shape, dict(first), EXAMPLE)).status_code == 200
    results = [event.results[0]["result"] for event in outside.work()]
    assert sorted(results) == ["duplicate", "duplicate", "new"]  # the fourth is the third, byte for byte
    answers = {**EXAMPLE, "charging_needs": "Toch 3 auto's"}
    account.now = lambda: NOW.replace(hour=10)
    edited = account.submit(answers, submission_id=first["submissionId"])
    outside.post(PATH, _shaped("envelope", dict(edited), answers))
    account.now = lambda: NOW.replace(hour=11)
    back = account.submit(EXAMPLE, submission_id=first["submissionId"])
    outside.post(PATH, _shaped("envelope", dict(back), EXAMPLE))
    late = {**shaped("native"), "lastUpdatedAt": "2026-11-22T08:00:00Z"}
    outside.post(PATH, late)
    assert [event.results[0]["result"] for event in outside.work()][-3:] == ["changed", "changed", "duplicate"]
    assert len(outside.orders()) == 1
    assert len(outside.messages()) == 3
    assert "Toch 3 auto's" in outside.messages()[1].text


def test_the_key_is_looked_for_in_address_and_headers_and_nothing_else_lets_in(outside: Outside, form: Integration) -> None:
    for number, (path, headers) in enumerate(
        [
            ("/api/v1/webhooks/fillout", {"X_Api_Key": FORM_KEY}),
            ("/webhooks/fillout", {"Authorization": f"Bearer {FORM_KEY}"}),
            (f"/webhooks/fillout?key={FORM_KEY}", {}),
        ]
    ):
        assert outside.post(path, {"submissionId": str(number)}, **headers).status_code == 200
    for path in ("/webhooks/fillout", "/webhooks/fillout/wrong", "/webhooks/fillout/f%C3%B6rm"):
        refused = outside.post(path, OURS_SAYS)
        assert (refused.status_code, refused.data) == (401, b"")
    assert outside.session.execute(sa.select(IntakeCount.count)).scalars().all() == [3]
    form.is_active = False
    outside.session.commit()
    assert outside.post(PATH, OURS_SAYS).status_code == 401
    assert outside.session.execute(sa.select(sa.func.count()).select_from(InboundEvent)).scalar_one() == 3


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"nonsense", b'{"submissionId":"1","responses":{"colour":"red"}}', b"[" * 5000]
)
def test_what_cannot_be_understood_is_kept_with_its_reason(outside: Outside, form: Integration, body: bytes) -> None:
    assert outside.post(PATH, body).status_code == 200
    (event,) = outside.work()
    assert (event.state, bytes(event.body)) == ("quarantined", body)
    assert event.reason
    assert outside.orders() == []


def test_a_form_tried_out_makes_nothing(outside: Outside, form: Integration) -> None:
    made = FormAccount(lambda: NOW).submit(EXAMPLE, test=True)
    outside.post(PATH, _shaped("envelope", made, EXAMPLE))
    assert outside.work()[0].results[0]["result"] == "test"
    assert outside.orders() == []


def test_odd_answers_pass_through_and_a_renamed_question_is_said(outside: Outside, form: Integration) -> None:
    form.settings = {**form.settings, "fields": {"notes": "q_remark", "customer_name": "q_gone"}}
    outside.session.commit()
    answers = {
        "naam": "Ann",
        "telefoon": "zeg ik niet",
        "remark": None,
        "photo": [{"url": "https://x.example/a", "filename": "kast.jpg"}],
        "odd": {"a": [1, {"b": True}]},
        "empty": [],
    }
    outside.post(PATH, shaped("native", answers))
    (event,) = outside.work()
    assert event.state == "done"
    outside.session.refresh(form)
    assert "q_gone" in form.problem
    text = outside.messages()[0].text
    assert "photo: kast.jpg https://x.example/a" in text
    assert outside.session.get_one(Contact, outside.orders()[0].customer_contact_id).name == "Ann"


def test_reading_needs_no_part_that_may_be_missing() -> None:
    found = read_submission(b'{"submission":{"submissionId":"1","questions":[7,{"value":"x"}]}}', received_at=NOW)
    assert (found.submitted_at, in_words(found)) == (NOW, ": x")
    assert read_intake(found, {}).customer_name == ""
    same = [
        read_submission(b'{"responses":{"a":1,"b":2}}', received_at=NOW),
        read_submission(b'{"responses":{"b":2,"a":1}}', received_at=NOW),
    ]
    assert same[0].external_id == same[1].external_id
    with pytest.raises(UnableToParse):
        read_submission(b"{}", received_at=NOW)


def test_posts_that_were_lost_are_fetched_and_none_is_doubled(
    outside: Outside, form: Integration, account: tuple[FormAccount, RunningServer]
) -> None:
    """155 submissions over two pages; every third was posted as well, some after the fetching. Fifteen are worked through."""
    state, _server = account
    made = []
    for number in range(155):
        state.now = lambda number=number: NOW.replace(minute=number // 60, second=number % 60)  # type: ignore[misc]
        made.append(state.submit({**EXAMPLE, "email": f"p{number}@example.com", "phone": ""}))
    for one in made[:30:3]:
        outside.post(PATH, {"formId": FORM, "submission": one})
    assert poll_form(form.id) == 155
    assert poll_form(form.id) == 0
    for one in made[1:15:5]:
        outside.post(PATH, {"formId": FORM, **one})
    later = sa.text("CAST(substring(convert_from(body, 'UTF8') FROM 'p([0-9]+)@') AS integer) >= 15")
    outside.session.execute(sa.delete(InboundEvent).where(later))
    outside.session.commit()
    results = [event.results[0]["result"] for event in outside.work()]
    assert (results.count("new"), results.count("duplicate"), len(results)) == (15, 8, 23)
    assert len(outside.orders()) == 15
    assert outside.session.execute(sa.select(sa.func.count()).select_from(FormSubmission)).scalar_one() == 15


def test_submissions_from_before_are_fetched_where_a_day_was_chosen(
    outside: Outside, form: Integration, account: tuple[FormAccount, RunningServer]
) -> None:
    """They are years of work done elsewhere, perhaps: by default what there was when the form was connected stays there."""
    state, _server = account
    for at in (
        datetime(2026, 9, 30, 21, 59, tzinfo=UTC),
        datetime(2026, 9, 30, 22, 0, 1, tzinfo=UTC),
        CONNECTED_AT + timedelta(seconds=1),
        NOW,
    ):
        state.now = lambda at=at: at  # type: ignore[misc]
        state.submit(EXAMPLE)
    assert [poll_form(form.id), poll_form(form.id)] == [2, 0]
    form.settings = {**form.settings, "since": "2026-10-01", "since_zone": "Europe/Amsterdam"}
    outside.session.commit()
    assert [poll_form(form.id), poll_form(form.id)] == [1, 0]


@pytest.mark.parametrize(
    ("key", "per_second", "words"), [("wrong", 9, "rejected this API key"), ("sk_simulated", 0, "rate limit")]
)
def test_what_fillout_refuses_is_said_and_nothing_is_forgotten(
    outside: Outside, form: Integration, account: tuple[FormAccount, RunningServer], key: str, per_second: int, words: str
) -> None:
    state, _server = account
    state.submit(EXAMPLE)
    state.api_key, state.per_second = key, per_second
    assert poll_forms(new_argument=1) == 0
    outside.session.refresh(form)
    assert words in form.problem
    assert poll_forms() == 0  # not due again yet
    state.api_key, state.per_second = "sk_simulated", 9
    form.polled_at = NOW.replace(year=2020)
    outside.session.commit()
    assert poll_forms() == 1
    outside.session.refresh(form)
    assert form.problem == ""


@pytest.mark.timeout(1800)
def test_every_mutated_form_is_stored_once_and_answered(outside: Outside, form: Integration) -> None:
    dice, seeds = random.Random(7), [json.dumps(shaped(shape)).encode() for shape in SHAPES]
    before, sent = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, set()
    for _ in range(BODIES):
        body = mutated(dice.choice(seeds), dice)
        assert outside.post(PATH, body).status_code == 200, body
        sent.add(body)
    stored = {bytes(row) for row in outside.session.execute(sa.select(InboundEvent.body)).scalars()}
    assert sent == stored
    passed = sa.select(InboundEvent.id).where(sa.text("get_byte(body_sha256, 0) % 10 <> 0"))
    outside.session.execute(sa.update(InboundEvent).where(InboundEvent.id.in_(passed)).values(state="done"))
    outside.session.commit()
    events = outside.work()
    assert {event.state for event in events} <= {"done", "quarantined"}
    broken = [event.reason for event in events if event.reason and event.reason.split(":")[0].endswith(("Error", "Exception"))]
    assert broken == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000
