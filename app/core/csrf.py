"""The guard against forged forms: pages are under it, doors and the API exempt themselves."""

from __future__ import annotations

from flask_wtf.csrf import CSRFProtect

csrf = CSRFProtect()
