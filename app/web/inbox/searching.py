"""Pages of search, its suggestions, and the command palette."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from app.core.db import db
from app.core.paging import BadCursor, make_cursor
from app.core.translation import gettext as _
from app.domain.accounts.queries import list_brands
from app.domain.threads.models import Message
from app.domain.threads.queries import get_message
from app.domain.threads.search import QUERY_CHARACTERS, clean_query, search_threads
from app.domain.threads.search_filter import LEAST_CHARACTERS
from app.domain.threads.search_marks import excerpt, has_match, marked
from app.domain.threads.search_orders import find_order_numbered
from app.domain.threads.search_people import list_people
from app.domain.threads.search_query import OPERATORS
from app.domain.threads.tags import list_known_tags
from app.domain.threads.timeline import PAGE_ITEMS
from app.web.accounts.doors import settings_doors
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import CHANNEL_VIEWS, bp, view_title
from app.web.inbox.palette_pages import Choice, open_pages
from app.web.inbox.saved_views import saved_search
from app.web.inbox.search_words import notice_words
from app.web.inbox.suggestions import suggest
from app.web.inbox.words import MEDIUM_ICONS, status_words
from app.web.orders.words import order_status_words
from app.web.pages import page, wants_page

CONTEXT_MESSAGES = 5  # newer messages shown below a message found far back
PALETTE_ROWS = 6
VIEWS = ("open", "mine", "unassigned", "mentions", "snoozed", *(view for view, _icon in CHANNEL_VIEWS), "all", "resolved", "spam")


@bp.get("/search")
def search() -> ResponseReturnValue:
    """Search threads by words, people, numbers and operators."""
    query = clean_query(request.args.get("q", ""))
    viewer, session = current_viewer(), db.session()
    try:
        hits = search_threads(session, viewer=viewer, text=query, cursor=request.args.get("cursor"))
    except BadCursor:
        hits = search_threads(session, viewer=viewer, text=query)
    notices = [notice_words(notice) for notice in hits.notices]
    g.current_search = query
    order = find_order_numbered(session, text=query, brand_ids=list(viewer.brand_ids))
    blocks = ("search_results",)
    saved = saved_search(query) if wants_page(blocks) else None
    status = order_status_words(order.status.value) if order else ""
    context: dict[str, Any] = {
        "query": query,
        "hits": hits,
        "order": order,
        "order_status": status,
        "notices": notices,
        "saved": saved,
    }
    return page("inbox/search.html", blocks=blocks, **context)


@bp.get("/search/suggestions")
def search_suggestions() -> ResponseReturnValue:
    """Suggest options for the text before the cursor, `q`."""
    typed = request.args.get("q", "")[-QUERY_CHARACTERS:]
    suggestions = suggest(db.session(), viewer=current_viewer(), typed=typed)
    return render_template("inbox/search_suggestions.html", suggestions=suggestions)


@bp.get("/messages/<uuid:message_id>")
def show_message(message_id: uuid.UUID) -> ResponseReturnValue:
    """Redirect to a message's place in its thread, on whichever page of the timeline. The words in `find` are marked there."""
    session = db.session()
    message = get_message(session, viewer=current_viewer(), message_id=message_id)
    place = sa.tuple_(Message.occurred_at, Message.id)
    newer = sa.select(Message.occurred_at, Message.id).where(
        Message.thread_id == message.thread_id, place > sa.tuple_(sa.literal(message.occurred_at), sa.literal(message.id))
    )
    rows = session.execute(newer.order_by(Message.occurred_at, Message.id).limit(PAGE_ITEMS)).all()
    before = make_cursor(*rows[CONTEXT_MESSAGES]) if len(rows) == PAGE_ITEMS else None
    find = request.args.get("find", "")[:QUERY_CHARACTERS] or None
    anchor = f"item-{message.id}"
    return redirect(url_for("inbox.show_thread", thread_id=message.thread_id, before=before, find=find, _anchor=anchor), 302)


@bp.get("/palette")
def palette() -> ResponseReturnValue:
    """List the targets of the command palette that match `q`, in groups: views, pages and settings, then orders, brands, tags,
    people, threads.

    People and threads are searched for from three characters on. A thread is also found by its number, with or without "#".
    Without `q` only views and pages are listed.
    """
    typed = clean_query(request.args.get("q", ""))
    groups = [
        (_("Go to"), _pages(typed)),
        (_("Orders"), _orders(typed)),
        (_("Brands"), _brands(typed)),
        (_("Tags"), _tags(typed)),
        (_("People"), _people(typed)),
        (_("Threads"), _threads(typed)),
    ]
    return render_template("inbox/palette_choices.html", groups=[group for group in groups if group[1]])


