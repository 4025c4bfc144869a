"""The day a word was last written narrows a search, and hides nothing."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.accounts.access import Viewer
from app.domain.events.actions import Actor
from app.domain.threads.edit import edit_note
from app.domain.threads.models import Message, MessageType
from app.domain.threads.search import search_threads
from app.domain.threads.search_find import Bounds
from app.domain.threads.search_query import parse_search
from app.domain.threads.search_words import NEVER, SETTLES, SearchWordMark, forms_of, last_day_of, note_new_words
from tests.factories import NOW, make_brand, make_channel, make_contact, make_message, make_thread, make_viewer

LATER = datetime(2100, 1, 1, tzinfo=NOW.tzinfo)  # every message has settled by then
AGO = NOW - timedelta(weeks=100)
SMALL = Bounds(rare=0, first_rows=3, slice_rows=4)


class Desk:
    """One brand, and messages of any age in threads of their own."""

    def __init__(self, session: Session) -> None:
        self.session, self.brand = session, make_brand(session)
        self.channel = make_channel(session, self.brand, keyring=runtime().keyring)
        self.contact = make_contact(session)
        self.viewer: Viewer = make_viewer(session, brands=(self.brand,))

    def write(self, text: str, at: datetime, **values: Any) -> Message:
        thread = make_thread(self.session, self.channel, self.contact, at=at)
        message = make_message(self.session, thread, text, at=at, **values)
        self.session.flush()
        return message

    def note(self) -> None:
        while note_new_words(self.session, now=LATER, limit=7):
            pass

    def find(self, text: str) -> list[uuid.UUID | None]:
        page = search_threads(self.session, viewer=self.viewer, text=text, bounds=SMALL, limit=3)
        return [hit.message_id for hit in page.items]

    def day(self, text: str, before: datetime = LATER) -> date | None:
        return last_day_of(self.session, forms_of(parse_search(text).words), before=before)


@pytest.fixture
def desk(app_context: Flask, db_session: Session) -> Desk:
    return Desk(db_session)


def test_a_word_of_years_ago_is_found_as_without_what_was_noted(desk: Desk) -> None:
    old = [desk.write("de storing van toen", AGO + timedelta(hours=number)).id for number in range(8)]
    lone = desk.write("storing op zijn eentje", AGO + timedelta(weeks=20))
    for number in range(40):
        desk.write("dank u wel", NOW - timedelta(hours=number))
    expected = [lone.id, *reversed(old[-2:])]
    assert desk.find("storing") == expected
    desk.note()
    assert desk.day("storing") == lone.occurred_at.date()
    assert desk.find("storing") == expected
    assert desk.find("storing toen") == old[:-4:-1]
    assert desk.find("storing ontbreekt") == []


def test_a_message_that_is_not_noted_yet_is_found_whatever_its_date(desk: Desk) -> None:
    for number in range(40):
        desk.write("dank u wel", NOW - timedelta(hours=number))
    for number in range(8):
        desk.write("de storing van toen", AGO + timedelta(hours=number))
    desk.note()
    imported = desk.write("een storing uit een oude doos", AGO + timedelta(weeks=3))
    assert desk.find("storing")[0] == imported.id
    assert desk.day("storing") is None, "nobody can say: it was imported"


def test_what_may_still_change_is_not_noted(desk: Desk) -> None:
    desk.write("nieuw", NOW)
    made = sa.select(sa.func.now())
    now = desk.session.execute(made).scalar_one()
    note_new_words(desk.session, now=now + SETTLES - timedelta(minutes=1), limit=7)
    assert desk.day("nieuw") is None, "nothing is noted yet"
    note_new_words(desk.session, now=now + SETTLES + timedelta(minutes=1), limit=7)
    assert desk.day("nieuw") == NOW.date()
    mark = desk.session.execute(sa.select(SearchWordMark.message_id)).scalar_one()
    note_new_words(desk.session, now=LATER, limit=7)
    assert desk.session.execute(sa.select(SearchWordMark.message_id)).scalar_one() == mark


def test_words_written_into_a_note_later_count(desk: Desk) -> None:
    note = desk.write("klaar", AGO, message_type=MessageType.INTERNAL_NOTE, sender_user_id=desk.viewer.user_id)
    desk.note()
    assert desk.day("omvormer") == NEVER
    edit_note(desk.session, message_id=note.id, text="omvormer vervangen", actor=Actor(desk.viewer.user_id), now=NOW)
    assert desk.day("omvormer") == AGO.date()


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("laadpaal", AGO.date()),
        ("laad", AGO.date()),
        ("LAADPAAL", AGO.date()),
        ("kabel", NOW.date()),  # one of the words that begin so has a number in it
        ("kabel7", NOW.date()),
        ("café", AGO.date()),
        ("laadpaal kabel", AGO.date()),
        ("laadpaal -kabel", AGO.date()),
        ('"laadpaal kabel"', AGO.date()),
        ("kabel nergens", NEVER),
        ("-kabel", None),
        ("2024-777", None),
        ("voorbeeld.nl", None),
        ("voorbeeld", NOW.date()),
        ("laadpaal 777", AGO.date()),
    ],
)
def test_the_day_of_some_words_is_that_of_the_one_that_went_first(desk: Desk, text: str, day: date | None) -> None:
    desk.write("laadpaal café kabel 777", AGO)
    desk.write("kabel7 2024-777 voorbeeld.nl", NOW)
    desk.note()
    assert desk.day(text) == day
