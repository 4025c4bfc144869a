"""Check clients and define error answers in the simulated Entra, for sign-ins of applications and of people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import request

from app.sandbox.simulators.graph.tenant import Tenant


@dataclass(frozen=True)
class Token:
    expires_at: datetime
    roles: tuple[str, ...]
    user: str = ""  # who signed in; "" for an application


class Refused(Exception):
    """Raised when Entra refuses a sign-in; `number` is the AADSTS number of the error."""

    def __init__(self, status: int, error: str, number: int, text: str) -> None:
        super().__init__(text)
        self.status, self.error, self.number, self.text = status, error, number, text


def check_client(tenant: Tenant) -> None:
    """Check the application's id and secret in the request. Raises `Refused` if one is wrong or the secret has expired."""
    form, settings = request.form, tenant.settings
    if form.get("client_id") != settings.client_id:
        text = f"Application with identifier '{form.get('client_id')}' was not found in the directory."
        raise Refused(400, "unauthorized_client", 700016, text)
    if form.get("client_secret") != settings.client_secret:
        raise Refused(401, "invalid_client", 7000215, "Invalid client secret provided.")
    if settings.secret_has_expired:
        raise Refused(401, "invalid_client", 7000222, "The provided client secret keys are expired.")
