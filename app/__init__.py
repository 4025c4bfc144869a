"""Switchyard, the application: one inbox for every channel. A part of it imports what it needs itself; only `create_app`
imports everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask_openapi3.openapi import OpenAPI

    from app.config import Settings


def create_app(settings: Settings | None = None) -> OpenAPI:
    """Build the application. Without `settings` they are read from the environment; raises SettingError."""
    from app.process import application

    return application.create_app(settings)
