"""Telling browsers: what is sent, once, folded, held in quiet hours, and what every answer of a push service leads to."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.contract.notice_outcome import Outcome
from app.core.db import db
from app.core.http import HttpClient
from app.core.ids import new_id
from app.core.runtime import EXTENSION, runtime
from app.domain.accounts.models import UserSession
from app.domain.events.actions import Actor
from app.domain.notifications.actions import Wishes, mark_read, set_preferences
from app.domain.notifications.dispatching import TABLE
from app.domain.notifications.jobs import send_dispatch
from app.domain.notifications.models import NotificationKind, PushKey, PushSubscription, Way
from app.domain.notifications.push_keys import own_key
from app.domain.notifications.quiet import Week
from app.providers.web_push.encryption import MOST_BODY_BYTES
from tests.domain.notifications.conftest import House, Outside, text_of
from tests.domain.notifications.test_quiet import NIGHTS, local
from tests.factories import NOW, make_brand, make_channel, make_contact, make_thread, make_user

ALL = {(kind, way) for kind in NotificationKind for way in Way}


def wish(
    house: House, wanted: set[tuple[NotificationKind, Way]] | None = None, *, quiet: Week = (None,) * 7, **more: bool
) -> None:
    wishes = Wishes(ALL if wanted is None else wanted, quiet, **more)
    set_preferences(house.session, wishes, user_id=house.alice.id, now=house.now, actor=Actor(house.alice.id))
    house.session.commit()


def devices(house: House) -> list[PushSubscription]:
    return list(house.session.execute(sa.select(PushSubscription).execution_options(populate_existing=True)).scalars())


def test_what_concerns_somebody_is_pushed_to_each_of_their_browsers(house: House) -> None:
    house.device(house.alice)
    house.device(house.alice)
    house.device(house.bob)
    house.assign(house.alice)
    house.carry_out()
    house.carry_out()
    told = house.outside.pushes()
    assert len(told) == len({push["device"] for push in told}) == 2
    payload = told[0]["payload"]
    assert payload["title"] == "Switchyard"
    assert payload["body"] == "A thread was assigned to you"
    assert payload["thread"] == f"/threads/{house.thread.id}"
    assert (told[0]["urgency"], told[0]["ttl"]) == ("normal", 86_400)
    assert all(device.reached_at is not None for device in devices(house) if device.user_id == house.alice.id)


def test_no_word_of_a_customer_leaves_unless_the_user_said_so(house: House) -> None:
    house.device(house.alice)
    house.assign(house.alice)
    house.receive()
    house.carry_out()
    assert not {word for word in ("Pieter", "Laadpaal", "Wanneer", "Bob") if word in text_of(house.outside.pushes())}
    wish(house, shows_content=True)
    house.receive()
    house.carry_out()
    payload = house.outside.pushes()[0]["payload"]
    assert (payload["title"], payload["body"]) == ("Laadpaal defect", "2 new messages from Pieter van Dam")


def test_ten_messages_of_a_thread_are_one_notice(house: House) -> None:
    house.device(house.alice)
    house.assign(house.alice)
    house.carry_out()
    for _number in range(10):
        house.receive()
    house.carry_out()
    assert len(house.dispatches()) == 2
    (shown,) = house.outside.pushes()  # the notice of the assignment was replaced: same thread, same tag
    assert shown["payload"]["body"] == "10 new messages in one of your threads"
    house.receive()
    house.carry_out()
    (shown,) = house.outside.pushes()
    assert (shown["payload"]["body"], shown["topic"]) == ("11 new messages in one of your threads", shown["payload"]["tag"])


def test_what_is_read_at_once_on_a_page_is_not_pushed(house: House) -> None:
    house.device(house.alice)
    house.assign(house.alice)
    assert house.dispatches()[0].run_at == NOW + timedelta(seconds=3)
    mark_read(house.session, user_id=house.alice.id, thread_id=house.thread.id, now=NOW)
    house.session.commit()
    house.carry_out()
    assert house.outside.pushes() == []
    assert [d.outcome for d in house.dispatches()] == [Outcome.LAPSED]


def test_ones_own_doing_and_other_brands_are_not_pushed(house: House) -> None:
    house.device(house.bob)
    house.device(house.mallory)
    house.assign(house.alice)
    house.mention("@Bob @Mallory")
    assert house.dispatches() == []


def test_whoever_lost_the_brand_meanwhile_hears_nothing(house: House) -> None:
    house.device(house.alice)
    house.assign(house.alice)
    house.session.execute(sa.text("DELETE FROM brand_members WHERE user_id = :id"), {"id": house.alice.id})
    house.session.commit()
    house.carry_out()
    assert house.outside.pushes() == []


def test_a_kind_can_be_pushed_and_not_stand_in_the_app_and_the_other_way_round(house: House) -> None:
    house.device(house.alice)
    wish(house, {(NotificationKind.ASSIGNMENT, Way.PUSH), (NotificationKind.MENTION, Way.APP)})
    house.assign(house.alice)
    house.mention()
    house.receive()
    house.carry_out()
    assert [push["payload"]["body"] for push in house.outside.pushes()] == ["A thread was assigned to you"]
    kinds = house.session.execute(sa.text("SELECT kind FROM notifications WHERE in_app")).scalars().all()
    assert kinds == ["mention"]


def test_several_at_once_are_one_notice_that_leads_to_the_list(house: House) -> None:
    house.device(house.alice)
    for number in range(4):
        house.assign(house.alice, house.other_thread(f"3160000010{number}"))
    house.carry_out()
    (push,) = house.outside.pushes()
    assert (push["payload"]["body"], push["payload"]["url"]) == ("4 notifications for you", "/notifications")
    assert sorted(d.outcome for d in house.dispatches()) == ["accepted", "folded", "folded", "folded"]


def test_quiet_hours_hold_everything_and_end_in_one_notice(house: House) -> None:
    house.device(house.alice)
    wish(house, quiet=NIGHTS)
    house.now = local("2026-03-04 23:00")
    house.assign(house.alice)
    house.now = local("2026-03-05 02:00")
    house.receive()
    house.escalate(house.alice)
    assert {(d.is_held, d.run_at) for d in house.dispatches()} == {(True, local("2026-03-05 07:00"))}
    house.carry_out()
    (push,) = house.outside.pushes()
    assert push["payload"]["body"] == "3 notifications for you"
    assert push["payload"]["thread"] == f"/threads/{house.thread.id}"  # all are of one thread: it leads there


@pytest.mark.parametrize(
    ("night", "hours"),
    [("2026-03-28 23:00", 7), ("2026-10-24 23:00", 9), ("2026-06-10 23:00", 8)],
    ids=["spring", "autumn", "summer"],
)
def test_a_night_ends_at_seven_whatever_the_clock_does(house: House, night: str, hours: int) -> None:
    house.device(house.alice)
    wish(house, quiet=NIGHTS)
    house.now = local(night)
    house.assign(house.alice)
    (held,) = house.dispatches()
    assert held.run_at - house.now == timedelta(hours=hours)


def test_what_is_held_is_not_told_before_its_time(house: House) -> None:
    house.device(house.alice)
    house.now = datetime.now(UTC)
    free = (house.now.weekday() + 3) % 7  # always quiet but for an hour days from now
    wish(house, quiet=tuple((0, 23 * 60) if day == free else (0, 0) for day in range(7)))
    house.assign(house.alice)
    house.carry_out()
    (held,) = house.dispatches()
    assert held.is_held
    assert held.run_at > house.now
    assert house.outside.pushes() == []
    wish(house)  # quiet hours are over because the user says so
    house.carry_out()
    assert len(house.outside.pushes()) == 1


def test_a_step_whose_rule_says_so_comes_in_quiet_hours(house: House) -> None:
    house.device(house.alice)
    wish(house, quiet=NIGHTS)
    house.now = local("2026-03-05 02:00")
    house.escalate(house.alice, quiet=True)
    assert [(d.is_held, d.run_at) for d in house.dispatches()] == [(False, house.now)]
    house.carry_out()
    assert [push["payload"]["body"] for push in house.outside.pushes()] == ["A deadline needs action"]
    assert house.outside.pushes()[0]["urgency"] == "high"


def test_each_step_is_told_once_and_beside_the_others(house: House) -> None:
    house.device(house.alice)
    for step in ("75%", "90%"):
        house.escalate(house.alice, step=step)
    for _again in range(3):
        house.carry_out()
        house.let_time_pass()
    assert [push["times"] for push in house.outside.pushes()] == [1, 1]
    assert len({push["payload"]["tag"] for push in house.outside.pushes()}) == 2


def test_a_step_that_does_not_tell_browsers_does_not(house: House) -> None:
    house.device(house.alice)
    house.escalate(house.alice, through=("app",))
    house.escalate(house.alice, through=())
    assert house.dispatches() == []


def test_a_worker_that_died_in_the_call_leaves_the_promise(house: House) -> None:
    house.device(house.alice)
    house.assign(house.alice)
    (dispatch,) = house.dispatches()
    stale = {"state": "running", "lease_token": new_id(), "calling_at": NOW, "attempts": 1, "lease_until": NOW}
    house.session.execute(sa.update(TABLE).values(stale))
    house.session.commit()
    send_dispatch(row_id=str(dispatch.id))
    assert len(house.outside.pushes()) == 1
    send_dispatch(row_id=str(dispatch.id))
    assert house.outside.pushes()[0]["times"] == 1


@pytest.mark.parametrize("mode", ["gone", "lost"])
def test_a_browser_that_is_gone_goes_with_all_that_waits_for_it(house: House, mode: str) -> None:
    house.device(house.alice, mode)
    house.assign(house.alice)
    house.assign(house.alice, house.other_thread())
    house.carry_out()
    assert devices(house) == []
    assert house.dispatches() == []
    assert len([r for r in house.outside.requests() if r["path"].startswith("/push/")]) == 1


@pytest.mark.parametrize(("mode", "problem"), [("stranger", "refuses our key (403)"), ("full", "too long")])
def test_a_refusal_is_shown_with_the_device_and_not_repeated(house: House, mode: str, problem: str) -> None:
    house.device(house.alice, mode)
    house.assign(house.alice)
    house.carry_out()
    house.let_time_pass()
    house.carry_out()
    assert problem in devices(house)[0].problem
    assert [d.outcome for d in house.dispatches()] == [Outcome.REFUSED]
    assert len([r for r in house.outside.requests() if r["path"].startswith("/push/")]) == 1


@pytest.mark.parametrize(("mode", "seconds"), [("busy", 7), ("throttled", 5), ("broken", 5)])
def test_a_busy_service_is_asked_again_when_it_says_so(house: House, mode: str, seconds: int) -> None:
    device = house.device(house.alice, mode)
    house.assign(house.alice)
    house.carry_out()
    (dispatch,) = house.dispatches()
    wait = house.session.execute(sa.select(sa.func.clock_timestamp() - TABLE.c.run_at)).scalar_one()
    assert timedelta(seconds=-seconds) < wait < timedelta(seconds=5 - seconds)
    assert dispatch.state == "ready"
    house.outside.call("POST", f"/__sim/devices/{device.endpoint.rpartition('/')[2]}", {"mode": "fine"})
    house.let_time_pass()
    house.carry_out()
    assert [d.outcome for d in house.dispatches()] == [Outcome.ACCEPTED]


def test_a_line_that_breaks_is_tried_again(house: House) -> None:
    house.device(house.alice)
    order = {"match": {"path": "^/push/"}, "times": 1, "when": "after", "drop_connection": True}
    house.outside.call("POST", "/__sim/fault", order)
    house.assign(house.alice)
    house.carry_out()
    house.let_time_pass()
    house.carry_out()
    (push,) = house.outside.pushes()
    assert push["times"] == 2  # the second took the place of the first
    assert [d.outcome for d in house.dispatches()] == [Outcome.ACCEPTED]


def test_it_is_given_up_in_the_end(house: House) -> None:
    house.device(house.alice, "broken")
    house.assign(house.alice)
    for _try in range(13):
        house.carry_out()
        house.let_time_pass()
    (dispatch,) = house.dispatches()
    assert (dispatch.outcome, dispatch.attempts) == (Outcome.REFUSED, 11)


def test_a_promise_made_anew_while_the_first_was_called_stands_for_both(house: House) -> None:
    device = house.device(house.alice, "broken")
    house.assign(house.alice)
    house.receive()

    values = {"state": "running", "lease_until": datetime.now(UTC) - timedelta(seconds=1), "lease_token": new_id()}
    house.session.execute(sa.update(TABLE).where(TABLE.c.id == house.dispatches()[1].id).values(values))
    house.session.commit()
    house.receive()
    house.carry_out()
    house.outside.call("POST", f"/__sim/devices/{device.endpoint.rpartition('/')[2]}", {"mode": "fine"})
    house.let_time_pass()
    house.carry_out()

    assert house.outside.pushes()[0]["payload"]["body"] == "2 new messages in one of your threads"


def test_signing_out_anywhere_ends_it(house: House) -> None:
    device = house.device(house.alice)
    signed_in = UserSession(
        id=new_id(), user_id=house.alice.id, token_hash=b"x", created_at=NOW, last_seen_at=NOW, expires_at=NOW
    )
    house.session.add(signed_in)
    house.session.flush()
    device.session_id = signed_in.id
    house.assign(house.alice)
    house.carry_out()
    assert len(house.outside.pushes()) == 1  # a session that ran out is no sign-out
    signed_in.revoked_at = NOW
    house.assign(house.alice, house.other_thread())
    house.carry_out()
    assert len(house.outside.pushes()) == 1
    assert devices(house) == []


def test_one_key_for_the_installation_and_its_private_half_sealed(house: House) -> None:
    key = own_key(house.session, keyring=runtime().keyring, now=NOW)
    assert own_key(house.session, keyring=runtime().keyring, now=NOW).public == key.public
    (row,) = house.session.execute(sa.select(PushKey)).scalars()
    assert key.private.private_numbers().private_value.to_bytes(32, "big") not in row.sealed_private


def test_logs_hold_neither_addresses_nor_keys(
    house: House, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    device = house.device(house.alice)
    with caplog.at_level(logging.INFO):  # the level the house logs at
        house.assign(house.alice)
        house.carry_out()
    written = caplog.text + "".join(capfd.readouterr())
    for secret in (device.endpoint.rpartition("/")[2], device.p256dh, device.auth, "vapid t="):
        assert secret not in written
    assert device.endpoint not in repr(house.dispatches())


def test_a_body_is_never_longer_than_every_service_takes(house: House) -> None:
    house.device(house.alice)
    house.thread.subject = "ü" * 3000
    house.alice.locale = "fr"
    wish(house, shows_content=True)
    house.mention("@Alice " + "😀" * 2000)
    house.carry_out()
    sent = [r for r in house.outside.requests() if r["path"].startswith("/push/")]
    assert sent[0]["status"] == 201
    assert sent[0]["size_bytes"] < MOST_BODY_BYTES
    assert house.outside.pushes()[0]["payload"]["body"] == "Bob vous mentionne"


def test_two_workers_at_the_end_of_quiet_hours_make_one_notice(fresh_app: Flask, simulators: tuple[str, int]) -> None:
    """Each takes another dispatch of the same browser, at the same moment, over connections of their own."""
    usual, url = fresh_app.extensions[EXTENSION], simulators[0]
    fresh_app.extensions[EXTENSION] = replace(usual, settings=replace(usual.settings, push_hosts=(url,)))
    outside = Outside(url, HttpClient(allowed_networks=["127.0.0.0/8"]))
    outside.call("POST", "/__sim/reset")
    with fresh_app.app_context():
        session = db.session()
        brand = make_brand(session)
        channel = make_channel(session, brand, keyring=runtime().keyring)
        people = [make_user(session, name, brands=(brand,)) for name in ("Alice", "Bob", "Mallory")]
        thread = make_thread(session, channel, make_contact(session))
        house = House(session, outside, brand, channel, thread, *people)
        house.device(house.alice)
        wish(house, quiet=NIGHTS)
        house.now = local("2026-03-05 02:00")
        for number in range(6):
            house.assign(house.alice, house.other_thread(f"3160000020{number}"))
        ids = [str(dispatch.id) for dispatch in house.dispatches()]

    def work(row_id: str) -> None:
        with fresh_app.app_context():
            send_dispatch(row_id=row_id)

    with ThreadPoolExecutor(max_workers=6) as workers:
        list(workers.map(work, ids))
    assert [push["times"] for push in outside.pushes()] == [1]
    assert outside.pushes()[0]["payload"]["body"] == "6 notifications for you"
