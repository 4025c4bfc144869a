"""Merge and split, and the way back: exact, whatever came in between, and no message is ever lost or doubled."""

from __future__ import annotations

import random
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.db import Base
from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.accounts.models import User
from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact
from app.domain.delivery.models import Delivery
from app.domain.events.actions import Actor
from app.domain.tasks.models import Task
from app.domain.threads.actions import assign_thread, change_status, lock_thread, save_draft
from app.domain.threads.merge import UnableToMerge, merge_threads, undo_merge
from app.domain.threads.models import Attachment, Message, MessageType, Priority, Thread, ThreadAlias, ThreadStatus
from app.domain.threads.move_models import ThreadMove
from app.domain.threads.reads import mark_read
from app.domain.threads.row_moves import UNDO_FOR, UnableToUndo, snapshot
from app.domain.threads.snooze import snooze_thread
from app.domain.threads.split import UnableToSplit, split_thread, undo_split
from app.domain.threads.tags import change_tags
from tests.factories import NOW, make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.full import amount

# What names a thread follows it in a merge. A new table must be given its place: in a handler, or in app/domain/threads/merge.py.
FOLLOWS = {"messages", "attachments", "taken_back_messages", "thread_aliases", "deliveries", "scheduled_replies", "tasks"}
FOLLOWS |= {"notifications", "reply_template_uses", "drafts", "thread_reads", "thread_watchers"}
FOLLOWS |= {"survey_invitations", "sla_facts", "sla_steps", "routing_refusals", "auto_reply_decisions", "appointments"}
KEPT_BY_A_TRIGGER = {"thread_tags"}
MADE_ANEW = {"sla_clocks"}


@dataclass
class House:
    session: Session
    alice: User
    bob: User
    channel: Channel
    pieter: Contact
    anna: Contact
    at: datetime = NOW

    @property
    def actor(self) -> Actor:
        return Actor(user_id=self.alice.id)

    def later(self) -> datetime:
        self.at += timedelta(minutes=1)
        return self.at

    def thread(self, texts: str, *, contact: Contact | None = None, subject: str = "Vraag") -> Thread:
        """One message for each letter: "i" comes in, "o" goes out with a delivery."""
        thread = make_thread(self.session, self.channel, contact or self.pieter, subject=subject, at=self.later())
        for letter in texts:
            self.write(thread.id, letter)
        return thread

    def write(self, thread_id: uuid.UUID, letter: str = "i") -> Message:
        at, thread = self.later(), lock_thread(self.session, thread_id)
        kind = MessageType.INCOMING if letter == "i" else MessageType.OUTGOING
        message = make_message(self.session, thread, f"Bericht {at:%H:%M}", at=at, message_type=kind)
        if letter == "o":
            self.session.add(
                Delivery(message_id=message.id, thread_id=thread.id, channel_id=self.channel.id, outgoing={}, created_at=at)
            )
        file = Attachment(message_id=message.id, thread_id=thread.id, filename="a.txt", content_type="text/plain")
        file.state, file.storage_key, file.created_at = "stored", "k", at
        self.session.add(file)
        self.session.flush()
        return message

    def merge(self, keep: Thread, gone: Thread) -> ThreadMove:
        merge_threads(self.session, keep_id=keep.id, merge_id=gone.id, now=self.later(), actor=self.actor)
        return self.newest_move()

    def split(self, message: Message) -> ThreadMove:
        self.session.refresh(message)
        split_thread(
            self.session,
            thread_id=message.thread_id,
            from_message_id=message.id,
            subject="Nieuw",
            now=self.later(),
            actor=self.actor,
        )
        return self.newest_move()

    def newest_move(self) -> ThreadMove:
        return self.session.execute(sa.select(ThreadMove).order_by(ThreadMove.id.desc()).limit(1)).scalar_one()

    def undo(self, move: ThreadMove) -> Thread:
        undo = undo_merge if move.kind == "merge" else undo_split
        return undo(self.session, move, now=self.later(), actor=self.actor)

    def picture(self, thread_id: uuid.UUID) -> dict[str, Any]:
        """The thread, its people, and every row that hangs on it."""
        taken = snapshot(self.session, thread_id)
        taken["thread"].pop("version")
        taken["thread_reads"] = sorted((row["user_id"], row["seen_seq"]) for row in taken["thread_reads"])
        taken["drafts"].sort(key=lambda row: (row["user_id"], row["kind"]))
        for name in ("messages", "attachments", "deliveries", "tasks"):
            table = Base.metadata.tables[name]
            columns = [table.c.id, *([table.c.seq] if "seq" in table.c else [])]
            query = sa.select(*columns).where(table.c.thread_id == thread_id).order_by(table.c.id)
            taken[name] = [tuple(row) for row in self.session.execute(query)]
        return taken


