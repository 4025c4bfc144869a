"""Periodic job that polls forms."""

from __future__ import annotations

from typing import Any

from app.core.runtime import runtime
from app.domain.integrations.forms.polling import poll_form, take_due


def poll_forms(**_ignored: Any) -> int:
    """Periodic job: poll every form that is due. Return the number of new submissions. Two runs at the same time poll each form
    only once."""
    due = take_due(runtime().settings.poll_forms_seconds)
    return sum(poll_form(integration_id) for integration_id in due)
