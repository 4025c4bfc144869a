"""Adapter of Twilio texts (SMS): send, look up, check, fetch files. Twilio has no idempotency key.

So `send` makes at most one request that sends a text, and first notes in `progress` when it began. If the answer is lost, the
text is looked up in Twilio's list of messages. Twilio's status reports tell of it as well: the address they are posted to
contains our reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from app.contract.base import (
    ChannelAccount,
    DeliveryStatus,
    Found,
    IdentityKind,
    Json,
    Lookup,
    OutgoingMessage,
    ProviderError,
    Reason,
    SaveProgress,
    SendResult,
)
from app.contract.fetching import FetchedMedia
from app.contract.health import Health
from app.contract.sms_text import simplify
from app.core.clock import utc_now
from app.core.http import HttpClient
from app.core.text import mark as N_
from app.providers.twilio.api import TwilioApi
from app.providers.twilio.checking import check_account
from app.providers.twilio.errors import CHECK_NUMBER, cannot_send, reason_of, rule_of
from app.providers.twilio.incoming import LADDER
from app.providers.twilio.numbers import number_of

TEXT_LIMIT = 1600
VALIDITY_SECONDS = 14_400
STATUS_PATH, SMS_PATH, VOICE_PATH = "/webhooks/sms/status", "/webhooks/sms", "/webhooks/voice"
_REQUESTED = "requested_at"
_CLOCKS_APART = timedelta(minutes=2)
_MOST_PAGES = 10
_SENDER_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")
_NOT_LISTED_YET = N_(
    "The text is not in Twilio's list of messages yet.",
    "Twilio does not list the text yet",
    "Twilio's list does not show the text yet",
)
_NOT_LISTED = N_(
    "The text is not in Twilio's list of messages: it was not sent.",
    "Twilio does not list the text: it was not sent",
    "Twilio's list does not have the text",
)
_LOOKED_UP = N_(
    "Nothing to do: we will check with Twilio whether the text was sent.",
    "We look the text up at Twilio ourselves",
    "We look it up at Twilio ourselves",
)


class TwilioSms:
    """The adapter of Twilio texts: `Sender` and `MediaSource`. Stateless and thread-safe.

    `public_url` is our own address, to which Twilio posts statuses.
    """

    def __init__(
        self,
        http: HttpClient,
        base_url: str,
        public_url: str,
        *,
        settle_seconds: float = 30,
        clock: Callable[[], datetime] = utc_now,
        read_timeout: float = 10,
    ) -> None:
        self._api = TwilioApi(http, base_url, read_timeout)
        self._public_url = public_url.rstrip("/")
        self._settle = timedelta(seconds=settle_seconds)
        self._clock = clock

    def send(
        self, message: OutgoingMessage, *, account: ChannelAccount, progress: Json, save_progress: SaveProgress
    ) -> SendResult:
        """Send one text. Raises ProviderError. `save_progress` must raise if the caller has lost its claim on the delivery."""
        fields = self._fields(message, account)
        save_progress({**progress, _REQUESTED: self._clock().isoformat()})
        try:
            answer = self._api.post("Messages.json", account=account, fields=fields)
        except ProviderError as error:
            if not error.outcome_unknown:
                save_progress({**progress, _REQUESTED: None})
            raise
        return _result(answer)

    def lookup(self, message: OutgoingMessage, *, account: ChannelAccount, progress: Json) -> Lookup:
        """Look in Twilio's list of messages for this text to this person, sent since shortly before the try began.

        The list may lag behind: a text that is missing is UNKNOWN until `settle_seconds` have passed, then NOT_SENT. The
        list cannot be filtered by date, because a waiting text has no date of sending yet. So its pages are read until they
        are too old. Raises ProviderError.
        """
        requested_at = _time_of(progress.get(_REQUESTED))
        if requested_at is None:
            return Lookup(Found.NOT_SENT, detail=N_("The text was not sent to Twilio."))
        sids = self._alike(message, account, requested_at - _CLOCKS_APART)
        if sids:
            return Lookup(Found.SENT, sids[0])
        if self._clock() - requested_at < self._settle:
            return Lookup(Found.UNKNOWN, detail=_NOT_LISTED_YET)
        return Lookup(Found.NOT_SENT, detail=_NOT_LISTED)

    def check(self, *, account: ChannelAccount) -> Health:
        """Check that we can sign in, that the number is ours and that it reports to us; says what is wrong instead of raising."""
        return check_account(self._api, account=account, ability="sms", webhook=("sms_url", f"{self._public_url}{SMS_PATH}"))

    def fetch_media(self, *, media_id: str, url: str | None, account: ChannelAccount) -> FetchedMedia:
        """Fetch a picture that came with a text. Raises ProviderError, which is permanent if the file is gone or not on
        Twilio's host."""
        return self._api.download(url or "", account=account)

    def _fields(self, message: OutgoingMessage, account: ChannelAccount) -> dict[str, str]:
        """Return the fields to post. Raises ProviderError (permanent) for what the provider would refuse."""
        if message.attachments:
            raise cannot_send(
                "files",
                N_("An SMS cannot contain files", "An SMS cannot carry files"),
                N_("Send a link, or use another channel."),
            )
        if not message.text.strip():
            raise cannot_send("empty", N_("The text is empty"), N_("Write something."))
        if len(message.text) > TEXT_LIMIT:
            raise cannot_send("21617", N_("The text is longer than 1600 characters"), N_("Shorten the text, or send two texts."))
        return {
            "To": _recipient(message),
            **_sender(account),
            "Body": message.text,
            "StatusCallback": f"{self._public_url}{STATUS_PATH}?reference={message.reference}",
            "ValidityPeriod": str(_validity(account)),
        }

    def _alike(self, message: OutgoingMessage, account: ChannelAccount, since: datetime) -> list[str]:
        """Return the ids of listed texts since `since` that may be this message, oldest first.

        Texts that are known to belong to other messages are left out.
        """
        params = {"To": _recipient(message), "PageSize": "100", **{k: v for k, v in _sender(account).items() if k == "From"}}
        page = self._api.get("Messages.json", account=account, params=params)
        found: list[tuple[datetime, str]] = []
        for _ in range(_MOST_PAGES):
            rows = [row for row in page.get("messages") or [] if isinstance(row, dict)]
            times = [_mail_time(row.get("date_created")) or since for row in rows]
            found += [
                (at, str(row.get("sid"))) for at, row in zip(times, rows, strict=True) if at >= since and _is_it(row, message)
            ]
            uri = page.get("next_page_uri")
            if not uri or not rows or max(times) < since:
                break
            page = self._api.get_next(str(uri), account=account)
        return [sid for _, sid in sorted(found)]


