"""Translate search operators into SQL conditions, with notices about wrong ones.

A condition is a constant SQL text with bound values; `t` is the thread, `m` the message. If an operator is given twice, one
of its values must match. For `tag:` and the dates, both values must match. An operator that is not understood is ignored and
gets a notice.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand, BrandMember, User
from app.domain.accounts.permissions import Permission, users_with
from app.domain.connections.models import Channel
from app.domain.threads.indexes import DUE
from app.domain.threads.models import Priority, ThreadStatus, ThreadType
from app.domain.threads.search_contacts import escape_like, list_contacts
from app.domain.threads.search_orders import MOST_THREADS, list_threads_called
from app.domain.threads.search_query import OPERATORS, Operator, read_day
from app.domain.threads.tags import list_known_tags
from app.domain.threads.words import types_by_name

MEDIA = ("email", "whatsapp", "sms", "phone", "internal")
MEDIA_ALIASES = {"mail": "email", "e-mail": "email", "wa": "whatsapp", "call": "phone"}
LEAST_CHARACTERS = 3  # of a name or subject: the trigram indexes know no shorter ones
PEOPLE_CAP = 200
ALLOWED_SHOWN = 12


@dataclass(frozen=True)
class Notice:
    """A notice to the user about one operator. `allowed` are the values that the operator takes.

    `problem` is "unknown" or "value" (it was ignored), "missing" (it has no results) or "many" (its results were cut short).
    """

    problem: str
    operator: str
    value: str
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Narrowing:
    """Values by which an index can find threads. A field is None if its operator was not used. None among the assignees means
    unassigned."""

    statuses: tuple[str, ...] | None = None
    media: tuple[str, ...] | None = None
    assignees: tuple[uuid.UUID | None, ...] | None = None
    tag: str | None = None
    subject: str | None = None  # a LIKE pattern
    senders: tuple[uuid.UUID, ...] | None = None  # contacts
    receivers: tuple[uuid.UUID, ...] | None = None  # contacts
    types: tuple[str, ...] | None = None
    threads: tuple[uuid.UUID, ...] | None = None  # the only ones
    overdue: bool | None = None


@dataclass
class SearchFilter:
    """All conditions of the operators. `message` are conditions on messages; `since` and `until` limit a message's time.

    `thread` are conditions on threads as pairs: the condition, and the field of `narrowing` with the same meaning ("" for
    none).
    """

    brand_ids: tuple[uuid.UUID, ...]
    thread: list[tuple[str, str]] = field(default_factory=list)
    message: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None  # exclusive
    narrowing: Narrowing = field(default_factory=Narrowing)
    used: bool = False

    def bind(self, value: Any) -> str:
        name = f"f{len(self.values)}"
        self.values[name] = value
        return f":{name}"


def read_operators(
    session: Session, *, viewer: Viewer, operators: Sequence[Operator], now: datetime
) -> tuple[SearchFilter, tuple[Notice, ...]]:
    """Return the filter for the operators, limited to the viewer's brands, and notices about wrong operators."""
    reading = _Reading(session, viewer, now, SearchFilter(viewer.brand_ids))
    wanted: dict[tuple[str, bool], list[str]] = {}
    for operator in operators:
        if operator.name not in OPERATORS:
            reading.notices.append(Notice("unknown", operator.name, operator.value, OPERATORS))
        else:
            wanted.setdefault((operator.name, operator.negated), []).append(operator.value)
    for (name, negated), values in wanted.items():
        _READERS[name](reading, name, values, negated)
    return reading.filter, tuple(reading.notices)


@dataclass
class _Reading:
    session: Session
    viewer: Viewer
    now: datetime
    filter: SearchFilter
    notices: list[Notice] = field(default_factory=list)

    def refuse(self, name: str, value: str, allowed: Iterable[str] = ()) -> None:
        self.notices.append(Notice("value", name, value, tuple(allowed)[:ALLOWED_SHOWN]))

    def narrow(self, **values: Any) -> None:
        self.filter.narrowing = Narrowing(**{**vars(self.filter.narrowing), **values})

    def on_thread(self, condition: str, negated: bool, *, same_as: str = "") -> None:
        self.filter.used = True
        self.filter.thread.append(("", f"NOT coalesce({condition}, false)") if negated else (same_as, f"({condition})"))

    def on_message(self, condition: str, negated: bool) -> None:
        self.filter.used = True
        self.filter.message.append(f"NOT coalesce({condition}, false)" if negated else f"({condition})")