@pytest.fixture
def house(app_context: Flask, db_session: Session) -> House:
    brand = make_brand(db_session)
    alice, bob = (make_user(db_session, name, brands=(brand,)) for name in ("Alice", "Bob"))
    channel = make_channel(db_session, brand, keyring=runtime().keyring)
    anna = make_contact(db_session, "Anna", value="31687654321")
    return House(db_session, alice, bob, channel, make_contact(db_session), anna)


def two_used_threads(house: House) -> tuple[Thread, Thread]:
    keep, gone = house.thread("ioi"), house.thread("iio", contact=house.anna)
    session, actor = house.session, house.actor
    change_tags(session, thread_id=keep.id, add=("spoed", "garantie"), actor=actor, now=NOW)
    change_tags(session, thread_id=gone.id, add=("retour", "spoed"), actor=actor, now=NOW)
    change_status(session, thread_id=keep.id, status=ThreadStatus.RESOLVED, actor=actor, now=NOW)
    assign_thread(session, thread_id=gone.id, assignee_user_id=house.bob.id, actor=actor, now=NOW)
    gone.priority = Priority.URGENT
    mark_read(session, user_id=house.alice.id, thread_id=keep.id, seen_seq=3, now=NOW)
    mark_read(session, user_id=house.alice.id, thread_id=gone.id, seen_seq=3, now=NOW)
    mark_read(session, user_id=house.bob.id, thread_id=gone.id, seen_seq=1, now=NOW)
    for thread, text in ((keep, "Beste Pieter"), (gone, "Beste Anna")):
        save_draft(session, user_id=house.alice.id, thread_id=thread.id, kind="reply", text=text, attachment_ids=[], now=NOW)
    save_draft(session, user_id=house.bob.id, thread_id=gone.id, kind="note", text="Let op", attachment_ids=[], now=NOW)
    task = Task(id=new_id(), brand_id=gone.brand_id, thread_id=gone.id, title="Bel", created_at=NOW, updated_at=NOW)
    session.add(task)
    session.flush()
    return keep, gone


def test_a_merged_thread_holds_everything_of_both_and_its_old_address_leads_to_it(house: House) -> None:
    keep, gone = two_used_threads(house)
    number, messages = gone.number, 6
    house.merge(keep, gone)
    kept = lock_thread(house.session, gone.id)
    assert kept.id == keep.id
    assert house.session.execute(sa.select(ThreadAlias.thread_id).where(ThreadAlias.old_number == number)).scalar_one() == keep.id
    picture = house.picture(keep.id)
    assert [seq for _id, seq in sorted(picture["messages"], key=lambda row: row[1])] == list(range(1, messages + 1))
    assert (kept.message_count, kept.inbound_seq) == (6, 5)
    assert (kept.status, kept.assignee_user_id, kept.priority) == (ThreadStatus.OPEN, house.bob.id, Priority.URGENT)
    assert set(kept.tags) == {"spoed", "garantie", "retour"}
    assert dict(picture["thread_reads"])[str(house.alice.id)] == 6  # she had read both; Bob had not
    assert str(house.bob.id) not in dict(picture["thread_reads"])
    assert {row["text"] for row in picture["drafts"]} == {"Beste Pieter\n\nBeste Anna", "Let op"}
    assert len(picture["tasks"]) == 1
    assert len(picture["deliveries"]) == 2


def test_undo_gives_both_threads_exactly_what_they_had(house: House) -> None:
    keep, gone = two_used_threads(house)
    gone_id, before = gone.id, (house.picture(keep.id), house.picture(gone.id))
    move = house.merge(keep, gone)
    mark_read(house.session, user_id=house.alice.id, thread_id=keep.id, seen_seq=6, now=NOW)  # the merger lands on it
    restored = house.undo(move)
    assert restored.id == gone_id
    after = house.picture(keep.id), house.picture(gone_id)
    assert [{n: (b[n], a[n]) for n in b if a[n] != b[n]} for b, a in zip(before, after, strict=True)] == [{}, {}]
    assert house.session.get(ThreadAlias, gone_id) is None
    with pytest.raises(UnableToUndo, match="done"):
        house.undo(move)


