"""Build the simulator of push, Teams and mail as one application, with the common controls.

`POST /__sim/emit` answers 400, as these services never call us. Moving the clock also moves rate limits and the expiry of
tokens.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask

from app.sandbox.simulators.common import Json, SimClock, install_controls
from app.sandbox.simulators.mailserver.smtp import LineServer
from app.sandbox.simulators.notices.mail import MailServer, mail_routes, start_smtp
from app.sandbox.simulators.notices.push import PushService, push_routes
from app.sandbox.simulators.notices.teams import Teams, teams_routes


@dataclass(frozen=True)
class Notices:
    """The simulator of push, Teams and mail. Its SMTP server already runs on `smtp.port`; the caller must serve the HTTP
    application `app`."""

    app: Flask
    smtp: LineServer


def start_notices(*, host: str = "127.0.0.1", smtp_port: int = 0) -> Notices:
    """Build the simulator of push, Teams and mail, start its SMTP server and return it."""
    app, clock = Flask("simulated_notices"), SimClock()
    push, teams, mail = PushService(clock.now), Teams(clock.now), MailServer(clock.now)
    for routes in (push_routes(push), teams_routes(teams), mail_routes(mail)):
        app.register_blueprint(routes)

    def forget() -> None:
        for part in (push, teams, mail):
            part.forget()

    def emit(_order: Json) -> Json:
        raise ValueError("nobody here calls anybody")

    def configure(_settings: Json) -> Json:
        return {}

    install_controls(app, reset=forget, emit=emit, configure=configure, clock=clock)
    return Notices(app, start_smtp(mail, host=host, port=smtp_port))
