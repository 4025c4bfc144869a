"""Guard pages against forged forms (CSRF); provider webhooks and the API exempt themselves."""

from __future__ import annotations

from flask_wtf.csrf import CSRFProtect

csrf = CSRFProtect()
