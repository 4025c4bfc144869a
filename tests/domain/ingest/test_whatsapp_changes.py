"""What customers and colleagues do to messages afterwards: reactions, edits, deletions, quotes; and numbers that change."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.models import Brand
from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact, ContactIdentity, ContactMerge
from app.domain.events.models import Event
from app.domain.threads.models import Message, MessageType, PendingChange, Thread, ThreadStatus
from tests.domain.ingest.test_whatsapp_intake import AT, NUMBER, Provider, channel, provider, says
from tests.factories import make_user
from tests.support.pages import PageClient
from tests.support.signing_in import sign_in

__all__ = ["channel", "provider"]
BUSINESS = "31201234567"


def change(kind: str, content: dict[str, Any], *, wamid: str, at: int, **more: Any) -> dict[str, Any]:
    return says("", wamid=wamid, at=at, type=kind, **{kind: content}, **more)


def reaction(emoji: str, *, wamid: str, at: int, target: str = "wamid.1", **more: Any) -> dict[str, Any]:
    return change("reaction", {"message_id": target, "emoji": emoji}, wamid=wamid, at=at, **more)


def edit(text: str, *, wamid: str, at: int, target: str = "wamid.1") -> dict[str, Any]:
    content = {"original_message_id": target, "message": {"type": "text", "text": {"body": text}}}
    return change("edit", content, wamid=wamid, at=at)


def revoke(*, wamid: str, at: int, target: str = "wamid.1") -> dict[str, Any]:
    return change("revoke", {"original_message_id": target}, wamid=wamid, at=at)


def echo(item: dict[str, Any], *, wamid: str, at: int) -> dict[str, Any]:
    """What a colleague did in the WhatsApp Business app."""
    whole = {"id": wamid, "from": BUSINESS, "to": "31612345678", "timestamp": str(at), **item}
    return {"metadata": {"display_phone_number": BUSINESS, "phone_number_id": NUMBER}, "message_echoes": [whole]}


def written(text: str) -> dict[str, Any]:
    return {"type": "text", "text": {"body": text}}


def play(provider: Provider, *values: dict[str, Any]) -> None:
    for value in values:
        assert provider.post(value) == 200
        provider.work()


def only(session: Session) -> Message:
    return session.execute(sa.select(Message)).scalar_one()


def count(session: Session, model: type) -> int:
    return session.execute(sa.select(sa.func.count()).select_from(model)).scalar_one()


def shown(message: Message) -> list[str]:
    return [r["emoji"] for r in message.reactions if r["emoji"]]


def test_a_reaction_sits_on_its_message_and_is_taken_back(provider: Provider, db_session: Session) -> None:
    play(provider, says("hoi", wamid="wamid.1"), reaction("👍", wamid="wamid.2", at=AT + 1))
    assert shown(only(db_session)) == ["👍"]
    play(provider, reaction("❤️", wamid="wamid.3", at=AT + 2))
    assert shown(only(db_session)) == ["❤️"]
    play(provider, reaction("", wamid="wamid.4", at=AT + 3))
    assert shown(only(db_session)) == []


def test_a_reaction_changed_within_its_second_is_the_later_one(provider: Provider, db_session: Session) -> None:
    play(provider, says("hoi", wamid="wamid.1"), reaction("👍", wamid="wamid.2", at=AT + 1))
    play(provider, reaction("", wamid="wamid.3", at=AT + 1))
    assert shown(only(db_session)) == []


def test_somebody_who_is_called_otherwise_now_takes_their_own_reaction_back(provider: Provider, db_session: Session) -> None:
    play(provider, says("hoi", wamid="wamid.1"), reaction("👍", wamid="wamid.2", at=AT + 1))
    removal = reaction("", wamid="wamid.3", at=AT + 2)
    removal["contacts"][0]["profile"]["name"] = "P. van Dam"
    play(provider, removal)
    assert shown(only(db_session)) == []


def test_reactions_before_their_message_wait_and_an_older_one_changes_nothing(provider: Provider, db_session: Session) -> None:
    play(provider, reaction("", wamid="wamid.3", at=AT + 2), reaction("👍", wamid="wamid.2", at=AT + 1))
    assert count(db_session, PendingChange) == 2
    play(provider, says("hoi", wamid="wamid.1"))
    assert shown(only(db_session)) == []
    assert count(db_session, PendingChange) == 0


def test_an_edit_keeps_every_version_and_the_list_says_the_newest(provider: Provider, db_session: Session) -> None:
    play(provider, says("oud", wamid="wamid.1"), edit("nieuwer", wamid="wamid.3", at=AT + 9))
    play(provider, edit("nieuw", wamid="wamid.2", at=AT + 5))
    message = only(db_session)
    assert [e["text"] for e in message.edits] == ["oud", "nieuw", "nieuwer"]
    assert message.text == "nieuwer"
    assert db_session.execute(sa.select(Thread.preview)).scalar_one() == "nieuwer"


def test_a_deletion_keeps_the_words_and_takes_them_out_of_the_list(provider: Provider, db_session: Session) -> None:
    play(provider, says("per ongeluk", wamid="wamid.1"), revoke(wamid="wamid.2", at=AT + 5))
    message = only(db_session)
    assert message.revoked_at is not None
    assert message.text == "per ongeluk"
    assert db_session.execute(sa.select(Thread.preview)).scalar_one() == ""


def test_a_customer_can_neither_edit_nor_delete_what_we_wrote(provider: Provider, db_session: Session) -> None:
    play(provider, echo(written("van ons"), wamid="wamid.1", at=AT))
    play(provider, edit("verdraaid", wamid="wamid.2", at=AT + 1), revoke(wamid="wamid.3", at=AT + 2))
    message = only(db_session)
    assert (message.text, message.edits, message.revoked_at) == ("van ons", [], None)


def test_a_quote_leads_to_its_message_also_when_that_comes_later(provider: Provider, db_session: Session) -> None:
    play(provider, says("antwoord", wamid="wamid.2", at=AT + 5, context={"from": BUSINESS, "id": "wamid.1"}))
    play(provider, says("vraag", wamid="wamid.1"))
    by_text = {m.text: m for m in db_session.execute(sa.select(Message)).scalars()}
    assert by_text["antwoord"].reply_to_message_id == by_text["vraag"].id


def test_what_a_colleague_does_in_the_app_is_ours_once(provider: Provider, db_session: Session) -> None:
    play(provider, says("hoi", wamid="wamid.1"))
    answer = echo(written("Ik bel zo"), wamid="wamid.2", at=AT + 5)
    play(provider, answer, answer, echo({**written("Ik bel zo"), "extra": 1}, wamid="wamid.2", at=AT + 5))
    thread = db_session.execute(sa.select(Thread)).scalar_one()
    ours = db_session.execute(sa.select(Message).where(Message.message_type == MessageType.OUTGOING)).scalar_one()
    assert (ours.sender["name"], ours.thread_id, ours.delivery_status) == ("WhatsApp app", thread.id, "sent")
    content = {"original_message_id": "wamid.2", "message": written("Ik bel om vijf")}
    play(provider, echo({"type": "edit", "edit": content}, wamid="wamid.3", at=AT + 6))
    assert ours.text == "Ik bel om vijf"
    play(provider, echo({"type": "revoke", "revoke": {"original_message_id": "wamid.2"}}, wamid="wamid.4", at=AT + 7))
    db_session.refresh(ours)
    assert ours.revoked_at is not None


def test_history_of_the_app_asks_nobody_for_anything(provider: Provider, db_session: Session) -> None:
    items = [
        {"id": "wamid.1", "from": "31612345678", "timestamp": str(AT), **written("Oude vraag")},
        {"id": "wamid.2", "from": BUSINESS, "timestamp": str(AT + 9), **written("Oud antwoord")},
    ]
    past = {
        "metadata": {"display_phone_number": BUSINESS, "phone_number_id": NUMBER},
        "history": [{"threads": [{"id": "31612345678", "messages": items}]}],
    }
    play(provider, past)
    thread = db_session.execute(sa.select(Thread)).scalar_one()
    assert (thread.status, thread.message_count) == (ThreadStatus.RESOLVED, 2)
    types = set(db_session.execute(sa.select(Event.type)).scalars())
    assert "MessageReceived" not in types
    play(provider, says("Nieuwe vraag", wamid="wamid.3", at=AT + 60))
    db_session.refresh(thread)
    assert (thread.status, thread.message_count) == (ThreadStatus.OPEN, 3)


def changed_number(new: str, *, wamid: str, at: int) -> dict[str, Any]:
    note = {"type": "user_changed_number", "wa_id": new, "body": f"User changed to {new}"}
    return says("", wamid=wamid, at=at, type="system", system=note)


@pytest.mark.parametrize("wrote_first", [False, True])
def test_somebody_with_a_new_number_is_the_same_contact(provider: Provider, db_session: Session, wrote_first: bool) -> None:
    play(provider, says("hoi", wamid="wamid.1"))
    late = [says("nieuw nummer", wamid="wamid.9", sender="31687654321", at=AT + 50)]
    note = [changed_number("31687654321", wamid="wamid.2", at=AT + 20)]
    play(provider, *(late + note if wrote_first else note + late))
    standing = db_session.execute(sa.select(Contact).where(Contact.merged_into_id.is_(None))).scalar_one()
    assert {t.contact_id for t in db_session.execute(sa.select(Thread)).scalars()} == {standing.id}
    preferred = sa.select(ContactIdentity.value).where(ContactIdentity.kind == "wa_id", ContactIdentity.is_primary)
    assert db_session.execute(preferred).scalar_one() == "31687654321"


def test_a_new_number_that_was_somebody_elses_for_long_stays_with_them(provider: Provider, db_session: Session) -> None:
    play(provider, says("hoi", wamid="wamid.1"), says("ik", wamid="wamid.8", sender="31687654321"))
    db_session.execute(sa.update(Contact).values(created_at=sa.func.now() - sa.text("interval '30 days'")))
    db_session.commit()
    play(provider, changed_number("31687654321", wamid="wamid.2", at=AT + 20))
    assert count(db_session, ContactMerge) == 0


def test_a_user_name_without_number_is_one_contact_before_and_after(provider: Provider, db_session: Session) -> None:
    hidden = says("wie ben ik", wamid="wamid.1", from_user_id="NL.1349")
    hidden["contacts"] = [{"profile": {"name": "Jan", "username": "jan.jansen"}, "user_id": "NL.1349"}]
    del hidden["messages"][0]["from"]
    known = says("ik ben het", wamid="wamid.2", at=AT + 9)
    play(provider, known, hidden)
    assert count(db_session, Contact) == 2
    both = says("met nummer", wamid="wamid.3", at=AT + 20, from_user_id="NL.1349")
    both["contacts"][0]["user_id"] = "NL.1349"
    play(provider, both)
    standing = db_session.execute(sa.select(Contact).where(Contact.merged_into_id.is_(None))).scalar_one()
    assert {t.contact_id for t in db_session.execute(sa.select(Thread)).scalars()} == {standing.id}


def test_a_new_scoped_id_belongs_to_the_same_contact(provider: Provider, db_session: Session) -> None:
    first = says("hoi", wamid="wamid.1", from_user_id="NL.1")
    first["contacts"][0]["user_id"] = "NL.1"
    note = {"type": "user_changed_user_id", "user_id": "NL.2"}
    play(provider, first, says("", wamid="wamid.2", at=AT + 3, from_user_id="NL.1", type="system", system=note))
    later = says("weer ik", wamid="wamid.3", at=AT + 9, from_user_id="NL.2")
    later["contacts"] = [{"profile": {"name": "Pieter"}, "user_id": "NL.2"}]
    del later["messages"][0]["from"]
    play(provider, later)
    assert count(db_session, Contact) == 1
    assert count(db_session, Thread) == 1


def test_the_thread_shows_versions_deletions_quotes_and_reactions(
    provider: Provider, db_session: Session, page_client: PageClient, channel: Channel
) -> None:
    play(provider, says("oude woorden", wamid="wamid.1"), edit("nieuwe woorden", wamid="wamid.2", at=AT + 1))
    play(provider, says("weg ermee", wamid="wamid.3", at=AT + 2), revoke(wamid="wamid.4", at=AT + 3, target="wamid.3"))
    play(provider, says("dit dus", wamid="wamid.5", at=AT + 4, context={"id": "wamid.1"}))
    play(provider, reaction("👍", wamid="wamid.6", at=AT + 5, target="wamid.5"))
    sign_in(page_client.plain, db_session, make_user(db_session, "Alice", brands=(db_session.get_one(Brand, channel.brand_id),)))
    thread_id = db_session.execute(sa.select(Thread.id)).scalar_one()
    articles = page_client.get(f"/threads/{thread_id}").text.split("<article ")[1:]
    first, deleted, answer = articles
    assert "oude woorden" in first.partition('<details class="versions')[2]
    before, _, folded = deleted.partition("Show the deleted text")
    assert "weg ermee" in folded
    assert "weg ermee" not in before
    message_id = db_session.execute(sa.select(Message.id).where(Message.external_id == "wamid.1")).scalar_one()
    assert f'<a class="answered" href="#item-{message_id}">' in answer
    assert "nieuwe woorden" in answer
    assert answer.partition('class="message__reactions"')[2].count("👍") == 1
