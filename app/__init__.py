"""Switchyard, one inbox for every channel. Import the parts you need: only `create_app` imports all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask_openapi3.openapi import OpenAPI

    from app.config import Settings


def create_app(settings: Settings | None = None) -> OpenAPI:
    """Build the application. If `settings` is None, read the settings from the environment.

    Raises `SettingError` if a setting is missing or malformed.
    """
    from app.process import application

    return application.create_app(settings)
