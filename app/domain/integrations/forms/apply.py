"""Create a contact, a preliminary order and a thread from a form submission, once, in the transaction of its inbound event.

Receiving the same submission again changes nothing. A later submission with the same id, such as edited answers, is added to
the thread and creates no second order.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.base import UnableToParse
from app.contract.forms import Answer, Intake, Submission
from app.core.clock import utc_now
from app.core.db import advisory_xact_lock
from app.core.ids import new_id
from app.core.runtime import runtime
from app.core.text import known
from app.core.text import mark as N_
from app.domain.events.actions import SYSTEM
from app.domain.ingest.context import ItemResult
from app.domain.ingest.models import InboundEvent
from app.domain.ingest.parsing import reading_budget
from app.domain.integrations.forms.files import FormFile, read_files
from app.domain.integrations.models import FormSubmission, Integration, Provider
from app.domain.integrations.people import find_person
from app.domain.integrations.queries import get_integration
from app.domain.integrations.write_thread import Said, begin_thread, say
from app.domain.orders.actions import NewLine, NewOrder, create_order
from app.domain.orders.models import LineItemStatus, OrderSource, OrderStatus
from app.domain.threads.actions import lock_thread

SOURCE = Provider.FORMS.value


@dataclass(frozen=True)
class Begun:
    """The contact, thread and order of a submission. `is_new` is False if the order existed already."""

    contact_id: uuid.UUID
    thread_id: uuid.UUID
    order_id: uuid.UUID
    order_number: str
    is_new: bool = True


# How somebody else takes a submission, for whom the connection is; None: it is for nobody else.
Take = Callable[[Session, Integration, Submission, Intake, Said, datetime], Begun | None]
_MISSING = known("the form no longer has the question %(questions)s: choose other questions in the settings of the integration")


def read_form(session: Session, event: InboundEvent, *, take: Take | None = None) -> list[ItemResult]:
    """Apply the inbound event of a form's post, and return a list with its result.

    `take` may handle a new submission in its own way; if it returns None, the usual way is used. Raises `UnableToParse`.
    """
    integration = get_integration(session, uuid.UUID(str(event.meta.get("integration_id"))))
    now, provider = utc_now(), runtime().adapters.forms[integration.provider]
    fields = integration.settings.get("fields") or {}
    with reading_budget():
        submission = provider.read_submission(event.body, received_at=event.received_at)
        intake = provider.read_intake(submission, fields)
    if submission.is_test:
        return [ItemResult("test", reason=N_("sent to test the form"))]
    _note_missing(integration, intake, fields, now)
    advisory_xact_lock(session, f"form:{integration.id}:{submission.external_id}")
    before = _find(session, integration, submission)
    if before is not None:
        return [_again(session, before, submission, intake, event, now)]
    return [_first(session, integration, submission, intake, event, now, take)]


def _first(
    session: Session,
    integration: Integration,
    submission: Submission,
    intake: Intake,
    event: InboundEvent,
    now: datetime,
    take: Take | None,
) -> ItemResult:
    files = read_files(submission)
    said = _said(integration, submission, event, files=files)
    begun = take(session, integration, submission, intake, said, now) if take else None
    begun = begun or _begin(session, integration, submission, intake, said, now)
    session.add(
        FormSubmission(
            id=new_id(),
            integration_id=integration.id,
            external_id=submission.external_id,
            form_id=submission.form_id,
            form_name=submission.form_name,
            answers=_kept(submission.answers),
            intake=_intake_json(intake, [file.key for file in files]),
            contact_id=begun.contact_id,
            order_id=begun.order_id,
            thread_id=begun.thread_id,
            submitted_at=submission.submitted_at,
            told_at=submission.told_at,
            created_at=now,
            updated_at=now,
        )
    )
    integration.last_inbound_at = now
    session.flush()
    return ItemResult("new" if begun.is_new else "duplicate", begun.thread_id, reason=begun.order_number)


def _begin(
    session: Session, integration: Integration, submission: Submission, intake: Intake, said: Said, now: datetime
) -> Begun:
    contact = find_person(session, name=intake.customer_name, email=intake.email, phone=intake.phone, now=now)
    thread = begin_thread(session, integration, contact, said, now=now)
    order = create_order(
        session,
        NewOrder(
            brand_id=integration.brand_id,
            customer_contact_id=contact.id,
            source=OrderSource.FORM,
            source_key=f"{integration.id}:{submission.external_id}",
            status=OrderStatus.INTAKE_RECEIVED,
            address=intake.address,
            lines=[NewLine(name, Decimal(1), status=LineItemStatus.PRELIMINARY) for name in intake.products],
            notes=intake.notes,
            external_references={
                "form": submission.form_name or submission.form_id,
                "submission": submission.external_id,
                **({"reference": intake.reference} if intake.reference else {}),
            },
            thread_id=thread.id,
        ),
        now=now,
        actor=SYSTEM,
    )
    return Begun(contact.id, thread.id, order.id, order.order_number)


def _again(
    session: Session, before: FormSubmission, submission: Submission, intake: Intake, event: InboundEvent, now: datetime
) -> ItemResult:
    """Apply a submission with a known id. Ignore it if nothing changed or if it is older than the stored one. Otherwise add the
    edited answers to the thread."""
    files, known_files = read_files(submission), before.intake.get("files", [])
    fresh = tuple(file for file in files if file.key not in known_files)
    if before.intake == _intake_json(intake, known_files) and not fresh:
        return ItemResult("duplicate", before.thread_id, reason=N_("already stored"))
    if submission.told_at < before.told_at:
        return ItemResult("duplicate", before.thread_id, reason=N_("older than the stored version"))
    integration = session.get_one(Integration, before.integration_id)
    contact = find_person(session, name=intake.customer_name, email=intake.email, phone=intake.phone, now=now)
    said = _said(integration, submission, event, files=fresh)
    say(session, lock_thread(session, before.thread_id), contact, said, now=now)
    before.answers = _kept(submission.answers)
    before.intake = _intake_json(intake, [*known_files, *(file.key for file in fresh)])
    before.told_at, before.updated_at = submission.told_at, now
    session.flush()
    return ItemResult("changed", before.thread_id, reason=N_("the answers were edited"))


def _intake_json(intake: Intake, files: Sequence[str]) -> dict[str, Any]:
    """Return the values read from a submission as JSON. "files" has the keys of its files that are in the thread."""
    return intake.as_json() | ({"files": list(files)} if files else {})


def _said(integration: Integration, submission: Submission, event: InboundEvent, *, files: tuple[FormFile, ...]) -> Said:
    subject = submission.form_name or integration.name
    meta = {"form": {"name": submission.form_name, "submission": submission.external_id}}
    words = runtime().adapters.forms[integration.provider].in_words(submission)
    external_id = f"{SOURCE}:{event.id}"  # of this telling: answers may be edited back to what they were
    announced = tuple(file.announced(linked_by=f"{SOURCE}/{integration.id}") for file in files)
    return Said(external_id, subject, words, submission.submitted_at, event.id, meta, announced)


def _find(session: Session, integration: Integration, submission: Submission) -> FormSubmission | None:
    query = sa.select(FormSubmission).where(
        FormSubmission.integration_id == integration.id, FormSubmission.external_id == submission.external_id
    )
    return session.execute(query).scalar_one_or_none()


def _note_missing(integration: Integration, intake: Intake, fields: dict[str, str], now: datetime) -> None:
    if intake.missing:
        questions = ", ".join(f"“{fields[name]}”" for name in intake.missing)
        integration.problem, integration.problem_at = _MISSING % {"questions": questions[:300]}, now


def _kept(answers: tuple[Answer, ...]) -> list[dict[str, object]]:
    return [vars(answer) for answer in answers]


__all__ = ["SOURCE", "UnableToParse", "read_form"]
