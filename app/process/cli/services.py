"""Command `services check`: check the services besides the channels, as the daily check does."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.services.daily_check import check_service
from app.domain.services.queries import list_services
from app.process.cli.output import json_option, report_all

group = AppGroup("services", help="What is called besides channels: forms, scenarios, Teams, the register, our mail server.")


@group.command("check")
@json_option
def check(as_json: bool) -> None:
    """Check all services. Exit code 1 if one does not work."""
    with transaction() as session:
        services = list_services(session)
        session.expunge_all()
    answers = [(service, check_service(service, now=utc_now())) for service in services]
    records = [{"name": one.name, "result": "ok" if said.ok else "down", "detail": said.detail} for one, said in answers]
    report_all(records, lambda r: f"{r['name']:32} {r['result']:8} {r['detail']}", as_json=as_json)
    if not all(said.ok for _one, said in answers):
        raise click.exceptions.Exit(1)