def test_what_waits_for_an_answer_still_does_after_a_merge(house: House) -> None:
    keep, gone = house.thread("io"), house.thread("i")
    change_status(house.session, thread_id=keep.id, status=ThreadStatus.WAITING_CUSTOMER, now=house.later(), actor=house.actor)
    move = house.merge(keep, gone)
    assert lock_thread(house.session, keep.id).status == ThreadStatus.OPEN
    house.undo(move)
    assert lock_thread(house.session, keep.id).status == ThreadStatus.WAITING_CUSTOMER
    change_status(house.session, thread_id=gone.id, status=ThreadStatus.WAITING_INTERNAL, now=house.later(), actor=house.actor)
    house.merge(keep, gone)
    assert lock_thread(house.session, keep.id).status == ThreadStatus.WAITING_CUSTOMER


def test_a_snoozed_or_resolved_thread_is_one_again_after_undo(house: House) -> None:
    keep, gone = house.thread("i"), house.thread("i")
    snooze_thread(house.session, thread_id=keep.id, until=house.at + timedelta(days=1), actor=house.actor, now=house.at)
    change_status(house.session, thread_id=gone.id, status=ThreadStatus.CLOSED, actor=house.actor, now=house.at)
    before = house.picture(keep.id), house.picture(gone.id)
    gone_id, move = gone.id, house.merge(keep, gone)
    assert keep.snoozed_until is not None  # a closed thread wakes nobody
    house.undo(move)
    assert (house.picture(keep.id), house.picture(gone_id)) == before


def test_what_came_since_stays_in_the_kept_thread_and_what_people_changed_is_not_changed_back(house: House) -> None:
    keep, gone = house.thread("io"), house.thread("ii")
    gone_id, former = gone.id, house.picture(gone.id)
    move = house.merge(keep, gone)
    late = house.write(keep.id)
    change_status(house.session, thread_id=keep.id, status=ThreadStatus.ESCALATED, actor=house.actor, now=house.at)
    mark_read(house.session, user_id=house.alice.id, thread_id=keep.id, seen_seq=5, now=NOW)
    house.undo(move)
    house.session.refresh(late)
    house.session.refresh(keep)
    assert (late.thread_id, late.seq) == (keep.id, 3)
    assert (keep.message_count, keep.inbound_seq, keep.status) == (3, 3, ThreadStatus.ESCALATED)
    assert (keep.preview, keep.last_message_at) == (late.text, late.occurred_at)
    assert dict(house.picture(keep.id)["thread_reads"]) == {str(house.alice.id): 3}
    assert house.picture(gone_id) == former


def test_moves_are_undone_last_first_and_in_time(house: House) -> None:
    one, two, three = (house.thread("i") for _ in range(3))
    first, second = house.merge(two, one), house.merge(three, two)
    with pytest.raises(UnableToUndo, match="later"):
        house.undo(first)
    house.undo(second)
    house.undo(first)
    assert {lock_thread(house.session, t.id).message_count for t in (two, three)} == {1}
    again = house.merge(three, two)
    house.at += UNDO_FOR
    with pytest.raises(UnableToUndo, match="late"):
        house.undo(again)


def test_threads_of_two_brands_stay_two(house: House) -> None:
    other = make_channel(house.session, make_brand(house.session, "laderthuis"), keyring=runtime().keyring, address="1066")
    foreign = make_thread(house.session, other, house.pieter)
    mine = house.thread("i")
    with pytest.raises(UnableToMerge):
        house.merge(mine, foreign)


def test_a_split_gives_the_later_messages_a_thread_of_their_own_and_takes_it_back(house: House) -> None:
    thread = house.thread("ioiio")
    messages = (
        house.session.execute(sa.select(Message).where(Message.thread_id == thread.id).order_by(Message.seq)).scalars().all()
    )
    mark_read(house.session, user_id=house.alice.id, thread_id=thread.id, seen_seq=5, now=NOW)
    mark_read(house.session, user_id=house.bob.id, thread_id=thread.id, seen_seq=3, now=NOW)
    before = house.picture(thread.id)
    move = house.split(messages[2])
    new = lock_thread(house.session, move.to_thread_id)
    house.session.refresh(thread)
    assert (thread.message_count, thread.inbound_seq, new.message_count, new.inbound_seq) == (2, 1, 3, 2)
    assert (new.subject, new.contact_id, new.is_open) == ("Nieuw", house.pieter.id, True)
    pictures = house.picture(thread.id), house.picture(new.id)
    assert [len(p["messages"]) for p in pictures] == [len(p["attachments"]) for p in pictures] == [2, 3]
    assert [len(p["deliveries"]) for p in pictures] == [1, 1]
    assert dict(pictures[0]["thread_reads"]) == {str(house.alice.id): 2, str(house.bob.id): 2}
    assert dict(pictures[1]["thread_reads"]) == {str(house.alice.id): 3, str(house.bob.id): 1}
    assert thread.preview == messages[1].text
    new_id_ = new.id
    house.undo(move)
    assert house.picture(thread.id) == before
    assert lock_thread(house.session, new_id_).id == thread.id  # its address leads home


