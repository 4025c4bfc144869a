"""Refuse a request with a page that names the missing permission."""

from __future__ import annotations

from typing import NoReturn

from werkzeug.exceptions import Forbidden

from app.domain.accounts.permissions import Permission


class PermissionMissing(Forbidden):
    """The user's role lacks `permission`: 403."""

    def __init__(self, permission: Permission) -> None:
        super().__init__()
        self.permission = permission


def refuse(permission: Permission) -> NoReturn:
    """End the request with 403, as the user lacks this permission."""
    raise PermissionMissing(permission)
