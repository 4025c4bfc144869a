"""Put the schedule of a report, and the state of its mails, into words."""

from __future__ import annotations

from app.contract.notice_outcome import Outcome
from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.core.translation import told
from app.domain.analytics import words
from app.domain.scheduled_reports.models import Every, ReportSchedule, ReportSend

EVERY_NAMES = {Every.DAY: N_("Every day"), Every.WEEK: N_("Every week"), Every.MONTH: N_("Every month")}


def rhythm_words(row: ReportSchedule) -> str:
    """Return when a report is sent, such as "Every week, Monday 07:00"."""
    hour = f"{row.hour:02}:00"
    if row.every == Every.WEEK:
        return _("Every week on %(day)s at %(hour)s", day=words.weekday_words(row.weekday), hour=hour)
    if row.every == Every.MONTH:
        return _("Every month, on day %(day)s at %(hour)s", day=row.month_day, hour=hour)
    return _("Every day at %(hour)s", hour=hour)


def send_words(send: ReportSend) -> str:
    """Return the state of one mail in words."""
    if send.outcome is None:
        return told(send.error) if send.error else _("on its way")
    return _("sent") if send.outcome == Outcome.ACCEPTED else told(send.error) or _("not sent")


def send_days(send: ReportSend) -> str:
    return words.days_words(send.first_day, send.last_day)


FILTERS = {"send_words": send_words, "send_days": send_days}
