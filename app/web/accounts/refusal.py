"""Refuse a request with a page that names the missing permission."""

from __future__ import annotations

from typing import NoReturn

from werkzeug.exceptions import Forbidden

from app.domain.accounts.permissions import Permission


class PermissionMissing(Forbidden):
    """Raised when the user's role lacks `permission`. The answer is 403."""

    def __init__(self, permission: Permission) -> None:
        super().__init__()
        self.permission = permission


def refuse(permission: Permission) -> NoReturn:
    """End the request with 403 because the user lacks this permission. Raises `PermissionMissing`."""
    raise PermissionMissing(permission)
