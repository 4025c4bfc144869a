"""Play the customers of the simulated Twilio: carry out the orders of POST /__sim/emit.

Orders, by `kind`::

    sms     {from, to?, body?, media?: [{content_base64, content_type}], opt_out_type?, extra?: {…}}
    call    {from?, to?, outcome: answered | missed | busy | failed | anonymous | voicemail, duration_s?, recording?}
            the events of one call: its own leg and the one to a colleague, each numbered
    status  {sid, status, code?}: set the status of a text of ours
    post    {to: sms | status | voice, url?, fields: [[name, value]…]}: any fields, signed

Options with each: duplicate, reorder, delay, bad_signature, variant (port | repeated | json | sha256 | wrong_token).
STOP and START are remembered. As with Twilio, a text to somebody who said STOP is refused with 21610.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from email.utils import format_datetime

from app.sandbox.simulators.common import BadOrder, Json
from app.sandbox.simulators.twilio.callbacks import Item, Options, WebhookCaller
from app.sandbox.simulators.twilio.settings import Settings
from app.sandbox.simulators.twilio.store import Call, File, Store, Text, new_sid
from app.sandbox.simulators.twilio.texts import TextDesk, segments

_OUTCOMES = ("answered", "missed", "busy", "failed", "anonymous", "voicemail")
_STOP, _START = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"}), frozenset({"START", "UNSTOP", "YES"})
COLLEAGUE = "+31207654321"


class Outside:
    """The simulated customers, who carry out emit orders. `base_url` returns this simulator's URL, for links to media files."""

    def __init__(
        self,
        store: Store,
        caller: WebhookCaller,
        desk: TextDesk,
        settings: Callable[[], Settings],
        base_url: Callable[[], str],
    ) -> None:
        self._store = store
        self._caller = caller
        self._desk = desk
        self._settings = settings
        self._base_url = base_url

    def emit(self, order: Json) -> Json:
        """Carry out one order and return {"sids", "posts"}: the new ids and the number of posts. Raises `BadOrder` if the order
        is not valid."""
        action = _ACTIONS.get(str(order.get("kind", "sms")))
        if action is None:
            raise BadOrder(f"kind must be one of {', '.join(sorted(_ACTIONS))}")
        return action(self, order, Options.of(order, self._settings()))

    def sms(self, order: Json, options: Options) -> Json:
        """Send a text as a customer."""
        settings, body = self._settings(), str(order.get("body", ""))
        sender, to = str(order.get("from", "")), str(order.get("to") or settings.sms_numbers[0])
        sid = new_sid("MM" if order.get("media") else "SM")
        files = [self._keep(sid, file) for file in order.get("media") or []]
        with self._store.lock:
            self._remember_consent(sender, to, body)
            now = self._store.clock.now()
            self._store.texts.append(Text(sid, "inbound", to, sender, body, "received", now, segments(body), date_sent=now))
        fields = [
            ("AccountSid", settings.account_sid),
            ("ApiVersion", "2010-04-01"),
            ("Body", body),
            ("From", sender),
            ("FromCity", ""),
            ("FromCountry", "NL"),
            ("MessageSid", sid),
            ("NumMedia", str(len(files))),
            ("NumSegments", str(segments(body))),
            *([("OptOutType", str(order["opt_out_type"]))] if order.get("opt_out_type") else []),
            ("SmsMessageSid", sid),
            ("SmsSid", sid),
            ("SmsStatus", "received"),
            ("To", to),
            *[pair for place, (url, kind) in enumerate(files) for pair in _media_fields(place, url, kind)],
            *[(str(name), str(value)) for name, value in (order.get("extra") or {}).items()],
        ]
        posts = self._caller.emit([Item("sms", sid, "received", settings.sms_url, fields)], options)
        return {"sids": [sid], "posts": posts}

    def call(self, order: Json, options: Options) -> Json:
        """Call us as a customer: post the events of the call and of the leg to a colleague."""
        settings, outcome = self._settings(), str(order.get("outcome", "missed"))
        if outcome not in _OUTCOMES:
            raise BadOrder(f"outcome must be one of {', '.join(_OUTCOMES)}")
        caller = "anonymous" if outcome == "anonymous" else str(order.get("from", ""))
        ours, sid = str(order.get("to") or settings.phone_numbers[0]), new_sid("CA")
        with self._store.lock:
            self._store.calls.append(Call(sid, "inbound", caller, ours, outcome, self._store.clock.now()))
        events = self._events(sid, caller, ours, outcome, int(order.get("duration_s", 95)), bool(order.get("recording")))
        items = [Item("call", sid, state, settings.voice_url, fields) for state, fields in events]
        return {"sids": [sid], "posts": self._caller.emit(items, options)}

    def status(self, order: Json, options: Options) -> Json:
        """Report a new status of a text (SMS) that we sent, as Twilio would. Raises `BadOrder` if the text is unknown."""
        text = self._store.find_text(str(order.get("sid")))
        if text is None:
            raise BadOrder("no such text")
        code = order.get("code")
        self._desk.report(text, str(order.get("status", "delivered")), int(code) if code else None, self._settings())
        return {"sids": [text.sid], "posts": 1}

    def post(self, order: Json, options: Options) -> Json:
        """Post any fields to any of our webhooks."""
        settings, to = self._settings(), str(order.get("to", "sms"))
        usual = {"sms": settings.sms_url, "voice": settings.voice_url}.get(to, f"{settings.sms_url}/status")
        url = str(order.get("url") or usual)
        fields = [(str(name), str(value)) for name, value in order.get("fields") or []]
        return {"sids": [], "posts": self._caller.emit([Item("post", "", to, url, fields)], options)}

    def _keep(self, sid: str, file: Mapping[str, str]) -> tuple[str, str]:
        settings, media_sid = self._settings(), new_sid("ME")
        try:
            content = base64.b64decode(file["content_base64"], validate=True)
        except (KeyError, binascii.Error) as error:
            raise BadOrder("media is a list of {content_base64, content_type}") from error
        kind = str(file.get("content_type", "image/jpeg"))
        self._store.files[media_sid] = File(content, kind)
        path = f"/2010-04-01/Accounts/{settings.account_sid}/Messages/{sid}/Media/{media_sid}"
        return f"{self._base_url()}{path}", kind

    def _remember_consent(self, sender: str, to: str, body: str) -> None:
        word = body.strip().upper()
        for ours in (to, self._settings().messaging_service_sid):
            if word in _STOP:
                self._store.stopped.add((sender, ours))
            elif word in _START:
                self._store.stopped.discard((sender, ours))

    def _events(
        self, sid: str, caller: str, ours: str, outcome: str, seconds: int, recording: bool
    ) -> list[tuple[str, list[tuple[str, str]]]]:
        """Return (state, fields) of each event of both legs, in the order they happen."""
        child = new_sid("CA")
        answered, ending = outcome == "answered", {"busy": "busy", "failed": "failed"}.get(outcome, "no-answer")
        own = [("ringing", {}), ("in-progress", {}), ("completed", {"CallDuration": str(seconds), "Duration": "2"})]
        told = {"RecordingUrl": f"{self._base_url()}/recordings/RE{sid[2:]}", "RecordingSid": f"RE{sid[2:]}"} if recording else {}
        leg: list[tuple[str, dict[str, str]]] = [("initiated", {}), ("ringing", {})]
        leg += [("in-progress", {}), ("completed", {"CallDuration": str(seconds), **told})] if answered else [(ending, {})]
        parent = [self._event(sid, "", caller, ours, "inbound", place, *step) for place, step in enumerate(own)]
        legs = [self._event(child, sid, caller, COLLEAGUE, "outbound-dial", place, *step) for place, step in enumerate(leg)]
        return [*parent[:2], *legs, parent[2]]

    def _event(
        self, sid: str, parent: str, caller: str, called: str, direction: str, place: int, status: str, more: dict[str, str]
    ) -> tuple[str, list[tuple[str, str]]]:
        fields = {
            "AccountSid": self._settings().account_sid,
            "ApiVersion": "2010-04-01",
            "CallSid": sid,
            **({"ParentCallSid": parent} if parent else {}),
            "CallStatus": status,
            "CallbackSource": "call-progress-events",
            "Called": called,
            "Caller": caller,
            "Direction": direction,
            "From": caller,
            "SequenceNumber": str(place),
            "Timestamp": format_datetime(self._store.clock.now()),
            "To": called,
            **more,
        }
        return status, list(fields.items())


def _media_fields(place: int, url: str, kind: str) -> list[tuple[str, str]]:
    return [(f"MediaContentType{place}", kind), (f"MediaUrl{place}", url)]


_ACTIONS: dict[str, Callable[[Outside, Json, Options], Json]] = {
    "sms": Outside.sms,
    "call": Outside.call,
    "status": Outside.status,
    "post": Outside.post,
}
