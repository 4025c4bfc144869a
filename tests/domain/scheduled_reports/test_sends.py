"""Reports by email: one for a due moment and reader, in their language, with pictures and a sheet; never to who may not see."""

from __future__ import annotations

import email
import io
import zipfile
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from typing import cast
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from PIL import Image

from app.contract.notice_outcome import Outcome
from app.core.clock import utc_now
from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import Role, User
from app.domain.notifications.mail.compose import SystemMail, compose
from app.domain.scheduled_reports import actions, jobs
from app.domain.scheduled_reports.actions import ScheduleContent, UnknownRecipients, plan_sends
from app.domain.scheduled_reports.contents import read_contents
from app.domain.scheduled_reports.due import Rhythm
from app.domain.scheduled_reports.models import Every, ReportSchedule, ReportSend
from app.domain.scheduled_reports.report_mail import report_mail
from tests.domain.analytics.conftest import Reports
from tests.domain.notifications.conftest import Outside
from tests.domain.sla.conftest import AMSTERDAM, local

DAILY = Rhythm(Every.DAY, hour=7)


def this_hour() -> Rhythm:
    """Each day at the hour that it is now, at the desk."""
    return Rhythm(Every.DAY, hour=utc_now().astimezone(AMSTERDAM).hour)


def made(reports: Reports, rhythm: Rhythm = DAILY, *, to: tuple[User, ...] = (), since: datetime | None = None) -> ReportSchedule:
    """Lena's report, for her and whoever `to` names."""
    desk = reports.desk
    ids = tuple(one.id for one in (desk.lena, *to))
    content = ScheduleContent("Maandag & co", {"medium": "email", "nonsense": "x"}, True, rhythm, ids)
    viewer = viewer_of(reports.session, desk.lena)
    return actions.make_schedule(reports.session, viewer, content, now=since or utc_now() - timedelta(days=40))


def sends(reports: Reports) -> list[ReportSend]:
    query = sa.select(ReportSend).order_by(ReportSend.due_at, ReportSend.id).execution_options(populate_existing=True)
    return list(reports.session.execute(query).scalars())


def send_all(reports: Reports) -> None:
    reports.session.commit()
    for row in sends(reports):
        jobs.send_report(row_id=str(row.id))


def a_week_of_work(reports: Reports) -> None:
    desk = reports.desk
    for back in range(7, 0, -1):
        desk.now = utc_now().replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=back)
        thread = desk.thread(value=f"{back}@example.nl")
        desk.ask(thread)
        desk.now += timedelta(minutes=12)
        desk.answer(thread)
    desk.now = utc_now()
    reports.settle()


def test_a_due_moment_has_one_mail_for_each_reader_however_often_the_clock_is_looked_at(reports: Reports) -> None:
    desk, now = reports.desk, local("2026-03-04 07:05")
    toronto = desk.noah
    toronto.timezone = "America/Toronto"
    made(reports, to=(toronto,), since=local("2026-03-01 12:00"))
    assert (
        plan_sends(reports.session, now=now) == 1
    )  # it is one in the morning in Toronto, and yesterday's is over twelve hours old
    assert plan_sends(reports.session, now=now + timedelta(minutes=1)) == 0
    assert plan_sends(reports.session, now=local("2026-03-04 13:00")) == 1
    assert plan_sends(reports.session, now=local("2026-03-05 13:30")) == 2  # a day passed: one each
    assert [row.user_id for row in sends(reports)].count(toronto.id) == 2


def test_after_an_outage_there_is_one_and_no_burst(reports: Reports) -> None:
    made(reports, Rhythm(Every.WEEK, weekday=0, hour=7), since=local("2026-01-01 12:00"))
    assert plan_sends(reports.session, now=local("2026-03-04 07:00")) == 1  # two days late
    assert plan_sends(reports.session, now=local("2026-03-06 07:00")) == 0  # of the week before it is of no use any more


def test_nothing_is_due_that_fell_due_before_it_was_made_or_while_it_was_paused(reports: Reports) -> None:
    viewer = viewer_of(reports.session, reports.desk.lena)
    row = made(reports, since=local("2026-03-04 07:01"))
    assert plan_sends(reports.session, now=local("2026-03-04 08:00")) == 0
    actions.pause_schedule(reports.session, viewer, row.id, is_paused=True, now=local("2026-03-04 09:00"))
    assert plan_sends(reports.session, now=local("2026-03-05 07:30")) == 0
    actions.pause_schedule(reports.session, viewer, row.id, is_paused=False, now=local("2026-03-05 08:00"))
    assert plan_sends(reports.session, now=local("2026-03-05 09:00")) == 0
    assert plan_sends(reports.session, now=local("2026-03-06 07:00")) == 1


