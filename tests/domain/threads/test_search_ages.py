"""A word is found at any age, whichever way it is looked for."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.accounts.access import Viewer
from app.domain.threads.search import search_threads
from app.domain.threads.search_find import Bounds
from tests.factories import NOW, make_brand, make_channel, make_contact, make_message, make_thread, make_viewer

# Newest first: days, weeks and years back, and from a clock that was never set.
MOMENTS = (
    NOW,
    datetime(2026, 11, 16, 0, 0, tzinfo=UTC),
    datetime(2026, 11, 15, 23, 59, tzinfo=UTC),
    NOW - timedelta(weeks=3),
    NOW - timedelta(weeks=60),
    datetime(1970, 1, 1, tzinfo=UTC),
)
WAYS = (
    Bounds(),
    Bounds(rare=0, first_rows=1),
    Bounds(rare=0, first_rows=1, slice_rows=1),
    Bounds(rare=0, first_rows=3, slice_rows=2),
)


@pytest.fixture
def threads(app_context: Flask, db_session: Session) -> tuple[Viewer, list[uuid.UUID]]:
    """Somebody who may see them, and a thread with the word at each moment, newest first; each is followed by one without it."""
    brand = make_brand(db_session)
    channel = make_channel(db_session, brand, keyring=runtime().keyring)
    contact, found = make_contact(db_session), []
    for at in MOMENTS:
        thread = make_thread(db_session, channel, contact, at=at)
        make_message(db_session, thread, "er is een storing", at=at)
        make_message(db_session, make_thread(db_session, channel, contact, at=at), "dank u", at=at + timedelta(seconds=1))
        found.append(thread.id)
    viewer = make_viewer(db_session, brands=(brand,))
    db_session.flush()
    return viewer, found


@pytest.mark.parametrize("bounds", WAYS)
@pytest.mark.parametrize("limit", [1, 2, 25])
def test_a_word_of_any_age_is_found_newest_first(
    db_session: Session, threads: tuple[Viewer, list[uuid.UUID]], bounds: Bounds, limit: int
) -> None:
    viewer, expected = threads
    found, cursor = [], None
    for _ in range(30):
        page = search_threads(db_session, viewer=viewer, text="storing", cursor=cursor, limit=limit, bounds=bounds)
        found += [hit.row.thread.id for hit in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == expected


@pytest.mark.parametrize("alone", [0, 2000])
@pytest.mark.parametrize(
    ("text", "places"),
    [("storing er", "all"), ('"een storing" er', "all"), ("storing -dank", "all"), ("storing dank", ""), ("-storing er een", "")],
)
def test_several_words_are_found_together_whether_by_the_rarest_or_by_all(
    db_session: Session, threads: tuple[Viewer, list[uuid.UUID]], alone: int, text: str, places: str
) -> None:
    viewer, expected = threads
    page = search_threads(db_session, viewer=viewer, text=text, bounds=Bounds(alone=alone))
    assert [hit.row.thread.id for hit in page.items] == (expected if places else [])
