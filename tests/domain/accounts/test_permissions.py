"""Roles as sets of permissions."""

from __future__ import annotations

import itertools

from app.domain.accounts.models import Role
from app.domain.accounts.permissions import Permission, role_may


def _has(role: Role) -> set[Permission]:
    return {permission for permission in Permission if role_may(role, permission)}


def test_each_role_of_the_inbox_has_what_the_one_before_has() -> None:
    ladder = (Role.READ_ONLY, Role.AGENT, Role.LEAD, Role.MANAGER, Role.ADMIN)
    assert all(_has(less) <= _has(more) for less, more in itertools.pairwise(ladder))


def test_a_manager_sees_the_analytics() -> None:
    assert role_may(Role.MANAGER, Permission.ANALYTICS_SEE)


def test_who_reads_only_has_no_permission_that_changes_anything() -> None:
    assert {permission.value.partition(".")[2] for permission in _has(Role.READ_ONLY)} == {"see"}


def test_a_technician_has_their_visits_alone() -> None:
    assert _has(Role.TECHNICIAN) == {Permission.VISITS_OWN}


def test_somebody_of_a_partner_has_the_portal_alone() -> None:
    assert _has(Role.PARTNER) == {Permission.PORTAL_OWN}