def test_it_comes_in_the_readers_language_once_and_says_what_it_shows(reports: Reports, outside: Outside) -> None:
    a_week_of_work(reports)
    lena = reports.desk.lena
    lena.locale = "nl"
    row = made(reports, this_hour())
    viewer = viewer_of(reports.session, lena)
    actions.ask_for_test(reports.session, viewer, row.id, now=utc_now())
    send_all(reports)
    send_all(reports)
    (mail,) = outside.mails()
    said = dict(mail["headers"])
    assert (mail["to"], said["Auto-Submitted"]) == (lena.email, "auto-generated")
    assert said["Subject"].startswith("Maandag & co: ")
    assert "Eerste reactie" in mail["text"]
    assert "12 min" in mail["text"]
    (sent,) = sends(reports)
    assert (sent.outcome, sent.error, sent.is_test) == (Outcome.ACCEPTED, "", True)


def test_who_lost_the_permission_the_brand_or_the_account_gets_none(reports: Reports, outside: Outside) -> None:
    desk = reports.desk
    reports.settle()
    row = made(reports, this_hour(), to=(desk.noah,))
    assert plan_sends(reports.session, now=utc_now()) >= 1
    desk.noah.disabled_at = utc_now()
    send_all(reports)
    refused = {row.user_id: (row.outcome, row.error) for row in sends(reports)}
    assert refused[desk.noah.id] == (Outcome.REFUSED, jobs.NO_ACCOUNT)
    assert [mail["to"] for mail in outside.mails()] == [desk.lena.email]
    actions.ask_for_test(reports.session, viewer_of(reports.session, desk.lena), row.id, now=utc_now())
    desk.lena.role = Role.AGENT  # who made it may not see figures any more
    send_all(reports)
    assert jobs.OWNER_GONE in [one.error for one in sends(reports)]
    assert len(outside.mails()) == 1


def test_a_mail_that_was_on_its_way_when_the_worker_died_is_not_sent_twice(reports: Reports, outside: Outside) -> None:
    made(reports, this_hour())
    plan_sends(reports.session, now=utc_now())
    (row,) = sends(reports)
    row.calling_at = utc_now()
    send_all(reports)
    assert (sends(reports)[0].outcome, outside.mails()) == (Outcome.UNKNOWN, [])


def test_only_colleagues_who_see_figures_can_get_it(reports: Reports) -> None:
    with pytest.raises(UnknownRecipients):
        made(reports, to=(reports.desk.alice,))


def test_pictures_and_sheet_are_parts_of_the_mail(reports: Reports) -> None:
    a_week_of_work(reports)
    mail = parsed(written(reports))
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds.count("image/png") == 2
    html = mail.get_body(("html",))
    assert html is not None
    text = html.get_content()
    pictures = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    for part in pictures:
        assert f"cid:{part['Content-ID'][1:-1]}" in text
        image = Image.open(io.BytesIO(part.get_payload(decode=True)))
        assert len(image.getcolors(4096) or ()) > 4  # something is drawn
    arrivals = Image.open(io.BytesIO(pictures[0].get_payload(decode=True))).convert("RGB")
    assert arrivals.getpixel((137, 20)) == (42, 91, 215)  # which colour is what stands above the bars
    assert 'alt="' in text or "alt='" in text
    assert "<script" not in text
    (sheet,) = [part for part in mail.iter_attachments() if str(part.get_filename()).endswith(".xlsx")]
    assert "xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(sheet.get_content())).namelist()


def written(reports: Reports) -> SystemMail:
    viewer = viewer_of(reports.session, reports.desk.lena)
    today = utc_now().date()
    days = {"first": today - timedelta(days=6), "last": today}
    contents = read_contents(reports.session, viewer, name="<b>Weekly</b>", args={}, is_open=True, **days)
    zone = ZoneInfo(viewer.timezone)
    return report_mail(viewer, contents, reference="x", base="https://desk.example", zone=zone, owner="Lena")


def parsed(mail: SystemMail) -> EmailMessage:
    sent = compose(mail, sender="no-reply@desk.example", now=utc_now())
    assert "&lt;b&gt;Weekly" in mail.html
    return cast(EmailMessage, email.message_from_bytes(sent.as_bytes(), policy=default))
