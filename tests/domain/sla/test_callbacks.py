"""When somebody who was missed is to be called back."""

from __future__ import annotations

from app.domain.sla.callbacks import callback_due
from app.domain.sla.models import SlaPolicy
from tests.domain.sla.conftest import Desk, local


def test_a_callback_is_due_when_the_policy_of_its_thread_promises_an_answer(desk: Desk) -> None:
    mail, chat = desk.thread(), desk.thread(desk.chat, value="b@example.nl")
    for at, thread, due in (
        ("2026-03-04 10:00", chat, "2026-03-04 11:00"),
        ("2026-03-04 10:00", mail, "2026-03-04 14:00"),
        ("2026-03-06 16:30", chat, "2026-03-09 09:30"),  # over the weekend: the rest of the hour on Monday
        ("2026-03-07 12:00", chat, "2026-03-09 10:00"),
    ):
        found = callback_due(desk.session, thread, now=desk.at(at))
        assert found.at == local(due), at
        assert found.zone == "Europe/Amsterdam"


def test_without_a_promise_it_is_due_on_the_next_working_morning(desk: Desk) -> None:
    desk.session.execute(SlaPolicy.__table__.update().values(archived_at=desk.now))  # type: ignore[attr-defined]
    found = callback_due(desk.session, desk.thread(), now=desk.at("2026-03-06 12:00"))
    assert found.at == local("2026-03-09 09:00")
