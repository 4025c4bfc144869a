"""Put callbacks into words: states, triggers, outcomes. The words for a state say why it is so, and what happens next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask_babel import format_datetime

from app.core.clock import utc_now
from app.core.text import mark as N_
from app.core.translation import gettext as _
from app.core.translation import ngettext
from app.domain.webhooks.models import EndpointState, Trigger, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from app.domain.webhooks.outcomes import OUTCOMES
from app.domain.webhooks.queries import DeliveryRow
from app.domain.webhooks.schedules import SCHEDULES, tries_of

SKIPPED = {
    "event_not_subscribed": N_("Not subscribed to this event."),
    "no_status_mapping": N_("The partner’s own name for this order status has not been entered."),
    "told_us_first": N_("The event came from the receiver itself."),
    "integration_inactive": N_("The connection was off."),
    "endpoint_deleted": N_("The endpoint was deleted before we could send."),
}
FALLBACKS = {
    "asked": N_("We are emailing the partner’s technical contact."),
    "sent": N_("We emailed the partner’s technical contact."),
    "refused": N_("The mail server rejected our email about this problem."),
    "impossible": N_("We could not email the partner: there is no email address."),
    "no_mail_server": N_("We could not email the partner: no mail server is set up."),
}
SCHEDULE_NAMES = {
    "webhook": N_("Six tries within half a minute"),
    "partner": N_("Three tries within three minutes"),
    "patient": N_("Ten tries within three days"),
    "make": N_("Eleven tries within eight hours"),
    "partner_api": N_("Eleven tries within eight hours"),
}
STATE_REASONS = {
    "gone": N_("The endpoint returned 410 Gone. Enter its new address, or resume the endpoint."),
    "restored": N_(
        "The database was restored from a copy. Check what we sent to this endpoint after that copy was made, "
        "then resume the endpoint."
    ),
    "failing_long": N_("The endpoint has accepted nothing for five days. Fix the receiver, then resume sending."),
}


def clock(at: datetime) -> str:
    """Return the time with seconds in the reader's time zone. The day is added if it is not today."""
    is_today = format_datetime(at, "yyyyMMdd") == format_datetime(utc_now(), "yyyyMMdd")
    return str(format_datetime(at, "HH:mm:ss" if is_today else "d MMM HH:mm:ss"))


