"""Stories as the rows their actions leave behind, of many threads at once: to play each costs a hundred statements.

Only what reports and SLA clocks read is written; the clocks are made by the application. test_quarter.py holds the histories of
written threads against those of played ones.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.insert_many import insert_many
from app.domain.analytics.kinds import SubjectKind
from app.domain.analytics.settle import mark
from app.domain.contacts.actions import IdentityInput, find_or_create_contacts
from app.domain.events.models import Event
from app.domain.sla.clock import FactKind
from app.domain.sla.models import SlaFact
from app.domain.sla.recompute import lock_threads
from app.domain.sla.update_clocks import new_fact, settle_threads
from app.domain.threads.models import Message, MessageType, Thread, ThreadAlias, ThreadStatus
from tests.domain.analytics.quarter import NOW, House
from tests.domain.analytics.reference import Act, Story
from tests.domain.sla.conftest import Desk


def write_down(session: Session, desk: Desk, told: Sequence[tuple[House, Story]]) -> list[uuid.UUID]:
    """Write these stories, and mark their threads for the reports. Returns the ids of their threads."""
    wanted = [(story.contact, [IdentityInput("email", story.contact)]) for _house, story in told]
    contacts = find_or_create_contacts(session, wanted, now=NOW)
    rows = [_Rows(house, story, contact_id, desk) for (house, story), contact_id in zip(told, contacts, strict=True)]
    insert_many(session, Thread, [one.thread for one in rows])
    for model, name in ((Message, "messages"), (Event, "events"), (SlaFact, "facts"), (ThreadAlias, "aliases")):
        insert_many(session, model, [row for one in rows for row in getattr(one, name)])
    ids = [one.id for one in rows]
    settle_threads(session, lock_threads(session, ids), now=NOW)
    mark(session, SubjectKind.THREAD, ids)
    return ids


@dataclass
class _Rows:
    """One thread, act by act."""

    house: House
    story: Story
    contact_id: uuid.UUID
    desk: Desk
    id: uuid.UUID = field(default_factory=new_id)
    status: ThreadStatus = ThreadStatus.OPEN
    holder: uuid.UUID | None = None
    messages: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    facts: list[dict[str, Any]] = field(default_factory=list)
    aliases: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for act in self.story.acts:
            getattr(self, act.what)(act)

    def ask(self, act: Act) -> None:
        if act.merges or not self.messages:  # a thread of its own
            self._note(act.at, FactKind.STATUS, "open")
        elif self.status != ThreadStatus.OPEN:
            self._change(act.at, ThreadStatus.OPEN, None)
        self._say(act, MessageType.INCOMING, FactKind.ASKED)
        if act.merges:
            number = -(new_id().int % 2**62)  # of a thread that is gone: any that no other has
            self.aliases.append({"old_id": new_id(), "old_number": number, "thread_id": self.id, "merged_at": act.at})
        if act.merges and self.status != ThreadStatus.OPEN:
            former = self.status
            for _merge in range(act.merges):
                self.status = former
                self._change(act.at, ThreadStatus.OPEN, self.desk.alice.id)

    def answer(self, act: Act) -> None:
        self._say(act, MessageType.OUTGOING, FactKind.ANSWERED)
        if self.holder is None:
            self._assign(act.at, self.desk.alice.id, self.desk.alice.id)
        if self.status == ThreadStatus.OPEN:
            self._change(act.at, ThreadStatus.WAITING_CUSTOMER, self.desk.alice.id)

    def resolve(self, act: Act) -> None:
        self._change(act.at, ThreadStatus.RESOLVED, act.who)

    def give(self, act: Act) -> None:
        assert act.who is not None
        self._assign(act.at, act.who, self.desk.lena.id)

    def _say(self, act: Act, message_type: MessageType, kind: FactKind) -> None:
        is_incoming, channel = message_type == MessageType.INCOMING, self.house.channels[self.story.medium]
        message = {
            "id": new_id(),
            "thread_id": self.id,
            "brand_id": self.house.brand.id,
            "channel_id": channel.id,
            "seq": len(self.messages) + 1,
            "message_type": message_type,
            "medium": self.story.medium,
            "sender_contact_id": self.contact_id if is_incoming else None,
            "sender_user_id": act.who,
            "text": "Wanneer komt u?" if is_incoming else "Morgen",
            "occurred_at": act.at,
            "created_at": act.at,
        }
        self.messages.append(message)
        self._note(act.at, kind, message_id=message["id"])

    def _note(self, at: datetime, kind: FactKind, value: str = "", **more: Any) -> None:
        self.facts.append(new_fact(self.id, kind, at=at, value=value, **more))

    def _change(self, at: datetime, status: ThreadStatus, by: uuid.UUID | None) -> None:
        self._tell(at, "ThreadStatusChanged", by, self.status.value, status.value)
        self._note(at, FactKind.STATUS, status.value)
        self.status = status

    def _assign(self, at: datetime, to: uuid.UUID, by: uuid.UUID) -> None:
        self._tell(at, "ThreadAssigned", by, str(self.holder) if self.holder else None, str(to))
        self.holder = to

    def _tell(self, at: datetime, event_type: str, by: uuid.UUID | None, former: str | None, to: str) -> None:
        payload = {"from": former, "to": to}
        event = {"id": new_id(), "type": event_type, "occurred_at": at, "actor_user_id": by, "payload": payload}
        self.events.append(event | {"brand_id": self.house.brand.id, "thread_id": self.id})

    @property
    def thread(self) -> dict[str, Any]:
        asked = [one["occurred_at"] for one in self.messages if one["message_type"] == MessageType.INCOMING]
        return {
            "id": self.id,
            "subject": "Laadpaal doet niets",
            "brand_id": self.house.brand.id,
            "channel_id": self.house.channels[self.story.medium].id,
            "medium": self.story.medium,
            "contact_id": self.contact_id,
            "status": self.status,
            "assignee_user_id": self.holder,
            "created_at": asked[0],
            "last_message_at": self.messages[-1]["occurred_at"],
            "last_inbound_at": asked[-1],
            "window_opened_at": asked[-1],
            "resolved_at": self.story.acts[-1].at if self.status == ThreadStatus.RESOLVED else None,
            "message_count": len(self.messages),
        }
