"""Each operator of the search against the database, and what is said about those that mean nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.accounts.access import Viewer
from app.domain.connections.models import Channel, ChannelType
from app.domain.contacts.models import Contact
from app.domain.orders.actions import link_thread
from app.domain.threads.merge import merge_threads
from app.domain.threads.models import Attachment, MessageType, Priority, Thread, ThreadStatus, ThreadType
from app.domain.threads.search import SearchResults, search_threads
from app.domain.threads.search_find import Bounds
from app.domain.threads.search_query import read_day
from tests.domain.orders.factories import make_order
from tests.factories import NOW, make_brand, make_channel, make_contact, make_message, make_thread, make_user, make_viewer
from tests.support.database import back_to, ground_session


@pytest.fixture(scope="module")
def built(shared_app: Flask, ground: sa.Connection) -> Viewer:
    """Alice, and what she may find, put in place once for all these tests."""
    with shared_app.app_context(), ground_session(ground) as session:
        alice = make_threads(session)
        session.commit()
        return alice


@pytest.fixture
def connection(built: Viewer, ground: sa.Connection) -> Iterator[sa.Connection]:
    with back_to(ground) as connection:
        yield connection


@pytest.fixture
def alice(app_context: Flask, built: Viewer) -> Viewer:
    return built


def make_threads(session: Session) -> Viewer:
    """Pieter's chat (urgent, tagged, Bob's), Lotte's late mail with a file and a note, about an order, Karim's old closed mail, a
    complaint."""
    brand = make_brand(session)
    chat = make_channel(session, brand, keyring=runtime().keyring)
    mail = make_channel(session, brand, ChannelType.EMAIL, keyring=runtime().keyring, address="hallo@chargecars.example")
    alice = make_viewer(session, brands=(brand,))
    bob = make_user(session, "Bob Bakker", brands=(brand,))
    pieter = make_thread(session, chat, make_contact(session), at=NOW)
    pieter.tags, pieter.assignee_user_id = ["wacht op deel", "Garantie"], bob.id
    pieter.priority, pieter.status = Priority.URGENT, ThreadStatus.WAITING_CUSTOMER
    pieter.snoozed_until = NOW + timedelta(days=1)
    make_message(session, pieter, "De laadpaal knippert rood")
    lotte = make_thread(
        session,
        mail,
        make_contact(session, "Lotte de Wit", kind="email", value="lotte@example.nl"),
        subject="Factuur mei",
        at=NOW,
    )
    lotte.assignee_user_id, lotte.response_due_at = alice.user_id, NOW
    order = make_order(session, brand, session.get_one(Contact, lotte.contact_id))
    order.order_number, order.external_references = "CC-2026-00042", {"partner": {"purchase order": "po 4711", "id": 90210}}
    link_thread(session, order, lotte.id, now=NOW)
    letter = make_message(session, lotte, "De laadpaal staat dubbel op de factuur SN-4F2A-77", at=NOW)
    file = {"filename": "factuur.pdf", "content_type": "application/pdf", "storage_key": "x", "created_at": NOW}
    session.add(Attachment(id=new_id(), message_id=letter.id, thread_id=lotte.id, **file))
    make_message(session, lotte, "Let op: laadpaal", message_type=MessageType.INTERNAL_NOTE, at=NOW)
    make_message(session, lotte, "Wij zoeken het uit", message_type=MessageType.OUTGOING, at=NOW)
    long_ago = NOW - timedelta(days=400)
    karim = make_thread(
        session, mail, make_contact(session, "Karim", kind="email", value="karim@example.nl"), subject="Oud", at=long_ago
    )
    make_message(session, karim, "Laadpaal geleverd", at=long_ago)
    karim.last_message_at, karim.status, karim.resolved_at = long_ago, ThreadStatus.CLOSED, long_ago
    karim.spam_at, karim.spam_former = long_ago, {}
    karim.thread_type, karim.response_due_at = ThreadType.COMPLAINT, long_ago
    session.flush()
    return alice


def names(results: SearchResults) -> set[str]:
    return {hit.row.contact_name.split()[0] for hit in results.items}


OPERATORS = [
    ("from:lotte", {"Lotte"}),
    ("from:lotte@example.nl", {"Lotte"}),
    ('from:"06 12345678"', {"Pieter"}),
    ("-from:lotte", {"Pieter", "Lotte", "Karim"}),
    ("to:lotte", {"Lotte"}),
    ("to:karim", set()),
    ("to:hallo@charge", {"Lotte", "Karim"}),
    ("subject:factuur", {"Lotte"}),
    ("-subject:factuur", {"Pieter", "Karim"}),
    ("channel:whatsapp", {"Pieter"}),
    ("channel:mail", {"Lotte", "Karim"}),
    ("channel:email channel:whatsapp", {"Pieter", "Lotte", "Karim"}),
    ("status:closed", {"Karim"}),
    ("status:waiting-customer", {"Pieter"}),
    ("-status:closed", {"Pieter", "Lotte"}),
    ("status:closed channel:whatsapp", set()),
    ("tag:garantie", {"Pieter"}),
    ('tag:"wacht op deel" tag:garantie', {"Pieter"}),
    ("-tag:garantie", {"Lotte", "Karim"}),
    ("assignee:me", {"Lotte"}),
    ("assignee:none", {"Karim"}),
    ("assignee:none assignee:me", {"Lotte", "Karim"}),
    ("assignee:bob", {"Pieter"}),
    ('assignee:"bob bakker" status:open', set()),
    ("-assignee:me", {"Pieter", "Karim"}),
    ("brand:chargecars", {"Pieter", "Lotte", "Karim"}),
    ("-brand:chargecars", set()),
    ("order:cc-2026-00042", {"Lotte"}),
    ('order:"PO 4711"', {"Lotte"}),
    ("order:90210", {"Lotte"}),
    ("order:90210 order:CC-2026-99999", {"Lotte"}),
    ("order:90210 status:closed", set()),
    ("-order:90210", {"Pieter", "Karim"}),
    ("type:complaint", {"Karim"}),
    ("type:Klacht", {"Karim"}),
    ("type:réclamation", {"Karim"}),
    ('type:"customer support"', {"Pieter", "Lotte"}),
    ("type:customer_support channel:whatsapp", {"Pieter"}),
    ("type:complaint type:customer_support status:open", {"Lotte"}),
    ("-type:complaint", {"Pieter", "Lotte"}),
    ("is:overdue", {"Lotte"}),
    ("is:overdue assignee:me type:customer_support", {"Lotte"}),
    ("is:overdue channel:whatsapp", set()),
    ("-is:overdue", {"Pieter", "Karim"}),
    ("priority:urgent", {"Pieter"}),
    ("before:2026-01", {"Karim"}),
    ("has:attachment", {"Lotte"}),
    ("-has:attachment channel:email", {"Lotte", "Karim"}),
    ("is:unread", {"Pieter", "Lotte", "Karim"}),
    ("is:note", {"Lotte"}),
    ("is:snoozed", {"Pieter"}),
    ("-is:snoozed channel:whatsapp", set()),
    ("is:spam", {"Karim"}),
    ("-is:spam", {"Pieter", "Lotte"}),
]


@pytest.mark.parametrize(("text", "found"), OPERATORS)
def test_an_operator_alone_lists_what_fits(db_session: Session, alice: Viewer, text: str, found: set[str]) -> None:
    assert names(search_threads(db_session, viewer=alice, text=text, now=NOW)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("laadpaal", {"Pieter", "Lotte", "Karim"}),
        ("laadpaal status:closed", {"Karim"}),
        ("laadpaal -status:closed", {"Pieter", "Lotte"}),
        ("laadpaal from:lotte", {"Lotte"}),
        ("laadpaal has:attachment", {"Lotte"}),
        ("factuur is:note", set()),
        ("laadpaal is:note", {"Lotte"}),
        ("laadpaal is:overdue", {"Lotte"}),
        ("laadpaal order:90210", {"Lotte"}),
        ("laadpaal type:complaint", {"Karim"}),
        ("laadpaal channel:email after:2025-01 before:2026-01", {"Karim"}),
        ("laadpaal -rood", {"Lotte", "Karim"}),
        ("-rood channel:whatsapp", set()),
        ('"laadpaal staat" assignee:me', {"Lotte"}),
        ('"staat laadpaal" assignee:me', set()),
        ("SN-4F2A-77", {"Lotte"}),
        ("SN-4F2A-7", {"Lotte"}),
        ("SN-4F2A-8", set()),
        ("77-4F2A-SN", set()),
        ("lotte status:open", {"Lotte"}),
        ("lotte status:closed", set()),
        ("123456", {"Pieter"}),  # more digits than the number of a thread has
        ("+31 (0)6-1234 5678", {"Pieter"}),
        ("0031612345678", {"Pieter"}),
    ],
)
@pytest.mark.parametrize("bounds", [Bounds(), Bounds(rare=0, first_rows=1, slice_rows=1)])
def test_words_and_operators_narrow_each_other(
    db_session: Session, alice: Viewer, text: str, found: set[str], bounds: Bounds
) -> None:
    assert names(search_threads(db_session, viewer=alice, text=text, now=NOW, bounds=bounds)) == found


@pytest.mark.parametrize(("text", "found"), [(text, found) for text, found in OPERATORS if found])
def test_nothing_of_another_brand_is_found_by_an_operator(db_session: Session, alice: Viewer, text: str, found: set[str]) -> None:
    mallory = make_viewer(db_session, "Mallory", brands=(make_brand(db_session, "other"),))
    assert search_threads(db_session, viewer=mallory, text=text, now=NOW).items == ()
    assert search_threads(db_session, viewer=mallory, text=f"laadpaal {text}", now=NOW).items == ()


@pytest.mark.parametrize(
    ("text", "problem", "operator"),
    [
        ("kleur:rood laadpaal", "unknown", "kleur"),
        ("status:weg laadpaal", "value", "status"),
        ("tag:bestaatniet laadpaal", "value", "tag"),
        ("assignee:niemendal laadpaal", "value", "assignee"),
        ("brand:vreemd laadpaal", "value", "brand"),
        ("before:gisteren laadpaal", "value", "before"),
        ("after:2026-13-40 laadpaal", "value", "after"),
        ("from:ab laadpaal", "value", "from"),
        ("has: laadpaal", "value", "has"),
        ("order: laadpaal", "value", "order"),
        ("type:ruzie laadpaal", "value", "type"),
        ("is:mooi laadpaal", "value", "is"),
    ],
)
def test_what_is_not_understood_is_named_and_the_rest_still_searches(
    db_session: Session, alice: Viewer, text: str, problem: str, operator: str
) -> None:
    results = search_threads(db_session, viewer=alice, text=text, now=NOW)
    assert [(notice.problem, notice.operator) for notice in results.notices] == [(problem, operator)]
    assert names(results) == {"Pieter", "Lotte", "Karim"}


def test_a_notice_names_no_brand_tag_or_colleague_of_others(db_session: Session, alice: Viewer) -> None:
    mallory = make_viewer(db_session, "Mallory", brands=(make_brand(db_session, "other"),))
    notices = search_threads(db_session, viewer=mallory, text="brand:x tag:x assignee:x", now=NOW).notices
    assert [notice.allowed for notice in notices] == [("other",), (), ("me", "none", "Mallory")]


def test_an_operator_that_does_not_exist_is_words_where_nothing_else_is_asked(db_session: Session, alice: Viewer) -> None:
    results = search_threads(db_session, viewer=alice, text="knippert:rood", now=NOW)
    assert names(results) == {"Pieter"}
    assert [notice.operator for notice in results.notices] == ["knippert"]


def test_an_order_nobody_speaks_of_finds_nothing_and_says_so(db_session: Session, alice: Viewer) -> None:
    results = search_threads(db_session, viewer=alice, text="laadpaal order:CC-2026-99999", now=NOW)
    assert results.items == ()
    assert [(notice.problem, notice.value) for notice in results.notices] == [("missing", "CC-2026-99999")]


def test_a_merged_conversation_is_found_by_its_order_where_it_went(db_session: Session, alice: Viewer) -> None:
    karim, lotte = (db_session.execute(sa.select(Thread).where(Thread.subject == s)).scalar_one() for s in ("Oud", "Factuur mei"))
    karim.spam_at, karim.spam_former = None, None
    merge_threads(db_session, keep_id=karim.id, merge_id=lotte.id, now=NOW)
    db_session.flush()
    found = search_threads(db_session, viewer=alice, text="order:90210", now=NOW).items
    assert [hit.row.thread.id for hit in found] == [karim.id]


@pytest.mark.parametrize("text", ["is:overdue", "is:overdue assignee:me"])
def test_what_is_overdue_is_found_however_far_back_it_lies(db_session: Session, alice: Viewer, text: str) -> None:
    """A scan by newest message looks at five threads here; the late one is behind them."""
    late = db_session.execute(sa.select(Thread).where(Thread.subject == "Factuur mei")).scalar_one()
    late.last_message_at = NOW - timedelta(days=300)
    pieter = db_session.execute(sa.select(Thread).where(Thread.medium == "whatsapp")).scalar_one()
    pieter.snoozed_until, pieter.response_due_at, pieter.status = None, NOW + timedelta(days=9999), ThreadStatus.OPEN
    channel, contact = db_session.get_one(Channel, pieter.channel_id), db_session.get_one(Contact, pieter.contact_id)
    for n in range(9):
        make_thread(db_session, channel, contact, subject=f"Nieuw {n}", at=NOW).assignee_user_id = alice.user_id
    db_session.flush()
    results = search_threads(db_session, viewer=alice, text=text, now=NOW, bounds=Bounds(few=3, walk=1))
    assert (names(results), results.next_cursor) == ({"Lotte"}, None)


def test_a_number_names_its_thread_alone(db_session: Session, alice: Viewer) -> None:
    thread = db_session.execute(sa.select(Thread).where(Thread.subject == "Factuur mei")).scalar_one()
    assert [hit.row.thread.id for hit in search_threads(db_session, viewer=alice, text=f"#{thread.number}").items] == [thread.id]
    mallory = make_viewer(db_session, "Mallory", brands=(make_brand(db_session, "other"),))
    assert search_threads(db_session, viewer=mallory, text=f"#{thread.number}").items == ()


def _all_pages(session: Session, viewer: Viewer, text: str, bounds: Bounds) -> list[str]:
    found, cursor = [], None
    for _ in range(60):
        page = search_threads(session, viewer=viewer, text=text, now=NOW, cursor=cursor, limit=5, bounds=bounds)
        found += [hit.row.thread.subject for hit in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found
    raise AssertionError("the pages never end")


@pytest.mark.parametrize(
    "text",
    [
        "channel:email",
        "priority:high",
        "status:open",
        "assignee:none",
        "storing priority:high",
        "storing channel:email",
        "-from:karim",
        "storing status:open",
        "type:complaint",
        "is:overdue",
        "storing is:overdue",
    ],
)
def test_pages_follow_each_other_without_a_gap_or_a_repeat(app_context: Flask, db_session: Session, text: str) -> None:
    brands = make_brand(db_session, "first"), make_brand(db_session, "second")
    for brand in brands:
        mail = make_channel(db_session, brand, ChannelType.EMAIL, keyring=runtime().keyring, address=f"x@{brand.key}.example")
        contact = make_contact(db_session, "Lotte", kind="email", value="lotte@example.nl")
        for n in range(12):
            at = NOW - timedelta(hours=n)
            thread = make_thread(db_session, mail, contact, subject=f"{brand.key} {n}", at=at)
            thread.priority = Priority.HIGH if n % 4 == 0 else Priority.NORMAL
            thread.thread_type, thread.response_due_at = ThreadType.COMPLAINT, at
            make_message(db_session, thread, "weer een storing", at=at)
    viewer = make_viewer(db_session, "Wim", brands=brands)
    db_session.flush()
    found = _all_pages(db_session, viewer, text, Bounds(rare=0, first_rows=7, slice_rows=7, few=2, walk=1))
    assert len(found) == len(set(found)) == (6 if "priority" in text else 24)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-21", date(2026, 11, 21)),
        ("2026-11", date(2026, 11, 1)),
        ("2026", date(2026, 1, 1)),
        ("21-11-2026", date(2026, 11, 21)),
        ("yesterday", date(2026, 3, 9)),
        ("2w", date(2026, 2, 24)),
        ("31-02-2026", None),
        ("0000", None),
        ("morgen", None),
    ],
)
def test_days_are_read_in_the_ways_people_write_them(text: str, day: date | None) -> None:
    assert read_day(text, date(2026, 3, 10)) == day
