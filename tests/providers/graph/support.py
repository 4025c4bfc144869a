"""The simulator's controls, one mailbox seen from both sides, and a house small enough to crash at will."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from app.contract.base import (
    ChannelAccount,
    Found,
    Identity,
    IdentityKind,
    OutgoingAttachment,
    OutgoingMessage,
    Party,
    PolledItem,
    PollPage,
    ProviderError,
    SendResult,
)
from app.core.http import HttpClient
from app.providers.graph.adapter import GraphMail

MAILBOX = "service@chargecars.example"


class Crash(BaseException):
    """The process dies here. Not an Exception: nothing in the adapter may catch it."""


@dataclass
class Simulator:
    """The simulator's control surface."""

    http: HttpClient
    url: str

    def control(self, method: str, path: str, body: Any = None, **params: str) -> Any:
        answer = self.http.request(method, f"{self.url}/__sim/{path}", json=body, params=params or None, max_bytes=200_000_000)
        assert answer.ok, answer.text
        return answer.json()

    def deliver(self, **mail: Any) -> list[dict[str, Any]]:
        order = {"mailbox": MAILBOX, "from": "jan@example.nl", "subject": "Vraag", **mail}
        return list(self.control("POST", "deliver", order)["delivered"])

    def fault(self, method: str, path: str, **how: Any) -> None:
        self.control("POST", "fault", {"match": {"method": method, "path": path}, **how})

    def config(self, **values: Any) -> None:
        self.control("PUT", "config", values)

    def ledger(self) -> list[dict[str, Any]]:
        return list(self.control("GET", "ledger")["entries"])

    def outbox(self, **params: str) -> list[dict[str, Any]]:
        return list(self.control("GET", "outbox", **params)["mails"])

    def calls(self, method: str = "", path: str = "") -> list[dict[str, Any]]:
        every = self.control("GET", "requests")["requests"]
        return [call for call in every if (not method or call["method"] == method) and path in call["path"]]


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now


@dataclass
class World:
    """One mailbox, both sides of it, and a clock they share."""

    simulator: Simulator
    mail: GraphMail
    account: ChannelAccount
    clock: Clock
    make_adapter: Callable[[], GraphMail]
    state: dict[str, Any] = field(default_factory=dict)

    def advance(self, seconds: float) -> None:
        self.clock.now += timedelta(seconds=seconds)
        self.simulator.control("POST", "clock", {"advance_seconds": seconds})

    def restart(self) -> None:
        """A new process: tokens and connections are gone, what was stored is not."""
        self.mail = self.make_adapter()

    def poll(self) -> PollPage:
        """One poll; its state is stored as the house stores it, as JSON."""
        page = self.mail.poll(account=self.account, state=self.state)
        self.state = json.loads(json.dumps(page.state))
        return page

    def poll_all(self, most: int = 200) -> list[PolledItem]:
        """Poll until there is nothing more to do at once."""
        items: list[PolledItem] = []
        for _ in range(most):
            page = self.poll()
            items.extend(page.items)
            if not page.more:
                return items
        raise AssertionError("polling does not come to an end")

    def sender(self, message: OutgoingMessage, **progress: Any) -> House:
        return House(self, message, progress)


@dataclass
class House:
    """What delivery does with one message: tries, remembers progress, looks before it tries again."""

    world: World
    message: OutgoingMessage
    progress: dict[str, Any] = field(default_factory=dict)
    saves: int = 0
    crash_at_save: int | None = None
    crash_before_saving: bool = False

    def save(self, progress: dict[str, Any]) -> None:
        self.saves += 1
        crashing = self.saves == self.crash_at_save
        if crashing and self.crash_before_saving:
            raise Crash
        self.progress |= json.loads(json.dumps(progress))
        if crashing:
            raise Crash

    def attempt(self) -> SendResult:
        return self.world.mail.send(
            self.message, account=self.world.account, progress=dict(self.progress), save_progress=self.save
        )

    def until_sent(self, tries: int = 20) -> str:
        """Try as delivery does until the email is out; returns the provider's id."""
        uncertain = False
        for _ in range(tries):
            try:
                if uncertain:
                    look = self.world.mail.lookup(self.message, account=self.world.account, progress=dict(self.progress))
                    if look.found == Found.SENT:
                        assert look.provider_message_id
                        return look.provider_message_id
                    if look.found == Found.UNKNOWN:
                        self.world.advance(10)
                        continue
                return self.attempt().provider_message_id
            except ProviderError as error:
                if error.permanent:
                    raise
                uncertain = uncertain or error.outcome_unknown
                self.world.advance(error.retry_after_seconds or 10)
            except Crash:
                uncertain = True
                self.world.restart()
        raise AssertionError(f"not sent after {tries} tries: {self.progress}")


def person(address: str, name: str = "") -> Party:
    return Party((Identity(IdentityKind.EMAIL, address),), name=name)


def outgoing(reference: str = "019aa000-0000-7000-8000-000000000001", **changes: Any) -> OutgoingMessage:
    values: dict[str, Any] = {
        "reference": reference,
        "to": (person("jan@example.nl", "Jan Jansen"),),
        "subject": "Uw laadpaal",
        "text": "Dag Jan,\n\nDinsdag om negen uur?",
        "html": "<p>Dag Jan,</p><p>Dinsdag om negen uur?</p>",
        "message_id_header": f"c7.m{reference[-4:]}.0123456789abcdef@mail.chargecars.example",
        "reply_address": "service+t.mfzxq@chargecars.example",
    }
    return OutgoingMessage(**(values | changes))


def attachment(name: str, content: bytes, kind: str = "application/pdf", content_id: str | None = None) -> OutgoingAttachment:
    return OutgoingAttachment(name, kind, content, content_id)
