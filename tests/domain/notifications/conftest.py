"""Who is told, with the simulated push service, Teams and mail server reached over HTTP and SMTP as in the demo."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.core.http import HttpClient
from app.core.runtime import EXTENSION, runtime
from app.domain.accounts.models import Brand, User
from app.domain.connections.models import Channel
from app.domain.events.actions import Actor, record
from app.domain.notifications.jobs import send_dispatch
from app.domain.notifications.models import NotificationDispatch, PushSubscription
from app.domain.notifications.push.devices import add_device, parse_device
from app.domain.threads.actions import add_note, assign_thread, subject_of
from app.domain.threads.models import Thread
from app.sandbox.simulators.common import serve
from app.sandbox.simulators.notices.app import start_notices
from tests.factories import NOW, make_brand, make_channel, make_contact, make_message, make_thread, make_user

DISPATCHES = table_of(NotificationDispatch)


@dataclass
class Outside:
    """The simulators, over HTTP."""

    url: str
    http: HttpClient

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, f"{self.url}{path}", json=body)
        assert answer.ok, answer.text
        return answer.json()

    def browser(self, mode: str = "fine") -> dict[str, Any]:
        """A new browser: {"id", "subscription"}."""
        made: dict[str, Any] = self.call("POST", "/__sim/devices", {"mode": mode})
        return made

    def pushes(self) -> list[dict[str, Any]]:
        """What browsers were shown, newest first."""
        shown: list[dict[str, Any]] = self.call("GET", "/__sim/pushes")["pushes"]
        return shown

    def cards(self) -> list[dict[str, Any]]:
        """Cards that arrived, newest first."""
        found: list[dict[str, Any]] = self.call("GET", "/__sim/cards")["cards"]
        return found

    def mails(self) -> list[dict[str, Any]]:
        """Mails that arrived, newest first."""
        found: list[dict[str, Any]] = self.call("GET", "/__sim/mails")["mails"]
        return found

    def calls(self, path: str) -> int:
        """How often an address that begins so was called."""
        return sum(request["path"].startswith(path) for request in self.requests())

    def requests(self) -> list[dict[str, Any]]:
        """Every request of a provider's own, oldest first."""
        made: list[dict[str, Any]] = self.call("GET", "/__sim/requests")["requests"]
        return made


@pytest.fixture(scope="session")
def simulators() -> Iterator[tuple[str, int]]:
    """The address of their HTTP, and the port of the mail server."""
    notices = start_notices()
    server = serve(notices.app)
    yield server.url, notices.smtp.port
    server.stop()
    notices.smtp.stop()


@pytest.fixture
def outside(app: Flask, simulators: tuple[str, int]) -> Iterator[Outside]:
    """The application calls these simulators, and they have forgotten everything."""
    usual, (url, smtp_port) = app.extensions[EXTENSION], simulators
    hosts = {"push_hosts": (url,), "teams_hosts": (url,), "smtp_url": f"smtp://127.0.0.1:{smtp_port}"}
    app.extensions[EXTENSION] = replace(usual, settings=replace(usual.settings, **hosts))
    outside = Outside(url, HttpClient(allowed_networks=["127.0.0.0/8"]))
    outside.call("POST", "/__sim/reset")
    yield outside
    app.extensions[EXTENSION] = usual


@dataclass
class House:
    """A brand with a thread; Alice and Bob see it, Mallory does not."""

    session: Session
    outside: Outside
    brand: Brand
    channel: Channel
    thread: Thread
    alice: User
    bob: User
    mallory: User
    now: datetime = field(default=NOW)

    def receive(self, thread: Thread | None = None) -> None:
        """A message comes in."""
        thread = thread or self.thread
        message = make_message(self.session, thread, "Wanneer komt u?", at=self.now)
        self.session.flush()
        record(self.session, "MessageReceived", subject=subject_of(thread, message), now=self.now)
        self.session.commit()

    def assign(self, user: User, thread: Thread | None = None) -> None:
        """Bob gives the thread to somebody."""
        thread_id = (thread or self.thread).id
        assign_thread(self.session, thread_id=thread_id, assignee_user_id=user.id, actor=Actor(self.bob.id), now=self.now)
        self.session.commit()

    def mention(self, text: str = "@Alice kijk") -> None:
        """Bob writes a note."""
        who = {"actor": Actor(self.bob.id), "author_name": "Bob"}
        add_note(self.session, thread_id=self.thread.id, text=text, now=self.now, **who)
        self.session.commit()

    def escalate(self, *users: User, through: tuple[str, ...] = ("app", "push"), quiet: bool = False, step: str = "75%") -> None:
        """A step of the thread's clock is reached."""
        payload = {"user_ids": [str(user.id) for user in users], "through": list(through), "in_quiet_hours": quiet, "step": step}
        payload |= {"clock": "first_response", "percent": 75, "late_minutes": None, "policy": "E-mail", "tell": "assignee"}
        payload |= {"response_due_at": self.now.isoformat(), "step_due_at": self.now.isoformat()}
        record(self.session, "EscalationStepReached", subject=subject_of(self.thread), now=self.now, payload=payload)
        self.session.commit()

    def other_thread(self, value: str = "31600000002") -> Thread:
        """Another customer's."""
        thread = make_thread(self.session, self.channel, make_contact(self.session, "Anna", value=value))
        self.session.commit()
        return thread

    def device(self, user: User, mode: str = "fine") -> PushSubscription:
        """A browser of the user's that is told."""
        made = parse_device(
            self.outside.browser(mode)["subscription"], allowed=runtime().settings.push_hosts, user_agent="Firefox/140.0 Windows"
        )
        device = add_device(self.session, made, user_id=user.id, session_id=None, now=self.now)
        self.session.commit()
        return device

    def dispatches(self, **values: Any) -> list[NotificationDispatch]:
        """In the order they were made."""
        query = (
            sa.select(NotificationDispatch).filter_by(**values).order_by(NotificationDispatch.created_at, NotificationDispatch.id)
        )
        return list(self.session.execute(query.execution_options(populate_existing=True)).scalars())

    def carry_out(self) -> None:
        """Run the job of every dispatch that is due, as the relay hands them out."""
        for dispatch in self.dispatches():
            send_dispatch(row_id=str(dispatch.id))
        self.session.expire_all()

    def let_time_pass(self) -> None:
        """Whatever waits is due now."""
        self.session.execute(sa.update(DISPATCHES).values(run_at=sa.func.now() - sa.text("interval '1 second'")))
        self.session.commit()


@pytest.fixture
def house(app: Flask, app_context: Flask, db_session: Session, outside: Outside) -> House:
    brand, other = make_brand(db_session), make_brand(db_session, "other")
    channel = make_channel(db_session, brand, keyring=runtime().keyring)
    people = (make_user(db_session, name, brands=(b,)) for name, b in (("Alice", brand), ("Bob", brand), ("Mallory", other)))
    thread = make_thread(db_session, channel, make_contact(db_session), subject="Laadpaal defect")
    house = House(db_session, outside, brand, channel, thread, *people)
    db_session.commit()
    return house


def text_of(value: object) -> str:
    """Anything as one text, to look for what must not be in it."""
    return json.dumps(value, default=str)
