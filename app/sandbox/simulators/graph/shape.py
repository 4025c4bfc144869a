"""Convert messages, attachments and folders to Graph's JSON and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import datetime

from flask import request

from app.sandbox.simulators.graph.calls import Call
from app.sandbox.simulators.graph.mime import address_of, forget_raw, text_of
from app.sandbox.simulators.graph.problems import bad_request
from app.sandbox.simulators.graph.store import Attachment, Json, Message

_NOT_UNLESS_ASKED = ("internetMessageHeaders", "uniqueBody")
_PEOPLE = {"toRecipients": "to", "ccRecipients": "cc", "bccRecipients": "bcc", "replyTo": "reply_to"}
_PLAIN = {"subject": "subject", "body": "body", "internetMessageId": "message_id", "isReadReceiptRequested": "wants_read_receipt"}
_ANY_TIME = {"isRead": "is_read", "categories": "categories", "importance": "importance"}
_AT_CREATION_ONLY = ("internetMessageHeaders", "singleValueExtendedProperties")
MAX_RECIPIENTS = 500
MAX_HEADERS = 5


def stamp(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def shown(call: Call, message: Message, select: Collection[str] | None = None) -> Json:
    """Return the message as Graph's JSON for this call.

    With `select`, return only the id and those fields. A message in Sent Items is shown without its internet headers, and a
    message without a sender lacks `from` and `sender`.
    """
    wanted = set(select or ()) or {name for name in _FIELDS if name not in _NOT_UNLESS_ASKED}
    value: Json = {"@odata.etag": f'W/"{message.change_key}"', "id": call.id_of(message)}
    if message.odata_type != "#microsoft.graph.message":
        value["@odata.type"] = message.odata_type
    value |= {name: field(call, message) for name, field in _FIELDS.items() if name in wanted}
    if message.folder == "sentitems" or message.sender is None:
        for name in ("internetMessageHeaders",) if message.sender else ("from", "sender"):
            value.pop(name, None)
    return value | _expanded(message)


def selected() -> list[str] | None:
    """Return the field names in $select, or None if the request names none and wants all fields.

    Raises `GraphProblem` 400 if a field does not exist.
    """
    names = [name for name in request.args.get("$select", "").split(",") if name]
    unknown = [name for name in names if name != "id" and name not in _FIELDS]
    if unknown:
        raise bad_request(
            f"Could not find a property named '{unknown[0]}' on type 'Microsoft.OutlookServices.Message'.",
            "RequestBroker--ParseUri",
        )
    return names or None


def shown_attachment(attachment: Attachment) -> Json:
    value: Json = {
        "@odata.type": attachment.odata_type,
        "id": attachment.id,
        "name": attachment.name,
        "contentType": attachment.content_type,
        "size": len(attachment.content) + 150,  # Exchange counts its own overhead
        "isInline": attachment.is_inline,
    }
    if attachment.odata_type.endswith("fileAttachment"):
        value |= {"contentId": attachment.content_id}
    return value


def apply(message: Message, values: Json, *, creating: bool) -> list[str]:
    """Write Graph's JSON `values` into a message and return the names of the fields that were set.

    `creating` allows fields that Graph accepts only in a new message. Raises `GraphProblem` 400 if a field cannot be set.
    """
    changed = []
    for name, value in values.items():
        if name in _AT_CREATION_ONLY:
            _set_at_creation(message, name, value, creating=creating)
        elif name in _ANY_TIME:
            setattr(message, _ANY_TIME[name], value)
        elif name in _PLAIN or name in _PEOPLE or name in ("from", "sender"):
            _set_on_draft(message, name, value)
        elif not name.startswith("@"):
            raise bad_request(f"The property '{name}' cannot be set.", "ErrorInvalidPropertySet")
        changed.append(name)
    if len(message.to) + len(message.cc) + len(message.bcc) > MAX_RECIPIENTS:
        raise bad_request("Too many recipients.", "ErrorExceededMaxRecipientLimit")
    return changed


def _set_on_draft(message: Message, name: str, value: object) -> None:
    if not message.is_draft:
        raise bad_request(f"The property '{name}' cannot be changed once the message is sent.", "ErrorInvalidPropertySet")
    forget_raw(message)
    if name in _PEOPLE:
        setattr(message, _PEOPLE[name], _people(name, value))
    elif name in ("from", "sender"):
        message.sender = value if isinstance(value, dict) else None
    elif name == "internetMessageId" and not re.fullmatch(r"<[^<>\s]+>", str(value)):
        raise bad_request("The Internet message id is not valid.", "ErrorInvalidPropertySet")
    else:
        setattr(message, _PLAIN[name], value)


def _people(name: str, value: object) -> list[Json]:
    people = value if isinstance(value, list) else []
    if not isinstance(value, list) or not all(isinstance(one, dict) and "@" in address_of(one) for one in people):
        raise bad_request(f"At least one recipient in {name} is not valid.", "ErrorInvalidRecipients")
    return people


def _set_at_creation(message: Message, name: str, value: object, *, creating: bool) -> None:
    if not creating:
        raise bad_request(f"The property '{name}' can only be set when the message is created.", "ErrorInvalidPropertySet")
    entries = value if isinstance(value, list) else []
    if name == "singleValueExtendedProperties":
        message.properties |= {str(one["id"]): str(one["value"]) for one in entries}
        return
    if len(entries) > MAX_HEADERS:
        text = "The maximum number of internet message headers was exceeded."
        raise bad_request(text, "InvalidInternetMessageHeaderCollection")
    for one in entries:
        if not str(one.get("name", "")).lower().startswith("x-"):
            text = f"The internet message header name '{one.get('name')}' should start with 'x-' or 'X-'."
            raise bad_request(text, "InvalidInternetMessageHeader")
    message.headers = [{"name": str(one["name"]), "value": str(one["value"])} for one in entries]


def _expanded(message: Message) -> Json:
    """Return the extended property that $expand of the request asks for, as {"singleValueExtendedProperties": [{"id",
    "value"}]}.

    Return {} if the request has no $expand or the message lacks the property. Only
    $expand=singleValueExtendedProperties($filter=id eq '…') is supported. Raises `GraphProblem` 400 for any other.
    """
    expand = request.args.get("$expand", "")
    if not expand:
        return {}
    asked = re.fullmatch(r"singleValueExtendedProperties\(\$filter=id eq '([^']+)'\)", expand)
    if not asked:
        raise bad_request(f"$expand={expand} is not supported.", "ErrorInvalidUrlQuery")
    found = [{"id": name, "value": value} for name, value in message.properties.items() if name.lower() == asked[1].lower()]
    return {"singleValueExtendedProperties": found} if found else {}


def _body(message: Message) -> Json:
    if 'outlook.body-content-type="text"' in request.headers.get("Prefer", ""):
        return {"contentType": "text", "content": text_of(message.body)}
    return message.body


_FIELDS: dict[str, Callable[[Call, Message], object]] = {
    "internetMessageId": lambda _, message: message.message_id,
    "conversationId": lambda _, message: message.conversation_id,
    "conversationIndex": lambda _, message: "AQHb" + message.conversation_id[-20:-1],
    "subject": lambda _, message: message.subject,
    "from": lambda _, message: message.sender,
    "sender": lambda _, message: message.sender,
    "toRecipients": lambda _, message: message.to,
    "ccRecipients": lambda _, message: message.cc,
    "bccRecipients": lambda _, message: message.bcc,
    "replyTo": lambda _, message: message.reply_to,
    "body": lambda _, message: _body(message),
    "uniqueBody": lambda _, message: _body(message),
    "bodyPreview": lambda _, message: text_of(message.body)[:255],
    "internetMessageHeaders": lambda _, message: message.headers,
    "hasAttachments": lambda _, message: any(not one.is_inline for one in message.attachments),
    "isRead": lambda _, message: message.is_read,
    "isDraft": lambda _, message: message.is_draft,
    "isReadReceiptRequested": lambda _, message: message.wants_read_receipt,
    "receivedDateTime": lambda _, message: stamp(message.received_at),
    "sentDateTime": lambda _, message: stamp(message.sent_at),
    "createdDateTime": lambda _, message: stamp(message.created_at),
    "lastModifiedDateTime": lambda _, message: stamp(message.modified_at),
    "parentFolderId": lambda call, message: call.mailbox.folder_ids[message.folder],
    "changeKey": lambda _, message: message.change_key,
    "categories": lambda _, message: message.categories,
    "importance": lambda _, message: message.importance,
    "webLink": lambda _, message: f"https://outlook.example/owa/?ItemID={message.moving_id}",
}
