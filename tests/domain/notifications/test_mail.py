"""Mail of the application's own: deadlines at once, the digest once a day, and the mail server's moods."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.contract.notice_outcome import Outcome
from app.core.ids import new_id
from app.core.unsubscribe_tokens import DIGEST, MAILINGS, read_unsubscribe_token, unsubscribe_token
from app.domain.accounts.models import User
from app.domain.events.actions import Actor
from app.domain.notifications.actions import Wishes, set_preferences
from app.domain.notifications.digest import HOURS_LATE, TABLE, Pending, count_pending, plan_digests
from app.domain.notifications.dispatching import TABLE as DISPATCHES
from app.domain.notifications.jobs import send_digest
from app.domain.notifications.mail.compose import SystemMail, compose
from app.domain.notifications.models import NotificationDigest, NotificationKind, NotificationSettings, Way
from app.domain.tasks.actions import TaskContent, create_task
from app.domain.threads.models import Thread
from tests.domain.notifications.conftest import House
from tests.domain.notifications.test_quiet import NIGHTS, local
from tests.factories import NOW
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in

ALL = {(kind, way) for kind in NotificationKind for way in Way}
THROUGH = ("app", "email")


def headers(mail: dict[str, Any]) -> dict[str, str]:
    return dict(mail["headers"])


def at_hour(house: House, hour: int | None, user: User | None = None, **wishes: Any) -> None:
    who = user or house.alice
    made = Wishes(wishes.pop("wanted", ALL), digest_hour=hour, **wishes)
    set_preferences(house.session, made, user_id=who.id, now=NOW, actor=Actor(who.id))
    house.session.commit()


def digests(house: House) -> list[NotificationDigest]:
    query = sa.select(NotificationDigest).order_by(NotificationDigest.digest_date)
    return list(house.session.execute(query.execution_options(populate_existing=True)).scalars())


def send_all(house: House) -> None:
    house.session.commit()
    for digest in digests(house):
        send_digest(row_id=str(digest.id))


def test_a_deadline_comes_by_mail_at_once_and_once(house: House) -> None:
    house.escalate(house.alice, through=THROUGH)
    for _again in range(3):
        house.carry_out()
        house.let_time_pass()
    (mail,) = house.outside.mails()
    assert (mail["to"], mail["from"]) == (house.alice.email, "no-reply@switchyard.localhost")
    said = headers(mail)
    assert said["Subject"] == "A deadline needs action"
    assert (said["Auto-Submitted"], said["X-Auto-Response-Suppress"]) == ("auto-generated", "All")
    assert said["Message-ID"].endswith("@switchyard.localhost>")
    assert "/notifications/" in mail["text"]
    assert "Pieter" not in mail["text"]
    assert "List-Unsubscribe" not in said


def test_other_kinds_wait_for_the_digest(house: House) -> None:
    house.assign(house.alice)
    house.mention()
    assert house.dispatches(way=Way.EMAIL) == []


def test_names_are_in_it_if_the_user_said_so_and_in_their_language(house: House) -> None:
    at_hour(house, None, shows_content=True)
    house.alice.locale = "nl"
    house.thread.subject = "Dringend\r\nBcc: alle@boos.example"
    house.escalate(house.alice, through=THROUGH)
    house.carry_out()
    (mail,) = house.outside.mails()
    assert headers(mail)["Subject"] == "De deadline in het gesprek met Pieter van Dam vraagt je aandacht"
    assert "Bcc" not in headers(mail)


def test_quiet_hours_hold_mails_as_well_and_end_in_one(house: House) -> None:
    at_hour(house, None, quiet=NIGHTS)
    house.now = local("2026-03-05 02:00")
    for step in ("75%", "90%", "100%"):
        house.escalate(house.alice, through=THROUGH, step=step)
    assert all(d.run_at == local("2026-03-05 07:00") for d in house.dispatches(way=Way.EMAIL))
    house.carry_out()
    (mail,) = house.outside.mails()
    assert headers(mail)["Subject"] == "3 notifications for you"
    assert mail["text"].count("/notifications/") == 3


@pytest.mark.parametrize(
    ("mode", "outcome", "came"),
    [("refuses", Outcome.REFUSED, 0), ("busy", None, 0), ("drops", Outcome.UNKNOWN, 1), ("deaf", Outcome.UNKNOWN, 0)],
)
def test_what_the_mail_server_says(house: House, mode: str, outcome: Outcome | None, came: int) -> None:
    house.outside.call("POST", "/__sim/mail", {"mode": mode})
    house.escalate(house.alice, through=THROUGH)
    house.carry_out()
    (dispatch,) = house.dispatches(way=Way.EMAIL)
    assert dispatch.outcome == outcome
    house.outside.call("POST", "/__sim/mail", {"mode": "fine"})
    house.let_time_pass()
    house.carry_out()
    assert len(house.outside.mails()) == (1 if outcome is None else came)


def test_a_worker_killed_in_the_call_sends_nothing_twice(house: House) -> None:
    house.escalate(house.alice, through=THROUGH)
    dead = {"state": "running", "lease_token": new_id(), "calling_at": NOW, "attempts": 1, "lease_until": NOW}
    house.session.execute(sa.update(DISPATCHES).values(dead))
    house.session.commit()
    house.carry_out()
    assert house.outside.mails() == []
    assert house.dispatches(way=Way.EMAIL)[0].outcome == Outcome.UNKNOWN


def give_work(house: House, now: datetime) -> None:
    house.thread.assignee_user_id = house.alice.id
    house.thread.response_due_at = now - timedelta(hours=1)
    content = TaskContent(house.brand.id, "Bellen", assignee_user_id=house.alice.id, due_date=date(2026, 3, 5))
    create_task(house.session, content, now=now, actor=Actor(house.bob.id))
    house.session.commit()


def test_the_digest_has_counts_and_links_and_a_way_out(house: House) -> None:
    at_hour(house, 8)
    now = local("2026-03-05 08:00")
    give_work(house, now)
    house.now = now
    house.receive()
    assert len(plan_digests(house.session, now=now)) == 1
    send_all(house)
    (mail,) = house.outside.mails()
    said = headers(mail)
    assert said["Subject"] == "3 items need your attention"
    for words in ("1 thread is overdue", "1 task is overdue", "1 unread notification", "http://localhost/notifications"):
        assert words in mail["text"]
    assert not {word for word in ("Pieter", "Laadpaal", "Bellen") if word in mail["text"]}
    assert said["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert said["List-Unsubscribe"].startswith("<http://localhost/notifications/unsubscribe/")


def test_what_is_due_until_midnight_is_due_today(house: House) -> None:
    give_work(house, local("2026-03-05 08:00"))
    house.thread.response_due_at = local("2026-03-05 23:59")
    house.session.commit()
    for at, pending in (
        ("2026-03-05 08:00", Pending(0, 1, 0, 1, 0)),
        ("2026-03-04 23:00", Pending(0, 0, 0, 0, 0)),
        ("2026-03-06 08:00", Pending(1, 0, 1, 0, 0)),
    ):
        assert count_pending(house.session, house.alice, now=local(at)) == pending


def test_a_day_has_one_digest_however_often_one_looks(house: House) -> None:
    at_hour(house, 8)
    house.session.execute(sa.update(Thread).values(assignee_user_id=house.alice.id, response_due_at=NOW - timedelta(days=900)))
    now = local("2026-03-05 08:00")
    for _look in range(3):
        plan_digests(house.session, now=now)
        send_all(house)
        now += timedelta(minutes=30)
    assert len(house.outside.mails()) == 1
    plan_digests(house.session, now=now + timedelta(days=1))
    send_all(house)
    assert len(house.outside.mails()) == 2


def test_nothing_to_report_is_no_mail(house: House) -> None:
    at_hour(house, 8)
    plan_digests(house.session, now=local("2026-03-05 08:00"))
    send_all(house)
    assert house.outside.mails() == []
    assert [digest.outcome for digest in digests(house)] == [Outcome.LAPSED]


def test_a_kind_not_wanted_by_mail_does_not_count(house: House) -> None:
    at_hour(house, 8, wanted=ALL - {(NotificationKind.ASSIGNMENT, Way.EMAIL)})
    house.assign(house.alice)
    plan_digests(house.session, now=local("2026-11-20 12:00"))
    house.session.execute(sa.update(Thread).values(response_due_at=None))
    plan_digests(house.session, now=local("2026-11-21 08:00"))
    send_all(house)
    assert house.outside.mails() == []


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        ("Europe/Amsterdam", "2026-03-05T07:00:00+00:00", date(2026, 3, 5)),
        ("Europe/Amsterdam", "2026-03-05T06:59:59+00:00", None),
        ("Europe/Amsterdam", "2026-03-29T06:00:00+00:00", date(2026, 3, 29)),  # summer time began that night
        ("Europe/Amsterdam", "2026-03-29T05:59:59+00:00", None),
        ("Europe/Amsterdam", "2026-10-25T07:00:00+00:00", date(2026, 10, 25)),  # and ended
        ("Europe/Amsterdam", "2026-10-25T06:59:59+00:00", None),
        ("America/Montreal", "2026-03-05T13:00:00+00:00", date(2026, 3, 5)),
        ("America/Montreal", "2026-03-05T08:00:00+00:00", None),
    ],
)
def test_the_hour_is_the_users_own(house: House, zone: str, at: str, day: date | None) -> None:
    at_hour(house, 8)
    house.alice.timezone = zone
    house.session.commit()
    plan_digests(house.session, now=datetime.fromisoformat(at))
    assert [digest.digest_date for digest in digests(house)] == ([day] if day else [])


def test_an_hour_the_clock_skips_comes_with_the_next(house: House) -> None:
    at_hour(house, 2)
    for at in ("2026-03-29T00:59:00+00:00", "2026-03-29T01:00:00+00:00"):
        plan_digests(house.session, now=datetime.fromisoformat(at))
    assert [digest.digest_date for digest in digests(house)] == [date(2026, 3, 29)]


def test_a_server_that_was_away_all_morning_leaves_the_day_out(house: House) -> None:
    at_hour(house, 8)
    assert list(plan_digests(house.session, now=local("2026-03-05 08:00") + timedelta(hours=HOURS_LATE))) == []


def test_whoever_left_or_wants_none_gets_none(house: House) -> None:
    at_hour(house, 8)
    at_hour(house, None, house.bob)
    house.alice.disabled_at = NOW
    house.session.commit()
    assert list(plan_digests(house.session, now=local("2026-03-05 08:00"))) == []


def test_a_digest_whose_worker_died_is_not_sent_twice(house: House) -> None:
    at_hour(house, 8)
    give_work(house, local("2026-03-05 08:00"))
    plan_digests(house.session, now=local("2026-03-05 08:00"))
    dead = {"state": "running", "lease_token": new_id(), "calling_at": NOW, "attempts": 1, "lease_until": NOW}
    house.session.execute(sa.update(TABLE).values(dead))
    send_all(house)
    assert house.outside.mails() == []
    assert [digest.outcome for digest in digests(house)] == [Outcome.UNKNOWN]


def test_a_mail_server_that_is_busy_gets_the_digest_later(house: House) -> None:
    at_hour(house, 8)
    give_work(house, local("2026-03-05 08:00"))
    plan_digests(house.session, now=local("2026-03-05 08:00"))
    house.outside.call("POST", "/__sim/mail", {"mode": "busy"})
    send_all(house)
    (waiting,) = digests(house)
    assert (waiting.state, waiting.run_at > datetime.now(UTC)) == ("ready", True)
    house.outside.call("POST", "/__sim/mail", {"mode": "fine"})
    house.session.execute(sa.update(TABLE).values(run_at=NOW))
    send_all(house)
    assert len(house.outside.mails()) == 1


def test_the_digest_ends_by_its_address_without_signing_in_but_not_by_looking(house: House, page_client: PageClient) -> None:
    at_hour(house, 8)
    path = f"/notifications/unsubscribe/{unsubscribe_token(house.alice.id, 'only-for-tests-' * 3, purpose=DIGEST)}"

    def hour() -> int | None:
        return house.session.execute(sa.select(NotificationSettings.digest_hour)).scalar_one()

    assert "Unsubscribe" in page_client.get(path).text
    assert hour() == 8
    answer = page_client.plain.post(path, data={"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, hour()) == (200, None)
    assert page_client.plain.post(path).status_code == 200
    assert page_client.plain.post("/notifications/unsubscribe/made-up").status_code == 404
    of_a_mailing = unsubscribe_token(house.alice.id, "only-for-tests-" * 3, purpose=MAILINGS)
    assert page_client.plain.post(f"/notifications/unsubscribe/{of_a_mailing}").status_code == 404
    assert read_unsubscribe_token(unsubscribe_token(house.alice.id, "a", purpose=DIGEST), "b", purpose=DIGEST) is None


def test_the_hour_is_chosen_and_the_test_says_what_came_of_it(house: House, page_client: PageClient) -> None:
    client = page_client
    sign_in(client.plain, house.session, house.alice)
    token = {"csrf_token": csrf_token(client.plain)}
    assert client.post("/settings/notifications", data={**token, "digest_hour": "7"}).status_code == 303
    assert '<option value="7" selected>' in client.get("/settings/notifications").text
    assert client.post("/settings/notifications", data={**token, "digest_hour": "25"}).status_code == 422
    assert "The mail server accepted the email." in client.post("/settings/notifications/tests/email", data=token).text
    house.outside.call("POST", "/__sim/mail", {"mode": "refuses"})
    assert "The mail server rejected the email (550)." in client.post("/settings/notifications/tests/email", data=token).text
    assert len(house.outside.mails()) == 1


def test_the_way_out_is_one_token_on_the_wire_however_long() -> None:
    way_out = f"https://switchyard.example.nl/notifications/unsubscribe/{'x' * 120}"
    mail = SystemMail("a@example.nl", "Anaïs", "Bonjour à tous", "Élan\n", "0" * 32, way_out)
    sent = compose(mail, sender="inbox@example.nl", now=datetime(2026, 3, 5, tzinfo=UTC)).as_bytes()
    assert f"<{way_out}>\r\n".encode() in sent
    assert b"=?utf-8?q?=3Chttps" not in sent
