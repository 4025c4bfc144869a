"""Adapter of the WhatsApp Business Cloud API.

An account's `address` is the phone number id. Its `secrets` are access_token, app_secret and verify_token. Its `settings`
may contain waba_id (the business account: templates, subscription) and templates (the provider's list as last read, for
exact checks). Guarantee: one `send` makes at most one call that a person can see, and notes in `progress` before that call
that it is about to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.contract.base import (
    ChannelAccount,
    Found,
    Headers,
    Json,
    Lookup,
    OutgoingAttachment,
    OutgoingMessage,
    OutgoingTemplate,
    Parsed,
    Party,
    ProviderError,
    Reason,
    SaveProgress,
    SendResult,
)
from app.contract.fetching import FetchedMedia
from app.contract.health import Health, refused
from app.core.http import HttpClient
from app.core.text import known
from app.core.text import mark as N_
from app.providers.whatsapp_cloud import media, outgoing, webhook
from app.providers.whatsapp_cloud.api import CloudApi
from app.providers.whatsapp_cloud.notices import facts_of
from app.providers.whatsapp_cloud.parse import parse_body
from app.providers.whatsapp_cloud.reading import as_list, as_object, sha256_hex, text_of
from app.providers.whatsapp_cloud.templates import TemplateDefinition, list_definitions

_CONNECTED = known("Connected as %(who)s")
_THIS_NUMBER = N_("this number")
_QUALITY = known("quality %(quality)s")

MEDIA_HOSTS = ("lookaside.fbsbx.com",)
_REQUESTED = "message_requested"
_NUMBER_FIELDS = (
    "display_phone_number,verified_name,quality_rating,throughput,is_on_biz_app,whatsapp_business_manager_messaging_limit"
)


class WhatsAppAdapter:
    """The adapter of WhatsApp: `Sender`, `WebhookReceiver` and `MediaSource`. No state but its HTTP client; thread-safe.

    The access token goes to the host of `base_url` and, over https, to `media_hosts`; to nobody else.
    """

    def __init__(
        self,
        http: HttpClient,
        base_url: str,
        api_version: str = "v26.0",
        *,
        media_hosts: Sequence[str] = MEDIA_HOSTS,
        read_timeout: float = 10,
    ) -> None:
        self._api = CloudApi(http, base_url, api_version, tuple(media_hosts), read_timeout)

    def verify(self, *, headers: Headers, body: bytes, secrets: Sequence[str]) -> bool:
        return webhook.is_signed(headers=headers, body=body, secrets=secrets)

    def dedupe_key(self, body: bytes) -> str:
        return webhook.dedupe_key(body)

    def parse(self, body: bytes, *, account: ChannelAccount) -> Parsed:
        """Parse the items of a webhook body that concern this account. Raises UnableToParse only if the body is not JSON."""
        return parse_body(body, phone_number_id=account.address)

    def send(
        self, message: OutgoingMessage, *, account: ChannelAccount, progress: Json, save_progress: SaveProgress
    ) -> SendResult:
        """Send one message as one provider message. If it has a file, its text becomes the caption. Raises ProviderError.

        A file is uploaded first and its media id saved, so that a repeat does not upload it again. If the caller has lost
        its claim on the delivery, `save_progress` must raise: the message is then not sent.
        """
        outgoing.check_parts(message)
        frame = outgoing.envelope(message)
        part, saved = self._content(message, account, progress, save_progress)
        save_progress({**saved, _REQUESTED: True})
        try:
            answer = self._api.post_message(f"{account.address}/messages", account=account, payload={**frame, **part})
        except ProviderError as error:
            if not error.outcome_unknown:
                save_progress({**saved, _REQUESTED: False})
            raise
        return _result(answer)

    def lookup(self, message: OutgoingMessage, *, account: ChannelAccount, progress: Json) -> Lookup:
        """Return what `progress` shows about an earlier try. WhatsApp cannot be asked: it has no search and no idempotency key.

        The result is NOT_SENT if the call was never begun, otherwise UNKNOWN. Status reports contain our reference
        (`StatusUpdate.our_reference`), so the caller decides by those.
        """
        if progress.get(_REQUESTED) is not True:
            return Lookup(Found.NOT_SENT, detail=N_("The message was not sent to WhatsApp."))
        return Lookup(
            Found.UNKNOWN,
            detail=N_(
                "We cannot ask WhatsApp if the message was sent; we wait until WhatsApp reports the status of the message."
            ),
        )

    def check(self, *, account: ChannelAccount) -> Health:
        """Check the number at the provider, and whether it reports to us; says what is wrong instead of raising."""
        checked = ["access token", "phone number"]
        try:
            number = self._api.get(account.address, account=account, params={"fields": _NUMBER_FIELDS})
            if waba_id := text_of(account.settings, "waba_id"):
                checked.append("webhook subscription")
                self._check_subscription(waba_id, account)
        except ProviderError as error:
            return refused(error, checked=tuple(checked))
        return Health(True, _describe(number), tuple(checked), number=facts_of(number))

    def fetch_media(self, *, media_id: str, url: str | None, account: ChannelAccount) -> FetchedMedia:
        """Fetch a customer's file by `media_id`. Raises ProviderError.

        `url` is not used: it expires after five minutes, and a request by id also returns the checksum.
        """
        return media.fetch(self._api, media_id, account=account)

    def mark_read(self, external_id: str, *, account: ChannelAccount, is_typing: bool = False) -> None:
        """Mark a customer's message and all earlier ones as read. Raises ProviderError.

        `is_typing` also shows the customer, for up to 25 seconds, that we are typing.
        """
        typing = {"typing_indicator": {"type": "text"}} if is_typing else {}
        payload = {"messaging_product": "whatsapp", "status": "read", "message_id": external_id, **typing}
        self._api.post_repeatable(f"{account.address}/messages", account=account, payload=payload)

    def react(self, external_id: str, emoji: str, *, to: Party, account: ChannelAccount) -> None:
        """Set our reaction to a message, in place of an earlier reaction. The emoji "" removes it. Raises ProviderError."""
        payload = {**outgoing.address_of(to), "type": "reaction", "reaction": {"message_id": external_id, "emoji": emoji}}
        self._api.post_repeatable(f"{account.address}/messages", account=account, payload=payload)

    def list_templates(self, account: ChannelAccount) -> tuple[TemplateDefinition, ...]:
        """Return every template of the business account named by setting `waba_id`. Raises ProviderError."""
        return list_definitions(self._api, account=account)

    def _content(
        self, message: OutgoingMessage, account: ChannelAccount, progress: Json, save_progress: SaveProgress
    ) -> tuple[Json, Json]:
        """Return (the part of the JSON that depends on the type of message, the progress after uploading its file).

        Raises ProviderError.
        """
        if message.template:
            return self._template(message.template, message.attachments, account, progress, save_progress)
        if message.choices:
            return outgoing.choices_part(message.text, message.choices), progress
        if not message.attachments:
            return outgoing.text_part(message.text), progress
        attachment = message.attachments[0]
        kind = media.kind_for(attachment)
        outgoing.check_caption(message.text, kind)
        saved = self._uploaded(attachment, account, progress, save_progress)
        part = outgoing.media_part(kind, saved["media_id"], caption=message.text, filename=attachment.filename)
        return part, saved

    def _template(
        self,
        template: OutgoingTemplate,
        files: Sequence[OutgoingAttachment],
        account: ChannelAccount,
        progress: Json,
        save_progress: SaveProgress,
    ) -> tuple[Json, Json]:
        """Return (the JSON part of a template, the progress). A file is uploaded and becomes the template's header.

        Raises ProviderError.
        """
        if not files:
            return outgoing.template_part(template, account=account), progress
        header, file = outgoing.template_header(template, account=account), files[0]
        problem = media.find_header_problem(header, file.content_type, len(file.content))
        if problem is not None:
            raise ProviderError(replace(problem, detail=file.filename), permanent=True)
        saved = self._uploaded(file, account, progress, save_progress)
        filled = outgoing.with_header(template, header, saved["media_id"], filename=file.filename)
        return outgoing.template_part(filled, account=account), saved

    def _uploaded(
        self, attachment: OutgoingAttachment, account: ChannelAccount, progress: Json, save_progress: SaveProgress
    ) -> Json:
        """Return the progress with the media id of this very file, from an earlier try or uploaded now."""
        fingerprint = sha256_hex(attachment.content)
        if progress.get("media_sha256") == fingerprint and progress.get("media_id"):
            return progress
        media_id = media.upload(self._api, attachment, account=account)
        saved = {**progress, "media_id": media_id, "media_sha256": fingerprint}
        save_progress(saved)
        return saved

    def _check_subscription(self, waba_id: str, account: ChannelAccount) -> None:
        subscribed = self._api.get(f"{waba_id}/subscribed_apps", account=account)
        if not as_list(subscribed.get("data")):
            advice = N_("An administrator must subscribe the app to the WhatsApp business account.")
            raise ProviderError(
                Reason("not_subscribed", N_("WhatsApp does not send us messages or statuses"), advice=advice), permanent=False
            )


def _result(answer: Json) -> SendResult:
    """Return the result with the provider's id. Raises ProviderError (outcome unknown) if the answer has no id."""
    messages = [item for item in as_list(answer.get("messages")) if isinstance(item, dict)]
    message_id = text_of(messages[0], "id") if messages else ""
    if not message_id:
        reason = Reason(
            "outcome_unknown",
            N_("WhatsApp answered without an ID for the message"),
            advice=N_(
                "Wait for the ticks next to the message; send it again only if they do not appear.",
                "Wait for the ticks next to the message",
            ),
        )
        raise ProviderError(reason, permanent=False, outcome_unknown=True, status_code=200)
    contacts = [item for item in as_list(answer.get("contacts")) if isinstance(item, dict)]
    known = {
        "wa_id": text_of(contacts[0], "wa_id") if contacts else "",
        "user_id": text_of(contacts[0], "user_id") if contacts else "",
        "message_status": text_of(messages[0], "message_status"),
    }
    return SendResult(message_id, meta={name: value for name, value in known.items() if value})


def _describe(number: Json) -> str:
    name, shown = text_of(number, "verified_name"), text_of(number, "display_phone_number")
    quality = text_of(number, "quality_rating") or text_of(as_object(number.get("throughput")), "level")
    who = f"{shown} ({name})" if name else shown
    return " · ".join(
        filter(None, [_CONNECTED % {"who": who or _THIS_NUMBER}, _QUALITY % {"quality": quality} if quality else ""])
    )
