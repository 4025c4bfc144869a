"""The pages of merging and splitting: what is offered, to whom, and what the answer leads to."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.models import User
from app.domain.connections.models import Channel
from app.domain.threads.models import Message, Thread
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in

PLACE = {"HX-Request": "true", "HX-Target": "move-place"}


@dataclass
class Desk:
    client: PageClient
    session: Session
    mallory: User
    channel: Channel
    mine: Thread  # of Pieter
    other: Thread  # of Pieter, too
    annas: Thread
    foreign: Thread  # of another brand

    def post(self, path: str, *, htmx: bool = True, **fields: object) -> TestResponse:
        data = {**fields, "csrf_token": csrf_token(self.client.plain)}
        return self.client.post(path, data=data, headers=PLACE if htmx else {})

    def exists(self, thread_id: uuid.UUID) -> bool:
        self.session.expire_all()
        return self.session.get(Thread, thread_id) is not None


@pytest.fixture
def desk(app: Flask, page_client: PageClient, db_session: Session) -> Desk:
    brand, theirs = make_brand(db_session), make_brand(db_session, "laderthuis")
    alice, mallory = make_user(db_session, brands=(brand,)), make_user(db_session, "Mallory", brands=(theirs,))
    with app.app_context():
        channel = make_channel(db_session, brand, keyring=runtime().keyring)
        far = make_channel(db_session, theirs, keyring=runtime().keyring, address="1066000000002")
    pieter, anna = make_contact(db_session), make_contact(db_session, "Anna Bos", value="31687654321")
    now = utc_now()
    made = [
        make_thread(db_session, where, who, subject=subject, at=now - timedelta(hours=n))
        for n, (where, who, subject) in enumerate(
            (
                (channel, pieter, "Laadpaal stuk"),
                (channel, pieter, "Factuur"),
                (channel, anna, "Kabel kwijt"),
                (far, pieter, "Geheim"),
            )
        )
    ]
    for thread in made:
        for minute in range(2):
            make_message(db_session, thread, f"Bericht over {thread.subject}", at=thread.created_at + timedelta(minutes=minute))
    sign_in(page_client.plain, db_session, alice)
    return Desk(page_client, db_session, mallory, channel, *made)


def test_the_contact_s_other_threads_are_offered_first_and_another_brand_s_never(desk: Desk) -> None:
    shown = desk.client.get(f"/threads/{desk.mine.id}/merge", headers=PLACE).text
    assert shown.index("Factuur") < shown.index("Kabel kwijt")
    assert "Different contact" in shown
    assert "is Anna Bos; the contact of this thread is Pieter van Dam" in shown
    assert "Geheim" not in shown
    assert f'value="{desk.mine.id}"' not in shown


@pytest.mark.parametrize(("text", "found"), [("factu", "Factuur"), ("anna b", "Kabel kwijt"), ("number", "Kabel kwijt")])
def test_threads_are_found_by_subject_number_and_name(desk: Desk, text: str, found: str) -> None:
    text = f"#{desk.annas.number}" if text == "number" else text
    headers = {"HX-Request": "true", "HX-Target": "merge-choices"}
    shown = desk.client.get(f"/threads/{desk.mine.id}/merge", query_string={"q": text}, headers=headers).text
    assert found in shown
    assert shown.count('role="option"') == 1


def test_words_of_another_brand_find_nothing(desk: Desk) -> None:
    shown = desk.client.get(f"/threads/{desk.mine.id}/merge", query_string={"q": "geheim"}).text
    assert "No thread of this brand matches" in shown


def test_a_merge_leads_to_the_kept_thread_and_its_undo_back(desk: Desk) -> None:
    gone = desk.mine.id
    answer = desk.post(f"/threads/{gone}/merge", into=desk.annas.id)
    told = json.loads(answer.headers["HX-Trigger"])
    assert answer.status_code == 204
    assert told["thread-moved"]["url"] == f"/threads/{desk.annas.id}"
    assert told["toast"]["stay_seconds"] >= 600
    assert not desk.exists(gone)
    assert desk.client.get(f"/threads/{gone}").location == f"/threads/{desk.annas.id}"
    timeline = desk.client.get(f"/threads/{desk.annas.id}").text
    assert f'action="{told["toast"]["undo_url"]}"' in timeline
    undone = desk.post(told["toast"]["undo_url"])
    assert json.loads(undone.headers["HX-Trigger"])["thread-moved"]["url"] == f"/threads/{gone}"
    assert desk.exists(gone)
    again = json.loads(desk.post(told["toast"]["undo_url"]).headers["HX-Trigger"])
    assert again["toast"]["text"] == "This merge or split was already undone."
    assert told["toast"]["undo_url"] not in desk.client.get(f"/threads/{desk.annas.id}").text


def test_without_scripts_the_dialog_is_a_page(desk: Desk) -> None:
    assert "<dialog" not in desk.client.get(f"/threads/{desk.mine.id}/merge").text.partition("<main")[2].partition("</main")[0]
    answer = desk.post(f"/threads/{desk.mine.id}/merge", htmx=False, into=desk.other.id)
    assert (answer.status_code, answer.location) == (303, f"/threads/{desk.other.id}")
    assert desk.post(f"/threads/{desk.other.id}/merge", htmx=False).status_code == 422


def test_a_thread_out_of_sight_is_not_accepted(desk: Desk, db_session: Session) -> None:
    assert desk.post(f"/threads/{desk.mine.id}/merge", into=desk.foreign.id).status_code == 404
    assert desk.post(f"/threads/{desk.foreign.id}/merge", into=desk.mine.id).status_code == 404
    assert desk.post("/bulk/merge", thread=[desk.mine.id, desk.foreign.id]).status_code == 422
    undo = json.loads(desk.post(f"/threads/{desk.mine.id}/merge", into=desk.other.id).headers["HX-Trigger"])["toast"]["undo_url"]
    sign_in(desk.client.plain, db_session, desk.mallory)
    assert desk.post(undo).status_code == 404
    assert desk.exists(desk.foreign.id)


def test_an_admin_cannot_merge_threads_of_two_brands(desk: Desk, db_session: Session) -> None:
    from app.domain.accounts.models import Role

    sign_in(desk.client.plain, db_session, make_user(db_session, "Root", role=Role.ADMIN))
    answer = desk.post(f"/threads/{desk.mine.id}/merge", into=desk.foreign.id)
    assert answer.status_code == 422
    assert "Threads of different brands cannot be merged." in answer.text


def test_the_chosen_are_merged_into_the_newest_and_undone_together(desk: Desk) -> None:
    ids = [desk.mine.id, desk.other.id, desk.annas.id]
    answer = desk.post("/bulk/merge", thread=[str(found) for found in ids])
    told = json.loads(answer.headers["HX-Trigger"])
    assert told["toast"]["text"] == f"2 threads are merged into #{desk.mine.number}"
    assert [desk.exists(found) for found in ids] == [True, False, False]
    assert desk.post(told["toast"]["undo_url"]).status_code == 204
    assert [desk.exists(found) for found in ids] == [True, True, True]
    assert desk.post("/bulk/merge", thread=[str(desk.mine.id)]).status_code == 422
    assert "select them one by one" in desk.post("/bulk/merge", thread=[str(found) for found in ids], all="1").text


def test_a_split_leads_to_the_new_thread_and_its_undo_back(desk: Desk) -> None:
    query = sa.select(Message.id).where(Message.thread_id == desk.mine.id).order_by(Message.seq)
    first, second = desk.session.execute(query).scalars()
    page = desk.client.get(f"/threads/{desk.mine.id}").text
    assert f"split?from={second}" in page
    assert f"split?from={first}" not in page
    dialog = desk.client.get(f"/threads/{desk.mine.id}/split", query_string={"from": second}, headers=PLACE).text
    assert 'value="Laadpaal stuk"' in dialog
    answer = desk.post(f"/threads/{desk.mine.id}/split", **{"from": second, "subject": "Tweede storing"})
    told = json.loads(answer.headers["HX-Trigger"])
    new = told["thread-moved"]["url"]
    assert "Tweede storing" in desk.client.get(new).text
    assert desk.post(f"/threads/{desk.mine.id}/split", **{"from": first}).status_code == 422
    assert desk.post(told["toast"]["undo_url"]).status_code == 204
    assert desk.client.get(new).location == f"/threads/{desk.mine.id}"
