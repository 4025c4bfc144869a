"""Folders that are followed besides Inbox and Sent Items, because rules of Outlook put mail there."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.contract.reconcile import MailFolder
from app.core.db import db
from app.core.runtime import runtime
from app.domain.accounts.models import Role
from app.domain.connections.account import account_of
from app.domain.ingest.mailbox_models import MailboxItem, Reconciliation
from app.domain.ingest.models import InboundEvent
from app.domain.ingest.reconcile_job import reconcile
from app.domain.threads.models import Thread, ThreadStatus
from tests.domain.ingest.mailbox_world import MAILBOX, MailboxWorld
from tests.factories import make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in


@pytest.fixture(autouse=True)
def root(db_session: Session, page_client: PageClient) -> None:
    sign_in(page_client.plain, db_session, make_user(db_session, "Root", role=Role.ADMIN))


@pytest.fixture
def orders(followed: MailboxWorld) -> MailFolder:
    """A folder that lies inside the inbox."""
    return next(one for one in list_choosable(followed) if one.name.endswith("Bestellingen"))


def list_choosable(world: MailboxWorld) -> tuple[MailFolder, ...]:
    return runtime().adapters.reconciled["email_outlook"].list_choosable(account=account_of(world.channel))


def path(world: MailboxWorld) -> str:
    return f"/settings/channels/{world.channel.id}/folders"


def choose(client: PageClient, world: MailboxWorld, *folders: str) -> TestResponse:
    answer = client.post(path(world), data={"csrf_token": csrf_token(client.plain), "folder": list(folders)})
    db.session.remove()  # the page's, which the test's context keeps
    world.session.expire_all()
    return answer


def subjects(world: MailboxWorld) -> list[str]:
    return sorted(message.subject for message in world.messages())


def test_every_folder_where_mail_may_lie_is_offered_by_its_place(followed: MailboxWorld, page_client: PageClient) -> None:
    assert [one.name for one in list_choosable(followed)] == ["Archief", "Postvak IN / Bestellingen"]
    shown = page_client.get(path(followed)).text
    assert "Postvak IN / Bestellingen" in shown
    assert "Concepten" not in shown


def test_mail_that_a_rule_puts_into_a_chosen_folder_comes_in(
    followed: MailboxWorld, page_client: PageClient, orders: MailFolder
) -> None:
    followed.write("Eerder", folder=orders.id)
    followed.read()
    assert subjects(followed) == []
    assert choose(page_client, followed, orders.id).status_code == 303
    assert "Postvak IN / Bestellingen" in page_client.get(path(followed).removesuffix("/folders")).text
    followed.write("Later", folder=orders.id)
    followed.write("Gewoon")
    followed.read()
    followed.read()
    assert subjects(followed) == ["Eerder", "Gewoon", "Later"]


def test_what_was_read_in_a_folder_before_it_was_chosen_is_history(
    followed: MailboxWorld, page_client: PageClient, orders: MailFolder
) -> None:
    read = followed.write("Afgehandeld", folder=orders.id)
    followed.simulator.control("POST", "mark", {"mailbox": MAILBOX, "id": read})
    followed.write("Wacht nog", folder=orders.id)
    choose(page_client, followed, orders.id)
    chosen_at = followed.channel.settings["folders_since"][orders.id]
    followed.write("Later", folder=orders.id)
    followed.read()
    states = {row.subject: row.status for row in followed.session.execute(sa.select(Thread.subject, Thread.status))}
    waits = ThreadStatus.OPEN
    assert states == {"Afgehandeld": ThreadStatus.RESOLVED, "Wacht nog": waits, "Later": waits}
    choose(page_client, followed, orders.id, next(one.id for one in list_choosable(followed) if one.name == "Archief"))
    assert followed.channel.settings["folders_since"][orders.id] == chosen_at


def test_a_mail_that_moves_into_a_chosen_folder_has_not_left(
    followed: MailboxWorld, page_client: PageClient, orders: MailFolder
) -> None:
    choose(page_client, followed, orders.id)
    item_id = followed.write("Verplaatst")
    followed.read()
    followed.take_away(item_id, to=orders.id)
    followed.read()
    item = followed.session.get_one(MailboxItem, (followed.channel.id, item_id))
    assert (item.folder, item.gone) == (orders.id, None)
    assert subjects(followed) == ["Verplaatst"]


def test_a_folder_that_is_left_is_read_no_more_and_nothing_of_it_is_missed(
    followed: MailboxWorld, page_client: PageClient, orders: MailFolder
) -> None:
    choose(page_client, followed, orders.id)
    item_id = followed.write("Hier", folder=orders.id)
    followed.read()
    assert choose(page_client, followed).status_code == 303
    followed.write("Niet meer", folder=orders.id)
    followed.read()
    assert subjects(followed) == ["Hier"]
    item = followed.session.get_one(MailboxItem, (followed.channel.id, item_id))
    assert (item.gone, item.gone_to) == ("moved", "Postvak IN / Bestellingen")
    assert count(page_client, followed).result["differences"] == []


def test_a_count_fetches_what_a_chosen_folder_has_and_we_have_not(
    followed: MailboxWorld, page_client: PageClient, orders: MailFolder
) -> None:
    choose(page_client, followed, orders.id)
    followed.write("Zoek", folder=orders.id)
    followed.read()
    followed.session.execute(sa.delete(MailboxItem))
    followed.session.execute(sa.delete(InboundEvent))
    followed.session.commit()
    run = count(page_client, followed)
    assert (run.result["fetched"], run.result["there"][orders.id]) == (1, 1)
    assert "(Postvak IN / Bestellingen)" in page_client.get(path(followed).removesuffix("/folders")).text


def test_a_chosen_folder_that_was_deleted_holds_up_no_other(followed: MailboxWorld, page_client: PageClient) -> None:
    followed.channel.settings = {**followed.channel.settings, "folders": {"AQMkGone": "Oud project"}}
    followed.session.commit()
    followed.write("Gewoon")
    followed.read()
    followed.write("En nog een")
    followed.read()
    assert subjects(followed) == ["En nog een", "Gewoon"]
    assert count(page_client, followed).reason == ""
    shown = page_client.get(path(followed)).text
    assert "Oud project" in shown
    assert "Not in the mailbox any more" in shown


def test_a_mailbox_that_cannot_be_asked_says_why_and_changes_nothing(
    followed: MailboxWorld, page_client: PageClient, orders: MailFolder
) -> None:
    choose(page_client, followed, orders.id)
    followed.simulator.fault("GET", "/mailFolders", status=503, times=20)
    assert "could not load the folders" in page_client.get(path(followed)).text
    answer = choose(page_client, followed)
    assert answer.status_code == 422
    assert followed.channel.settings["folders"] == {orders.id: orders.name}


@pytest.mark.parametrize("folder", ["inbox", "AQMkNobody", "../sentitems", ""])
def test_a_folder_that_was_not_offered_cannot_be_chosen(followed: MailboxWorld, page_client: PageClient, folder: str) -> None:
    assert choose(page_client, followed, folder).status_code == 422
    assert "folders" not in followed.channel.settings


def count(client: PageClient, world: MailboxWorld) -> Reconciliation:
    """Count the mailbox from its page, to the end."""
    page = path(world).removesuffix("/folders")
    assert client.post(f"{page}/reconciliation", data={"csrf_token": csrf_token(client.plain)}).status_code == 303
    world.session.expire_all()
    run = world.session.execute(sa.select(Reconciliation).order_by(Reconciliation.created_at.desc()).limit(1)).scalar_one()
    reconcile(row_id=str(run.id))
    world.session.refresh(run)
    return run
