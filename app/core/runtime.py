"""Store the objects with which the running application was built, for edges (routes, jobs, commands).

Actions and queries get these objects as arguments.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import redis
from flask import Flask, current_app

from app.core.crypto import Keyring
from app.core.http import HttpClient
from app.core.limits import Limits
from app.core.metering import Meter
from app.core.nudge import Nudger
from app.core.storage import Storage

if TYPE_CHECKING:
    from app.config import Settings
    from app.contract.address_register import Register
    from app.contract.provider import Adapters

EXTENSION = "switchyard"


@dataclass(frozen=True)
class Runtime:
    """The objects of the running application.

    `http` calls providers and hosts that administrators entered. `foreign_http` calls URLs that anybody may have written,
    such as a customer; no setting lets it reach a private network.
    """

    settings: Settings
    storage: Storage
    keyring: Keyring
    http: HttpClient
    foreign_http: HttpClient
    nudger: Nudger
    hasty_redis: redis.Redis  # for what is done without Redis rather than late
    redis: redis.Redis
    limits: Limits
    adapters: Adapters
    register: Register
    meter: Meter
    write_only_socketio: Any = None

    @property
    def mail_keys(self) -> tuple[bytes, ...]:
        """Return the keys that sign our plus-addresses and Message-IDs, newest first, derived from SECRET_KEY."""
        return (hmac.new(self.settings.secret_key.encode(), b"switchyard mail addressing v1", hashlib.sha256).digest(),)


def install(app: Flask, runtime: Runtime) -> None:
    app.extensions[EXTENSION] = runtime


def application() -> Flask:
    """Return the Flask application, for a thread that needs its own application context."""
    return cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]


def runtime() -> Runtime:
    return cast(Runtime, current_app.extensions[EXTENSION])
