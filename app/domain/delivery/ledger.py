"""List what happened to one outgoing message step by step: delivery, attempts, provider reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.delivery.models import Delivery, DeliveryAttempt, DeliveryReport

# An attempt's outcome as a step; a report's step is its status.
STEP_OF_OUTCOME = {
    "accepted": "accepted",
    "temporary": "put_off",
    "permanent": "failed",
    "unknown": "unknown",
    "found_sent": "found_sent",
    "looked": "looked",
}


@dataclass(frozen=True)
class Step:
    """A step of an outgoing message. `name`: queued, under_way, a value of STEP_OF_OUTCOME, or a status a provider reported.

    `attempt_no` is set only for our own attempts. `is_report`: the provider reported the step. `reason`: the provider's words.
    """

    at: datetime
    name: str
    attempt_no: int | None = None
    provider_id: str = ""
    reason: str = ""
    is_report: bool = False


def list_steps(delivery: Delivery, attempts: Sequence[DeliveryAttempt], reports: Sequence[DeliveryReport]) -> list[Step]:
    """List all steps of a delivery in order of time. Steps of the same time are in the order: queued, attempts, reports."""
    steps = [Step(delivery.created_at, "queued"), *map(_of_attempt, attempts), *map(_of_report, reports)]
    return sorted(steps, key=lambda step: step.at)


def _of_attempt(attempt: DeliveryAttempt) -> Step:
    reason = " · ".join(filter(None, [attempt.code, attempt.detail]))
    return Step(
        at=attempt.ended_at or attempt.started_at,
        name=STEP_OF_OUTCOME.get(attempt.outcome, attempt.outcome) if attempt.outcome else "under_way",
        attempt_no=attempt.attempt_no,
        provider_id=attempt.provider_message_id or "",
        reason=reason,
    )


def _of_report(report: DeliveryReport) -> Step:
    return Step(
        at=report.occurred_at,
        name=report.status,
        provider_id=report.provider_message_id or report.rfc822_message_id or "",
        reason=reason_text(report.reason),
        is_report=True,
    )


def reason_text(reason: dict[str, Any] | None) -> str:
    """Return a stored reason as one line: code, title and detail, without repeated parts. Return "" for None."""
    if not reason:
        return ""
    parts = [str(reason.get(name) or "") for name in ("code", "title", "detail")]
    return " · ".join(dict.fromkeys(part for part in parts if part))
