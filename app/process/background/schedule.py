"""List the periodic jobs, as data."""

from __future__ import annotations

from dataclasses import dataclass

from app.config import Settings
from app.wiring import LIVE, SEND


@dataclass(frozen=True)
class Periodic:
    """A job that is enqueued every `every_seconds`. For each such job it is harmless to miss a round or to run twice."""

    name: str
    job: str
    every_seconds: float
    queue: str = SEND


def periodic_jobs(settings: Settings) -> tuple[Periodic, ...]:
    """Return every periodic job, with the intervals of the settings."""
    return (
        Periodic("poll_mailboxes", "app.domain.ingest.polling.poll_mailboxes", settings.poll_mail_seconds),
        Periodic("keep_subscriptions", "app.domain.ingest.notifications.keep_subscriptions", 60),
        Periodic("wake_snoozed_threads", "app.domain.threads.jobs.wake_snoozed_threads", 5, LIVE),
        Periodic("remind_assignees", "app.domain.tasks.jobs.remind_assignees", 5, LIVE),
        Periodic("reach_due_steps", "app.domain.sla.jobs.reach_steps", 2, LIVE),
        Periodic("settle_reports", "app.domain.analytics.jobs.settle_reports", 1),
        Periodic("roll_reports", "app.domain.analytics.jobs.roll_reports", 60),
        Periodic("route_waiting_threads", "app.domain.routing.jobs.route_waiting_threads", 5, LIVE),
        Periodic("run_timed_rules", "app.domain.automation.jobs.run_timed_rules", 30, LIVE),
        Periodic("note_new_words", "app.domain.threads.jobs.note_new_words", 120),
        Periodic("plan_digests", "app.domain.notifications.jobs.plan_digests", 60),
        Periodic("plan_reports", "app.domain.scheduled_reports.jobs.plan_reports", 60),
        Periodic("watch_channels", "app.domain.connections.daily_check.watch_channels", 600),
        Periodic("watch_services", "app.domain.services.daily_check.watch_services", 600),
        Periodic("read_due_templates", "app.domain.delivery.catalogue.read_due_templates", 300),
        Periodic("poll_forms", "app.domain.integrations.jobs.poll_forms", min(settings.poll_forms_seconds, 60)),
        Periodic("pull_partner_statuses", "app.domain.partners.jobs.pull_statuses", 30),
        Periodic("watch_commitments", "app.domain.partners.jobs.watch_commitments", 600),
        Periodic("read_calendars", "app.domain.ingest.calendars.read_calendars", 120),
        Periodic("watch_system", "app.process.health.jobs.watch_system", 60, LIVE),
        Periodic("plan_reconciliations", "app.domain.ingest.reconcile_job.plan_reconciliations", 900),
        Periodic("tell_of_waiting_phones", "app.domain.field.jobs.tell_of_waiting", 300),
        Periodic("sweep_field_files", "app.domain.field.jobs.sweep_files", 3600),
        Periodic("forget_old_files", "app.domain.imports.jobs.forget_old_files", 3600),
        Periodic("prune", "app.process.background.prune.prune", 3600),
    )
