"""One mailbox seen from both sides, and a house small enough to crash at will."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from typing import Any

from app.contract.base import (
    ChannelAccount,
    Identity,
    IdentityKind,
    Lookup,
    OutgoingMessage,
    Party,
    PolledItem,
    ProviderError,
    SendResult,
)
from app.providers.smtp.adapter import MailServerMail
from app.sandbox.simulators.mailserver import MailServerSimulator
from app.sandbox.simulators.mailserver.store import Folder

MAILBOX, PASSWORD = "service@chargecars.example", "not-a-real-password"
OUR_ID = "t7.m1a.0123456789abcdef@mail.chargecars.example"


class Crash(BaseException):
    """The process dies here. Not an Exception: nothing in the adapter may catch it."""


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


def party(address: str) -> Party:
    return Party((Identity(IdentityKind.EMAIL, address),))


def mail_to(*addresses: str, **values: Any) -> OutgoingMessage:
    first, *others = addresses or ("jan@example.nl",)
    message = OutgoingMessage(
        reference="0198c0de-0000-7000-8000-000000000001",
        to=(party(first),),
        cc=tuple(map(party, others)),
        subject="Re: Vraag",
        text="Ons antwoord",
        message_id_header=OUR_ID,
    )
    return replace(message, **values)


@dataclass
class House:
    simulator: MailServerSimulator
    mail: MailServerMail
    account: ChannelAccount
    clock: Clock
    progress: dict[str, Any] = field(default_factory=dict)
    dies_at: str = ""  # the step after which the process dies
    state: dict[str, Any] = field(default_factory=dict)

    @property
    def post(self) -> Any:
        return self.simulator.post

    def with_settings(self, **settings: Any) -> House:
        self.account = replace(self.account, settings={**self.account.settings, **settings})
        return self

    def send(self, message: OutgoingMessage | None = None) -> SendResult:
        return self.mail.send(message or mail_to(), account=self.account, progress=dict(self.progress), save_progress=self.save)

    def save(self, progress: dict[str, Any]) -> None:
        before, self.progress = self.progress, {**self.progress, **progress}
        if self.dies_at and progress.get(self.dies_at) and not before.get(self.dies_at):
            raise Crash(self.dies_at)

    def look_up(self, message: OutgoingMessage | None = None) -> Lookup:
        return self.mail.lookup(message or mail_to(), account=self.account, progress=dict(self.progress))

    def failed_send(self, message: OutgoingMessage | None = None) -> ProviderError:
        try:
            self.send(message)
        except ProviderError as error:
            return error
        raise AssertionError("the email was sent")

    def received(self) -> list[tuple[str, ...]]:
        """The recipients of each mail that left, oldest first."""
        return [sent.recipients for sent in self.post.outbox]

    def folder(self, name: str = "INBOX") -> Folder:
        found: Folder = self.post.account(MAILBOX).folders[name]
        return found

    def deliver(self, subject: str, *, folder: str = "INBOX", text: str = "Hallo") -> None:
        raw = (
            f"From: jan@example.nl\r\nTo: {MAILBOX}\r\nSubject: {subject}\r\nMessage-ID: <{subject}@example.nl>\r\n\r\n{text}\r\n"
        )
        self.post.deliver(MAILBOX, raw.encode(), folder=folder)

    def poll(self) -> list[PolledItem]:
        """Every page there is, as the house stores them: the state with the items."""
        found: list[PolledItem] = []
        while True:
            page = self.mail.poll(account=self.account, state=self.state)
            self.state = page.state
            found += page.items
            if not page.more:
                return found

    def subjects(self) -> list[str]:
        return [str(message_from_bytes(item.raw)["Subject"]) for item in self.poll()]