def seconds_words(seconds: float) -> str:
    """Return a length of time in days, hours or minutes if it is a whole number of at least 2 of them, such as "2 h".

    Otherwise return minutes and seconds, or only seconds if it is shorter than 2 minutes.
    """
    whole = max(0, round(seconds))
    for size, words in ((86_400, "%(num)s d"), (3600, "%(num)s h"), (60, "%(num)s min")):
        if whole >= 2 * size and whole % size == 0:
            return words % {"num": whole // size}
    if whole >= 120:
        return _("%(minutes)s min %(seconds)s s", minutes=whole // 60, seconds=whole % 60)
    return f"{whole} s"


def ms_words(milliseconds: int | None) -> str:
    if milliseconds is None:
        return "–"
    return f"{milliseconds} ms" if milliseconds < 10_000 else f"{milliseconds / 1000:.1f} s"


def outcome_words(outcome: str) -> str:
    return _(OUTCOMES[outcome]) if outcome in OUTCOMES else ""


def answer_words(attempt: WebhookAttempt) -> str:
    """Return the result of an attempt in a few words: the HTTP status and its meaning, or the failure if there was no answer."""
    words = f"{attempt.status} · {outcome_words(attempt.outcome)}" if attempt.status else outcome_words(attempt.outcome)
    if attempt.retry_after_seconds:
        words += " · " + _("asks us to wait %(time)s", time=seconds_words(attempt.retry_after_seconds))
    return words


def why_words(why: Mapping[str, Any]) -> str:
    """Return in words why an attempt was made at its time. `why` has a `code` and its details."""
    code = why.get("code")
    if code == "asked":
        asked, planned = seconds_words(why["seconds"]), seconds_words(why["planned"])
        return _("the receiver asked us to wait %(asked)s (Retry-After) instead of %(planned)s", asked=asked, planned=planned)
    if code == "retry":
        return _("%(time)s after the previous try", time=seconds_words(why["seconds"]))
    if code == "resting":
        return _("the endpoint has failed %(count)s times in a row, so we try only occasionally", count=why.get("failures", ""))
    return {"event": _("right after the event"), "replay": _("sent again by hand")}.get(str(code), "")


def plan_words(schedule: str) -> str:
    """Return a retry schedule in one line."""
    return _(
        "plan: immediately, then with pauses of %(times)s between tries", times=", ".join(map(seconds_words, SCHEDULES[schedule]))
    )


def state_tone(row: DeliveryRow) -> str:
    """Return the colour of a delivery's state in the list: "done", "overdue" (failed), "due" (tried and waiting), or ""."""
    if row.delivery.state == "done":
        return "done"
    if row.delivery.state == "failed":
        return "overdue"
    return "due" if row.delivery.state in ("ready", "running") and row.delivery.attempts else ""


def state_words(row: DeliveryRow, endpoint: WebhookEndpoint) -> str:
    """Return the state of a delivery in short, for a line of the list."""
    delivery = row.delivery
    if delivery.state == "done":
        return str(delivery.last_status or _("Delivered"))
    if delivery.state == "failed":
        return _("failed: %(status)s", status=delivery.last_status) if delivery.last_status else _("failed")
    if delivery.state == "skipped":
        return _("skipped")
    if delivery.state == "running":
        return _("being sent")
    if endpoint.state != EndpointState.ACTIVE:
        return _("on hold")
    if row.is_behind:
        return _("in the queue")
    return _("next try %(time)s", time=clock(delivery.run_at)) if delivery.attempts else _("sending soon")


def verdict(row: DeliveryRow, endpoint: WebhookEndpoint, *, behind: int) -> tuple[str, str, list[str]]:
    """Return (tone, state, sentences) of a delivery. The sentences say why it is in this state and what happens next.

    `behind`: the number of later messages about the same item that wait for this delivery.
    """
    delivery = row.delivery
    if delivery.state == "done":
        tries = ngettext("%(num)s try", "%(num)s tries", max(delivery.tries, 1))
        at = clock(delivery.ended_at) if delivery.ended_at else ""
        return "done", _("Delivered at %(time)s after %(tries)s.", time=at, tries=tries), []
    if delivery.state == "skipped":
        return "", _("Not sent."), [_(SKIPPED.get(str(delivery.why.get("code")), N_("There was nothing to tell this endpoint.")))]
    if delivery.state == "failed":
        return "error", *_given_up(delivery)
    return "warning", *_on_its_way(row, endpoint, behind)


def _given_up(delivery: WebhookDelivery) -> tuple[str, list[str]]:
    why = delivery.why
    outcome = outcome_words(str(why.get("outcome", "")))
    if why.get("code") == "final":
        reason = _("We did not retry, because another try would not help: %(outcome)s.", outcome=outcome)
    else:
        tries = ngettext("The only try ended with: %(outcome)s.", "The last of %(num)s tries ended with: %(outcome)s.",
                         int(why.get("tries", 1)), outcome=outcome)  # fmt: skip
        reason = tries
    said = [reason, _("The message stays here: fix the cause, then send it again.")]
    if delivery.fallback:
        said.append(_(FALLBACKS.get(delivery.fallback, FALLBACKS["asked"])))
    return _("Not delivered."), said


def _on_its_way(row: DeliveryRow, endpoint: WebhookEndpoint, behind: int) -> tuple[str, list[str]]:
    delivery, said = row.delivery, list[str]()
    if delivery.state == "running":
        return _("Sending now."), [_("Reload this page in a few seconds.")]
    if endpoint.state != EndpointState.ACTIVE:
        return _("On hold."), [_("The endpoint is paused. We send waiting messages in order once it is resumed.")]
    if row.is_behind:
        return _("In the queue."), [
            _(
                "This message waits for an earlier one about the same item. We send the messages about each item in "
                "order; messages about other items do not wait."
            )
        ]
    if not delivery.attempts:
        return _("Sending soon."), []
    wait = seconds_words((delivery.run_at - utc_now()).total_seconds())
    most = tries_of(endpoint.schedule)
    head = _("Not delivered yet. %(tries)s of %(most)s tries made; the next is at %(time)s, in %(wait)s.",
             tries=delivery.tries, most=most, time=clock(delivery.run_at), wait=wait)  # fmt: skip
    said.append(_("The last try: %(outcome)s.", outcome=outcome_words(delivery.last_outcome)))
    said.append(_("Timing of the next try: %(why)s.", why=why_words(delivery.why)))
    if behind:
        said.append(ngettext("%(num)s later message about the same item waits for this one.",
                             "%(num)s later messages about the same item wait for this one.", behind))  # fmt: skip
    if most - delivery.tries == 1:
        said.append(_("The next try is the last. If it fails too, you can send the message again here."))
    return head, said


def cut_off_words(delivery: WebhookDelivery, written: set[int]) -> list[str]:
    """Return one sentence about attempts that began but were never recorded, because a process of ours died; [] if there are
    none.

    `written`: the numbers of the recorded attempts.
    """
    begun = range(1, delivery.attempts + (0 if delivery.state == "running" else 1))
    lost = [str(number) for number in begun if number not in written]
    if not lost or delivery.last_outcome in ("no_address", "sealed", "bad_header"):
        return []
    return [_("Interrupted on our side (attempt %(numbers)s): the message may have arrived.", numbers=", ".join(lost))]


def endpoint_state(endpoint: WebhookEndpoint) -> tuple[str, str, str]:
    """Return the state of an endpoint as (words, tone, icon)."""
    if endpoint.state == EndpointState.PAUSED:
        return _("Paused"), "", "pause"
    if endpoint.state == EndpointState.DISABLED:
        return _("Stopped"), "overdue", "circle-x"
    if endpoint.has_incident:
        return _("Keeps failing"), "overdue", "triangle-alert"
    if endpoint.failures_in_row:
        return _("Last attempt failed"), "due", "triangle-alert"
    return (_("Works"), "done", "check") if endpoint.last_ok_at else (_("Nothing sent yet"), "", "clock")


def endpoint_reason(endpoint: WebhookEndpoint) -> str:
    """Return in words why an endpoint was stopped, or "" if no reason is known."""
    return _(STATE_REASONS[endpoint.state_reason]) if endpoint.state_reason in STATE_REASONS else ""


def schedule_name(schedule: str) -> str:
    return _(SCHEDULE_NAMES[schedule])


def trigger_words(trigger: Trigger) -> str:
    return {Trigger.TEST: _("test"), Trigger.REPLAY: _("sent again")}.get(trigger, "")


FILTERS: dict[str, Callable[..., object]] = {
    "callback_clock": clock, "callback_ms": ms_words, "callback_answer": answer_words, "callback_why": why_words,
    "callback_state": state_words, "callback_tone": state_tone, "callback_plan": plan_words, "endpoint_state": endpoint_state,
    "endpoint_reason": endpoint_reason, "schedule_name": schedule_name, "trigger_words": trigger_words,
}  # fmt: skip
