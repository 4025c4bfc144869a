"""Read a mailbox's calendar by calendarView/delta over a moving window of days, and write events.

Each event of ours contains our reference twice. As `transactionId`, it prevents a second event if the creation is repeated.
As an extended property, it lets us find an event whose id we never received.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from app.contract.base import ChannelAccount, Json, ProviderError, Reason
from app.contract.calendars import CalendarEvent, CalendarPage, EventGone, WantedEvent, WrittenEvent
from app.core.text import mark as N_
from app.providers.graph.client import GraphClient, read_object
from app.providers.graph.errors import is_sync_lost, refusal
from app.providers.graph.pollstate import read_time
from app.providers.graph.signed_in import is_signed_in

AHEAD = timedelta(days=60)
RENEW_AFTER = timedelta(days=1)  # the token fixes the window: what comes nearer is seen by the next
_PREFER = 'outlook.timezone="UTC", odata.maxpagesize=50'
# A named property in a set of our own; the GUID was drawn once and must never change.
REFERENCE_PROPERTY = "String {9c8a1f52-6b0e-4a57-9d0c-3f2a7be41c88} Name switchyard-appointment"
_DENIED = N_("We cannot open the calendar")
_GRANT = N_("Give the application the permission Calendars.ReadWrite, with admin consent")
_AGREE = N_("Sign in again on the channel's page and allow access to the calendar")


@contextmanager
def permitted(account: ChannelAccount, *, writes: bool = False) -> Iterator[None]:
    """Turn a refusal of the calendar (403) into a ProviderError that does not mark the channel as down, as a context manager.

    A refused write may be tried again, because somebody may give the permission meanwhile. A refused read is permanent.
    """
    try:
        yield
    except ProviderError as error:
        if error.status_code != 403:
            raise
        advice = _AGREE if is_signed_in(account) else _GRANT
        reason = Reason("calendar_denied", _DENIED, detail=error.reason.detail, advice=advice)
        raise ProviderError(reason, permanent=not writes, status_code=403) from error


def write_event(
    client: GraphClient, account: ChannelAccount, event: WantedEvent, key: str | None, *, may_be_there: bool
) -> WrittenEvent:
    """Create the event, or change it if it exists (`HasCalendar.write_event`).

    Raises EventGone if the event to change no longer exists, and ProviderError.
    """
    known = key or (_find(client, account, event.reference) if may_be_there else None)
    if known is None:
        marks = {"transactionId": event.reference, "singleValueExtendedProperties": [_mark(event.reference)]}
        return _written(client.call_json(account, "POST", "events", json={**_content(event), **marks}, needs="id"))
    answer = client.call(account, "PATCH", _path(known), json=_content(event), accept=(404, 410))
    if not answer.ok:
        raise EventGone(known)
    return _written(read_object(answer, "the event", needs="id"))


def remove_event(client: GraphClient, account: ChannelAccount, reference: str, key: str | None) -> None:
    """Delete the event with this key or reference, if there is one (`HasCalendar.remove_event`). Raises ProviderError."""
    known = key or _find(client, account, reference)
    if known is not None:
        client.call(account, "DELETE", _path(known), accept=(404, 410))


def _find(client: GraphClient, account: ChannelAccount, reference: str) -> str | None:
    mark = _mark(reference)
    same = f"singleValueExtendedProperties/Any(ep: ep/id eq '{mark['id']}' and ep/value eq '{mark['value']}')"
    # Written into the address ourselves: Graph does not take a "+" for a space in here.
    found = client.call_json(account, "GET", f"events?$filter={quote(same, safe='')}", needs="value")["value"]
    return str(found[0]["id"]) if found else None


def _mark(reference: str) -> dict[str, str]:
    return {"id": REFERENCE_PROPERTY, "value": reference}


def _path(key: str) -> str:
    return f"events/{quote(key, safe='')}"


def _content(event: WantedEvent) -> Json:
    times = {"start": event.starts_at, "end": event.ends_at}
    return {
        "subject": event.subject,
        "body": {"contentType": "text", "content": event.text},
        "location": {"displayName": event.place},
        **{name: {"dateTime": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"} for name, at in times.items()},
    }


def _written(answer: Json) -> WrittenEvent:
    return WrittenEvent(str(answer["id"]), read_time(answer.get("lastModifiedDateTime")))


def poll_calendar(client: GraphClient, account: ChannelAccount, state: Json, *, now: datetime) -> CalendarPage:
    """Return one page of the calendar. Raises ProviderError.

    `state` is {"link", "from"}: the link of the page, and when the window of days begins. {} starts from the beginning.
    """
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
    """Return Graph's event as a `CalendarEvent`. Return None for a change without a time and for the master of a series."""
    starts_at = _instant(one.get("start") or {})
    if starts_at is None or one.get("type") == "seriesMaster":
        return None
    place = (one.get("location") or {}).get("displayName")
    cancelled, all_day = bool(one.get("isCancelled")), bool(one.get("isAllDay"))
    subject, ends_at = str(one.get("subject") or ""), _instant(one.get("end") or {})
    reference, changed_at = str(one.get("transactionId") or ""), read_time(one.get("lastModifiedDateTime"))
    return CalendarEvent(str(one["id"]), subject, starts_at, str(place or ""), all_day, cancelled, ends_at, reference, changed_at)


def _instant(start: Any) -> datetime | None:
    """Return Graph's time as an aware UTC datetime. Return None if it is no time.

    Graph writes up to seven digits of a second, and the zone in a field of its own. We asked for UTC.
    """
    try:
        return datetime.fromisoformat(str(start.get("dateTime"))[:19]).replace(tzinfo=UTC)
    except ValueError:
        return None
