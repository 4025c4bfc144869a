"""The application of these simulators, with the controls every simulator has (app/simulators/common.py)."""

from __future__ import annotations

from flask import Flask

from app.simulators.common import Json, SimClock, install_controls
from app.simulators.notices.push import PushService, push_routes


def create_notices_app() -> Flask:
    """A push service on one port."""
    app, clock = Flask("simulated_notices"), SimClock()
    push = PushService(clock.now)
    app.register_blueprint(push_routes(push))

    def emit(_order: Json) -> Json:
        raise ValueError("nobody here calls anybody")

    def configure(_settings: Json) -> Json:
        return {}

    install_controls(app, reset=push.forget, emit=emit, configure=configure, clock=clock)
    return app
