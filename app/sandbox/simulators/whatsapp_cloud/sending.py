"""Simulate sending a message: refuse or accept it, note it, and report its statuses."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from app.sandbox.simulators.common import Json
from app.sandbox.simulators.whatsapp_cloud.checks import address_of, check_message, late_media_failure
from app.sandbox.simulators.whatsapp_cloud.graph_error import GraphError, webhook_error
from app.sandbox.simulators.whatsapp_cloud.settings import Number, Settings
from app.sandbox.simulators.whatsapp_cloud.store import Accepted, ChatItem, Person, Store, new_wamid, summary_of
from app.sandbox.simulators.whatsapp_cloud.templates import shown
from app.sandbox.simulators.whatsapp_cloud.timetable import Timetable
from app.sandbox.simulators.whatsapp_cloud.webhooks import Item, Options, WebhookCaller, change_of

PAIR_SECONDS = 6.0
SHARES_NUMBER = "shares_number"
# Failures Meta mostly reports afterwards; every other ordered failure is an answer to the call.
_LATE_CODES = frozenset({131026, 131047, 131049, 131050, 130472, 131053, 131042, 130497})
_ALLOWED_ANY_TIME = frozenset({"template"})


@dataclass(frozen=True)
class Sent:
    """A message that was accepted, with the business number it was sent from and the person it was sent to."""

    accepted: Accepted
    number: Number
    person: Person


class Desk:
    """The part of the simulator that accepts messages from us, for all numbers, and reports their statuses."""

    def __init__(self, store: Store, timetable: Timetable, caller: WebhookCaller) -> None:
        self._store = store
        self._timetable = timetable
        self._caller = caller

    def take(self, payload: Json, number: Number, settings: Settings) -> Json:
        """Accept a message, plan its statuses and return the provider's JSON answer. Raises `GraphError` if the message is
        refused."""
        check_message(payload, store=self._store, settings=settings)
        address = address_of(payload)
        failure = self._store.take_failure()
        self._refuse_if_ordered(failure)
        with self._store.lock:
            person = self._store.person(_wa_id_of(address))
            self._check_recipient(person, number, settings)
            self._check_pace(person, number, settings)
            late_code, detail = self._late_failure(payload, person, number, settings, failure)
            sent = self._accept(payload, number, person)
        self._report(sent, settings, late_code, detail)
        return _answer(payload, sent)

    def report(self, sent: Sent, status: str, settings: Settings, *, code: int = 0, detail: str = "", now: bool = False) -> None:
        """Report one status of a message: show it on the customer's phone and post it to our webhook.

        `code` and `detail` are the error of a "failed" status. With `now`, post before returning.
        """
        error = webhook_error(code, detail) if status == "failed" else None
        with self._store.lock:
            bubble = self._store.bubbles.get(sent.accepted.wamid)
            if bubble is not None:
                bubble.tick(status)
                bubble.error = error or bubble.error
        item = self._status_item(sent, status, error)
        options = Options.of({}, settings)
        self._caller.emit_now(item, options) if now else self._caller.emit([item], options)

    def find(self, wamid: str, settings: Settings) -> Sent | None:
        """Return the accepted message with this id, or None if there is none."""
        accepted = next((known for known in self._store.accepted if known.wamid == wamid), None)
        number = settings.number(accepted.phone_number_id) if accepted else None
        return Sent(accepted, number, self._store.person(accepted.to)) if accepted and number else None

    def _refuse_if_ordered(self, failure: Json | None) -> None:
        if failure and (failure.get("how") or _usual_way(failure)) == "sync":
            raise GraphError(int(failure["code"]), str(failure.get("details") or "ordered by the simulator"))

    def _check_recipient(self, person: Person, number: Number, settings: Settings) -> None:
        if person.wa_id == number.display_phone_number.lstrip("+"):
            raise GraphError(131021, "Recipient cannot be sender")
        if settings.test_recipients is not None and person.wa_id not in settings.test_recipients:
            raise GraphError(131030, "Recipient phone number not in allowed list")

    def _check_pace(self, person: Person, number: Number, settings: Settings) -> None:
        if settings.pair_burst is not None and not self._take_pair_token(
            f"{number.phone_number_id}:{person.wa_id}", settings.pair_burst
        ):
            raise GraphError(131056, "Too many messages sent from this number to the same recipient in a short period")
        if settings.throughput_per_second is None:
            return
        now = self._store.clock.now()
        recent = [at for at in self._store.recent_sends.get(number.phone_number_id, []) if now - at < timedelta(seconds=1)]
        self._store.recent_sends[number.phone_number_id] = [*recent, now]
        if len(recent) >= settings.throughput_per_second:
            raise GraphError(130429, "Cloud API message throughput has been reached")

    def _take_pair_token(self, pair: str, burst: int) -> bool:
        now = self._store.clock.now()
        tokens, since = self._store.pair_tokens.get(pair, (float(burst), now))
        tokens = min(float(burst), tokens + (now - since).total_seconds() / PAIR_SECONDS)
        self._store.pair_tokens[pair] = (tokens - 1, now) if tokens >= 1 else (tokens, now)
        return tokens >= 1

    def _late_failure(
        self, payload: Json, person: Person, number: Number, settings: Settings, failure: Json | None
    ) -> tuple[int, str]:
        """Return (code, detail) of a failure that is reported after the message was accepted, or (0, "") if there is none.

        Raises `GraphError` if the 24-hour window is closed and the settings say that the call itself is refused.
        """
        if failure:
            return int(failure["code"]), str(failure.get("details") or "ordered by the simulator")
        if person.wa_id in settings.not_on_whatsapp:
            return 131026, "Message Undeliverable."
        if self._needs_window(payload, settings) and not self._store.window_is_open(number.phone_number_id, person.wa_id):
            return self._outside_window(settings)
        late = late_media_failure(payload, self._store)
        return (131053, late) if late else (0, "")

    def _needs_window(self, payload: Json, settings: Settings) -> bool:
        return payload.get("type") not in _ALLOWED_ANY_TIME and settings.window != "off"

    def _outside_window(self, settings: Settings) -> tuple[int, str]:
        detail = "Message failed to send because more than 24 hours have passed since the customer last replied to this number."
        if settings.window == "sync":
            raise GraphError(131047, detail)
        return 131047, detail

    def _accept(self, payload: Json, number: Number, person: Person) -> Sent:
        kind = str(payload.get("type", "text"))
        text = self._shown(payload, kind)
        accepted = Accepted(
            wamid=new_wamid(),
            phone_number_id=number.phone_number_id,
            to=person.wa_id,
            type=kind,
            text=text,
            biz_opaque_callback_data=str(payload.get("biz_opaque_callback_data") or ""),
            at=self._store.clock.now(),
            payload=payload,
        )
        self._store.accepted.append(accepted)
        reaction = payload.get("reaction") if kind == "reaction" else None
        if reaction and self._store.react(str(reaction["message_id"]), "business", str(reaction["emoji"])):
            return Sent(accepted, number, person)
        self._store.add_bubble(person.wa_id, self._bubble(accepted, payload))
        return Sent(accepted, number, person)

    def _shown(self, payload: Json, kind: str) -> str:
        if kind == "template":
            content = payload["template"]
            return shown(self._store.templates[content["name"], content["language"]["code"]], content)
        return summary_of(payload.get(kind))

    def _bubble(self, accepted: Accepted, payload: Json) -> ChatItem:
        content = payload.get(accepted.type)
        file_id = content.get("id") if isinstance(content, dict) else None
        kept = self._store.files.get(str(file_id)) if file_id else None
        media = {"id": kept.id, "mime_type": kept.mime_type, "filename": kept.filename} if kept else None
        context_id = (payload.get("context") or {}).get("message_id")
        bubble = ChatItem(accepted.wamid, False, accepted.type, accepted.text, accepted.at, media=media, context_id=context_id)
        bubble.choices = _choices(content) if accepted.type == "interactive" else []
        bubble.number_id = accepted.phone_number_id
        return bubble

    def _report(self, sent: Sent, settings: Settings, late_code: int, detail: str) -> None:
        """Plan when the statuses of a message are reported. The setting `reorder` mixes up their times."""
        steps = [("failed", settings.sent_s)] if late_code else _steps(settings)
        times = [seconds for _, seconds in steps]
        if settings.reorder:
            random.shuffle(times)
        if settings.status_before_answer and steps:
            self.report(sent, steps[0][0], settings, code=late_code, detail=detail, now=True)
            steps, times = steps[1:], times[1:]
        for (status, _), seconds in zip(steps, times, strict=True):
            work = partial(self.report, sent, status, settings, code=late_code, detail=detail)
            self._timetable.after(seconds or 0.0, work)

    def _status_item(self, sent: Sent, status: str, error: Json | None) -> Item:
        accepted, person = sent.accepted, sent.person
        content = {
            "id": accepted.wamid,
            "status": status,
            "timestamp": str(int(self._store.clock.now().timestamp())),
            **({} if person.hides_number else {"recipient_id": person.wa_id}),
            "recipient_user_id": person.user_id,
            **({"biz_opaque_callback_data": accepted.biz_opaque_callback_data} if accepted.biz_opaque_callback_data else {}),
            **({"errors": [error]} if error else {"pricing": _pricing(accepted)}),
        }
        change = change_of(sent.number, statuses=[content])
        return Item("status", accepted.wamid, change, sent.number.waba_id, status=status, who=person.wa_id)


def _choices(content: Any) -> list[Json]:
    """Return the choices in an interactive message, as {"id", "title"}: its buttons, or the rows of its list.

    WhatsApp's own button that shares the phone number has the id SHARES_NUMBER.
    """
    if content.get("type") == "request_contact_info":
        return [{"id": SHARES_NUMBER, "title": "Share contact info"}]
    action = content.get("action") or {}
    rows = [row for section in action.get("sections") or [] for row in section.get("rows") or []]
    return [button["reply"] for button in action.get("buttons") or []] + rows


def _usual_way(failure: Json) -> str:
    return "webhook" if int(failure["code"]) in _LATE_CODES else "sync"


def _steps(settings: Settings) -> list[tuple[str, float | None]]:
    steps = [("sent", settings.sent_s), ("delivered", settings.delivered_s), ("read", settings.read_s)]
    return [(status, seconds) for status, seconds in steps if seconds is not None]


def _pricing(accepted: Accepted) -> Json:
    is_template = accepted.type == "template"
    kind = {"type": "regular", "category": "utility"} if is_template else {"type": "free_customer_service", "category": "service"}
    return {"billable": is_template, "pricing_model": "PMP", **kind}


def _wa_id_of(address: str) -> str:
    """Return the WhatsApp id for a number. It is the same, except that Mexican mobile numbers get a 1 after the 52."""
    return f"521{address[2:]}" if address.startswith("52") and len(address) == 12 else address


def _answer(payload: Json, sent: Sent) -> Json:
    given = str(payload.get("recipient") or payload.get("to"))
    who = {"user_id": sent.person.user_id} if payload.get("recipient") else {"wa_id": sent.person.wa_id}
    message = {"id": sent.accepted.wamid} | ({"message_status": "accepted"} if sent.accepted.type == "template" else {})
    return {"messaging_product": "whatsapp", "contacts": [{"input": given, **who}], "messages": [message]}