def _one_of(reading: _Reading, name: str, values: list[str], allowed: dict[str, Any]) -> list[Any]:
    """Return the meanings of those values that are allowed, whatever their case and separators. Every other value gets a
    notice."""
    known = {_folded(key): meaning for key, meaning in allowed.items()}
    found = []
    for value in values:
        if _folded(value) in known:
            found.append(known[_folded(value)])
        else:
            reading.refuse(name, value, allowed)
    return list(dict.fromkeys(found))


def _folded(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text.strip().lstrip("#@")).casefold()


def _statuses(reading: _Reading, name: str, values: list[str], negated: bool) -> None:
    found = _one_of(reading, name, values, {status.value: status.value for status in ThreadStatus})
    if found:
        reading.on_thread(f"t.status = ANY({reading.filter.bind(found)})", negated, same_as="statuses")
        if not negated:
            reading.narrow(statuses=tuple(found))


def _media(reading: _Reading, name: str, values: list[str], negated: bool) -> None:
    values = [MEDIA_ALIASES.get(value.casefold(), value) for value in values]
    found = _one_of(reading, name, values, {medium: medium for medium in MEDIA})
    if found:
        reading.on_thread(f"t.medium = ANY({reading.filter.bind(found)})", negated, same_as="media")
        if not negated:
            reading.narrow(media=tuple(found))


def _priorities(reading: _Reading, name: str, values: list[str], negated: bool) -> None:
    found = _one_of(reading, name, values, {priority.value: priority.value for priority in Priority})
    if found:
        reading.on_thread(f"t.priority = ANY({reading.filter.bind(found)})", negated)


def _types(reading: _Reading, name: str, values: list[str], negated: bool) -> None:
    named = {_folded(words): kind.value for words, kind in types_by_name().items()}
    values = [named.get(_folded(value), value) for value in values]
    found = _one_of(reading, name, values, {kind.value: kind.value for kind in ThreadType})
    if found:
        reading.on_thread(f"t.thread_type = ANY({reading.filter.bind(found)})", negated, same_as="types")
        if not negated:
            reading.narrow(types=tuple(found))


def _orders(reading: _Reading, name: str, values: list[str], negated: bool) -> None:
    """Add the condition of `order:`: threads of orders that have this number, be it ours or another party's."""
    asked = [value for value in values if value]
    if not asked:
        return reading.refuse(name, "")
    found = list_threads_called(reading.session, names=asked, brand_ids=reading.viewer.brand_ids)
    if not found:
        reading.notices.extend(Notice("missing", name, value) for value in asked)
    elif len(found) > MOST_THREADS:
        reading.notices.append(Notice("many", name, asked[0], (str(MOST_THREADS),)))
    reading.on_thread(f"t.id = ANY(CAST({reading.filter.bind(found[:MOST_THREADS])} AS uuid[]))", negated, same_as="threads")
    if not negated:
        reading.narrow(threads=tuple(found[:MOST_THREADS]))
    return None


def _brands(reading: _Reading, name: str, values: list[str], negated: bool) -> None:
    query = sa.select(Brand.id, Brand.key, Brand.name).where(Brand.id.in_(reading.viewer.brand_ids)).order_by(Brand.name)
    brands = reading.session.execute(query).all()
    keys = {brand.key: brand.id for brand in brands}
    found = set(_one_of(reading, name, [_key_of(value, brands) for value in values], keys))
    if found:
        kept = [b for b in reading.filter.brand_ids if (b in found) is not negated]
        reading.filter.brand_ids = tuple(kept)
        reading.filter.used = True


def _key_of(value: str, brands: Sequence[Any]) -> str:
    return next((brand.key for brand in brands if _folded(brand.name) == _folded(value)), value)


def _tags(reading: _Reading, name: str, values: list[str], negated: bool) -> None:
    known = list_known_tags(reading.session, brand_ids=reading.viewer.brand_ids)
    found = _one_of(reading, name, values, {tag: tag for tag in known})
    for tag in found:
        is_first = reading.filter.narrowing.tag is None
        condition = f"t.tags @> CAST({reading.filter.bind([tag])} AS text[])"
        reading.on_thread(condition, negated, same_as="tag" if is_first else "")
        if is_first and not negated:
            reading.narrow(tag=tag)


