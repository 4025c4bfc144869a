"""Parse SendGrid's event webhook: an array of mixed events about many mails, in any order, some of them twice.

`sg_event_id` identifies an event. Openings and clicks are ignored: tracking is off, and they are not reliable. So no mail is
marked as read because of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from app.contract.account_notice import AccountNotice
from app.contract.base import DeliveryStatus, Parsed, Reason, StatusUpdate, UnableToParse
from app.contract.suppression import AddressNews, Stop
from app.core.text import known
from app.core.text import mark as N_
from app.providers.sendgrid.errors import blocked, bounced, dropped
from app.providers.sendgrid.payload import CHANNEL_ARGUMENT, DELIVERY_ARGUMENT

Json = dict[str, Any]
MOST_EVENTS = 10_000
_UNREADABLE = known("Invalid events in this request: %(count)s", "%(count)s events in this request are invalid")
_PASSED_OVER = frozenset({"open", "click", "group_resubscribe"})
_ACCOUNT = N_("The SendGrid account status changed")


def read_events(body: bytes) -> list[Json]:
    """Return the events of a posted body. Raises UnableToParse for a body that is no array of objects."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnableToParse(N_("the body is not JSON")) from error
    if not isinstance(found, list) or len(found) > MOST_EVENTS or not all(isinstance(one, dict) for one in found):
        raise UnableToParse(N_("the body is not an array of events"))
    return found


def channel_ids(body: bytes) -> tuple[str, ...]:
    """Return the ids of our channels that the events are about. Raises UnableToParse."""
    return tuple(dict.fromkeys(str(one[CHANNEL_ARGUMENT]) for one in read_events(body) if one.get(CHANNEL_ARGUMENT)))


def dedupe_key(body: bytes) -> str:
    """Return a key that two posts of the same events share. Raises UnableToParse."""
    ids = sorted(str(one.get("sg_event_id") or _digest(one)) for one in read_events(body))
    return hashlib.sha256("\n".join(ids).encode("utf-8", "surrogatepass")).hexdigest()


def parse_events(body: bytes, *, channel_id: str) -> Parsed:
    """Parse the events about mail of this channel, and those that name no channel of ours."""
    statuses: list[StatusUpdate] = []
    addresses: list[AddressNews] = []
    notices: list[AccountNotice] = []
    unreadable = 0
    for event in read_events(body):
        try:
            if str(event.get(CHANNEL_ARGUMENT) or channel_id) != channel_id or event.get("event") in _PASSED_OVER:
                continue
            if event.get("event") == "account_status_change":
                notices.append(AccountNotice("account_status", _ACCOUNT, "warning", raw=event))
                continue
            statuses += _statuses(event)
            addresses += _addresses(event)
        except (ValueError, TypeError, OverflowError, OSError):
            unreadable += 1
    problems = (_UNREADABLE % {"count": unreadable},) if unreadable else ()
    return Parsed(statuses=tuple(statuses), notices=tuple(notices), addresses=tuple(addresses), problems=problems)


_BOUNCED: Mapping[str, tuple[DeliveryStatus, Callable[[Json], Reason]]] = {
    "bounce": (DeliveryStatus.BOUNCED, bounced),
    "blocked": (DeliveryStatus.FAILED, blocked),
}
_STATUSES = {
    "processed": DeliveryStatus.ACCEPTED,
    "deferred": DeliveryStatus.ACCEPTED,  # still trying
    "delivered": DeliveryStatus.DELIVERED,  # taken by the receiving server
    "spamreport": DeliveryStatus.DELIVERED,
    "dropped": DeliveryStatus.FAILED,
}


def _statuses(event: Json) -> list[StatusUpdate]:
    kind = str(event.get("event") or "")
    reason: Reason | None = None
    if kind == "bounce":
        status, words = _BOUNCED.get(str(event.get("type") or "bounce"), _BOUNCED["bounce"])
        reason = words(event)
    elif kind in _STATUSES:
        status = _STATUSES[kind]
        reason = dropped(event) if kind == "dropped" else None
    else:
        return []
    update = StatusUpdate(
        status=status,
        occurred_at=_time(event),
        provider_message_id=str(event.get("sg_message_id") or "").partition(".")[0] or None,
        our_reference=str(event.get(DELIVERY_ARGUMENT) or "") or None,
        rfc822_message_id=str(event.get("smtp-id") or "").strip().strip("<>") or None,
        recipient=_address(event) or None,
        reason=reason,
        event_id=str(event.get("sg_event_id") or "")[:200] or _digest(event),
    )
    return [update] if update.our_reference or update.provider_message_id else []


def _addresses(event: Json) -> list[AddressNews]:
    address, stop = _address(event), _stop(event)
    if not address or stop is None:
        return []
    detail = " ".join(str(event.get("reason") or "").split())[:300]
    return [AddressNews(address, stop, "sendgrid", _time(event), detail)]


def _stop(event: Json) -> Stop | None:
    """Return the reason to stop the event's address (see `Stop`). Return None if the event gives no such reason.

    A block is only temporary, so it stops nothing.
    """
    kind = event.get("event")
    if kind == "bounce":
        is_dead = event.get("type", "bounce") == "bounce" and not str(event.get("status") or "5").startswith("4")
        return Stop.BOUNCED if is_dead else None
    if kind == "dropped":
        words = str(event.get("reason") or "").lower()
        return Stop.UNSUBSCRIBED if "unsubscribe" in words else Stop.COMPLAINED if "spam" in words else Stop.BOUNCED
    return {"spamreport": Stop.COMPLAINED, "unsubscribe": Stop.UNSUBSCRIBED, "group_unsubscribe": Stop.UNSUBSCRIBED}.get(
        str(kind)
    )


def _address(event: Json) -> str:
    return str(event.get("email") or "").strip().lower()[:320]


def _time(event: Json) -> datetime:
    return datetime.fromtimestamp(int(event.get("timestamp") or ""), UTC)


def _digest(event: Json) -> str:
    return hashlib.sha256(json.dumps(event, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()
