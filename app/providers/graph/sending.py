"""Send a mail through a draft, so that a crash or a lost answer at any point sends one mail, not none and not two.

    save {"creating": true}          a draft may exist whose id we never received: look for it before making another
    create the draft                 it contains our delivery id and Message-ID from the beginning
    save {"draft_id"}                from here on only this draft is ever sent
    write content, add attachments   repeatable; attachments already there are counted, not added again
    save {"send_requested_at"}       from here on the mail may be out
    send

A later try asks what became of the draft: if it is no draft any more, it was sent. Sending is asynchronous. For the time
`settle` after the request, a draft that is still there and a message that is nowhere prove nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.contract.base import (
    ChannelAccount,
    DeliveryStatus,
    Found,
    Json,
    Lookup,
    OutgoingAttachment,
    OutgoingMessage,
    ProviderError,
    Reason,
    SaveProgress,
    SendResult,
)
from app.core.text import mark as N_
from app.providers.graph.client import GraphClient, item_path, read_object
from app.providers.graph.drafts import (
    DELIVERY_PROPERTY,
    attachment_item,
    bare_message_id,
    draft_content,
    file_attachment,
    mime_skeleton,
    new_draft,
)
from app.providers.graph.errors import unreadable
from app.providers.graph.pollstate import read_time

DIRECT_ATTACHMENT_BYTES = 3 * 1024 * 1024  # from here on Graph wants an upload session
CHUNK_BYTES = 10 * 320 * 1024  # below 4 MB
_DRAFT_FIELDS = "id,isDraft,internetMessageId,conversationId"
_LOOK_AGAIN_SECONDS = 15.0
_STILL_A_DRAFT = N_(
    "The draft is still in the mailbox; the provider may not have sent the email yet",
    "The draft is still there; the provider may not have sent it yet",
)
_NOWHERE = N_("Neither the draft nor a sent copy is in the mailbox")


@dataclass(frozen=True)
class Outbound:
    """One delivery and the mailbox that sends it.

    `settle` is how long after a send request a draft that is still there proves nothing.
    """

    client: GraphClient
    account: ChannelAccount
    message: OutgoingMessage
    now: datetime
    settle: timedelta

    def call_json(self, method: str, path: str, **options: Any) -> Json:
        return self.client.call_json(self.account, method, path, **options)


def send_message(out: Outbound, progress: Json, save_progress: SaveProgress) -> SendResult:
    """Send the mail, starting after the last step that an earlier try completed, until the provider accepts it.

    Raises ProviderError.
    """
    saved = dict(progress)

    def save(step: Json) -> None:
        saved.update(step)
        save_progress(dict(saved))

    draft = _known_draft(out, saved)
    if draft is not None and not draft.get("isDraft"):
        return _result(draft, DeliveryStatus.SENT)
    if draft is not None and _is_settling(out, saved):
        raise _outcome_unknown(_STILL_A_DRAFT)
    is_new = draft is None
    if draft is None:
        save({"creating": True, "draft_id": None, "send_requested_at": None})
        draft = _create(out)
    if saved.get("draft_id") != draft["id"]:
        save({"draft_id": draft["id"]})
    draft |= out.call_json("PATCH", item_path(draft["id"]), json=draft_content(out.message), needs="id")
    _attach_missing(out, draft["id"], is_new=is_new)
    _request_send(out, draft["id"], save)
    return _result(draft, DeliveryStatus.ACCEPTED)


def look_up(out: Outbound, progress: Json) -> Lookup:
    """Return whether an attempt of unknown outcome sent the mail. Raises ProviderError if the provider cannot be asked."""
    draft_id = progress.get("draft_id")
    if not draft_id or not progress.get("send_requested_at"):
        return Lookup(
            Found.NOT_SENT, detail=N_("We never asked the provider to send the email", "We never asked the provider to send it")
        )
    message = _message_by_id(out, draft_id) or _message_by_reference(out)
    if message is None:
        return Lookup(Found.UNKNOWN, detail=_NOWHERE)
    if not message.get("isDraft"):
        return Lookup(Found.SENT, provider_message_id=message["id"])
    if _is_settling(out, progress):
        return Lookup(Found.UNKNOWN, detail=_STILL_A_DRAFT)
    return Lookup(Found.NOT_SENT, detail=N_("The draft was not sent"))


def _known_draft(out: Outbound, saved: Json) -> Json | None:
    """Return the draft that an earlier attempt made, or the sent message that the draft became. Return None if there is
    neither.

    Raises ProviderError (outcome unknown) if the sending was requested and neither is found.
    """
    draft_id = saved.get("draft_id")
    if not draft_id:
        return _message_by_reference(out) if saved.get("creating") else None
    message = _message_by_id(out, draft_id)
    if message is None and saved.get("send_requested_at"):
        message = _message_by_reference(out)
        if message is None:
            raise _outcome_unknown(_NOWHERE)
    return message


def _message_by_id(out: Outbound, message_id: str) -> Json | None:
    path = item_path(message_id)
    response = out.client.call(out.account, "GET", path, params={"$select": _DRAFT_FIELDS}, accept=(404,))
    return read_object(response, path, needs="isDraft") if response.ok else None


def _message_by_reference(out: Outbound) -> Json | None:
    """Return our mail, found anywhere in the mailbox by its marks: a sent mail rather than a draft. Return None if there is
    none."""
    has_mark = f"ep/id eq '{DELIVERY_PROPERTY}' and ep/value eq '{_quoted(out.message.reference)}'"
    filters = [f"singleValueExtendedProperties/Any(ep: {has_mark})"]
    if out.message.message_id_header:
        filters.append(f"internetMessageId eq '<{_quoted(out.message.message_id_header)}>'")
    for one in filters:
        params = {"$filter": one, "$select": _DRAFT_FIELDS, "$top": "10"}
        response = out.client.call(out.account, "GET", "messages", params=params, accept=(400,))
        found = read_object(response, "a search").get("value") if response.ok else None
        if found:
            return min((dict(message) for message in found), key=lambda message: bool(message.get("isDraft")))
    return None


def _create(out: Outbound) -> Json:
    """Create the draft as a reply to the original mail, because Graph then sets the threading headers.

    If that is not possible, create it with headers of our own.
    """
    marks = new_draft(out.message)
    original = out.message.reply_to_external_id
    if original and not out.message.is_automatic:
        path = item_path(original, "/createReply")
        response = out.client.call(out.account, "POST", path, json={"message": marks}, accept=(400, 404))
        if response.ok:
            return read_object(response, path, needs="id")
    if out.message.in_reply_to or out.message.is_automatic or out.message.unsubscribe_url:
        return out.call_json("POST", "messages", mime=mime_skeleton(out.message), needs="id")
    return out.call_json("POST", "messages", json=marks | draft_content(out.message), needs="id")


def _attach_missing(out: Outbound, draft_id: str, *, is_new: bool) -> None:
    present = Counter() if is_new else _attached(out, draft_id)
    for attachment in out.message.attachments:
        mark = (attachment.filename, bool(attachment.content_id))
        if present[mark]:
            present[mark] -= 1
        elif len(attachment.content) < DIRECT_ATTACHMENT_BYTES:
            path = item_path(draft_id, "/attachments")
            out.client.call(out.account, "POST", path, json=file_attachment(attachment), expect=201)
        else:
            _upload(out, draft_id, attachment)


def _attached(out: Outbound, draft_id: str) -> Counter[tuple[str, bool]]:
    """Count the draft's attachments by (file name, is inline). Graph's sizes include overhead, so they cannot be compared."""
    present: Counter[tuple[str, bool]] = Counter()
    path: str | None = item_path(draft_id, "/attachments?$select=name,isInline&$top=100")
    while path:
        page = out.call_json("GET", path, needs="value")
        present.update((str(one.get("name")), bool(one.get("isInline"))) for one in page.get("value") or ())
        path = page.get("@odata.nextLink")
    return present


def _upload(out: Outbound, draft_id: str, attachment: OutgoingAttachment) -> None:
    """Upload a file in chunks, in order. A broken session leaves nothing in the draft, so the next attempt opens another."""
    session = out.call_json(
        "POST", item_path(draft_id, "/attachments/createUploadSession"), json=attachment_item(attachment), needs="uploadUrl"
    )
    content = attachment.content
    for start in range(0, len(content), CHUNK_BYTES):
        chunk = content[start : start + CHUNK_BYTES]
        end = start + len(chunk)
        place = f"bytes {start}-{end - 1}/{len(content)}"
        answer = out.client.put_upload(session["uploadUrl"], chunk, content_range=place, account_id=out.account.id)
        if answer.status != (201 if end == len(content) else 200):
            raise unreadable(f"the upload of {attachment.filename}")


def _request_send(out: Outbound, draft_id: str, save: SaveProgress) -> None:
    save({"send_requested_at": out.now.isoformat()})
    try:
        out.client.call(out.account, "POST", item_path(draft_id, "/send"), expect=202, acts=True)
    except ProviderError as error:
        # "Not found" may mean that an earlier request was carried out after all: then the request stays on record.
        if not error.outcome_unknown and error.status_code != 404:
            save({"send_requested_at": None})
        raise


def _is_settling(out: Outbound, saved: Json) -> bool:
    requested_at = read_time(saved.get("send_requested_at"))
    return requested_at is not None and out.now - requested_at < out.settle


def _result(message: Json, status: DeliveryStatus) -> SendResult:
    meta = {"internet_message_id": bare_message_id(message), "conversation_id": message.get("conversationId")}
    return SendResult(message["id"], status, {name: value for name, value in meta.items() if value})


def _outcome_unknown(detail: str) -> ProviderError:
    reason = Reason("send_unconfirmed", N_("We do not yet know if the email was sent"), detail=detail)
    return ProviderError(reason, permanent=False, retry_after_seconds=_LOOK_AGAIN_SECONDS, outcome_unknown=True)


def _quoted(text: str) -> str:
    """Return text quoted for the inside of an OData string."""
    return text.replace("'", "''")
