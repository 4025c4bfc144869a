"""Add and remove tags of threads, and list known tags.

`threads.tags` stores a thread's tags. Triggers copy them to `thread_tags`, from which lists and known tags are read.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.access import Viewer
from app.domain.events.actions import Actor, record
from app.domain.threads.actions import lock_thread, subject_of
from app.domain.threads.models import Thread

TAG_CHARACTERS = 50
TAGS_PER_THREAD = 50
KNOWN_TAGS = 500


class BadTag(ValueError):
    """Raised when a text is no tag (empty, longer than TAG_CHARACTERS, or unprintable), or when the thread would have more than
    TAGS_PER_THREAD tags."""


@dataclass(frozen=True)
class TagChange:
    """The tags that a change added to a thread and removed from it. Both are empty if nothing changed."""

    thread: Thread
    added: tuple[str, ...]
    removed: tuple[str, ...]


def clean_tag(text: str) -> str:
    """Return the tag without a leading #, and with each run of white space as one space. Raises BadTag."""
    tag = " ".join(text.split()).lstrip("#").strip()
    if not tag or len(tag) > TAG_CHARACTERS or not tag.isprintable():
        raise BadTag(text[:TAG_CHARACTERS])
    return tag


def change_tags(
    session: Session, *, thread_id: uuid.UUID, actor: Actor, now: datetime, add: Iterable[str] = (), remove: Iterable[str] = ()
) -> TagChange:
    """Add cleaned tags to a thread and remove others, regardless of case. Raises BadTag, ThreadMissing."""
    thread = lock_thread(session, thread_id)
    gone = {tag.casefold() for tag in remove}
    kept = [tag for tag in thread.tags if tag.casefold() not in gone]
    present = {tag.casefold() for tag in kept}
    added = tuple(tag for tag in dict.fromkeys(add) if tag.casefold() not in present)
    removed = tuple(tag for tag in thread.tags if tag not in kept)
    if len(kept) + len(added) > TAGS_PER_THREAD:
        raise BadTag(added[-1])
    if added or removed:
        thread.tags = [*kept, *added]
        thread.version += 1
        payload = {"added": list(added), "removed": list(removed)}
        record(session, "ThreadTagged", subject=subject_of(thread), now=now, actor=actor, payload=payload)
    return TagChange(thread, added, removed)


# One look into the index per tag, however many threads have it.
_KNOWN = sa.text(
    """
    WITH RECURSIVE known AS (
        SELECT id AS brand_id, (SELECT min(tag) FROM thread_tags WHERE brand_id = id) AS tag FROM unnest(:brands) AS id
        UNION ALL
        SELECT brand_id, (SELECT min(t.tag) FROM thread_tags t WHERE t.brand_id = known.brand_id AND t.tag > known.tag)
        FROM known WHERE tag IS NOT NULL
    )
    SELECT DISTINCT tag FROM known WHERE tag IS NOT NULL ORDER BY tag LIMIT :limit
    """
)


def list_known_tags(session: Session, *, brand_ids: Sequence[uuid.UUID]) -> list[str]:
    """List tags in use in these brands, in alphabetical order, at most KNOWN_TAGS."""
    found = session.execute(_KNOWN, {"brands": list(brand_ids), "limit": KNOWN_TAGS}).scalars()
    return sorted(found, key=str.casefold)


def known_spelling(session: Session, tag: str, *, viewer: Viewer) -> str:
    """Return the tag in the spelling that the viewer's brands already use. If they do not use it, return it unchanged."""
    same = (known for known in list_known_tags(session, brand_ids=viewer.brand_ids) if known.casefold() == tag.casefold())
    return next(same, tag)