def list_colleagues(session: Session, viewer: Viewer) -> list[tuple[uuid.UUID, str]]:
    """List (id, name) of all users who see at least one of the viewer's brands, sorted by name. Disabled users are included."""
    member = sa.exists(
        sa.select(BrandMember.user_id).where(BrandMember.user_id == User.id, BrandMember.brand_id.in_(viewer.brand_ids))
    )
    query = sa.select(User.id, User.name).where(sa.or_(users_with(Permission.BRANDS_ALL), member)).order_by(User.name)
    return [(record.id, record.name) for record in session.execute(query)]


def _named(people: Sequence[tuple[uuid.UUID, str]], value: str) -> list[uuid.UUID]:
    """Return the ids of people with exactly this name. If nobody has it, return those with a name that begins with `value`."""
    wanted = _folded(value)
    same = [user_id for user_id, name in people if _folded(name) == wanted]
    if same or not wanted:
        return same
    begins = [user_id for user_id, name in people if any(part.startswith(wanted) for part in _folded(name).split())]
    return begins or [user_id for user_id, name in people if _folded(name).startswith(wanted)]


def _assignees(reading: _Reading, name: str, values: list[str], negated: bool) -> None:
    people = list_colleagues(reading.session, reading.viewer)
    found: list[uuid.UUID | None] = []
    for value in values:
        fixed: dict[str, list[uuid.UUID | None]] = {"me": [reading.viewer.user_id], "none": [None]}
        meant = fixed.get(value.casefold()) or [*_named(people, value)]
        if not meant:
            reading.refuse(name, value, ("me", "none", *(person for _id, person in people)))
        found += meant
    if found:
        users = [user_id for user_id in found if user_id is not None]
        condition = f"t.assignee_user_id = ANY(CAST({reading.filter.bind(users)} AS uuid[]))"
        if None in found:
            condition += " OR t.assignee_user_id IS NULL"
        reading.on_thread(condition, negated, same_as="assignees")
        if not negated:
            reading.narrow(assignees=tuple(dict.fromkeys(found)))


def _subjects(reading: _Reading, name: str, values: list[str], negated: bool) -> None:
    found = [value for value in values if _is_long_enough(reading, name, value)]
    patterns = [f"%{escape_like(value)}%" for value in found]
    if patterns:
        condition = " OR ".join(f"t.subject ILIKE {reading.filter.bind(pattern)}" for pattern in patterns)
        reading.on_thread(condition, negated, same_as="subject" if len(patterns) == 1 else "")
        if len(patterns) == 1 and not negated:
            reading.narrow(subject=patterns[0])


def _is_long_enough(reading: _Reading, name: str, value: str) -> bool:
    if len(value) >= LEAST_CHARACTERS:
        return True
    reading.refuse(name, value)
    return False


def _contacts(reading: _Reading, name: str, value: str) -> list[uuid.UUID]:
    found = list_contacts(reading.session, value, cap=PEOPLE_CAP + 1)
    if len(found) > PEOPLE_CAP:
        reading.notices.append(Notice("many", name, value, (str(PEOPLE_CAP),)))
    return found[:PEOPLE_CAP]


def _from(reading: _Reading, name: str, values: list[str], negated: bool) -> None:
    contacts: list[uuid.UUID] = []
    users: list[uuid.UUID] = []
    people = list_colleagues(reading.session, reading.viewer)
    for value in values:
        if value.casefold() == "me":
            users.append(reading.viewer.user_id)
        elif _is_long_enough(reading, name, value):
            contacts += _contacts(reading, name, value)
            users += _named(people, value)
        else:
            continue
    if not contacts and not users and all(notice.operator != name for notice in reading.notices):
        return reading.on_message("false", negated)
    if contacts or users:
        bind = reading.filter.bind
        sent = f"m.sender_contact_id = ANY(CAST({bind(contacts)} AS uuid[]))"
        written = f"m.sender_user_id = ANY(CAST({bind(users)} AS uuid[]))"
        condition = " OR ".join([sent] * bool(contacts) + [written] * bool(users))
        reading.on_message(condition, negated)
        if not users and not negated:
            reading.narrow(senders=tuple(contacts))
    return None


