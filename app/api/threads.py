"""Serve /communication/threads: list, read, create and change threads."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.api.answers import Answer, answer, check_if_match, show, version_tag
from app.api.authorize import current_viewer
from app.api.brand import choose_brand_id
from app.api.idempotency import write
from app.api.references import named_user_id
from app.api.registry import Routes
from app.api.schemas.base import IdPath
from app.api.schemas.threads import ThreadCreate, ThreadListQuery, ThreadOut, ThreadPage, ThreadUpdate
from app.api.serialize import thread_out
from app.core.clock import utc_now
from app.core.db import db
from app.core.keyset import Sort
from app.core.problems import invalid
from app.domain.accounts.access import Viewer
from app.domain.connections.models import Channel, Medium
from app.domain.contacts.queries import contact_exists
from app.domain.threads.about import change_person
from app.domain.threads.actions import NewThread, assign_thread, change_priority, change_status, create_thread, lock_thread
from app.domain.threads.api_queries import (
    ThreadConditions,
    ThreadRecord,
    contact_in_sight,
    get_thread_record,
    list_thread_records,
    team_exists,
)
from app.domain.threads.edit import change_type, edit_thread
from app.domain.threads.models import Thread, ThreadType
from app.domain.threads.reads import mark_read

routes = Routes("Threads")
CREATE = {
    "thread_subject": "Charger trips the breaker",
    "thread_type": "technical_issue",
    "priority": "high",
    "brand": "chargecars",
    "tags": ["warranty"],
}
COLUMNS = {
    "thread_subject": "subject",
    "tags": "tags",
    "external_references": "external_references",
    "assigned_team_id": "team_id",
}


@routes.add("get", "/communication/threads", scope="threads:read", answers=ThreadPage)
def list_threads(query: ThreadListQuery) -> Response:
    """List threads.

    Limited to the brands the token's owner may see. Closed ones are included unless `status` says otherwise.
    """
    values = query.model_dump(exclude={"limit", "cursor", "sort"})
    page = list_thread_records(
        db.session(),
        viewer=current_viewer(),
        conditions=ThreadConditions(**values),
        sort=Sort.parse(query.sort),
        cursor=query.cursor,
        limit=query.limit,
    )
    return answer(ThreadPage(items=[thread_out(r) for r in page.items], next_cursor=page.next_cursor)).response()


@routes.add("get", "/communication/threads/<uuid:id>", scope="threads:read", answers=ThreadOut, refuses=(404,))
def get_thread(path: IdPath) -> Response:
    """Show one thread.

    If the thread was merged into another one, the answer is that other thread.
    """
    record = get_thread_record(db.session(), viewer=current_viewer(), thread_id=path.id)
    return show(thread_out(record), etag=_etag(record))


@routes.add(
    "post", "/communication/threads", scope="threads:write", answers=ThreadOut, status=201, refuses=(409,), example=CREATE
)
def create_a_thread(body: ThreadCreate) -> Response:
    """Start a thread.

    With `channel_id` and `customer_contact_id` it is a conversation with this contact: then post its first message. Without
    a channel it is an internal thread.
    """
    return write(lambda session: _create(session, current_viewer(), body))


@routes.change(
    "/communication/threads/<uuid:id>",
    scope="threads:write",
    answers=ThreadOut,
    example={"status": "resolved"},
    example_of_put={"priority": "urgent"},
)
def update_thread(path: IdPath, body: ThreadUpdate) -> Response:
    """Change a thread.

    PUT and PATCH do the same: a field that is left out does not change.
    """
    return write(lambda session: _update(session, current_viewer(), path.id, body))


def _etag(record: ThreadRecord) -> str:
    order = record.order_id.hex[-8:] if record.order_id else ""  # linking an order does not raise the thread's version
    return f"{version_tag(record.thread)}{'u' if record.unread else ''}{order}"


def _answer(session: Session, viewer: Viewer, thread_id: uuid.UUID, status: int) -> Answer:
    record = get_thread_record(session, viewer=viewer, thread_id=thread_id)
    location = f"/api/v1/communication/threads/{thread_id}" if status == 201 else None
    return answer(thread_out(record), status, etag=_etag(record), location=location)


def _create(session: Session, viewer: Viewer, body: ThreadCreate) -> Answer:
    now = utc_now()
    channel = _channel(session, viewer, body.channel_id)
    owner = channel.brand_id if channel else None
    brand_id = choose_brand_id(session, viewer=viewer, key=body.brand, owner=owner, owner_name="channel")
    _check_people(session, viewer, body)
    if channel is not None and body.customer_contact_id is None:
        raise invalid("customer_contact_id", "is needed with a channel: who is the conversation with?")
    new = NewThread(
        brand_id=brand_id,
        medium=channel.medium.value if channel else Medium.INTERNAL.value,
        subject=body.thread_subject,
        channel_id=channel.id if channel else None,
        contact_id=body.customer_contact_id,
        thread_type=body.thread_type,
        priority=body.priority,
        created_by_user_id=viewer.user_id,
        external_references=dict(body.external_references),
    )
    thread = lock_thread(session, create_thread(session, new, now=now, actor=viewer.actor).id)
    columns = {"tags": _unique(body.tags), "team_id": body.assigned_team_id, "partner_contact_id": body.partner_contact_id}
    edit_thread(session, thread, columns, actor=viewer.actor, now=now)
    _assign(session, viewer, thread, body.assigned_to_contact_id)
    return _answer(session, viewer, thread.id, 201)


def _channel(session: Session, viewer: Viewer, channel_id: uuid.UUID | None) -> Channel | None:
    if channel_id is None:
        return None
    channel = session.get(Channel, channel_id)
    if channel is None or channel.brand_id not in viewer.brand_ids:
        raise invalid("channel_id", "there is no such channel")
    return channel


def _check_people(session: Session, viewer: Viewer, body: ThreadCreate | ThreadUpdate) -> None:
    for name in ("customer_contact_id", "partner_contact_id"):
        contact_id = getattr(body, name)
        if contact_id is not None and not contact_exists(session, contact_id=contact_id, within=contact_in_sight(viewer)):
            raise invalid(name, "there is no such contact")
    if body.assigned_team_id is not None and not team_exists(session, body.assigned_team_id):
        raise invalid("assigned_team_id", "there is no such team")


def _update(session: Session, viewer: Viewer, thread_id: uuid.UUID, body: ThreadUpdate) -> Answer:
    now, sent = utc_now(), body.model_fields_set
    found = get_thread_record(session, viewer=viewer, thread_id=thread_id).thread.id
    thread = lock_thread(session, found)
    record = get_thread_record(session, viewer=viewer, thread_id=thread.id)
    check_if_match(_etag(record))
    _check_people(session, viewer, body)
    if thread.channel_id is not None and "customer_contact_id" in sent and body.customer_contact_id is None:
        raise invalid("customer_contact_id", "a conversation cannot be without its contact")
    edit_thread(session, thread, _columns(body), actor=viewer.actor, now=now)
    if "thread_type" in sent:
        _check_type(thread, body.thread_type)
        change_type(session, thread, body.thread_type, actor=viewer.actor, now=now)
    for who in sorted({"customer", "partner"} & {name.removesuffix("_contact_id") for name in sent}):
        change_person(session, thread, who, getattr(body, f"{who}_contact_id"), actor=viewer.actor, now=now)
    if "assigned_to_contact_id" in sent:
        _assign(session, viewer, thread, body.assigned_to_contact_id)
    if "priority" in sent:
        change_priority(session, thread_id=thread.id, priority=body.priority, actor=viewer.actor, now=now)
    if "status" in sent:
        change_status(session, thread_id=thread.id, status=body.status, actor=viewer.actor, now=now)
    if "unread" in sent:
        mark_read(session, user_id=viewer.user_id, thread_id=thread.id, seen_seq=thread.message_count, now=now)
    return _answer(session, viewer, thread.id, 200)


def _check_type(thread: Thread, kind: ThreadType) -> None:
    if kind != thread.thread_type and ThreadType.INTERNAL_TICKET in (kind, thread.thread_type):
        raise invalid("thread_type", "an internal ticket stays one, and nothing else becomes one")


def _columns(body: ThreadUpdate) -> dict[str, Any]:
    values = {column: getattr(body, name) for name, column in COLUMNS.items() if name in body.model_fields_set}
    if "tags" in values:
        values["tags"] = _unique(values["tags"])
    return values


def _unique(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


def _assign(session: Session, viewer: Viewer, thread: Thread, contact_id: uuid.UUID | None) -> None:
    user_id = named_user_id(session, contact_id, thread.brand_id, field="assigned_to_contact_id", given="threads")
    session.flush()
    assign_thread(session, thread_id=thread.id, assignee_user_id=user_id, actor=viewer.actor, now=utc_now())
