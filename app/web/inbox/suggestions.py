"""Suggest search operators and their values while a user types."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.core.translation import gettext as _
from app.domain.accounts.access import Viewer
from app.domain.accounts.queries import list_brands
from app.domain.threads.models import Priority, ThreadStatus, ThreadType
from app.domain.threads.saved_views import list_views
from app.domain.threads.search_filter import MEDIA, list_colleagues
from app.domain.threads.search_people import list_people
from app.domain.threads.search_query import Operator
from app.domain.threads.tags import list_known_tags
from app.domain.threads.words import thread_type_words
from app.web.inbox.search_words import HINTS
from app.web.inbox.words import medium_words, priority_words, status_words

SHOWN = 10
SAVED_SHOWN = 5
_TYPED = re.compile(
    r'(?<!\S)(?P<minus>-?)(?:(?P<name>[A-Za-z]{2,20}):(?:"(?P<quoted>[^"]*)|(?P<value>[^\s"]*))|(?P<word>[A-Za-z]*))$'
)


@dataclass(frozen=True)
class Suggestion:
    """A suggestion: `insert` replaces the last `replaces` characters before the cursor."""

    insert: str
    hint: str
    replaces: int


def suggest(session: Session, *, viewer: Viewer, typed: str) -> list[Suggestion]:
    """Return suggestions for `typed`, the text before the text cursor.

    First come at most SAVED_SHOWN saved searches, then operators, or the values of the operator that is being typed.
    """
    return _saved(session, viewer, typed) + _operators(session, viewer, typed)


def _operators(session: Session, viewer: Viewer, typed: str) -> list[Suggestion]:
    match = _TYPED.search(typed)
    if match is None:
        return []
    length, minus = len(match[0]), match["minus"]
    if match["name"] is None:
        begun = match["word"].lower()
        return [Suggestion(f"{minus}{name}:", _(hint), length) for name, hint in HINTS.items() if name.startswith(begun)]
    name = match["name"].lower()
    begun = (match["quoted"] if match["quoted"] is not None else match["value"]).strip()
    found = _values(session, viewer, name, begun)
    return [Suggestion(f"{Operator(name, value, bool(minus))} ", hint, length) for value, hint in found][:SHOWN]


def _saved(session: Session, viewer: Viewer, typed: str) -> list[Suggestion]:
    """Return the saved searches whose query begins with the typed text or whose name contains it. Each replaces the whole typed
    text."""
    begun = typed.strip().casefold()
    found = []
    for view in list_views(session, viewer=viewer):
        search = view.search or ""
        if search not in ("", typed.strip()) and (_has(begun, view.name) or search.casefold().startswith(begun)):
            found.append(Suggestion(search, view.name, len(typed)))
    return found[:SAVED_SHOWN]


def _values(session: Session, viewer: Viewer, name: str, begun: str) -> list[tuple[str, str]]:
    if name in ("from", "to"):
        return _people(session, viewer, name, begun)
    if name == "tag":
        return _fit(((tag, "") for tag in list_known_tags(session, brand_ids=viewer.brand_ids)), begun)
    if name == "assignee":
        fixed = [("me", viewer.name), ("none", _("Unassigned"))]
        return _fit([*fixed, *((person, "") for _id, person in list_colleagues(session, viewer))], begun)
    if name == "brand":
        return _fit(_brands(session, viewer), begun)
    return _fit(_fixed(name), begun)


def _fixed(name: str) -> list[tuple[str, str]]:
    file_hint = HINTS["has"]
    values: dict[str, list[tuple[str, str]]] = {
        "status": [(status.value, status_words(status)) for status in ThreadStatus],
        "channel": [(medium, medium_words(medium)) for medium in MEDIA],
        "priority": [(priority.value, priority_words(priority)) for priority in Priority],
        "type": [(kind.value, thread_type_words(kind)) for kind in ThreadType],
        "has": [("attachment", _(file_hint))],
        "is": [
            ("unread", _("not read yet")),
            ("overdue", _("past their deadline")),
            ("failed", _("with a message that did not arrive")),
            ("note", _("notes by colleagues")),
            ("snoozed", _("snoozed until later")),
            ("spam", _("marked as spam")),
        ],
    }
    days = [("today", _("Today")), ("yesterday", _("Yesterday")), ("7d", _("7 days ago")), ("3m", _("3 months ago"))]
    return values.get(name, days if name in ("before", "after") else [])


def _fit(values: Iterable[tuple[str, str]], begun: str) -> list[tuple[str, str]]:
    """Return the pairs (value, hint) that match `begun`: first the values that begin with it, then the other matches."""
    wanted = begun.casefold()
    scored = [(not value.casefold().startswith(wanted), value, hint) for value, hint in values if _has(wanted, value, hint)]
    return [(value, hint) for _later, value, hint in sorted(scored, key=lambda one: one[0])]


def _has(wanted: str, *texts: str) -> bool:
    return any(wanted in text.casefold() for text in texts)


def _brands(session: Session, viewer: Viewer) -> list[tuple[str, str]]:
    return [(brand.key, brand.name) for brand in list_brands(session) if brand.id in viewer.brand_ids]


def _people(session: Session, viewer: Viewer, name: str, begun: str) -> list[tuple[str, str]]:
    me = [("me", viewer.name)] if name == "from" and "me".startswith(begun.casefold()) else []
    return [*me, *((person.name, person.address) for person in list_people(session, viewer=viewer, text=begun))]