def _pages(typed: str) -> list[Choice]:
    icons = {"mine": "user", "unassigned": "users", "mentions": "at-sign", "snoozed": "clock", "spam": "ban", **MEDIUM_ICONS}
    views = [
        Choice(url_for("inbox.list_view", view=None if v == "open" else v), view_title(v), _("View"), icons.get(v, "inbox"))
        for v in VIEWS
    ]
    overdue = Choice(url_for("inbox.list_view", view="overdue"), _("Overdue"), "", "triangle-alert")
    found = [
        choice for choice in (*views, overdue, *open_pages(with_more=bool(typed))) if _fits(typed, choice.label, choice.hint)
    ]
    if not typed:
        return found
    links = [page for group in settings_doors() for door in group for page in door.pages]
    fitting = (link for link in links if _fits(typed, link.label, _("Settings"), link.words))
    return [*found, *(Choice(link.href, link.label, _("Settings"), link.icon) for link in fitting)]


def _orders(typed: str) -> list[Choice]:
    order = find_order_numbered(db.session(), text=typed, brand_ids=current_viewer().brand_ids) if typed else None
    return [Choice(url_for("orders.show_order", order_id=order.id), order.order_number, "", "file-text")] if order else []


def _fits(typed: str, *texts: str) -> bool:
    """Return True if each typed word is the beginning of some word in `texts`. Upper and lower case are the same."""
    known = [word.casefold() for text in texts for word in text.split()]
    return all(any(word.startswith(part) for word in known) for part in typed.casefold().split())


def _brands(typed: str) -> list[Choice]:
    """Return links to the threads of each matching brand, or [] if the viewer has only one brand."""
    own = current_viewer().brand_ids
    brands = [brand for brand in list_brands(db.session()) if brand.id in own] if typed and len(own) > 1 else []
    found = [brand for brand in brands if _fits(typed, brand.name)][:PALETTE_ROWS]
    return [Choice(url_for("inbox.list_view", brand=brand.id), brand.name, _("Brand"), "building") for brand in found]


def _tags(typed: str) -> list[Choice]:
    if not typed:
        return []
    wanted = typed.lstrip("#").casefold()
    tags = (tag for tag in list_known_tags(db.session(), brand_ids=current_viewer().brand_ids) if wanted in tag.casefold())
    return [Choice(url_for("inbox.list_view", view="all", tag=tag), tag, "", "tag") for tag in tags][:PALETTE_ROWS]


def _people(typed: str) -> list[Choice]:
    people = list_people(db.session(), viewer=current_viewer(), text=typed, limit=PALETTE_ROWS)
    return [
        Choice(url_for("inbox.show_thread", thread_id=person.thread_id), person.name or person.address, person.address, "user")
        for person in people
    ]


def _threads(typed: str) -> list[Choice]:
    if len(typed) < LEAST_CHARACTERS and not typed.startswith("#"):
        return []
    hits = search_threads(db.session(), viewer=current_viewer(), text=typed, limit=PALETTE_ROWS).items[:PALETTE_ROWS]
    found = [
        Choice(
            hit_url(hit, typed),
            hit.row.thread.subject or hit.row.thread.preview or _("No subject"),
            f"#{hit.row.thread.number} · {hit.row.contact_name or _('Unknown')} · {status_words(hit.row.thread.status)}",
            "message-square",
        )
        for hit in hits
    ]
    more = Choice(url_for("inbox.search", q=typed), _("Search for “%(words)s”", words=typed), "", "search")
    return [*found, more]


def hit_url(hit: Any, query: str) -> str:
    """Return the URL of a search hit: of its message if it has one, otherwise of its thread. The page marks the words of
    `query`."""
    if hit.message_id:
        return url_for("inbox.show_message", message_id=hit.message_id, find=query)
    return url_for("inbox.show_thread", thread_id=hit.row.thread.id, find=query)


def sought() -> str:
    """Return the words to mark in a thread that was opened from a search, or ""."""
    return clean_query(request.args.get("find", ""))


def found_in(html: Markup) -> Markup:
    """Return a message's text with the searched words marked."""
    return marked(html, sought()) if "find" in request.args else html


def excerpt_of(text: str) -> Markup:
    """Return an excerpt around the searched words, to show beside a formatted message. Return "" if the thread was not opened
    from a search."""
    return excerpt(text, sought()) if "find" in request.args else Markup("")


def is_found(text: str) -> bool:
    """Return whether a folded part of a message contains the searched words."""
    return "find" in request.args and has_match(text, sought())


@bp.app_context_processor
def _search_tools() -> dict[str, Any]:
    return {"hit_url": hit_url, "search_operators": OPERATORS}


@bp.record_once
def _register_search_filters(state: Any) -> None:
    state.app.jinja_env.filters.update(found_in=found_in, excerpt_of=excerpt_of, is_found=is_found)