class TwilioPhone:
    """The adapter of Twilio calls. It is only a `Checker`: calls are made and taken elsewhere, and Twilio reports them to us."""

    def __init__(self, http: HttpClient, base_url: str, public_url: str) -> None:
        self._api = TwilioApi(http, base_url)
        self._public_url = public_url.rstrip("/")

    def check(self, *, account: ChannelAccount) -> Health:
        """Check that we can sign in, that the number is ours, and that it posts to us. What is wrong is returned, not raised."""
        webhook = ("status_callback", f"{self._public_url}{VOICE_PATH}")
        return check_account(self._api, account=account, ability="voice", webhook=webhook)


def _recipient(message: OutgoingMessage) -> str:
    identities = [i for party in message.to for i in party.identities if i.kind == IdentityKind.PHONE]
    number = number_of(identities[0].value) if identities else ""
    if not number:
        raise cannot_send("21211", N_("This phone number cannot receive an SMS"), CHECK_NUMBER)
    return number


def _sender(account: ChannelAccount) -> dict[str, str]:
    """Return the form fields that name the sender: the messaging service if one is set, else the sender name, else the number."""
    service, name = (str(account.settings.get(key) or "") for key in ("messaging_service_sid", "sender_name"))
    if service:
        return {"MessagingServiceSid": service}
    return {"From": name if _SENDER_NAME.fullmatch(name) else account.address}


def _validity(account: ChannelAccount) -> int:
    try:
        return min(max(int(account.settings.get("validity_seconds") or VALIDITY_SECONDS), 1), 36_000)
    except (TypeError, ValueError):
        return VALIDITY_SECONDS


def _result(answer: Json) -> SendResult:
    """Return the result in Twilio's answer to a sent text.

    Raises ProviderError, with `outcome_unknown` if the answer has no id, or with Twilio's reason if the text has already
    failed.
    """
    sid, status = str(answer.get("sid") or ""), LADDER.get(str(answer.get("status") or ""), DeliveryStatus.ACCEPTED)
    if not sid:
        reason = Reason(
            "outcome_unknown",
            N_("Twilio answered without an ID for the text"),
            advice=_LOOKED_UP,
        )
        raise ProviderError(reason, permanent=False, outcome_unknown=True, status_code=200)
    if status is DeliveryStatus.FAILED:
        code = answer.get("error_code") if isinstance(answer.get("error_code"), int) else 30008
        detail = str(answer.get("error_message") or "")
        raise ProviderError(reason_of(code or 30008, detail), permanent=rule_of(code or 30008).permanent, status_code=200)
    return SendResult(sid, status, meta={"segments": str(answer.get("num_segments") or "")})


def _is_it(row: Json, message: OutgoingMessage) -> bool:
    outgoing = str(row.get("direction") or "").startswith("outbound")
    is_other = not row.get("sid") or str(row["sid"]) in message.taken_ids
    return outgoing and not is_other and _essence(str(row.get("body"))) == _essence(message.text)


def _essence(text: str) -> str:
    """Return a text for comparing. A messaging service may replace typographic characters; texts that differ only so become
    equal."""
    return simplify(text.replace("\r\n", "\n").strip()).text


def _time_of(saved: Any) -> datetime | None:
    return datetime.fromisoformat(saved) if isinstance(saved, str) else None


def _mail_time(text: Any) -> datetime | None:
    try:
        at = parsedate_to_datetime(str(text))
    except (ValueError, TypeError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
