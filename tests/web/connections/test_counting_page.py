"""What a count of a mailbox found stands on the channel's page, in words."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.models import Role
from app.domain.ingest.mailbox_models import MailboxItem, Reconciliation
from app.domain.ingest.models import InboundEvent
from app.domain.ingest.reconcile_job import reconcile
from tests.domain.ingest.mailbox_world import MailboxWorld
from tests.factories import make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in


@pytest.fixture(autouse=True)
def root(db_session: Session, page_client: PageClient) -> None:
    sign_in(page_client.plain, db_session, make_user(db_session, "Root", role=Role.ADMIN))


def path(world: MailboxWorld) -> str:
    return f"/settings/channels/{world.channel.id}"


def ask(client: PageClient, world: MailboxWorld) -> Reconciliation:
    answer = client.post(f"{path(world)}/reconciliation", data={"csrf_token": csrf_token(client.plain)})
    assert answer.status_code == 303
    world.session.expire_all()
    return world.session.execute(sa.select(Reconciliation).order_by(Reconciliation.created_at.desc()).limit(1)).scalar_one()


def test_a_count_is_asked_for_runs_and_is_told_in_words(page_client: PageClient, followed: MailboxWorld) -> None:
    assert "Not counted yet." in page_client.get(path(followed)).text
    gone = followed.write("Weg")
    followed.write("Laadpaal <b>kwijt</b>")
    followed.read()
    followed.take_away(gone, to="archive")
    followed.read()
    followed.session.execute(sa.delete(MailboxItem))  # nothing is known of either any more
    followed.session.execute(sa.delete(InboundEvent))
    followed.session.commit()
    run = ask(page_client, followed)
    waiting = page_client.get(path(followed)).text
    assert "Waiting for its turn" in waiting
    assert 'hx-trigger="every 2s"' in waiting
    assert "Count now" not in waiting
    assert ask(page_client, followed).id == run.id
    reconcile(row_id=str(run.id))
    told = page_client.get(path(followed), headers={"HX-Request": "true", "HX-Target": "reconciliation"}).text
    for words in (
        "1 difference",
        "1 in the mailbox, 1 of them also in Switchyard",
        "Email was missing from Switchyard: “Laadpaal &lt;b&gt;kwijt&lt;/b&gt;” (Inbox)",
        "1 email was fetched.",
        "Count now",
    ):
        assert words in told, words
    assert "<html" not in told
    assert "every 2s" not in told
    reconcile(row_id=str(ask(page_client, followed).id))
    assert "No differences" in page_client.get(path(followed)).text


def test_a_mailbox_that_refuses_us_is_told_why(page_client: PageClient, followed: MailboxWorld) -> None:
    followed.simulator.config(allowed_mailboxes=[])
    reconcile(row_id=str(ask(page_client, followed).id))
    told = page_client.get(path(followed)).text
    assert "Counting failed" in told
    assert "The application has no access to the mailbox" in told
