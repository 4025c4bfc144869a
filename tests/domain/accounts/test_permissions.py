"""Roles as sets of permissions."""

from __future__ import annotations

import itertools

from app.domain.accounts.models import Role
from app.domain.accounts.permissions import Permission, role_may


def _has(role: Role) -> set[Permission]:
    return {permission for permission in Permission if role_may(role, permission)}


def test_each_role_of_the_inbox_has_what_the_one_before_has() -> None:
    for leading in (Role.LEAD, Role.MANAGER):
        ladder = (Role.READ_ONLY, Role.AGENT, leading, Role.ADMIN)
        assert all(_has(less) - {Permission.ESCALATIONS_LEAD} <= _has(more) for less, more in itertools.pairwise(ladder))


def test_a_lead_runs_the_day_and_a_manager_answers_for_the_figures() -> None:
    lead, manager = _has(Role.LEAD), _has(Role.MANAGER)
    assert {Permission.ROUTING_MANAGE, Permission.VISITS_PLAN, Permission.TEMPLATES_MANAGE} <= lead - manager
    assert manager - lead == {Permission.TARGETS_MANAGE, Permission.SURVEYS_MANAGE, Permission.REPORTS_SHARE}
    assert {Permission.ANALYTICS_SEE, Permission.CAPACITY_MANAGE, Permission.MAILINGS_SEND} <= lead & manager


def test_who_reads_only_has_no_permission_that_changes_anything() -> None:
    assert {permission.value.partition(".")[2] for permission in _has(Role.READ_ONLY)} == {"see"}


def test_a_technician_has_their_visits_alone() -> None:
    assert _has(Role.TECHNICIAN) == {Permission.VISITS_OWN}


def test_somebody_of_a_partner_has_the_portal_alone() -> None:
    assert _has(Role.PARTNER) == {Permission.PORTAL_OWN}
