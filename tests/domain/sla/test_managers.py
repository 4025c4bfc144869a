"""Whom a step means by the manager and the management: as the settings name them, else the policy, else administrators."""

from __future__ import annotations

import uuid

import pytest
import sqlalchemy as sa

from app.core.ids import new_id
from app.domain.accounts.managers import Managers, get_managers, set_managers
from app.domain.accounts.models import Role, Team, User
from app.domain.events.models import AuditEntry
from app.domain.sla.escalation import receivers_of
from app.domain.sla.rules import PolicyRules, Step, Whom
from app.domain.threads.models import Thread
from tests.domain.sla.conftest import Desk
from tests.factories import make_brand, make_user
from tests.web.sla.test_settings import Settings, page  # noqa: F401  a fixture


@pytest.fixture
def team(desk: Desk) -> Team:
    team = Team(id=new_id(), name="Planning")
    desk.session.add(team)
    desk.session.flush()
    return team


def name(desk: Desk, **wanted: object) -> None:
    set_managers(desk.session, Managers(**wanted), now=desk.now, actor=desk.actor)  # type: ignore[arg-type]


def told(desk: Desk, thread: Thread, tell: Whom = "manager", **named: User) -> list[uuid.UUID]:
    policy = PolicyRules(name="Snel", **{f"{place}_ids": (user.id,) for place, user in named.items()})
    desk.session.flush()
    return receivers_of(desk.session, thread, Step(percent=100, tell=tell), policy)


def test_the_manager_of_the_team_goes_before_that_of_the_brand_and_whom_the_policy_names(desk: Desk, team: Team) -> None:
    thread = desk.thread()
    thread.team_id = team.id
    mira = make_user(desk.session, "Mira", role=Role.LEAD, brands=(desk.brand,))
    assert told(desk, thread) == [desk.noah.id]
    assert told(desk, thread, manager=desk.bob) == [desk.bob.id]
    name(desk, brands={desk.brand.id: mira.id})
    assert told(desk, thread, manager=desk.bob) == [mira.id]
    name(desk, teams={team.id: desk.lena.id})
    assert told(desk, thread, manager=desk.bob) == [desk.lena.id]
    thread.team_id = None
    assert told(desk, thread, manager=desk.bob) == [mira.id], "a thread without a team has its brand's"


@pytest.mark.parametrize("why", ["left", "sees another brand"])
def test_a_manager_who_cannot_be_told_is_passed_over(desk: Desk, why: str) -> None:
    brand = desk.brand if why == "left" else make_brand(desk.session, "other")
    mira = make_user(desk.session, "Mira", role=Role.LEAD, brands=(brand,))
    mira.disabled_at = desk.now if why == "left" else None
    desk.session.flush()
    thread = desk.thread()
    name(desk, brands={desk.brand.id: mira.id}, executive=mira.id)
    assert told(desk, thread, manager=desk.bob) == [desk.bob.id]
    assert told(desk, thread, "executive", executive=desk.lena) == [desk.lena.id]
    assert told(desk, thread, "executive") == [desk.noah.id]


def test_one_person_is_at_the_head_of_all(desk: Desk) -> None:
    thread = desk.thread()
    name(desk, executive=desk.lena.id)
    assert told(desk, thread, "executive", executive=desk.bob) == [desk.lena.id]
    name(desk, executive=desk.noah.id)
    assert get_managers(desk.session).executive == desk.noah.id
    assert told(desk, thread, "executive", executive=desk.bob) == [desk.noah.id]
    audited = sa.select(sa.func.count()).select_from(AuditEntry).where(AuditEntry.action == "ManagerNamed")
    assert desk.session.execute(audited).scalar_one() == 2
    name(desk, executive=desk.noah.id)
    assert desk.session.execute(audited).scalar_one() == 2, "the same again is no change"


def test_administrators_name_them_in_the_settings(desk: Desk, team: Team, page: Settings) -> None:  # noqa: F811
    assert 'href="/settings/managers"' in page.get("/settings/brands")
    fields = {f"team_{team.id}": str(desk.lena.id), f"brand_{desk.brand.id}": "", "executive": str(desk.noah.id)}
    assert page.post("/settings/managers", **fields).status_code == 303
    found = get_managers(desk.session)
    assert (found.teams[team.id], found.brands[desk.brand.id], found.executive) == (desk.lena.id, None, desk.noah.id)
    assert f'<option value="{desk.lena.id}" selected>' in page.get("/settings/managers")
    wrong = page.post("/settings/managers", executive=str(desk.alice.id))
    assert wrong.status_code == 422, "an agent is not among those who can be chosen"
    assert "#field-executive" in wrong.text
    assert get_managers(desk.session).executive == desk.noah.id
