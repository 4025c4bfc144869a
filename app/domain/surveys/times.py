"""Calculate when a survey question is sent. Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.domain.surveys.models import Survey


def ask_at(survey: Survey, *, medium: str, now: datetime) -> datetime:
    """Return when to send the question: after the delay for the medium, within the survey's hours.

    If a clock change skips that hour, the next hour is used.
    """
    delay = timedelta(hours=survey.delay_hours) if medium == "email" else timedelta(minutes=survey.chat_delay_minutes)
    return within_hours(survey, now + delay)


def within_hours(survey: Survey, at: datetime) -> datetime:
    """Return `at` if it is within the survey's hours. Otherwise return the time at which these hours begin next."""
    zone = ZoneInfo(survey.zone)
    local = at.astimezone(zone)
    if survey.from_hour <= local.hour < survey.until_hour:
        return at
    day = local.date() + timedelta(days=local.hour >= survey.until_hour)
    return datetime.combine(day, time(survey.from_hour), zone).astimezone(at.tzinfo)
