"""`SendGridMail`, the adapter of SendGrid: its API as a `Sender`, its event webhook as a `WebhookReceiver`.

An account's settings and secrets are CONNECT_FIELDS; its address is the sender. SendGrid has no idempotency key and cannot
be asked about a mail. So a send of unknown outcome waits for SendGrid's reports, which contain our delivery id, and is never
repeated by itself. A missing report does not mean "not sent", even if reports about other mails come in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from app.contract.base import (
    ChannelAccount,
    Found,
    Headers,
    Json,
    Lookup,
    OutgoingMessage,
    Parsed,
    ProviderError,
    Reason,
    SaveProgress,
    SendResult,
)
from app.contract.health import Health, refused
from app.contract.setup_field import SetupField
from app.contract.suppression import Stop
from app.core.clock import utc_now
from app.core.http import HttpClient, HttpFailure, HttpResponse
from app.core.metering import Endpoint, shape_of
from app.core.text import mark as N_
from app.mail.compose import UnableToCompose
from app.providers.sendgrid.errors import refusal, unreachable
from app.providers.sendgrid.events import dedupe_key, parse_events
from app.providers.sendgrid.payload import mail_body
from app.providers.sendgrid.signature import is_signed, read_public_key

EUROPE = "https://api.eu.sendgrid.com"
OFFICIAL = "https://api.sendgrid.com"
SEND_SECONDS = 40.0
_WORKS = N_("Sends email and receives delivery reports")
_LISTS = {Stop.BOUNCED: "bounces", Stop.COMPLAINED: "spam_reports", Stop.UNSUBSCRIBED: "unsubscribes"}
_TEMPLATE_HELP = N_("The template ID, such as d-4f1c…; if empty, we send a plain email.")

CONNECT_FIELDS = (
    SetupField("api_key", N_("API key"), help=N_("With permission to send email"), secret=True),
    SetupField(
        "signing_secret",
        N_("Verification key of the event webhook"),
        help=N_(
            "In SendGrid under “Mail Settings”, “Event Webhook”, “Signature Verification”; without this key we reject reports"
        ),
        secret=True,
        required=False,
    ),
    SetupField(
        "url_key",
        N_("Key for the inbound parse address"),
        help=N_("A long random word; without it we accept no email"),
        secret=True,
        required=False,
    ),
    SetupField("region", N_("Region of the account"), default="global", choices=("global", "eu")),
    SetupField("sandbox", N_("Test only, send nothing"), default="no", choices=("no", "yes")),
    SetupField("from_name", N_("Sender name"), required=False),
    SetupField(
        "visit_reminders",
        N_("Visit reminders"),
        default="on",
        choices=("on", "off"),
        help=N_("An email to the customer the day before a visit."),
    ),
    SetupField("reminder_template_nl", N_("Dynamic template for reminders in Dutch"), required=False, help=_TEMPLATE_HELP),
    SetupField("reminder_template_en", N_("Dynamic template for reminders in English"), required=False, help=_TEMPLATE_HELP),
    SetupField("reminder_template_fr", N_("Dynamic template for reminders in French"), required=False, help=_TEMPLATE_HELP),
)
STEPS = (
    N_("In SendGrid, authenticate the domain you send from, and make an API key with permission to send email."),
    N_(
        "For delivery reports, add in SendGrid an event webhook that posts to /webhooks/sendgrid/events of "
        "this installation, and switch on the signature of the webhook."
    ),
)
_WORDS = ("mail", "send", "scopes", "suppression", "asm", "suppressions", "global", *_LISTS.values())


class SendGridMail:
    """The adapter of SendGrid. `base_url` is e.g. https://api.sendgrid.com, without a slash at its end."""

    def __init__(self, http: HttpClient, base_url: str, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._http = http
        self._base_url = base_url
        self._clock = clock

    def send(
        self, message: OutgoingMessage, *, account: ChannelAccount, progress: Json, save_progress: SaveProgress
    ) -> SendResult:
        """Post the mail once. Raises ProviderError, with `outcome_unknown` if the answer was lost."""
        body = _written(message, account)
        save_progress({"requested": True})
        try:
            answer = self._call("POST", "mail/send", account, json=body)
        except ProviderError as error:
            if not error.outcome_unknown:
                save_progress({"requested": False})
            raise
        return SendResult(answer.headers.get("x-message-id") or f"sandbox-{message.reference}")

    def lookup(self, message: OutgoingMessage, *, account: ChannelAccount, progress: Json) -> Lookup:
        if not progress.get("requested"):
            return Lookup(
                Found.NOT_SENT,
                detail=N_("We never asked the provider to send the email", "We never asked the provider to send it"),
            )
        detail = N_("SendGrid's report will show whether the email was sent", "SendGrid's report will show whether it was sent")
        return Lookup(Found.UNKNOWN, detail=detail, silence_tells=False)

    def check(self, *, account: ChannelAccount) -> Health:
        """Check that the API key is valid and may send, and that the key for verifying reports is valid.

        A channel without a verification key passes: it then gets no delivery reports.
        """
        try:
            scopes = self._call("GET", "scopes", account, acts=False).json().get("scopes", ())
        except ProviderError as error:
            return refused(error)
        except (ValueError, AttributeError):
            return Health(ok=False, detail=N_("SendGrid's response is invalid"))
        if "mail.send" not in scopes:
            return Health(ok=False, detail=N_("The API key cannot send email: add the permission or create a new key"))
        keys = [account.secrets.get(name, "") for name in ("signing_secret", "previous_signing_secret")]
        if not any(keys):
            return Health(
                ok=True,
                detail=N_("Email is sent, but without delivery reports: the verification key of the event webhook is missing"),
            )
        if not all(read_public_key(key) for key in keys if key):
            return Health(ok=False, detail=N_("The event webhook's verification key is invalid"))
        return Health(ok=True, detail=_WORKS, checked=("key", "right to send", "webhook key"))

    def lift(self, address: str, stop: Stop, *, account: ChannelAccount) -> None:
        """Remove the address from SendGrid's own suppression list. Raises ProviderError."""
        path = f"suppression/{_LISTS[stop]}/{quote(address, safe='')}"
        if stop == Stop.UNSUBSCRIBED:
            path = f"asm/suppressions/global/{quote(address, safe='')}"
        self._call("DELETE", path, account, acts=False, accept=(404,))

    def verify(self, *, headers: Headers, body: bytes, secrets: Sequence[str]) -> bool:
        return is_signed(headers, body, secrets)

    def dedupe_key(self, body: bytes) -> str:
        return dedupe_key(body)

    def parse(self, body: bytes, *, account: ChannelAccount) -> Parsed:
        return parse_events(body, channel_id=account.id)

    def _call(
        self,
        method: str,
        path: str,
        account: ChannelAccount,
        *,
        json: Any = None,
        acts: bool = True,
        accept: tuple[int, ...] = (),
    ) -> HttpResponse:
        base = EUROPE if account.settings.get("region") == "eu" and self._base_url == OFFICIAL else self._base_url
        headers = {"Authorization": f"Bearer {_key(account)}"}
        try:
            answer = self._http.request(
                method,
                f"{base}/v3/{path}",
                called=Endpoint("sendgrid", f"{method} {shape_of(path, _WORDS)}", account.id),
                headers=headers,
                json=json,
                read_timeout=SEND_SECONDS,
                deadline=SEND_SECONDS,
            )
        except HttpFailure as failure:
            raise unreachable(failure, acts=acts) from failure
        if not answer.ok and answer.status not in accept:
            raise refusal(answer, now=self._clock(), acts=acts)
        return answer


def _written(message: OutgoingMessage, account: ChannelAccount) -> Json:
    try:
        return mail_body(message, account)
    except UnableToCompose as error:
        advice = N_("Correct the address and send again")
        reason = Reason("unable_to_compose", N_("We cannot create the email"), detail=str(error)[:300], advice=advice)
        raise ProviderError(reason, permanent=True) from error


def _key(account: ChannelAccount) -> str:
    key = account.secrets.get("api_key", "")
    if not key:
        reason = Reason(
            "not_configured", N_("The channel has no credentials"), advice=N_("Save a SendGrid API key in the channel")
        )
        raise ProviderError(reason, permanent=False, channel_down=True)
    return key
