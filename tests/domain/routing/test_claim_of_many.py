"""A queue of thousands nobody can take costs a claim no more than a short one: it is passed over, not looked through."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.domain.events.actions import SYSTEM
from app.domain.routing.actions import refuse_thread, set_availability
from app.domain.routing.models import AvailabilityState
from app.domain.threads.models import Priority, ThreadStatus, ThreadType
from tests.domain.routing.conftest import Desk
from tests.domain.routing.factories import make_rule
from tests.factories import make_contact

MANY = 3000
FEW_ROWS = 100  # looked at for a claim: those of whoever is there, and one for each group that waits
_FILL = sa.text(
    "INSERT INTO threads (id, brand_id, channel_id, medium, contact_id, team_id, subject, thread_type, priority, status, preview,"
    " created_at, last_message_at, last_inbound_at, response_due_at, external_references, message_count, version)"
    " SELECT gen_random_uuid(), :brand_id, :channel_id, :medium, :contact_id, :team_id, '', :thread_type,"
    " (ARRAY['normal', 'urgent'])[1 + n % 2], 'open', '', :now, :now, :wrote_at, :now + n * interval '1 second', '{}', 1, 1"
    " FROM generate_series(1, :many) n"
)
_LOOKED_AT = sa.text("SELECT idx_tup_fetch + seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'threads'")


def fill(desk: Desk, **values: object) -> None:
    """Many threads, all of them due before any other."""
    contact = make_contact(desk.session, value="31600000009")
    contact.language = values.pop("language", None)  # type: ignore[assignment]
    desk.session.flush()
    kept = {"medium": "whatsapp", "team_id": None, "thread_type": ThreadType.CUSTOMER_SUPPORT.value, "wrote_at": desk.now}
    where = {"brand_id": desk.brand.id, "channel_id": desk.channel.id, "contact_id": contact.id}
    desk.session.execute(_FILL, {**kept, **where, "now": desk.now - timedelta(days=1), "many": MANY, **values})
    desk.session.execute(sa.text("ANALYZE threads"))


def need_a_skill(desk: Desk) -> None:
    make_rule(desk.session, desk.channel, position=0, thread_type=ThreadType.TECHNICAL_ISSUE, skills=["power"])
    make_rule(desk.session, desk.channel, position=9, thread_type=ThreadType.TECHNICAL_ISSUE)
    fill(desk, thread_type=ThreadType.TECHNICAL_ISSUE.value)


def need_a_language(desk: Desk) -> None:
    desk.rule.speaks_language = True
    fill(desk, language="fr")


def need_a_team(desk: Desk) -> None:
    fill(desk, team_id=desk.team("Planning").id)


def need_nobody(desk: Desk) -> None:
    fill(desk, medium="email", wrote_at=None)


@pytest.mark.parametrize("need", [need_a_skill, need_a_language, need_a_team, need_nobody])
def test_what_nobody_can_take_is_not_looked_through(desk: Desk, need: Callable[[Desk], None]) -> None:
    need(desk)
    thread = desk.thread()
    before = desk.session.execute(_LOOKED_AT).scalar_one()
    claim = desk.give()
    assert desk.session.execute(_LOOKED_AT).scalar_one() - before < FEW_ROWS
    assert claim is not None
    assert claim.thread_id == thread.id


def test_what_waits_for_people_who_are_full_is_not_looked_through(desk: Desk) -> None:
    bob = desk.there("Bob", capacity=1)
    desk.rule.tiers = [{"team_id": str(desk.team("First", bob).id), "after_minutes": 0}]
    desk.thread(assignee_user_id=bob.id)
    fill(desk)
    before = desk.session.execute(_LOOKED_AT).scalar_one()
    assert desk.give() is None
    assert desk.session.execute(_LOOKED_AT).scalar_one() - before < FEW_ROWS


def test_what_was_given_back_goes_to_a_later_tier_at_once(desk: Desk) -> None:
    """Those asked first have given it back, so that nobody of them is left to wait for."""
    bob = desk.there("Bob")
    tiers = [desk.team("First", bob), desk.team("Second", desk.alice)]
    desk.rule.tiers = [{"team_id": str(team.id), "after_minutes": 60 * place} for place, team in enumerate(tiers)]
    set_availability(desk.session, bob.id, AvailabilityState.AVAILABLE, now=desk.now, actor=SYSTEM)
    thread = desk.thread()
    refuse_thread(desk.session, thread_id=thread.id, user_id=bob.id, now=desk.now)
    for _number in range(10):
        desk.thread(assignee_user_id=bob.id)
    assert desk.give().user_id == desk.alice.id  # type: ignore[union-attr]


def test_a_contact_goes_back_to_somebody_no_tier_asks(desk: Desk) -> None:
    bob = desk.there("Bob", capacity=1)
    desk.rule.sticky_days = 14
    desk.rule.tiers = [{"team_id": str(desk.team("First", bob).id), "after_minutes": 0}]
    desk.thread(wa_id="31600000001", assignee_user_id=bob.id)
    desk.thread(wa_id="31600000002", assignee_user_id=desk.alice.id, status=ThreadStatus.WAITING_CUSTOMER)
    desk.thread(wa_id="31600000003", priority=Priority.URGENT)
    thread = desk.thread(wa_id="31600000002")
    claim = desk.give()
    assert claim is not None
    assert (claim.thread_id, claim.user_id) == (thread.id, desk.alice.id)
    assert desk.give() is None


def test_a_contact_whose_language_is_changed_finds_whoever_speaks_it(desk: Desk) -> None:
    desk.rule.speaks_language = True
    desk.there("Bob", languages=["nl"])
    thread = desk.thread(language="fr")
    assert desk.give() is None
    contact = make_contact(desk.session)
    contact.language = "nl"
    assert desk.give().thread_id == thread.id  # type: ignore[union-attr]


def test_a_thread_that_goes_to_another_contact_takes_their_language(desk: Desk) -> None:
    desk.rule.speaks_language = True
    desk.there("Bob", languages=["nl"])
    thread = desk.thread(language="fr")
    other = make_contact(desk.session, value="31600000001")
    other.language = "nl"
    desk.session.flush()
    thread.contact_id = other.id
    assert desk.give().thread_id == thread.id  # type: ignore[union-attr]
