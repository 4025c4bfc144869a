"""The simulated tenant: the state that all routes of the Graph simulator share.

Code that reads or changes mail must hold `store.lock`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.sandbox.simulators.common import SimClock
from app.sandbox.simulators.graph.settings import Settings
from app.sandbox.simulators.graph.store import Json, Mailbox, MailStore

if TYPE_CHECKING:
    from app.sandbox.simulators.graph.delta import Round
    from app.sandbox.simulators.graph.drafting import UploadSession
    from app.sandbox.simulators.graph.entra import Token
    from app.sandbox.simulators.graph.sign_in import Grant
    from app.sandbox.simulators.graph.subscriptions import Subscription


@dataclass
class Due:
    """A function to call later on the simulator's clock."""

    at: datetime
    happen: Callable[[], None]


@dataclass
class Tenant:
    settings: Settings
    clock: SimClock = field(default_factory=SimClock)
    store: MailStore = field(default_factory=MailStore)
    tokens: dict[str, Token] = field(default_factory=dict)
    rounds: dict[str, Round] = field(default_factory=dict)  # by delta token
    lost_rounds: dict[str, str] = field(default_factory=dict)  # token → how its loss is told
    uploads: dict[str, UploadSession] = field(default_factory=dict)
    codes: dict[str, Grant] = field(default_factory=dict)  # of sign-ins under way
    refreshes: dict[str, Grant] = field(default_factory=dict)  # by refresh token
    calendars: dict[str, list[Json]] = field(default_factory=dict)  # changes by mailbox, oldest first
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    outbox: list[Any] = field(default_factory=list)  # what the outside world received, see world.Sent
    under_way: Counter[str] = field(default_factory=Counter)
    due: list[Due] = field(default_factory=list)

    def now(self) -> datetime:
        return self.clock.now()

    def later(self, at: datetime, happen: Callable[[], None]) -> None:
        """Call `happen` when the simulator's clock reaches `at`, or at once if that time has passed."""
        if at <= self.now():
            happen()
        else:
            self.due.append(Due(at, happen))

    def catch_up(self) -> None:
        """Call the functions planned with `later` whose time has come. Every request begins with this."""
        now = self.now()
        ready = [one for one in self.due if one.at <= now]
        self.due = [one for one in self.due if one.at > now]
        for one in sorted(ready, key=lambda one: one.at):
            one.happen()

    def mailbox(self, address: str) -> Mailbox | None:
        known = {one.lower() for one in self.settings.mailboxes}
        if address.lower() in known or (self.settings.open_mailboxes and "@" in address):
            return self.store.open(address)
        return None

    def is_allowed(self, address: str) -> bool:
        allowed = self.settings.allowed_mailboxes
        return allowed is None or address.lower() in {one.lower() for one in allowed}

    def reset(self) -> None:
        self.store.clear()
        sign_ins = (self.tokens, self.codes, self.refreshes, self.calendars)
        for kept in (*sign_ins, self.rounds, self.lost_rounds, self.uploads, self.subscriptions, self.outbox, self.due):
            kept.clear()

    def configure(self, values: Json) -> Json:
        self.settings = self.settings.changed(values)
        return self.settings.to_json()
