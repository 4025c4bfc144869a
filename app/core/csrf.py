"""Protect pages against forged forms (CSRF). Provider webhooks and the API switch this off for themselves."""

from __future__ import annotations

from flask_wtf.csrf import CSRFProtect

csrf = CSRFProtect()
