"""What somebody may do is asked of the table of permissions and of nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from app.domain.accounts.models import Role
from app.domain.accounts.permissions import Permission, role_may, roles_with
from app.domain.accounts.role_table import list_permission_groups

ROLES = "|".join(role.name for role in Role)
ASKS_FOR_A_ROLE = re.compile(rf"\bis_(admin|lead)\b|\brole\s*(==|!=|in\b)|\brole\.(in_|not_in)\(|Role\.({ROLES})\b")
NAMES_A_PERMISSION = re.compile(r"\.may\(['\"]([a-z_.]+)['\"]\)")
# Where roles themselves are given, shown and kept: the accounts, their pages, and the demo's people.
OF_ROLES = ("app/domain/accounts/", "app/process/cli/people.py", "app/web/accounts/", "app/sandbox/")
OTHERWISE = {
    "app/api/directory_queries.py": "a filter of users by the role that was asked for",
    "app/api/schemas/directory.py": "the roles of colleagues, which partners' people are not",
    "app/domain/automation/reply.py": "whom a rule answers as",
    "app/domain/ingest/apply.py": "the role of a mail's id",
    "app/domain/ingest/threading.py": "the same",
    "app/domain/partners/people.py": "gives partners' people theirs",
    "app/domain/routing/pick_next.py": "a condition in SQL, made of the table",
    "app/domain/threads/order_links.py": "the role of a mail's id",
}


def _files() -> list[Path]:
    return [*Path("app").rglob("*.py"), *Path("templates").rglob("*.html")]


def test_nothing_but_the_accounts_asks_for_a_role() -> None:
    found = {
        str(path)
        for path in _files()
        if not str(path).startswith(OF_ROLES) and any(ASKS_FOR_A_ROLE.search(line) for line in path.read_text().splitlines())
    }
    assert found == set(OTHERWISE)


def test_templates_name_permissions_there_are() -> None:
    named = {name for path in _files() for name in NAMES_A_PERMISSION.findall(path.read_text())}
    assert named
    assert named <= {permission.value for permission in Permission}


def test_each_permission_is_asked_for_somewhere() -> None:
    text = "\n".join(path.read_text() for path in _files() if path.name != "permissions.py")
    unasked = {one for one in Permission if f"Permission.{one.name}" not in text and one.value not in text}
    assert unasked == set()


def test_administrators_may_all_and_every_role_stands_in_the_table() -> None:
    assert {permission for permission in Permission if not role_may(Role.ADMIN, permission)} == {
        Permission.PORTAL_OWN,
        Permission.ESCALATIONS_LEAD,
    }
    assert all(any(role_may(role, permission) for permission in Permission) for role in Role)
    assert roles_with(Permission.BRANDS_ALL) == (Role.ADMIN,)


def test_each_permission_is_put_into_words_once(app: Flask) -> None:
    with app.test_request_context():
        shown = [row.permission for group in list_permission_groups() for row in group.rows]
    assert sorted(shown) == sorted(Permission)


def test_a_name_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match=r"inbox\.burn"):
        role_may(Role.ADMIN, "inbox.burn")
