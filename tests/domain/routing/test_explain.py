"""What is said of a waiting thread agrees with what the claim does, in offices made up at random."""

from __future__ import annotations

import random
from datetime import timedelta

from app.domain.events.actions import SYSTEM
from app.domain.routing.actions import refuse_thread, set_availability
from app.domain.routing.explain import Hindrance
from app.domain.routing.models import AvailabilityState, Strategy
from app.domain.threads.models import Priority
from tests.domain.routing.conftest import Desk
from tests.support.full import amount

ROUNDS = amount(45, full=60)


def test_a_thread_waits_exactly_when_there_is_a_reason(desk: Desk) -> None:
    dice = random.Random(7)
    people = [desk.alice, *(desk.there(f"P{number}", **_abilities(dice)) for number in range(4))]
    teams = [desk.team("One", *dice.sample(people, 2)), desk.team("Two", *dice.sample(people, 2))]
    seen = set()
    for _round in range(ROUNDS):
        point = desk.session.begin_nested()
        _shuffle(desk, dice, people, teams)
        thread = desk.thread(
            priority=dice.choice(list(Priority)),
            language=dice.choice([None, "nl", "fr"]),
            team_id=dice.choice([None, None, teams[0].id]),
            at=desk.now - timedelta(minutes=dice.choice([1, 45])),
        )
        if dice.random() < 0.5:
            refuse_thread(desk.session, thread_id=thread.id, user_id=dice.choice(people).id, now=desk.now)
        reason, claim = desk.reason(thread), desk.give()
        assert (claim is None) == (reason.hindrance != Hindrance.NONE), reason
        if claim is not None:
            assert next(p.name for p in people if p.id == claim.user_id) in reason.names
        seen.add(reason.hindrance)
        point.rollback()
        desk.session.expire_all()
    assert len(seen) >= 6, "the dice fell on too few of the reasons"


def _abilities(dice: random.Random) -> dict[str, object]:
    skills, languages = dice.sample(["a", "b"], dice.randint(0, 2)), dice.sample(["nl", "fr"], dice.randint(0, 2))
    return {"capacity": dice.randint(0, 4), "skills": skills, "languages": languages}


def _shuffle(desk: Desk, dice: random.Random, people: list, teams: list) -> None:  # type: ignore[type-arg]
    desk.rule.skills = dice.sample(["a", "b"], dice.choice([0, 0, 1]))
    desk.rule.speaks_language = dice.random() < 0.4
    desk.rule.sticky_days = dice.choice([0, 0, 14])
    desk.rule.strategy = dice.choice(list(Strategy))
    tiers = [{"team_id": str(team.id), "after_minutes": 30 * place} for place, team in enumerate(teams)]
    desk.rule.tiers = dice.choice([tiers, tiers[:1], [{"team_id": None, "after_minutes": 0}]])
    for person in people:
        set_availability(desk.session, person.id, dice.choice(list(AvailabilityState)), now=desk.now, actor=SYSTEM)
        for _number in range(dice.choice([0, 1, 3, 5])):
            desk.thread(assignee_user_id=person.id)
