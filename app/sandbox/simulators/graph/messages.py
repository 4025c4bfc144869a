"""Simulate Graph's folders, messages and attachments: list, get, change, move, delete, MIME."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, request

from app.sandbox.simulators.graph import mime
from app.sandbox.simulators.graph.calls import READ, WRITE, Call, Routes, body_json, created
from app.sandbox.simulators.graph.problems import GraphProblem, bad_request, not_found
from app.sandbox.simulators.graph.shape import apply, selected, shown, shown_attachment
from app.sandbox.simulators.graph.store import FOLDER_NAMES, INSIDE, Attachment, Json, Message
from app.sandbox.simulators.graph.tenant import Tenant


def folder_routes(tenant: Tenant) -> Blueprint:
    routes = Routes(tenant, "folders")

    @routes.on("GET", "/mailFolders", READ)
    def list_folders(call: Call) -> Response:
        return jsonify(value=[_folder(call, name) for name in FOLDER_NAMES if name not in INSIDE])

    @routes.on("GET", "/mailFolders/<folder>", READ)
    def get_folder(call: Call, folder: str) -> Response:
        return jsonify(_folder(call, call.folder(folder)))

    @routes.on("GET", "/mailFolders/<folder>/childFolders", READ)
    def list_child_folders(call: Call, folder: str) -> Response:
        above = call.folder(folder)
        return jsonify(value=[_folder(call, name) for name, outer in INSIDE.items() if outer == above])

    @routes.on("GET", "/mailFolders/<folder>/messages", READ)
    def list_folder(call: Call, folder: str) -> Response:
        return _listing(call, call.mailbox.in_folder(call.folder(folder)))

    return routes.blueprint


def message_routes(tenant: Tenant) -> Blueprint:
    routes = Routes(tenant, "messages")

    @routes.on("GET", "/messages", READ)
    def list_messages(call: Call) -> Response:
        return _listing(call, [one for name in FOLDER_NAMES for one in call.mailbox.in_folder(name)])

    @routes.on("GET", "/messages/<message_id>", READ)
    def get_message(call: Call, message_id: str) -> Response:
        return jsonify(shown(call, call.message(message_id), selected()))

    @routes.on("GET", "/messages/<message_id>/$value", READ)
    def get_mime(call: Call, message_id: str) -> Response:
        return Response(mime.write(call.message(message_id), mailbox=call.mailbox.address), content_type="text/plain")

    @routes.on("PATCH", "/messages/<message_id>", WRITE)
    def change_message(call: Call, message_id: str) -> Response:
        message = call.message(message_id)
        changed = apply(message, body_json(), creating=False)
        call.mailbox.update(message, changed, now=call.tenant.now())
        return jsonify(shown(call, message))

    @routes.on("DELETE", "/messages/<message_id>", WRITE)
    def delete_message(call: Call, message_id: str) -> Response:
        call.mailbox.remove(call.message(message_id))
        return Response(status=204)

    @routes.on("POST", "/messages/<message_id>/move", WRITE)
    def move_message(call: Call, message_id: str) -> Response:
        message = call.message(message_id)
        call.mailbox.move(message, call.folder(str(body_json().get("destinationId"))), now=call.tenant.now())
        return created(shown(call, message))

    return routes.blueprint


def attachment_routes(tenant: Tenant) -> Blueprint:
    routes = Routes(tenant, "attachments")

    @routes.on("GET", "/messages/<message_id>/attachments", READ)
    def list_attachments(call: Call, message_id: str) -> Response:
        return jsonify(value=[shown_attachment(one) for one in call.message(message_id).attachments])

    @routes.on("GET", "/messages/<message_id>/attachments/<attachment_id>", READ)
    def get_attachment(call: Call, message_id: str, attachment_id: str) -> Response:
        return jsonify(shown_attachment(_attachment(call, message_id, attachment_id)))

    @routes.on("GET", "/messages/<message_id>/attachments/<attachment_id>/$value", READ)
    def get_attachment_bytes(call: Call, message_id: str, attachment_id: str) -> Response:
        attachment = _attachment(call, message_id, attachment_id)
        if attachment.source_url:
            raise GraphProblem(405, "ErrorInvalidRequest", "A reference attachment has no content.")
        return Response(attachment.content, content_type=attachment.content_type)

    return routes.blueprint


def _folder(call: Call, name: str) -> Json:
    messages = call.mailbox.in_folder(name)
    unread = sum(not message.is_read for message in messages)
    return {
        "id": call.mailbox.folder_ids[name],
        "displayName": FOLDER_NAMES[name],
        "childFolderCount": sum(outer == name for outer in INSIDE.values()),
        "totalItemCount": len(messages),
        "unreadItemCount": unread,
    }


def _attachment(call: Call, message_id: str, attachment_id: str) -> Attachment:
    found = next((one for one in call.message(message_id).attachments if one.id == attachment_id), None)
    if found is None:
        raise not_found()
    return found


def _listing(call: Call, messages: list[Message]) -> Response:
    """Return one page of `messages` as JSON, following $filter, $select, $top, $skip and $count of the request.

    Raises `GraphProblem` 400 for a $filter that is not supported, and for $search together with $filter.
    """
    if "$search" in request.args and "$filter" in request.args:
        raise bad_request("$search cannot be combined with $filter.", "SearchWithFilter")
    matching = list(filter(_condition(request.args.get("$filter", "")), messages))
    matching = [one for one in matching if not (one.visible_at and one.visible_at > call.tenant.now())]
    start, size = int(request.args.get("$skip", 0)), call.page_size()
    value: Json = {"value": [shown(call, one, selected()) for one in matching[start : start + size]]}
    if request.args.get("$count") == "true":
        value["@odata.count"] = len(matching)
    if start + size < len(matching):
        kept = {name: text for name, text in request.args.items() if name != "$skip"} | {"$skip": str(start + size)}
        value["@odata.nextLink"] = f"{request.base_url}?" + "&".join(f"{name}={quote(text)}" for name, text in kept.items())
    return jsonify(value)


def _condition(text: str) -> Callable[[Message], bool]:
    """Return the predicate for a $filter. An empty text accepts every message.

    The application may use three filters: by internetMessageId, receivedDateTime or an extended property. Raises
    `GraphProblem` 400 for any other filter.
    """
    if not text:
        return lambda message: True
    if match := re.fullmatch(r"internetMessageId eq '((?:[^']|'')*)'", text):
        wanted = match[1].replace("''", "'")
        return lambda message: message.message_id == wanted
    if match := re.fullmatch(r"receivedDateTime (ge|gt) (\S+)", text):
        return received_after(match[1], match[2])
    marked = r"singleValueExtendedProperties/Any\(ep: ep/id eq '([^']+)' and ep/value eq '((?:[^']|'')*)'\)"
    if match := re.fullmatch(marked, text):
        name, value = match[1].lower(), match[2].replace("''", "'")
        return lambda message: any(key.lower() == name and held == value for key, held in message.properties.items())
    raise bad_request("The restriction or sort order is too complex for this operation.", "InefficientFilter")


def received_after(operator: str, text: str) -> Callable[[Message], bool]:
    try:
        bound = datetime.fromisoformat(text)
    except ValueError as error:
        raise bad_request(f"'{text}' is not a date.", "ErrorInvalidUrlQueryFilter") from error
    return lambda message: message.received_at > bound or (operator == "ge" and message.received_at == bound)