def _to(reading: _Reading, name: str, values: list[str], negated: bool) -> None:
    """Add the condition of `to:`. If the value names customers, it finds messages to them. Otherwise, if it names a channel of
    ours or its address, it finds messages that came in there. Otherwise, it finds messages with the value in To or Cc."""
    found = [value for value in values if _is_long_enough(reading, name, value)]
    contacts = [contact for value in found for contact in _contacts(reading, name, value)]
    bind = reading.filter.bind
    if contacts:
        outgoing = "m.message_type IN ('outgoing', 'auto_response')"
        reading.on_message(f"{outgoing} AND t.contact_id = ANY({bind(contacts)})", negated)
        if not negated:
            reading.narrow(receivers=tuple(contacts))
    elif found:
        patterns = [f"%{escape_like(value)}%" for value in found]
        ours = [sa.or_(*(column.ilike(p) for column in (Channel.name, Channel.address))) for p in patterns]
        visible = Channel.brand_id.in_(reading.viewer.brand_ids)
        channels = list(reading.session.execute(sa.select(Channel.id).where(visible, sa.or_(*ours))).scalars())
        named = " OR ".join(f"m.recipients::text ILIKE {bind(pattern)}" for pattern in patterns)
        here = f"m.message_type = 'incoming' AND m.channel_id = ANY({bind(channels)})"
        reading.on_message(here if channels else named, negated)


# Not EXISTS: the planner would read all attachments at once for it.
_HAS_FILE = "(SELECT true FROM attachments a WHERE a.message_id = m.id AND NOT a.is_inline LIMIT 1) IS NOT NULL"


def _has(reading: _Reading, name: str, values: list[str], negated: bool) -> None:
    if _one_of(reading, name, values, {"attachment": True}):
        reading.on_message(_HAS_FILE, negated)


_UNREAD = "coalesce((SELECT r.seen_seq FROM thread_reads r WHERE r.thread_id = t.id AND r.user_id = :me), 0) < t.inbound_seq"


OVERDUE = f"t.is_open AND t.snoozed_until IS NULL AND {DUE.replace('(', '(t.')} <= :late"  # as its index has it
_STATES = {
    "unread": _UNREAD,
    "overdue": OVERDUE,
    "failed": "t.unsent_medium IS NOT NULL",
    "snoozed": "t.snoozed_until IS NOT NULL",
    "spam": "t.spam_at IS NOT NULL",
}


def _is(reading: _Reading, name: str, values: list[str], negated: bool) -> None:
    for wanted in _one_of(reading, name, values, {state: state for state in (*_STATES, "note")}):
        if wanted == "note":
            reading.on_message("m.message_type = 'internal_note'", negated)
        else:
            me = reading.filter.bind(reading.viewer.user_id) if wanted == "unread" else ""
            reading.on_thread(_STATES[wanted].replace(":me", me), negated, same_as="overdue" if wanted == "overdue" else "")
            if wanted == "overdue":
                reading.filter.values["late"] = reading.now
                reading.narrow(overdue=None if negated else True)


def _dates(reading: _Reading, name: str, values: list[str], negated: bool) -> None:
    for value in values:
        day = read_day(value, reading.now.astimezone(ZoneInfo(reading.viewer.timezone)).date())
        if day is None:
            reading.refuse(name, value, ("2026-11-21", "2026-11", "2026", "today", "yesterday", "7d", "2w", "3m"))
            continue
        at = datetime.combine(day, time(), ZoneInfo(reading.viewer.timezone))
        found = reading.filter
        found.used = True
        if (name == "after") is not negated:
            found.since = max(found.since or at, at)
        else:
            found.until = min(found.until or at, at)


_READERS: dict[str, Callable[[_Reading, str, list[str], bool], None]] = {
    "from": _from,
    "to": _to,
    "subject": _subjects,
    "channel": _media,
    "status": _statuses,
    "tag": _tags,
    "assignee": _assignees,
    "brand": _brands,
    "order": _orders,
    "type": _types,
    "priority": _priorities,
    "before": _dates,
    "after": _dates,
    "has": _has,
    "is": _is,
}
