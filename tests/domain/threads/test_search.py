"""Search finds words, beginnings, people and numbers, and only what the viewer may see."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.accounts.access import Viewer
from app.domain.threads.search import search_threads
from app.domain.threads.search_find import Bounds
from tests.factories import NOW, make_brand, make_channel, make_contact, make_message, make_thread, make_viewer


@pytest.fixture
def alice(app_context: Flask, db_session: Session) -> Viewer:
    brand = make_brand(db_session)
    channel = make_channel(db_session, brand, keyring=runtime().keyring)
    pieter = make_thread(db_session, channel, make_contact(db_session), subject="Laadpaal werkt niet")
    make_message(db_session, pieter, "Hij knippert rood, ordernummer CC-2025-00123. Café René weet ervan.")
    lotte = make_thread(db_session, channel, make_contact(db_session, "Lotte Bakker", kind="email", value="lotte@example.nl"))
    make_message(db_session, lotte, "De factuur graag op naam van de zaak, dank & <3")
    viewer = make_viewer(db_session, brands=(brand,))
    db_session.flush()
    return viewer


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("knippert", "Pieter van Dam"),
        ("knip", "Pieter van Dam"),
        ("rood knippert", "Pieter van Dam"),
        ("cafe rene", "Pieter van Dam"),
        ("CC-2025-00123", "Pieter van Dam"),
        ('"op naam van"', "Lotte Bakker"),
        ("bakker", "Lotte Bakker"),
        ("lotte@exam", "Lotte Bakker"),
        ("12345678", "Pieter van Dam"),
        ("06 12345678", "Pieter van Dam"),
        ("laadpaal werkt", "Pieter van Dam"),
        ("ordernummers", "Pieter van Dam"),
        ("facturen", "Lotte Bakker"),
    ],
)
def test_a_query_finds_its_person(db_session: Session, alice: Viewer, query: str, name: str) -> None:
    hits = search_threads(db_session, viewer=alice, text=query).items
    assert [h.row.contact_name for h in hits] == [name]


@pytest.mark.parametrize(
    "query", ["", "   ", "xyzzy", "knippert factuur", "'; drop table threads --", "\x00", "%%%", "&|!():*", '"']
)
def test_a_query_without_a_match_finds_nothing_and_breaks_nothing(db_session: Session, alice: Viewer, query: str) -> None:
    assert search_threads(db_session, viewer=alice, text=query).items == ()


def test_a_snippet_marks_the_words_and_escapes_the_rest(db_session: Session, alice: Viewer) -> None:
    hit = search_threads(db_session, viewer=alice, text="dank").items[0]
    assert "<mark>dank</mark> &amp; &lt;3" in hit.snippet


def test_mallory_finds_nothing_of_another_brand(db_session: Session, alice: Viewer) -> None:
    mallory = make_viewer(db_session, "Mallory", brands=(make_brand(db_session, "other"),))
    assert search_threads(db_session, viewer=mallory, text="knippert").items == ()
    assert search_threads(db_session, viewer=mallory, text="bakker").items == ()


def test_old_messages_are_found_behind_the_newest_slice(db_session: Session, alice: Viewer) -> None:
    bounds = Bounds(rare=0, first_rows=1, slice_rows=1)
    pages = [search_threads(db_session, viewer=alice, text=q, bounds=bounds) for q in ("knippert", "factuur")]
    names = {page.items[0].row.contact_name for page in pages}
    assert names == {"Pieter van Dam", "Lotte Bakker"}


def test_a_thread_full_of_the_word_hides_no_other(db_session: Session, alice: Viewer) -> None:
    pieter, lotte = (search_threads(db_session, viewer=alice, text=q).items[0].row.thread for q in ("knippert", "factuur"))
    make_message(db_session, lotte, "storing", at=NOW + timedelta(hours=1))
    for minute in range(60, 60 + 220):
        make_message(db_session, pieter, "weer een storing", at=NOW + timedelta(hours=1, minutes=minute))
    for rows in (4000, 50):
        bounds = Bounds(rare=0, first_rows=rows, slice_rows=rows)
        first = search_threads(db_session, viewer=alice, text="storing", limit=1, bounds=bounds)
        assert [h.row.thread.id for h in first.items] == [pieter.id]
        second = search_threads(db_session, viewer=alice, text="storing", cursor=first.next_cursor, limit=1, bounds=bounds)
        assert [h.row.thread.id for h in second.items] == [lotte.id]
