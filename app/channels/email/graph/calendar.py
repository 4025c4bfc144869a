"""The calendar of a mailbox by calendarView/delta: a window of the days to come, made anew as the days go by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from app.channels.base import ChannelAccount, Json
from app.channels.calendars import CalendarEvent, CalendarPage
from app.channels.email.graph.client import GraphClient, read_object
from app.channels.email.graph.errors import is_sync_lost, refusal
from app.channels.email.graph.pollstate import read_time

AHEAD = timedelta(days=60)
RENEW_AFTER = timedelta(days=1)  # the token fixes the window: what comes nearer is seen by the next
_PREFER = 'outlook.timezone="UTC", odata.maxpagesize=50'


def poll_calendar(client: GraphClient, account: ChannelAccount, state: Json, *, now: datetime) -> CalendarPage:
    """One page. `state`: {"link", "from"}. Raises ProviderError."""
    began = read_time(state.get("from"))
    link = state.get("link") if began and now - began < RENEW_AFTER else None
    began = began if link and began else now
    # No $select, $filter or $orderby: calendarView/delta refuses them all.
    window = {"startDateTime": f"{began:%Y-%m-%dT%H:%M:%SZ}", "endDateTime": f"{began + AHEAD:%Y-%m-%dT%H:%M:%SZ}"}
    params = None if link else window
    answer = client.call(account, "GET", link or "calendarView/delta", params=params, prefer=_PREFER, accept=(400, 404, 410))
    if link and is_sync_lost(answer):
        return CalendarPage((), (), {}, more=True)
    if not answer.ok:
        raise refusal(answer)
    page = read_object(answer, "the calendar", needs="value")
    removed = tuple(str(one["id"]) for one in page["value"] if "@removed" in one)
    events = tuple(event for one in page["value"] if "@removed" not in one and (event := _event(one)))
    following = page.get("@odata.nextLink") or page.get("@odata.deltaLink") or link
    return CalendarPage(events, removed, {"link": following, "from": began.isoformat()}, more="@odata.nextLink" in page)


def _event(one: Json) -> CalendarEvent | None:
    """None for a change that does not say when: it is about something a task does not show."""
    starts_at = _instant(one.get("start") or {})
    if starts_at is None or one.get("type") == "seriesMaster":
        return None
    place = (one.get("location") or {}).get("displayName")
    cancelled, all_day = bool(one.get("isCancelled")), bool(one.get("isAllDay"))
    return CalendarEvent(str(one["id"]), str(one.get("subject") or ""), starts_at, str(place or ""), all_day, cancelled)


def _instant(start: Any) -> datetime | None:
    """Graph writes up to seven digits of a second and the zone apart; we asked for UTC."""
    try:
        return datetime.fromisoformat(str(start.get("dateTime"))[:19]).replace(tzinfo=UTC)
    except ValueError:
        return None
