"""Simulate the texts we send, from the API call to the last status: accept or refuse, list, and report statuses."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlencode, urlsplit

from app.sandbox.simulators.common import Json
from app.sandbox.simulators.twilio.callbacks import Item, Options, WebhookCaller
from app.sandbox.simulators.twilio.settings import Settings
from app.sandbox.simulators.twilio.store import Store, Text, new_sid
from app.sandbox.simulators.whatsapp_cloud.timetable import Timetable

NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
_MAGIC = {"+15005550001": 21211, "+15005550004": 21610, "+15005550009": 21614, "+15005550429": 20429}
_LANDLINE = re.compile(r"\+31(10|20|30|40|50|70)[0-9]+")
_GSM = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
MESSAGES = {
    20003: "Authentication Error - invalid username",
    20404: "The requested resource was not found",
    20429: "Too many requests",
    21211: "Invalid 'To' Phone Number",
    21212: "Invalid 'From' Number",
    21602: "Message body is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number provided is not a valid message-capable Twilio phone number for this destination.",
    21609: "Invalid 'StatusCallback' URL",
    21610: "Attempt to send to unsubscribed recipient",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit",
    21705: "The Messaging Service Sid is invalid",
    30003: "Unreachable destination handset",
    30007: "Carrier violation",
}


class Refused(Exception):
    """Raised when a call is refused with a Twilio error code."""

    def __init__(self, code: int, status: int = 400) -> None:
        super().__init__(str(code))
        self.code = code
        self.status = 429 if code == 20429 else 401 if code == 20003 else 404 if code == 20404 else status

    def to_json(self) -> Json:
        more = f"https://www.twilio.com/docs/errors/{self.code}"
        return {"code": self.code, "message": MESSAGES.get(self.code, "Refused"), "more_info": more, "status": self.status}


class TextDesk:
    """The part of the simulator that accepts texts from us, for all numbers, and reports their statuses."""

    def __init__(self, store: Store, timetable: Timetable, caller: WebhookCaller) -> None:
        self._store = store
        self._timetable = timetable
        self._caller = caller

    def take(self, form: Mapping[str, str], media: int, settings: Settings) -> Text:
        """Accept a text from the API's form fields, plan its statuses and return it. `media` is the number of its media files.

        Raises `Refused` if Twilio would refuse the text, or if a test has ordered a refusal.
        """
        to, sender, service, body = (form.get(name, "") for name in ("To", "From", "MessagingServiceSid", "Body"))
        check_text(to, sender, service, body, media, form, settings)
        with self._store.lock:
            if self._store.fail_next:
                raise Refused(self._store.fail_next.pop(0))
            if (to, sender or service) in self._store.stopped:
                raise Refused(21610)
            text = Text(
                sid=new_sid("SM"),
                direction="outbound-api",
                to=to,
                from_=sender or (settings.sms_numbers[0] if settings.sms_numbers else ""),
                body=body,
                status="accepted" if service else "queued",
                date_created=self._store.clock.now(),
                num_segments=segments(body),
                service=service,
                callback=form.get("StatusCallback", ""),
                validity=int(form.get("ValidityPeriod") or 36_000),
            )
            self._store.texts.append(text)
        self._plan(text, settings)
        return text

    def _plan(self, text: Text, settings: Settings) -> None:
        """Plan when the statuses of a text are reported. The setting `reorder` mixes up their times."""
        failing = settings.failing.get(text.to)
        last = "undelivered" if failing else "delivered"
        steps = [("sent", settings.sent_s), (last, settings.delivered_s)]
        known = [(status, seconds) for status, seconds in steps if seconds is not None]
        times = [seconds for _, seconds in known]
        if settings.reorder:
            random.shuffle(times)
        if settings.status_before_answer and known:
            self.report(text, known[0][0], failing, settings, at_once=True)
            known, times = known[1:], times[1:]
        for (status, _), seconds in zip(known, times, strict=True):
            self._timetable.after(seconds, partial(self.report, text, status, failing, settings))

    def report(self, text: Text, status: str, code: int | None, settings: Settings, *, at_once: bool = False) -> None:
        """Set the status of a text, unless it already has a final one, and post `status` to the text's callback address if it
        has one."""
        error = code if status in ("undelivered", "failed") else None
        with self._store.lock:
            if text.status not in ("delivered", "undelivered", "failed"):
                text.status, text.error_code, text.error_message = status, error, MESSAGES.get(error or 0)
            text.date_sent = text.date_sent or self._store.clock.now()
        fields = [
            ("AccountSid", settings.account_sid),
            ("ApiVersion", "2010-04-01"),
            *([("ErrorCode", str(error)), ("ErrorMessage", MESSAGES.get(error, ""))] if error else []),
            ("From", text.from_),
            ("MessageSid", text.sid),
            ("MessageStatus", status),
            *([("MessagingServiceSid", text.service)] if text.service else []),
            ("RawDlrDoneDate", f"{self._store.clock.now():%y%m%d%H%M}"),
            ("SmsSid", text.sid),
            ("SmsStatus", status),
            ("To", text.to),
        ]
        item, options = Item("status", text.sid, status, text.callback, fields), Options.of({}, settings)
        self._caller.emit_now(item, options) if at_once else self._caller.emit([item], options)

    def page(self, query: Mapping[str, str], settings: Settings) -> Json:
        """Return one page of the list of texts, newest first, in Twilio's JSON. A filter by date finds only texts that were
        sent."""
        size, number = min(max(int(query.get("PageSize") or 50), 1), 1000), int(query.get("Page") or 0)
        with self._store.lock:
            found = [text for text in reversed(self._store.texts) if _fits(text, query)]
        rows = found[number * size : (number + 1) * size]
        path = f"/2010-04-01/Accounts/{settings.account_sid}/Messages.json"
        following = urlencode({**query, "PageSize": str(size), "Page": str(number + 1)})
        return {
            "messages": [text.to_json(settings.account_sid) for text in rows],
            "next_page_uri": f"{path}?{following}" if len(found) > (number + 1) * size else None,
            "page": number,
            "page_size": size,
        }


def check_text(to: str, sender: str, service: str, body: str, media: int, form: Mapping[str, str], settings: Settings) -> None:
    """Check a text as Twilio does. `media` is the number of its media files. Raises `Refused` if the text is not valid."""
    if not to:
        raise Refused(21604)
    if not NUMBER.fullmatch(to) or to in _MAGIC:
        raise Refused(_MAGIC.get(to, 21211))
    if _LANDLINE.fullmatch(to):
        raise Refused(21614)
    if not body and not media:
        raise Refused(21602)
    if len(body) > 1600:
        raise Refused(21617)
    if service and service != settings.messaging_service_sid:
        raise Refused(21705)
    if not service and sender not in settings.sms_numbers and not _NAME.fullmatch(sender):
        raise Refused(21606 if NUMBER.fullmatch(sender) else 21212)
    host = urlsplit(form.get("StatusCallback", "")).hostname or ""
    validity = form.get("ValidityPeriod") or "1"
    if "_" in host or not (validity.isdecimal() and 1 <= int(validity) <= 36_000):
        raise Refused(21609)


def segments(body: str) -> int:
    """Return the number of parts that the network charges for a text with this body."""
    is_gsm = all(c in _GSM or c in "€[]{}\\^~|\f" for c in body)
    sizes = [2 if c in "€[]{}\\^~|\f" else 1 for c in body] if is_gsm else [2 if ord(c) > 0xFFFF else 1 for c in body]
    alone, room = (160, 153) if is_gsm else (70, 67)
    if sum(sizes) <= alone:
        return 1
    parts, used = 1, 0
    for size in sizes:
        parts, used = (parts + 1, size) if used + size > room else (parts, used + size)
    return parts


def _fits(text: Text, query: Mapping[str, str]) -> bool:
    for name, value in (("To", text.to), ("From", text.from_)):
        if query.get(name) and query[name] != value:
            return False
    since = query.get("DateSent>")
    if not since:
        return True
    return text.date_sent is not None and text.date_sent >= datetime.fromisoformat(since).replace(tzinfo=UTC)
