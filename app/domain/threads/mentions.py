"""Find and store people mentioned with `@` in a note, and highlight them."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime

from markupsafe import Markup, escape
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.domain.threads.models import Message
from app.domain.threads.people_models import Mention, ThreadWatcher

People = Iterable[tuple[uuid.UUID, str]]  # user id and name
BEFORE, AFTER = r"(?<![^\s(>])@", r"(?!\w)"  # not inside an address or a link


def find_mentions(text: str, people: People) -> dict[uuid.UUID, str]:
    """Return a dict from each mentioned user's id to the words of the mention as written, without `@`.

    `@Sarah Peeters` mentions the user with this name, and so does `@Sarah` if no other Sarah is among `people`. Case does
    not matter.
    """
    by_name = _names(people)
    if "@" not in text or not by_name:
        return {}
    longest_first = sorted(by_name, key=len, reverse=True)
    pattern = re.compile(f"{BEFORE}({'|'.join(map(re.escape, longest_first))}){AFTER}", re.IGNORECASE)
    found: dict[uuid.UUID, str] = {}
    for match in pattern.finditer(text):
        user_id = by_name.get(match[1].casefold())
        if user_id is not None:
            found.setdefault(user_id, match[1])
    return found


def _names(people: People) -> dict[str, uuid.UUID]:
    """Return a dict from name to user id, for each full name and first name that only one person has. Names are in lower case."""
    known = [(user_id, name.strip().casefold()) for user_id, name in people if name.strip()]
    full = Counter(name for _user_id, name in known)
    first = Counter(name.split()[0] for _user_id, name in known)
    names = {name.split()[0]: user_id for user_id, name in known if first[name.split()[0]] == 1}
    return names | {name: user_id for user_id, name in known if full[name] == 1}


def keep_mentions(session: Session, message: Message, people: People) -> list[uuid.UUID]:
    """Store which users the note mentions, and return their ids, sorted. The words of the mentions are stored in the note's
    `meta`, for highlighting."""
    found = find_mentions(message.text, people)
    if found:
        session.add_all(Mention(message_id=message.id, user_id=user_id) for user_id in sorted(found))
        message.meta = {**message.meta, "mentions": sorted(set(found.values()))}
        session.flush()
    return sorted(found)


def highlighted(html: Markup, message: Message) -> Markup:
    """Return the note's HTML with mentions marked."""
    words = message.meta.get("mentions") or ()
    if not words:
        return html
    longest_first = sorted((str(escape(word)) for word in words), key=len, reverse=True)
    pattern = re.compile(f"{BEFORE}({'|'.join(map(re.escape, longest_first))}){AFTER}", re.IGNORECASE)
    marked = pattern.sub(r'<mark class="mention">@\1</mark>', str(html))
    return Markup(marked)  # noqa: S704  `html` was escaped, the words too


def add_watchers(session: Session, thread_id: uuid.UUID, user_ids: Collection[uuid.UUID], *, now: datetime) -> bool:
    """Make users watch the thread, without an event. Return True if at least one of them did not watch it before."""
    if not user_ids:
        return False
    rows = [{"thread_id": thread_id, "user_id": user_id, "created_at": now} for user_id in sorted(user_ids)]
    insert = postgresql.insert(ThreadWatcher).values(rows).on_conflict_do_nothing()
    return bool(session.execute(insert.returning(ThreadWatcher.user_id)).all())
