"""What lay in a mailbox before it was connected is history, but for what somebody may still wait for."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.core.clock import utc_now
from app.domain.events.models import Event
from app.domain.ingest.parsing import STILL_WAITED_FOR, lay_there_before
from app.domain.threads.models import Thread, ThreadStatus
from tests.domain.ingest.mailbox_world import MAILBOX, MailboxWorld

CONNECTED_AT = utc_now()


def connect_now(world: MailboxWorld) -> None:
    """Whatever was written until now was there before."""
    world.channel.created_at = utc_now()
    world.session.commit()


def threads(world: MailboxWorld) -> dict[str, ThreadStatus]:
    return {row.subject: row.status for row in world.session.execute(sa.select(Thread.subject, Thread.status))}


def told(world: MailboxWorld, event_type: str) -> int:
    count = sa.select(sa.func.count()).select_from(Event).where(Event.type == event_type)
    return int(world.session.execute(count).scalar_one())


def test_what_was_read_there_is_history_and_the_rest_is_new(followed: MailboxWorld) -> None:
    read = followed.write("Al beantwoord")
    followed.simulator.control("POST", "mark", {"mailbox": MAILBOX, "id": read})
    followed.write("Nog ongelezen")
    connect_now(followed)
    followed.write("Na het koppelen")
    followed.read()
    assert threads(followed) == {
        "Al beantwoord": ThreadStatus.RESOLVED,
        "Nog ongelezen": ThreadStatus.OPEN,
        "Na het koppelen": ThreadStatus.OPEN,
    }
    assert (told(followed, "PastMessageStored"), told(followed, "MessageReceived")) == (1, 2)


def test_an_answer_to_history_opens_its_conversation(followed: MailboxWorld) -> None:
    first = followed.simulator.deliver(mailbox=MAILBOX, subject="Offerte")[0]
    followed.simulator.control("POST", "mark", {"mailbox": MAILBOX, "id": first["graph_id"]})
    connect_now(followed)
    followed.read()
    assert threads(followed) == {"Offerte": ThreadStatus.RESOLVED}
    followed.write("Re: Offerte", in_reply_to=first["internet_message_id"])
    followed.read()
    assert threads(followed) == {"Offerte": ThreadStatus.OPEN}


@pytest.mark.parametrize(
    ("days_before", "is_read", "is_history"),
    [
        (1, True, True),
        (1, False, False),
        (STILL_WAITED_FOR.days - 1, False, False),
        (STILL_WAITED_FOR.days + 1, False, True),
        (-1, True, False),
        (-1, False, False),
    ],
)
def test_when_a_mail_is_history(days_before: int, is_read: bool, is_history: bool) -> None:
    meta = {"received_at": (CONNECTED_AT - timedelta(days=days_before)).isoformat(), "is_read": is_read}
    assert lay_there_before(meta, followed_at=CONNECTED_AT) is is_history


@pytest.mark.parametrize("meta", [{}, {"received_at": "yesterday"}, {"received_at": "2020-01-01T00:00:00"}])
def test_a_mail_of_unknown_time_is_new(meta: dict[str, str]) -> None:
    assert not lay_there_before({**meta, "is_read": True}, followed_at=CONNECTED_AT)
