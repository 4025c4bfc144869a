"""A mailbox is counted against what we hold: what is missing is fetched, what left is noted, and then nothing is left to do."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import EXTENSION
from app.domain.connections.models import Channel
from app.domain.connections.provider_reads import gate_of
from app.domain.ingest.mailbox_models import MailboxItem, Reconciliation
from app.domain.ingest.models import InboundEvent
from app.domain.ingest.polling import poll_channel
from app.domain.ingest.reconcile_job import plan_reconciliations, reconcile
from app.domain.ingest.reconciliation_rows import ask_reconciliation
from tests.domain.ingest.mailbox_world import MailboxWorld
from tests.providers.graph.support import Crash


def count(world: MailboxWorld, *, slices: int = 40, channel: Channel | None = None) -> Reconciliation:
    """Carry a run out to its end, as workers do."""
    with transaction() as session:
        run_id = ask_reconciliation(session, (channel or world.channel).id, now=utc_now())
    assert run_id is not None
    return carry_out(world, run_id, slices=slices)


def carry_out(world: MailboxWorld, run_id: uuid.UUID, *, slices: int = 40) -> Reconciliation:
    for _ in range(slices):
        due = utc_now() - timedelta(seconds=1)
        world.session.execute(sa.update(Reconciliation).values(run_at=due).where(Reconciliation.id == run_id))
        world.session.commit()
        for channel in world.channels.values():
            gate_of(channel).open()  # as much time went by for the gate
        reconcile(row_id=str(run_id))
        world.session.expire_all()
        run = world.session.get_one(Reconciliation, run_id)
        if run.state not in ("ready", "running"):
            world.work()
            return run
    raise AssertionError("the run does not come to an end")


def differences(run: Reconciliation) -> tuple[int, int, int, int]:
    return tuple(run.result[name] for name in ("missing", "moved", "deleted", "left"))  # type: ignore[return-value]


def forget(world: MailboxWorld, *item_ids: str) -> None:
    """As if delta had never told of them."""
    world.session.execute(sa.delete(MailboxItem).where(MailboxItem.item_id.in_(item_ids)))
    keys = [f"{world.channel.id}:{item_id}" for item_id in item_ids]
    world.session.execute(sa.delete(InboundEvent).where(InboundEvent.dedupe_key.in_(keys)))
    world.session.commit()


def never_told(world: MailboxWorld, subject: str, folder: str = "inbox") -> str:
    """A mail that is in the mailbox and that delta says nothing of."""
    item_id = world.write(subject, folder=folder)
    poll_channel(world.channel.id)
    forget(world, item_id)
    return item_id


class Dying:
    """The worker dies as soon as emails were fetched, before any of them is stored."""

    def __init__(self, mailbox: Any) -> None:
        self._mailbox = mailbox

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mailbox, name)

    def fetch_items(self, **asked: Any) -> None:
        self._mailbox.fetch_items(**asked)
        raise Crash


def test_a_mailbox_in_step_has_no_difference(followed: MailboxWorld) -> None:
    for number in range(3):
        followed.write(f"Vraag {number}")
    followed.read()
    run = count(followed)
    assert (run.state, differences(run), run.result["here"]) == ("done", (0, 0, 0, 0), {"inbox": 3, "sentitems": 0})


def test_what_delta_never_told_is_fetched_once_and_the_next_run_finds_nothing(followed: MailboxWorld) -> None:
    followed.write("Bekend")
    followed.read()
    never_told(followed, "Nooit verteld")
    never_told(followed, "Ook niet", folder="sentitems")
    run = count(followed)
    assert differences(run) == (2, 0, 0, 0)
    assert (run.result["fetched"], run.result["there"]) == (2, {"inbox": 2, "sentitems": 1})
    assert {one["subject"] for one in run.result["differences"]} == {"Nooit verteld", "Ook niet"}
    assert sorted(message.subject for message in followed.messages()) == ["Bekend", "Nooit verteld", "Ook niet"]
    again = count(followed)
    assert (differences(again), again.result["fetched"], len(followed.messages())) == ((0, 0, 0, 0), 0, 3)


def test_what_left_while_the_link_was_lost_is_noted_where_it_went(followed: MailboxWorld) -> None:
    moved, deleted, _stays = (followed.write(subject) for subject in ("weg", "verwijderd", "blijft"))
    followed.read()
    followed.take_away(moved, to="archive")
    followed.take_away(deleted, to=None)
    followed.simulator.control("POST", "expire-delta", {"mode": "gone"})
    run = count(followed)
    assert differences(run) == (0, 1, 1, 0)
    assert {(one["kind"], one.get("to")) for one in run.result["differences"]} == {("moved", "Archief"), ("deleted", "")}
    shown = {message.subject: message.meta.get("mailbox", {}).get("gone", "") for message in followed.messages()}
    assert shown == {"weg": "moved", "verwijderd": "deleted", "blijft": ""}
    assert differences(count(followed)) == (0, 0, 0, 0)
    followed.take_away(moved, to="inbox")
    followed.simulator.control("POST", "expire-delta", {"mode": "gone"})
    followed.read()
    assert differences(count(followed)) == (0, 0, 0, 0)
    assert followed.session.get_one(MailboxItem, (followed.channel.id, moved)).gone is None


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 429, "headers": {"Retry-After": "1"}, "times": 2},
        {"status": 500, "body": "<html>oops</html>", "times": 2},
        {"drop_connection": True, "times": 2},
    ],
)
@pytest.mark.parametrize("path", ["/inbox/messages$", "/value$", "/messages/AAk[^/]+$"])
def test_trouble_on_the_way_is_waited_for_and_loses_nothing(followed: MailboxWorld, path: str, fault: dict[str, Any]) -> None:
    moved = followed.write("weg")
    followed.read()
    never_told(followed, "Nooit verteld")
    followed.take_away(moved, to="archive")
    followed.simulator.control("POST", "expire-delta", {"mode": "gone"})
    poll_channel(followed.channel.id)
    followed.simulator.fault("GET", path, **fault)
    run = count(followed)
    assert (run.state, differences(run), run.result["fetched"]) == ("done", (1, 1, 0, 0), 1)


def test_a_worker_that_dies_leaves_a_run_that_another_ends(followed: MailboxWorld) -> None:
    ids = [never_told(followed, f"Nooit verteld {number}") for number in range(3)]
    with transaction() as session:
        run_id = ask_reconciliation(session, followed.channel.id, now=utc_now())
    assert run_id is not None
    usual = followed.app.extensions[EXTENSION]
    dying = {kind: Dying(one) for kind, one in usual.adapters.reconciled.items()}
    followed.app.extensions[EXTENSION] = replace(usual, adapters=replace(usual.adapters, reconciled=dying))
    with pytest.raises(Crash):
        reconcile(row_id=str(run_id))
    followed.app.extensions[EXTENSION] = usual
    followed.session.execute(sa.update(Reconciliation).values(lease_until=utc_now() - timedelta(seconds=1)))
    run = carry_out(followed, run_id)
    assert (run.state, run.result["fetched"], len(followed.messages())) == ("done", 3, len(ids))


def test_a_mailbox_that_refuses_us_ends_the_run_with_the_reason(followed: MailboxWorld) -> None:
    followed.simulator.config(allowed_mailboxes=[])
    run = count(followed)
    assert (run.state, run.reason) == ("failed", "The application has no access to the mailbox")


def test_a_mailbox_is_counted_once_a_day_and_by_one_run_at_a_time(followed: MailboxWorld) -> None:
    assert (plan_reconciliations(), plan_reconciliations()) == (1, 0)
    with transaction() as session:
        assert ask_reconciliation(session, followed.channel.id, now=utc_now()) is None


def test_a_listing_whose_link_is_forgotten_begins_again(followed: MailboxWorld) -> None:
    followed.simulator.config(max_page_size=2)
    for number in range(5):
        followed.write(f"Vraag {number}")
    followed.read()
    never_told(followed, "Nooit verteld")
    followed.simulator.fault("GET", "/inbox/messages$", delay_s=0.001)  # the first page is as ever
    followed.simulator.fault("GET", "/inbox/messages$", status=410, body={"error": {"code": "resyncRequired"}})
    run = count(followed)
    assert (run.state, differences(run), run.result["there"]["inbox"]) == ("done", (1, 0, 0, 0), 6)
    pages = [call["query"] for call in followed.simulator.calls("GET", "/inbox/messages") if "/delta" not in call["path"]]
    assert sum("skip=" not in query for query in pages) == 2
