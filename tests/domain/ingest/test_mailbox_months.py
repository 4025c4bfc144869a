"""Three mailboxes with everything that goes wrong: lost delta links, throttling, cut lines, colleagues who move and delete, hints
that are lost or come twice. In the end nothing differs, and nothing is here twice.

`MAILBOX_MESSAGES=10000 pytest tests/domain/ingest/test_mailbox_months.py -s` is the long run.
"""

from __future__ import annotations

import os
import random
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.connections.models import Channel
from app.domain.ingest.mailbox_models import MailboxItem, Reconciliation
from app.domain.ingest.notifications import client_state
from app.domain.ingest.polling import poll_channel, poll_soon
from app.domain.ingest.reconcile_job import reconcile
from app.domain.ingest.reconciliation_rows import ask_reconciliation
from app.domain.threads.models import Message
from tests.domain.ingest.mailbox_world import MailboxWorld
from tests.support.full import amount

MESSAGES = int(os.environ.get("MAILBOX_MESSAGES", amount(36, full=72)))
ROUNDS = 6
FAULTS = (
    {"status": 429, "headers": {"Retry-After": "1"}},
    {"status": 503, "headers": {"Retry-After": "2"}},
    {"status": 500, "body": "<html>oops</html>"},
    {"drop_connection": True},
    {"truncate": 20},
)


@dataclass
class Months:
    """Keeps its own book of what is where; `folders`: (mailbox, item) → the followed folder it is in, None elsewhere."""

    world: MailboxWorld
    client: FlaskClient
    dice: random.Random
    folders: dict[tuple[str, str], str | None] = field(default_factory=dict)
    happened: Counter[str] = field(default_factory=Counter)

    def round(self, number: int, mails: int) -> None:
        self._write(number, mails)
        self._trouble()
        self._read()
        self._colleagues(1 + mails // 4)
        if number % 4 == 2:
            mode = self.dice.choice(("gone", "not_found"))
            self.happened["links lost"] += self.world.simulator.control("POST", "expire-delta", {"mode": mode})["lost"]

    def _write(self, number: int, mails: int) -> None:
        for address in self.world.channels:
            folder = self.dice.choice(("inbox", "inbox", "inbox", "sentitems"))
            batch = [
                {"subject": f"Mail {number}-{one}", "from": f"c{self.dice.randrange(40)}@example.nl"} for one in range(mails)
            ]
            for one in self.world.simulator.deliver(mailbox=address, mails=batch, folder=folder):
                self.folders[address, one["graph_id"]] = folder

    def _trouble(self) -> None:
        self.world.simulator.control("DELETE", "fault")
        for _ in range(2):
            path = self.dice.choice(("/delta", "/value$", "/messages/AAk"))
            self.world.simulator.fault("GET", path, times=self.dice.randint(1, 3), **self.dice.choice(FAULTS))
            self.happened["faults"] += 1

    def _read(self) -> None:
        """Some mailboxes are hinted at, some twice, some not; the clock polls now and then."""
        for channel in self.world.channels.values():
            self.world.session.execute(sa.update(Channel).values(poll_rests_until=None))
            self.world.session.commit()
            for _ in range(self.dice.choice((0, 1, 2))):
                body = {"value": [{"clientState": client_state(channel.id), "changeType": "created"}]}
                assert self.client.post("/webhooks/outlook", json=body).status_code == 202
                poll_soon(channel.id)
                self.happened["hints"] += 1
            if self.dice.random() < 0.4:
                poll_channel(channel.id)
        self.world.work()

    def _colleagues(self, most: int) -> None:
        """Only with what was read already: a mail that was never seen by anybody is nobody's."""
        seen = set(self.world.session.execute(sa.select(MailboxItem.item_id)).scalars())
        known = [key for key in self.folders if key[1] in seen and self.folders[key] is not None]
        for address, item_id in self.dice.sample(known, min(most, len(known))):
            target = self.dice.choice(("archive", "deleteditems", "sentitems", None))
            self.world.take_away(item_id, to=target, mailbox=address)
            self.folders[address, item_id] = target if target == "sentitems" else None
            self.happened["moved or deleted"] += 1

    def here(self) -> dict[tuple[str, str], str]:
        """What we believe to be in the followed folders."""
        addresses = {channel.id: address for address, channel in self.world.channels.items()}
        query = sa.select(MailboxItem).where(MailboxItem.state == "held", MailboxItem.gone.is_(None))
        items = self.world.session.execute(query).scalars()
        return {(addresses[one.channel_id], one.item_id): one.folder for one in items}


def count_all(world: MailboxWorld) -> list[int]:
    """Count every mailbox, as workers do; the differences of each."""
    with transaction() as session:
        asked = [ask_reconciliation(session, channel.id, now=utc_now()) for channel in world.channels.values()]
    return [_differences(world, run_id) for run_id in asked if run_id]


def _differences(world: MailboxWorld, run_id: uuid.UUID) -> int:
    for _ in range(500):
        world.session.execute(sa.update(Reconciliation).values(run_at=utc_now() - timedelta(seconds=1)))
        world.session.execute(sa.update(Channel).values(poll_rests_until=None))
        world.session.commit()
        reconcile(row_id=str(run_id))
        world.session.expire_all()
        run = world.session.get_one(Reconciliation, run_id)
        if run.state == "done":
            world.work()
            assert run.result["left"] == run.result["unread"] == 0
            assert run.result["there"] == run.result["here"]
            return sum(int(run.result[name]) for name in ("missing", "moved", "deleted"))
        assert run.state in ("ready", "running"), run.reason
    raise AssertionError("a run does not come to an end")


@pytest.mark.timeout(7200)
def test_months_of_trouble_end_without_a_difference_and_nothing_is_here_twice(three: MailboxWorld, client: FlaskClient) -> None:
    months, began = Months(three, client, random.Random(20261122)), time.monotonic()
    for number in range(ROUNDS):
        months.round(number, MESSAGES // ROUNDS // len(three.channels))
    months.world.simulator.control("DELETE", "fault")
    months.world.simulator.fault("GET", "/inbox/messages$", status=429, headers={"Retry-After": "1"}, times=2)
    before = {key: folder for key, folder in months.folders.items() if folder}
    lacking = len(before.items() ^ months.here().items())
    first = count_all(three)
    assert months.here() == before
    assert count_all(three) == [0, 0, 0]
    messages = three.session.execute(sa.select(sa.func.count()).select_from(Message)).scalar_one()
    different = sa.select(sa.func.count(sa.distinct(Message.external_id))).select_from(Message)
    assert messages == len(months.folders) == three.session.execute(different).scalar_one()
    gone = [message for message in three.messages() if message.meta.get("mailbox", {}).get("gone")]
    assert len(gone) == sum(folder is None for folder in months.folders.values())
    assert set(months.happened) == {"faults", "hints", "links lost", "moved or deleted"}
    took = time.monotonic() - began
    print(f"\n{messages} messages, {dict(months.happened)}; {lacking} off before the count, which found {first}; {took:.0f} s")
