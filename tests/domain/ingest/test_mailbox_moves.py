"""What colleagues do with a mail in Outlook shows on its message, and takes nothing away."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.contract.base import RemovedItem
from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.ingest.mailbox_items import hold_items, note_removed
from app.domain.ingest.mailbox_models import MailboxItem
from app.domain.ingest.models import InboundEvent
from app.domain.ingest.polling import poll_channel
from app.domain.threads.models import MessageType
from tests.domain.ingest.mailbox_world import ADDRESSES, MAILBOX, MailboxWorld


def shown(world: MailboxWorld) -> tuple[str, str] | None:
    """What the only message says of its mail."""
    (message,) = world.messages()
    place = message.meta.get("mailbox")
    return (place["gone"], place["to"]) if place else None


@pytest.mark.parametrize(
    ("to", "says"), [("archive", ("moved", "Archief")), ("deleteditems", ("moved", "Verwijderde items")), (None, ("deleted", ""))]
)
def test_a_mail_that_left_is_kept_and_says_where_it_went(followed: MailboxWorld, to: str | None, says: tuple[str, str]) -> None:
    item_id = followed.write()
    followed.read()
    assert shown(followed) is None
    followed.take_away(item_id, to=to)
    followed.read()
    assert shown(followed) == says
    followed.read()
    assert shown(followed) == says


def test_a_mail_that_comes_back_is_the_same_message_and_says_nothing_more(followed: MailboxWorld) -> None:
    item_id = followed.write()
    followed.read()
    for to in ("archive", "inbox"):
        followed.take_away(item_id, to=to)
        followed.read()
    assert shown(followed) == ("", "")
    events = followed.session.execute(sa.select(sa.func.count()).select_from(InboundEvent)).scalar_one()
    assert events == 1


def test_a_mail_between_two_followed_folders_has_not_left(followed: MailboxWorld) -> None:
    item_id = followed.write()
    followed.read()
    followed.take_away(item_id, to="sentitems")
    followed.read()
    assert shown(followed) in (None, ("", ""))
    item = followed.session.get_one(MailboxItem, (followed.channel.id, item_id))
    assert (item.folder, item.gone) == ("sentitems", None)


def test_a_folder_that_tells_late_takes_nothing_out_of_another(followed: MailboxWorld) -> None:
    item_id = followed.write(folder="sentitems")
    followed.read()
    with transaction() as session:
        late = RemovedItem(item_id, "inbox", is_deleted=False, to="Verzonden items")
        assert note_removed(session, followed.channel.id, [late], now=utc_now()) == []
    assert shown(followed) is None


def test_a_mail_that_left_before_it_was_read_says_so_once_it_is(followed: MailboxWorld) -> None:
    item_id = followed.write()
    poll_channel(followed.channel.id)
    followed.take_away(item_id, to="archive")
    poll_channel(followed.channel.id)
    followed.react()
    followed.work()
    assert shown(followed) == ("moved", "Archief")


def test_where_it_went_may_stay_unknown(followed: MailboxWorld) -> None:
    item_id = followed.write()
    followed.read()
    followed.take_away(item_id, to="archive")
    followed.simulator.fault("GET", "/messages/AAk[^/]+$", status=429, headers={"Retry-After": "1"})
    followed.read()
    assert shown(followed) == ("moved", "")


def test_what_a_colleague_sends_from_outlook_is_ours_and_shows_that_it_was_deleted_there(followed: MailboxWorld) -> None:
    mail = {"from": MAILBOX, "to": "jan@example.nl"}
    item_id = followed.write("Re: Vraag", folder="sentitems", **mail)
    followed.read()
    followed.take_away(item_id, to=None)
    followed.read()
    assert shown(followed) == ("deleted", "")
    assert [message.message_type for message in followed.messages()] == [MessageType.OUTGOING]


def test_a_mail_to_two_mailboxes_tells_of_the_one_it_came_by(three: MailboxWorld) -> None:
    mail = f"From: jan@example.nl\r\nTo: {MAILBOX}\r\nSubject: Aan twee\r\nMessage-ID: <one@example.nl>\r\n\r\nHallo\r\n"
    ids = {address: three.write("Aan twee", address, mime=mail) for address in ADDRESSES[:2]}
    three.read()
    assert len(three.messages()) == 1
    three.take_away(ids[ADDRESSES[1]], to=None, mailbox=ADDRESSES[1])
    three.read()
    assert shown(three) is None


def test_nothing_to_note_writes_nothing(followed: MailboxWorld) -> None:
    with transaction() as session:
        assert hold_items(session, followed.channel.id, (), now=utc_now()) == []
        assert note_removed(session, followed.channel.id, (), now=utc_now()) == []