def test_after_an_undone_split_late_messages_stay_where_they_came(house: House) -> None:
    thread = house.thread("iii")
    middle = house.session.execute(sa.select(Message).where(Message.thread_id == thread.id, Message.seq == 2)).scalar_one()
    move = house.split(middle)
    here, there = house.write(thread.id), house.write(move.to_thread_id)
    mark_read(house.session, user_id=house.bob.id, thread_id=thread.id, seen_seq=2, now=NOW)
    house.undo(move)
    for message in (here, there):
        house.session.refresh(message)
    old, new = lock_thread(house.session, thread.id), lock_thread(house.session, move.to_thread_id)
    assert (here.thread_id, here.seq, old.message_count, old.inbound_seq) == (old.id, 4, 4, 4)
    assert (there.thread_id, there.seq, new.message_count, new.inbound_seq) == (new.id, 1, 1, 1)
    assert (old.preview, new.preview) == (here.text, there.text)


def test_nothing_to_leave_behind_is_no_split(house: House) -> None:
    thread = house.thread("ii")
    first = house.session.execute(sa.select(Message).where(Message.thread_id == thread.id, Message.seq == 1)).scalar_one()
    with pytest.raises(UnableToSplit):
        house.split(first)


@pytest.mark.parametrize("seed", range(amount(6, full=12)))
def test_no_message_is_lost_or_doubled_by_any_sequence(house: House, seed: int) -> None:
    """Merges, splits, undos and new messages in any order: then everything undone, last first, and all is as it was."""
    dice = random.Random(seed)
    threads = [house.thread("".join(dice.choices("io", k=dice.randint(1, 4)))) for _ in range(4)]
    before = {thread.id: house.picture(thread.id) for thread in threads}
    written, moves, late = sum(len(p["messages"]) for p in before.values()), [], 0
    for _turn in range(14):
        ids = list(house.session.execute(sa.select(Thread.id).order_by(Thread.id)).scalars())
        step = dice.choice(["merge", "split", "undo", *(["write"] if seed % 2 else [])])
        if step == "merge" and len(ids) > 1:
            keep, gone = (house.session.get_one(Thread, found) for found in dice.sample(ids, 2))
            moves.append(house.merge(keep, gone))
        elif step == "split":
            messages = list(house.session.execute(sa.select(Message).where(Message.seq > 1).order_by(Message.id)).scalars())
            with suppress(UnableToSplit, IndexError):
                moves.append(house.split(dice.choice(messages)))
        elif step == "undo" and moves:
            house.undo(moves.pop())
        elif step == "write":
            house.write(dice.choice(ids), dice.choice("io"))
            late += 1
        check_nothing_lost(house, written + late)
    while moves:
        house.undo(moves.pop())
        check_nothing_lost(house, written + late)
    if not late:
        assert {thread_id: house.picture(thread_id) for thread_id in before} == before


def check_nothing_lost(house: House, count: int) -> None:
    """Every message is in a thread that knows its number, with its file and its delivery."""
    session = house.session
    assert session.execute(sa.select(sa.func.count()).select_from(Message)).scalar_one() == count
    highest = sa.select(sa.func.max(Message.seq)).where(Message.thread_id == Thread.id).scalar_subquery()
    assert session.execute(sa.select(Thread.id).where(Thread.message_count != sa.func.coalesce(highest, 0))).all() == []
    for table in (Attachment, Delivery):
        astray = sa.select(table.id).join(Message, Message.id == table.message_id).where(table.thread_id != Message.thread_id)
        assert session.execute(astray).all() == []


def test_every_table_that_names_a_thread_has_its_place_in_a_merge() -> None:
    naming = {
        table.name
        for table in Base.metadata.tables.values()
        if any(key.column.table.name == "threads" for column in table.columns for key in column.foreign_keys)
    }
    assert naming == FOLLOWS | KEPT_BY_A_TRIGGER | MADE_ANEW
