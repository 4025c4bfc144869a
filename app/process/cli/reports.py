"""Commands for reports: `reports rebuild | status | schedules | schedule | unschedule`."""

from __future__ import annotations

import uuid

import click
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import User
from app.domain.accounts.queries import find_user_by_email
from app.domain.analytics.figures import read_state
from app.domain.analytics.rollups import read_progress
from app.domain.analytics.settle import ask_for_rebuild
from app.domain.scheduled_reports.actions import ScheduleContent, delete_schedule, make_schedule
from app.domain.scheduled_reports.due import Rhythm
from app.domain.scheduled_reports.models import Every, ReportSchedule
from app.domain.scheduled_reports.queries import list_schedules
from app.process.cli.output import json_option, report, report_all

group = AppGroup("reports", help="The facts behind figures.")


@group.command("rebuild")
@json_option
def rebuild(as_json: bool) -> None:
    """Rebuild all facts in the background. Unchanged facts stay untouched, and figures stay readable meanwhile."""
    with transaction() as session:
        rebuild_id = ask_for_rebuild(session, now=utc_now())
    report({"id": rebuild_id}, "Asked for. `reports status` says how far it is.", as_json=as_json)


@group.command("status")
@json_option
def status(as_json: bool) -> None:
    """Show as of when figures are, what waits, and how far a rebuild is."""
    with transaction() as session:
        state, rolled = read_state(session), read_progress(session)
    done, total = state.rebuilt or (0, 0)
    text = f"As of {state.batch_at:%Y-%m-%d %H:%M:%S} UTC"
    text += f"; waiting since {state.waiting_since:%Y-%m-%d %H:%M:%S}" if state.waiting_since else "; nothing waits"
    text += f"; rebuilding, {done} of {total}" if state.rebuilt else ""
    text += f"; {rolled.sealed} of {rolled.days} days are summed up"
    values = {"as_of": state.batch_at, "waiting_since": state.waiting_since, "rebuilt": done, "of": total}
    values |= {"days": rolled.days, "summed_up": rolled.sealed}
    report(values, text, as_json=as_json)


@group.command("schedules")
@click.argument("owner")
@json_option
def schedules(owner: str, as_json: bool) -> None:
    """List the reports by mail that OWNER (an address) has made or gets."""
    with transaction() as session:
        rows = [
            {
                "id": row.schedule.id,
                "name": row.schedule.name,
                "every": row.schedule.every.value,
                "hour": row.schedule.hour,
                "is_paused": row.schedule.paused_at is not None,
                "to": [user.email for user in row.recipients],
            }
            for row in list_schedules(session, viewer_of(session, _user(session, owner)))
        ]
    report_all(
        rows,
        lambda row: f"{row['id']}  {row['name']}  {row['every']} {row['hour']:02}:00  {' '.join(row['to'])}",
        as_json=as_json,
    )


@group.command("schedule")
@click.argument("owner")
@click.argument("name")
@click.option("--every", type=click.Choice([every.value for every in Every]), default=Every.WEEK.value)
@click.option("--weekday", type=click.IntRange(0, 6), default=0, help="Of each week; Monday is 0.")
@click.option("--month-day", type=click.IntRange(1, 31), default=1, help="Of each month, else its last.")
@click.option("--hour", type=click.IntRange(0, 23), default=7, help="In each reader's own time zone.")
@click.option("--to", multiple=True, help="The address of somebody who gets it; again for more. Without it, OWNER.")
@json_option
def schedule(
    owner: str, name: str, every: str, weekday: int, month_day: int, hour: int, to: tuple[str, ...], as_json: bool
) -> None:
    """Schedule a report of all figures by mail, in the name of OWNER (an address)."""
    with transaction() as session:
        ids = tuple(_user(session, one).id for one in to or (owner,))
        content = ScheduleContent(name, {}, True, Rhythm(Every(every), weekday, month_day, hour), ids)
        made = make_schedule(session, viewer_of(session, _user(session, owner)), content, now=utc_now())
        schedule_id = made.id
    report({"id": schedule_id}, f"{schedule_id}  {name}", as_json=as_json)


@group.command("unschedule")
@click.argument("schedule_id", type=click.UUID)
@json_option
def unschedule(schedule_id: uuid.UUID, as_json: bool) -> None:
    """Delete a report by mail."""
    with transaction() as session:
        row = session.get(ReportSchedule, schedule_id)
        if row is None:
            raise click.ClickException("There is no such report by email: `reports schedules` has them.")
        delete_schedule(session, viewer_of(session, session.get_one(User, row.owner_user_id)), row.id, now=utc_now())
    report({"id": schedule_id}, "Deleted.", as_json=as_json)


def _user(session: Session, email: str) -> User:
    found = find_user_by_email(session, email)
    if found is None:
        raise click.ClickException(f"Nobody has the address {email}.")
    return found
