"""Where a brand lets only the assignee answer, a program acting for somebody else is refused, too."""

from __future__ import annotations

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from tests.api.conftest import Caller, World, make_token


def test_only_the_assignee_may_answer_through_the_api(
    alice: Caller, world: World, client: FlaskClient, db_session: Session
) -> None:
    world.brand.only_assignee_answers = True
    world.thread.assignee_user_id, world.thread.window_opened_at = world.bob.id, utc_now()
    db_session.commit()
    reply = {"thread_id": str(world.thread.id), "message_type": "outgoing", "message_content": "Om drie uur"}
    refused = alice.post("/communication/messages", reply)
    assert (refused.status_code, refused.json["errors"]) == (  # type: ignore[index]
        422,
        [{"field": "thread_id", "message": "Only Bob can answer this thread: take it over first"}],
    )
    assert alice.post("/communication/messages", {**reply, "message_type": "internal_note"}).status_code == 202
    bob = Caller(client, make_token(db_session, world.bob))
    seen = bob.get(f"/communication/messages?thread_id={world.thread.id}").json["items"][0]["id"]  # type: ignore[index]
    assert bob.post("/communication/messages", {**reply, "last_seen_message_id": seen}).status_code == 202
